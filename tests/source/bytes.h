/* SPDX-License-Identifier: BSD-3-Clause */
/* bytes.h - captures made byte by byte, in either byte order. */
#ifndef TESTS_SOURCE_BYTES_H
#define TESTS_SOURCE_BYTES_H

#include <errno.h>
#include <stdbool.h>

#include <sightline/capture.h>
#include <sightline/compress.h>

#include "test.h"

struct bytes {
	uint8_t p[8192];
	size_t len;
	bool big;
};

static inline void put(struct bytes *b, uint64_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		b->p[b->len++] = (uint8_t)(v >> 8 * (b->big ? width - 1 - i : i));
}

static inline void put_text(struct bytes *b, const char *s, size_t len)
{
	memcpy(b->p + b->len, s, len);
	b->len += len;
}

static inline void put_pcap_header(struct bytes *b, uint32_t magic, uint32_t linktype)
{
	put(b, magic, 4);
	put(b, 2, 2);
	put(b, 4, 2);
	put(b, 0, 8);
	put(b, 65535, 4);
	put(b, linktype, 4);
}

static inline void put_pcap_record(
	struct bytes *b, uint32_t sec, uint32_t frac, const char *s, uint32_t len, uint32_t wire)
{
	put(b, sec, 4);
	put(b, frac, 4);
	put(b, len, 4);
	put(b, wire, 4);
	put_text(b, s, len);
}

/* A pcapng block: the body is put between the two; the length is known at the end. */
static inline size_t block_begin(struct bytes *b, uint32_t type)
{
	size_t at = b->len;
	put(b, type, 4);
	put(b, 0, 4);
	return at;
}

static inline void block_end(struct bytes *b, size_t at)
{
	while (b->len % 4)
		b->p[b->len++] = 0;
	uint32_t total = (uint32_t)(b->len + 4 - at);
	put(b, total, 4);
	size_t end = b->len;
	b->len = at + 4;
	put(b, total, 4);
	b->len = end;
}

static inline void put_option(struct bytes *b, uint16_t code, uint64_t v, unsigned width)
{
	put(b, code, 2);
	put(b, width, 2);
	put(b, v, width);
	while (b->len % 4)
		b->p[b->len++] = 0;
}

static inline void put_shb(struct bytes *b, uint16_t major, uint16_t minor)
{
	size_t at = block_begin(b, 0x0a0d0d0a);
	put(b, 0x1a2b3c4d, 4);
	put(b, major, 2);
	put(b, minor, 2);
	put(b, UINT64_MAX, 8);
	block_end(b, at);
}

static inline void put_idb(struct bytes *b, uint16_t linktype, uint32_t snaplen)
{
	size_t at = block_begin(b, 1);
	put(b, linktype, 2);
	put(b, 0, 2);
	put(b, snaplen, 4);
	block_end(b, at);
}

static inline void put_idb_time(struct bytes *b, uint8_t tsresol, int64_t tsoffset)
{
	size_t at = block_begin(b, 1);
	put(b, 1, 2);
	put(b, 0, 2);
	put(b, 0, 4);
	put_option(b, 9, tsresol, 1);
	put_option(b, 14, (uint64_t)tsoffset, 8);
	put_option(b, 0, 0, 0);
	block_end(b, at);
}

static inline void put_epb(
	struct bytes *b, uint32_t iface, uint64_t ticks, const char *s, uint32_t len, uint32_t wire)
{
	size_t at = block_begin(b, 6);
	put(b, iface, 4);
	put(b, ticks >> 32, 4);
	put(b, (uint32_t)ticks, 4);
	put(b, len, 4);
	put(b, wire, 4);
	put_text(b, s, len);
	block_end(b, at);
}

/* One reading of the bytes, which end where memory ends. */
struct reading {
	struct guarded g;
	struct sl_input *in;
	struct sl_capture *c;
	struct sl_capture_damage damage;
	struct sl_capture_packet p;
	int opened;
};

static inline struct reading *reading_new(const void *p, size_t len)
{
	struct reading *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->g = guarded_new(p, len);
	assert_int_equal(sl_input_open_bytes(&r->in, r->g.p, len), 0);
	r->opened = sl_capture_open(&r->c, r->in, &r->damage);
	return r;
}

static inline void reading_free(struct reading *r)
{
	if (r->opened == 0)
		sl_capture_close(r->c);
	sl_input_close(r->in);
	guarded_free(&r->g);
	free(r);
}

static inline void next_is(
	struct reading *r, uint64_t ts_ns, const char *s, uint32_t wire, uint16_t linktype)
{
	assert_int_equal(sl_capture_next(r->c, &r->p), 1);
	assert_int_equal(r->p.ts_ns, ts_ns);
	assert_int_equal(r->p.len, strlen(s));
	assert_memory_equal(r->p.data, s, r->p.len);
	assert_int_equal(r->p.wire_len, wire);
	assert_int_equal(r->p.linktype, linktype);
}

/* The damage, told twice alike. */
static inline void damage_is(struct reading *r, uint64_t offset, const char *words)
{
	int rc = r->opened < 0 ? r->opened : sl_capture_next(r->c, &r->p);
	assert_int_equal(rc, -EBADMSG);
	if (r->opened == 0)
		assert_int_equal(sl_capture_next(r->c, &r->p), -EBADMSG);
	assert_non_null(strstr(r->damage.what, words));
	assert_int_equal(r->damage.offset, offset);
}

static inline void end_is_here(struct reading *r)
{
	assert_int_equal(sl_capture_next(r->c, &r->p), 0);
	assert_int_equal(sl_capture_next(r->c, &r->p), 0);
	assert_string_equal(r->damage.what, "");
}

/* Cut at every length: the packets that are whole are given, the rest is told, and a cut between
 * two records is none. */
static inline void cut_everywhere(const struct bytes *b, unsigned packets)
{
	unsigned clean = 0;
	for (size_t len = 0; len <= b->len; len++) {
		struct reading *r = reading_new(b->p, len);
		unsigned n = 0;
		int rc = r->opened;
		if (rc == 0)
			while ((rc = sl_capture_next(r->c, &r->p)) == 1)
				n++;
		assert_true(rc == 0 || rc == -EBADMSG);
		assert_true(rc == 0 || r->damage.what[0] != '\0');
		assert_true(r->damage.offset <= len);
		assert_true(n <= packets);
		assert_true(len < b->len || (rc == 0 && n == packets));
		clean += rc == 0;
		reading_free(r);
	}
	assert_true(clean > packets && clean < b->len / 4);
}

#endif
