/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_print.c - JA3, JA3S and JA4. Worker; pure. What is hashed is never written out as a text: it
 * goes into the hash number by number. The hashes are names here, not protection. */
#include <sightline/digest.h>

#include "decimal.h"
#include "tls_hello.h"
#include <sightline/hot.h>

#define VALUES_MAX (TLS_HELLO_MAX / 2)

enum { EXT_SERVER_NAME = 0, EXT_ALPN = 16 };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* ---- JA3 ---- */

/* A decimal number, with a dash before it where it isn't the first of its list. */
static void ink_number(struct sl_digest_state *d, uint16_t v, bool *first)
{
	char text[1 + DECIMAL_MAX] = "-";
	size_t n = decimal(v, text + 1);
	sl_digest_add(d, text + *first, 1 - (size_t)*first + n);
	*first = false;
}

static void ink_pairs(struct sl_digest_state *d, struct sl_span list)
{
	bool first = true;
	for (size_t i = 0; i + 1 < list.len; i += 2)
		if (!tls_is_grease(be16(list.p + i)))
			ink_number(d, be16(list.p + i), &first);
}

static void ink_extensions(struct sl_digest_state *d, struct sl_span list)
{
	struct sl_rd r = sl_rd(list);
	bool first = true;
	while (!r.bad && sl_rd_left(&r)) {
		uint16_t type = sl_rd16(&r);
		sl_rd_skip(&r, sl_rd16(&r));
		if (!r.bad && !tls_is_grease(type))
			ink_number(d, type, &first);
	}
}

static void ink_begin(struct sl_digest_state *d, const struct tls_hello *h)
{
	bool first = true;
	sl_digest_begin(d, SL_MD5);
	ink_number(d, h->version, &first);
	sl_digest_add(d, ",", 1);
	ink_pairs(d, h->ciphers);
	sl_digest_add(d, ",", 1);
	ink_extensions(d, h->extensions);
}

void tls_ja3(const struct tls_hello *h, char out[TLS_JA3_TEXT])
{
	struct sl_digest_state d;
	uint8_t sum[SL_DIGEST_MAX];
	bool first = true;
	ink_begin(&d, h);
	sl_digest_add(&d, ",", 1);
	ink_pairs(&d, h->groups);
	sl_digest_add(&d, ",", 1);
	for (size_t i = 0; i < h->formats.len; i++)
		ink_number(&d, h->formats.p[i], &first);
	sl_hex(sum, sl_digest_end(&d, sum), out);
}

void tls_ja3s(const struct tls_hello *h, char out[TLS_JA3_TEXT])
{
	struct sl_digest_state d;
	uint8_t sum[SL_DIGEST_MAX];
	ink_begin(&d, h);
	sl_hex(sum, sl_digest_end(&d, sum), out);
}

/* ---- JA4 ---- */

/* Heap sort: n log n whatever a hello holds, in place. */
static void sift(uint16_t *v, size_t at, size_t n)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && v[child + 1] > v[child])
			child++;
		if (v[at] >= v[child])
			return;
		uint16_t keep = v[at];
		v[at] = v[child];
		v[child] = keep;
	}
}

static void sort(uint16_t *v, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(v, i, n);
	for (size_t i = n; i-- > 1;) {
		uint16_t keep = v[0];
		v[0] = v[i];
		v[i] = keep;
		sift(v, 0, i);
	}
}

static size_t pairs_of(struct sl_span list, uint16_t *v)
{
	size_t n = 0;
	for (size_t i = 0; i + 1 < list.len && n < VALUES_MAX; i += 2)
		if (!tls_is_grease(be16(list.p + i)))
			v[n++] = be16(list.p + i);
	return n;
}

/* Types of extensions without server name and ALPN, which stand in the first part; *all counts
 * those as well. */
static size_t extensions_of(struct sl_span list, uint16_t *v, size_t *all)
{
	struct sl_rd r = sl_rd(list);
	size_t n = 0;
	*all = 0;
	while (!r.bad && sl_rd_left(&r) && n < VALUES_MAX) {
		uint16_t type = sl_rd16(&r);
		sl_rd_skip(&r, sl_rd16(&r));
		if (r.bad || tls_is_grease(type))
			continue;
		++*all;
		if (type != EXT_SERVER_NAME && type != EXT_ALPN)
			v[n++] = type;
	}
	return n;
}

static void ink_hex(struct sl_digest_state *d, const uint16_t *v, size_t n)
{
	char text[5];
	for (size_t i = 0; i < n; i++) {
		sl_hex((uint8_t[]){ (uint8_t)(v[i] >> 8), (uint8_t)v[i] }, 2, text);
		if (i > 0)
			sl_digest_add(d, ",", 1);
		sl_digest_add(d, text, 4);
	}
}

/* The first twelve digits of a SHA-256; zeros of an empty list. */
static void print_part(struct sl_digest_state *d, bool empty, char *out)
{
	uint8_t sum[SL_DIGEST_MAX];
	char text[2 * SL_DIGEST_MAX + 1];
	sl_hex(sum, sl_digest_end(d, sum), text);
	for (unsigned i = 0; i < 12; i++)
		out[i] = empty ? '0' : text[i];
}

/* The highest version that the client offers; DTLS counts downwards. */
static uint16_t best_version(const struct tls_hello *h)
{
	uint16_t best = 0;
	for (size_t i = 0; i + 1 < h->versions.len; i += 2) {
		uint16_t v = be16(h->versions.p + i);
		if (!tls_is_grease(v) && (best == 0 || (h->dtls ? v < best : v > best)))
			best = v;
	}
	return best ? best : h->version;
}

static const char *version_text(uint16_t v)
{
	static const struct {
		uint16_t v;
		char text[3];
	} rows[] = { { 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" }, { 0x0301, "10" },
		{ 0x0300, "s3" }, { 0x0002, "s2" }, { 0xfeff, "d1" }, { 0xfefd, "d2" },
		{ 0xfefc, "d3" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].v == v)
			return rows[i].text;
	return "00";
}

static void print_count(size_t n, char out[2])
{
	n = n < 99 ? n : 99;
	out[0] = (char)('0' + n / 10);
	out[1] = (char)('0' + n % 10);
}

/* First and last character of the first protocol offered; what is no printable ASCII is a 9, as the
 * published tool has it. */
static void print_alpn(const struct tls_hello *h, char out[2])
{
	struct sl_rd r = sl_rd(h->alpn);
	struct sl_span name;
	out[0] = out[1] = '0';
	if (!tls_alpn_next(&r, &name))
		return;
	uint8_t c[2] = { name.p[0], name.p[name.len - 1] };
	for (unsigned i = 0; i < 2; i++)
		out[i] = c[i] > ' ' && c[i] < 0x7f ? (char)c[i] : '9';
}

void tls_ja4(const struct tls_hello *h, char carrier, char out[TLS_JA4_TEXT])
{
	struct sl_digest_state d;
	uint16_t v[VALUES_MAX];
	size_t all, n = pairs_of(h->ciphers, v);
	out[0] = carrier;
	memcpy(out + 1, version_text(best_version(h)), 2);
	out[3] = h->has_server_name ? 'd' : 'i';
	print_count(n, out + 4);
	sort(v, n);
	sl_digest_begin(&d, SL_SHA256);
	ink_hex(&d, v, n);
	out[10] = out[23] = '_';
	print_part(&d, n == 0, out + 11);
	n = extensions_of(h->extensions, v, &all);
	print_count(all, out + 6);
	print_alpn(h, out + 8);
	sort(v, n);
	sl_digest_begin(&d, SL_SHA256);
	ink_hex(&d, v, n);
	bool empty = n == 0;
	n = pairs_of(h->signatures, v);
	if (n > 0)
		sl_digest_add(&d, "_", 1);
	ink_hex(&d, v, n);
	print_part(&d, empty, out + 24);
	out[TLS_JA4_TEXT - 1] = '\0';
}
