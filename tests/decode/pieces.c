/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces.c - a store of fragments under test. */
#include "pieces.h"

#include <netinet/in.h>
#include <stdlib.h>

#include <sightline/clock.h>

struct pieces *pieces_new(const struct sl_defrag_options *o)
{
	struct pieces *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	assert_int_equal(sl_defrag_new(&s->d, o != NULL ? o : &sl_defrag_defaults, &s->c), 0);
	s->now_ns = SL_SECOND;
	s->proto = IPPROTO_UDP;
	s->host = 1;
	return s;
}

void pieces_free(struct pieces *s)
{
	sl_defrag_flush(s->d);
	take_lost(s);
	/* Every packet is told of once: whole, lost, or as a fragment of nothing. */
	if (counted(s, SL_C_DEFRAG_AGAIN) == 0)
		assert_int_equal(s->sent, s->lost_packets + s->whole_packets + s->bare_packets);
	assert_int_equal(sl_defrag_count(s->d), 0);
	assert_int_equal(sl_defrag_bytes(s->d), 0);
	sl_defrag_free(s->d);
	if (s->g.p != NULL)
		guarded_free(&s->g);
	free(s);
}

void take_lost(struct pieces *s)
{
	while (sl_defrag_lost(s->d, &s->last_lost)) {
		assert_true(s->last_lost.version == 4 || s->last_lost.version == 6);
		assert_true(s->last_lost.flags & SL_PKT_FRAGMENT);
		s->lost++;
		s->lost_packets += 1 + s->last_lost.held_packets;
	}
}

static void store16(uint8_t *to, unsigned v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

bool send_raw(struct pieces *s, const void *p, size_t len)
{
	struct sl_decode_options o = { .defrag = s->d };
	if (s->g.p != NULL)
		guarded_free(&s->g);
	s->g = guarded_new(p, len);
	memset(&s->p, 0xee, sizeof(s->p));
	s->p.data = s->g.p;
	s->p.len = (uint32_t)len;
	s->p.wire_len = (uint32_t)len + s->wire_more;
	s->p.ts_ns = s->now_ns;
	s->p.salt = s->salt;
	s->p.linktype = SL_LINK_RAW;
	s->p.flags = 0;
	s->sent++;
	bool good = sl_decode(&o, &s->p, 1, &s->c);
	assert_int_equal(good, s->p.version != 0);
	assert_true(good || s->p.flags & SL_PKT_FRAGMENT);
	if (s->p.flags & SL_PKT_FRAGMENT)
		assert_int_equal(s->p.payload_len, 0);
	if (good && s->p.flags & SL_PKT_FRAGMENT)
		s->bare_packets += 1 + s->p.held_packets;
	else if (good)
		s->whole_packets += 1 + s->p.held_packets;
	take_lost(s);
	return !(s->p.flags & SL_PKT_FRAGMENT);
}

bool send4(struct pieces *s, unsigned id, unsigned at, bool more, const void *p, size_t len)
{
	static uint8_t b[66000];
	size_t header = 20u + s->options, all = header + len + s->wire_more;
	memset(b, 1, header);
	b[0] = (uint8_t)(0x40 | header / 4);
	store16(b + 2, all < 65535 ? (unsigned)all : 65535);
	store16(b + 4, id);
	store16(b + 6, (more ? 0x2000 : 0) | at / 8);
	b[9] = s->proto;
	memcpy(b + 12, "\xc0\x00\x02\x01\xc6\x33\x64\x02", 8);
	b[15] = s->host;
	memcpy(b + header, p, len);
	return send_raw(s, b, header + len);
}

bool send6(struct pieces *s, uint32_t id, unsigned at, bool more, const void *p, size_t len)
{
	static uint8_t b[66000] = { 0x60 };
	store16(b + 4, (unsigned)len + 8);
	b[6] = 44;
	memcpy(b + 8, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(b + 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	b[23] = s->host;
	b[40] = s->proto;
	b[41] = 0;
	store16(b + 42, at | more);
	store16(b + 44, id >> 16);
	store16(b + 46, id & 0xffff);
	memcpy(b + 48, p, len);
	return send_raw(s, b, 48 + len);
}

static const uint8_t *filled(char letter, size_t len)
{
	static uint8_t b[66000];
	assert_true(len <= sizeof(b));
	memset(b, letter, len);
	return b;
}

bool fill4(struct pieces *s, unsigned id, unsigned at, bool more, char letter, size_t len)
{
	return send4(s, id, at, more, filled(letter, len), len);
}

bool fill6(struct pieces *s, uint32_t id, unsigned at, bool more, char letter, size_t len)
{
	return send6(s, id, at, more, filled(letter, len), len);
}

const char *letters(const struct pieces *s)
{
	static char text[8200];
	size_t n = 0;
	assert_true(s->p.flags & SL_PKT_REASSEMBLED);
	for (uint32_t i = 0; i < s->p.payload_len; i++) {
		if (i % 8 == 0)
			text[n++] = (char)s->p.payload[i];
		assert_int_equal(s->p.payload[i], text[n - 1]);
	}
	text[n] = '\0';
	return text;
}

uint64_t counted(const struct pieces *s, enum sl_counter id)
{
	return s->c.c[id];
}
