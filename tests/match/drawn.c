/* SPDX-License-Identifier: BSD-3-Clause */
/* drawn.c - random indicators and observables. */
#include <stdio.h>

#include "drawn.h"

static uint64_t seed = 20260101;

unsigned drawn(unsigned n)
{
	return (unsigned)(made_random(&seed) % n);
}

static void random_addr4(char *out)
{
	static const unsigned part[] = { 0, 1, 127, 128, 254, 255 };
	sprintf(out, "%u.%u.%u.%u", drawn(8) ? 10 : part[drawn(6)], part[drawn(6)], part[drawn(6)],
		part[drawn(6)]);
}

static void random_addr6(char *out)
{
	static const unsigned part[] = { 0, 1, 0x7fff, 0x8000, 0xffff };
	char *p = out + sprintf(out, "%x:%x", drawn(8) ? 0x2001 : 0xfe80, part[drawn(5)]);
	for (unsigned i = 0; i < 6; i++)
		p += sprintf(p, ":%x", part[drawn(5)]);
}

static void random_name(char *out)
{
	static const char *label[] = { "evil", "notevil", "a", "b", "example", "com", "\\xff", "" };
	unsigned labels = 1 + drawn(5);
	*out = '\0';
	for (unsigned i = 0; i < labels; i++) {
		strcat(out, label[drawn(7 + (drawn(30) == 0))]);
		if (i + 1 < labels)
			strcat(out, ".");
	}
	if (*out == '\0')
		strcpy(out, "com");
}

static void random_url(char *out)
{
	static const char *scheme[] = { "http:", "https:", "" };
	static const char *piece[] = { "/", "a", "evil.example", "?q=", "0123456789abcdef", "b" };
	unsigned pieces = drawn(7);
	sprintf(out, "%s//", scheme[drawn(3)]);
	for (unsigned i = 0; i < pieces; i++)
		strcat(out, piece[drawn(6)]);
}

static void random_agent(char *out)
{
	static const char *piece[] = { "Mozilla", "/", "5.0", "(bot)", " ", "curl" };
	unsigned pieces = 1 + drawn(5);
	*out = '\0';
	for (unsigned i = 0; i < pieces; i++)
		strcat(out, piece[drawn(6)]);
}

struct sl_indicator *drawn_indicator(struct sl_intel *in)
{
	static const uint16_t place[] = { SL_WHERE_IP_SRC, SL_WHERE_DNS_ANSWER_IP,
		SL_WHERE_HTTP_HOST, SL_WHERE_DNS_QUERY, SL_WHERE_HTTP_URL };
	static char id[64][4];
	char text[256];
	struct sl_indicator *i;
	switch (drawn(5)) {
	case 0:
		random_addr4(text);
		if (drawn(2))
			sprintf(text + strlen(text), "/%u", drawn(33));
		i = made_add(in, SL_TYPE_IPV4, text, SL_MATCH_EXACT);
		break;
	case 1:
		random_addr6(text);
		if (drawn(2))
			sprintf(text + strlen(text), "/%u", drawn(129));
		i = made_add(in, SL_TYPE_IPV6, text, SL_MATCH_EXACT);
		break;
	case 2:
		random_name(text);
		i = made_add(in, SL_TYPE_DOMAIN, text, drawn(2) ? SL_MATCH_EXACT : SL_MATCH_SUFFIX);
		break;
	case 3:
		random_url(text);
		i = made_add(in, SL_TYPE_URL, text, drawn(2) ? SL_MATCH_EXACT : SL_MATCH_PREFIX);
		break;
	default:
		random_agent(text);
		i = made_add(
			in, SL_TYPE_USER_AGENT, text, drawn(4) ? SL_MATCH_EXACT : SL_MATCH_PREFIX);
	}
	unsigned n = drawn(64);
	sprintf(id[n], "%u", n);
	i->id = id[n];
	i->where = drawn(6) ? SL_WHERE_NONE : place[drawn(5)];
	i->port = drawn(8) ? 0 : (uint16_t)(drawn(2) ? 1111 : 2222);
	i->valid_from_ns = drawn(6) ? 0 : drawn(10);
	i->valid_until_ns = drawn(6) ? 0 : drawn(10);
	return i;
}

void drawn_observable(struct made_batch *m)
{
	static const uint16_t ip[] = { SL_WHERE_IP_SRC, SL_WHERE_IP_DST, SL_WHERE_DNS_ANSWER_IP };
	static const uint16_t name[] = { SL_WHERE_DNS_QUERY, SL_WHERE_HTTP_HOST, SL_WHERE_TLS_SNI };
	char text[256];
	struct sl_observable *o;
	switch (drawn(6)) {
	case 0:
		random_addr4(text);
		o = made_addr(m, ip[drawn(3)], text);
		break;
	case 1:
		random_addr6(text);
		o = made_addr(m, ip[drawn(3)], text);
		break;
	case 2:
		random_name(text);
		o = made_text(m, name[drawn(3)], text);
		break;
	case 3:
		random_url(text);
		o = made_text(m, SL_WHERE_HTTP_URL, text);
		break;
	case 4:
		random_agent(text);
		o = made_text(m, SL_WHERE_HTTP_USER_AGENT, text);
		break;
	default:
		drawn(2) ? random_addr4(text) : random_addr6(text);
		o = made_text(m, name[drawn(3)], text);
	}
	o->ts_ns = drawn(10);
	o->part = drawn(12) ? SL_PART_WHOLE : SL_PART_TRUNCATED;
}
