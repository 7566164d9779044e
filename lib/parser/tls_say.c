/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_say.c - says what stands in a hello, whoever carried it. Worker. */
#include "tls_hello.h"
#include <sightline/hot.h>

#define NAMES_MAX 4 /* RFC 6066 allows one name of a type; hostile hellos say more */
#define PROTOCOLS_MAX 32 /* of an ALPN list */

static bool say_protocols(struct say *say, const struct tls_hello *h)
{
	struct sl_rd r = sl_rd(h->alpn);
	struct sl_span name;
	for (unsigned n = 0; n < PROTOCOLS_MAX && tls_alpn_next(&r, &name); n++)
		if (!say_plain(say, SL_WHERE_TLS_ALPN, name))
			return false;
	return true;
}

static bool say_ech(struct say *say, const struct tls_hello *h)
{
	char text[TLS_ECH_TEXT];
	if (!tls_ech(h, text))
		return true;
	return say_plain(say, SL_WHERE_TLS_ECH, sl_span_str(text));
}

bool tls_client_hello_say(struct say *say, const struct tls_hello *h, char carrier)
{
	struct sl_rd r = sl_rd(h->server_names);
	struct sl_span name;
	char text[TLS_JA4_TEXT];
	enum sl_where where = carrier == 'q' ? SL_WHERE_QUIC_SNI : SL_WHERE_TLS_SNI;
	for (unsigned n = 0; n < NAMES_MAX && tls_server_name_next(&r, &name); n++)
		if (!say_plain(say, where, name))
			return false;
	if (!say_protocols(say, h) || !say_ech(say, h))
		return false;
	where = carrier == 'd' ? SL_WHERE_DTLS_JA3 : SL_WHERE_JA3;
	if (!h->cut && say_needs(say, where)) {
		tls_ja3(h, text);
		if (!say_raw(say, where, sl_span_str(text)))
			return false;
	}
	if (!h->cut && say_needs(say, SL_WHERE_JA4)) {
		tls_ja4(h, carrier, text);
		if (!say_raw(say, SL_WHERE_JA4, sl_span_str(text)))
			return false;
	}
	return true;
}

bool tls_server_hello_say(struct say *say, const struct tls_hello *h, char carrier)
{
	char text[TLS_JA3_TEXT];
	enum sl_where where = carrier == 'd' ? SL_WHERE_DTLS_JA3S : SL_WHERE_JA3S;
	if (!h->cut && say_needs(say, where)) {
		tls_ja3s(h, text);
		if (!say_raw(say, where, sl_span_str(text)))
			return false;
	}
	return say_protocols(say, h);
}
