/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_name.c - names inside DNS messages. Worker; pure. Bounded by the length of a name, and by
 * pointers that only go backwards. */
#include "dns_name.h"
#include <sightline/hot.h>

#define JUMPS_MAX 128
#define NETBIOS_BYTES 16

static bool put_label(struct dns_name *out, struct sl_span label)
{
	if (out->len + label.len + 1 > DNS_NAME_MAX)
		return false;
	if (out->len)
		out->text[out->len++] = '.';
	memcpy(out->text + out->len, label.p, label.len);
	out->len += label.len;
	return true;
}

bool dns_name_read(struct sl_rd *r, const uint8_t *message, struct dns_name *out)
{
	struct sl_rd at = *r;
	const uint8_t *floor = r->p; /* a pointer goes before the labels that it ends */
	unsigned jumps = 0;
	out->len = 0;
	for (;;) {
		uint8_t n = sl_rd8(&at);
		if (at.bad)
			break;
		if (n == 0) {
			if (jumps == 0)
				*r = at;
			return true;
		}
		if (n < 64) {
			struct sl_span label = sl_rd_take(&at, n);
			if (at.bad || !put_label(out, label))
				break;
			continue;
		}
		size_t to = (size_t)(n & 63) << 8 | sl_rd8(&at);
		if (at.bad || n < 0xc0 || to >= (size_t)(floor - message) || jumps == JUMPS_MAX)
			break;
		if (jumps++ == 0)
			*r = at;
		floor = at.p = message + to;
	}
	r->bad = true;
	r->p = r->end;
	return false;
}

bool dns_name_alone(struct sl_span in, struct dns_name *out)
{
	uint8_t b[DNS_NAME_MAX + 1] = { 0 };
	if (in.len > DNS_NAME_MAX)
		return false;
	if (in.len > 0)
		memcpy(b, in.p, in.len);
	struct sl_rd r = sl_rd(sl_span(b, in.len + 1));
	return dns_name_read(&r, b, out);
}

/* RFC 1001 14.1: each of 16 bytes as two letters from A to P, blank or NUL behind the name, and the
 * last byte the kind of service. */
void dns_name_netbios(struct dns_name *n)
{
	size_t label = 0, out = 0, len = n->len;
	while (label < len && n->text[label] != '.')
		label++;
	n->len = 0;
	if (label != 2 * NETBIOS_BYTES)
		return;
	for (size_t i = 0; i < NETBIOS_BYTES; i++) {
		unsigned high = (unsigned)(n->text[2 * i] - 'A'),
			 low = (unsigned)(n->text[2 * i + 1] - 'A');
		if (high > 15 || low > 15)
			return;
		n->text[i] = (uint8_t)(high << 4 | low);
	}
	out = NETBIOS_BYTES - 1;
	while (out && (n->text[out - 1] == ' ' || n->text[out - 1] == 0))
		out--;
	memmove(n->text + out, n->text + label, len - label); /* the scope */
	n->len = out + (len - label);
}
