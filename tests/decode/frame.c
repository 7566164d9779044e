/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.c - frames for the tests of decode. Its checksum is written for itself, in network order
 * and word by word, so that it doesn't share a mistake with the one that it tests. */
#include "frame.h"

void put(struct frame *f, const void *p, size_t len)
{
	assert_true(f->n + len <= sizeof(f->b));
	if (len)
		memcpy(f->b + f->n, p, len);
	f->n += len;
}

void put8(struct frame *f, unsigned v)
{
	uint8_t b = (uint8_t)v;
	put(f, &b, 1);
}

void put16(struct frame *f, unsigned v)
{
	put8(f, v >> 8 & 0xff);
	put8(f, v & 0xff);
}

void put32(struct frame *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v & 0xffff);
}

void put_fill(struct frame *f, size_t len)
{
	while (len--)
		put8(f, 'x');
}

void put_ethernet(struct frame *f, unsigned type)
{
	put(f, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	put16(f, type);
}

static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static void store_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

void put_v4(struct frame *f, unsigned proto, size_t options, size_t rest, unsigned frag)
{
	size_t at = f->n;
	put8(f, 0x40 | (5 + (unsigned)options / 4));
	put8(f, 0);
	put16(f, (unsigned)(20 + options + rest));
	put16(f, 7);
	put16(f, frag);
	put8(f, 64);
	put8(f, proto);
	put16(f, 0);
	put(f, "\xc0\x00\x02\x01\xc6\x33\x64\x02", 8);
	for (size_t i = 0; i < options; i++)
		put8(f, 1);
	store_sum(f->b + at + 10, add_words(0, f->b + at, 20 + options));
}

void put_v6(struct frame *f, unsigned next, size_t rest)
{
	put32(f, 0x60000000);
	put16(f, (unsigned)rest);
	put8(f, next);
	put8(f, 64);
	put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}

void put_tcp(struct frame *f, size_t options, size_t payload)
{
	put16(f, 40000);
	put16(f, 80);
	put32(f, 1000);
	put32(f, 2000);
	put8(f, (5 + (unsigned)options / 4) << 4);
	put8(f, 0x18);
	put16(f, 512);
	put32(f, 0);
	for (size_t i = 0; i < options; i++)
		put8(f, 1);
	put_fill(f, payload);
}

void put_udp(struct frame *f, size_t payload)
{
	put16(f, 40000);
	put16(f, 53);
	put16(f, (unsigned)(8 + payload));
	put16(f, 0);
	put_fill(f, payload);
}

void checksum_fix(struct frame *f, size_t ip, size_t l4, size_t l4_len, unsigned proto)
{
	bool v4 = f->b[ip] >> 4 == 4;
	uint8_t *at = f->b + l4 + (proto == 6 ? 16 : 6);
	at[0] = at[1] = 0;
	uint32_t sum = add_words(0, f->b + ip + (v4 ? 12 : 8), v4 ? 8 : 32);
	sum += proto + (uint32_t)l4_len;
	store_sum(at, add_words(sum, f->b + l4, l4_len));
}

void header_fix(struct frame *f, size_t ip)
{
	f->b[ip + 10] = f->b[ip + 11] = 0;
	store_sum(f->b + ip + 10, add_words(0, f->b + ip, 20));
}

void decode_cut(
	struct decoded *d, const struct frame *f, size_t len, uint16_t linktype, bool verify)
{
	struct sl_decode_options o = { .verify_checksums = verify };
	d->g = guarded_new(f->b, len);
	memset(&d->c, 0, sizeof(d->c));
	/* What a packet before this one left in the view must not shine through. */
	memset(&d->p, 0xee, sizeof(d->p));
	d->p.data = d->g.p;
	d->p.len = (uint32_t)len;
	d->p.wire_len = (uint32_t)f->n;
	d->p.ts_ns = 1;
	d->p.salt = 0;
	d->p.linktype = linktype;
	d->p.flags = 0;
	d->good = sl_decode(&o, &d->p, 1, &d->c) == 1;
	assert_int_equal(d->good, d->p.version != 0);
	assert_int_equal(drops_of(&d->c), d->good ? 0 : 1);
	assert_true(d->p.payload_len == 0 ||
		    (d->p.payload >= d->g.p && d->p.payload + d->p.payload_len <= d->g.p + len));
}

void decode_frame(struct decoded *d, const struct frame *f, uint16_t linktype)
{
	decode_cut(d, f, f->n, linktype, false);
}

void decoded_free(struct decoded *d)
{
	guarded_free(&d->g);
}

uint64_t drops_of(const struct sl_counters *c)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		n += c->drop[i];
	return n;
}
