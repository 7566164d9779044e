/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng.c - the block format (draft-ietf-opsawg-pcapng). Blocks that carry no packets (names,
 * statistics, decryption secrets, other people's) are passed by, whatever their size. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/clock.h>

#include "capture.h"

enum block_type {
	BLOCK_SHB = 0x0a0d0d0a,
	BLOCK_IDB = 1,
	BLOCK_PB = 2, /* obsolete */
	BLOCK_SPB = 3,
	BLOCK_EPB = 6,
};

enum option {
	OPT_END = 0,
	OPT_IF_TSRESOL = 9,
	OPT_IF_TSOFFSET = 14,
};

#define BLOCK_MIN 12 /* type, length, length again */
#define IFACES_MAX 65536
#define TSRESOL_MICRO 6
#define ORDER_MAGIC 0x1a2b3c4d

/* A block that stands in the window as a whole. */
struct block {
	uint64_t start;
	uint32_t type, total;
	const uint8_t *body;
	uint32_t body_len;
};

static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~(uint32_t)3;
}

/* Passes over the options from `at` on; true: `want` was found, its value in *out. Their lengths
 * are checked to the end, found or not: c->damage says so and *rc is set. */
static bool option_find(struct sl_capture *c, const struct block *b, uint32_t at, uint16_t want,
	struct sl_span *out, int *rc)
{
	bool found = false;
	*rc = 0;
	while (b->body_len - at >= 4) {
		uint16_t code = capture_u16(c, b->body + at);
		uint32_t len = capture_u16(c, b->body + at + 2);
		at += 4;
		if (code == OPT_END)
			break;
		/* The last option's padding may be missing where no end marker follows. */
		if (len > b->body_len - at) {
			*rc = capture_damaged(c, b->start,
				"an option of %u bytes in a block with room for %u", len,
				b->body_len - at);
			return false;
		}
		if (code == want && !found) {
			*out = sl_span(b->body + at, len);
			found = true;
		}
		uint32_t step = padded(len);
		at += step < b->body_len - at ? step : b->body_len - at;
	}
	return found;
}

static int options_check(struct sl_capture *c, const struct block *b, uint32_t at)
{
	int rc;
	struct sl_span unused;
	(void)option_find(c, b, at, OPT_END, &unused, &rc);
	return rc;
}

static int too_short(struct sl_capture *c, const struct block *b, const char *what)
{
	return capture_damaged(c, b->start, "%s of %u bytes, too short", what, b->total);
}

static int section_begin(struct sl_capture *c, const struct block *b)
{
	if (b->body_len < 16)
		return too_short(c, b, "a section header");
	uint16_t major = capture_u16(c, b->body + 4), minor = capture_u16(c, b->body + 6);
	/* 1.2 was written by mistake for a while and means 1.0. */
	if (major != 1 || (minor != 0 && minor != 2))
		return capture_damaged(c, b->start,
			"pcapng version %u.%u is not known, only 1.0 is", major, minor);
	c->iface_count = 0;
	return options_check(c, b, 16);
}

static int iface_room(struct sl_capture *c, const struct block *b)
{
	if (c->iface_count < c->iface_room)
		return 0;
	if (c->iface_count >= IFACES_MAX)
		return capture_damaged(c, b->start, "more than %u interfaces", IFACES_MAX);
	uint32_t room = c->iface_room ? 2 * c->iface_room : 8;
	struct iface *more = realloc(c->ifaces, room * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	c->ifaces = more;
	c->iface_room = room;
	return 0;
}

static int iface_add(struct sl_capture *c, const struct block *b)
{
	if (b->body_len < 8)
		return too_short(c, b, "an interface description");
	int rc = iface_room(c, b);
	if (rc < 0)
		return rc;
	struct iface f = {
		.linktype = capture_u16(c, b->body),
		.snaplen = capture_u32(c, b->body + 4),
		.tsresol = TSRESOL_MICRO,
	};
	struct sl_span v;
	if (option_find(c, b, 8, OPT_IF_TSRESOL, &v, &rc) && v.len == 1)
		f.tsresol = v.p[0];
	if (rc == 0 && option_find(c, b, 8, OPT_IF_TSOFFSET, &v, &rc) && v.len == 8)
		f.tsoffset = (int64_t)capture_u64(c, v.p);
	if (rc < 0)
		return rc;
	c->ifaces[c->iface_count++] = f;
	return 0;
}

/* Ticks of the interface's clock since 1970 as nanoseconds; what does not fit ends at the bounds.
 */
static uint64_t iface_time(const struct iface *f, uint64_t ticks)
{
	unsigned n = f->tsresol & 0x7f;
	__int128 ns;
	if (f->tsresol & 0x80) {
		ns = n < 64 ? (__int128)(((unsigned __int128)ticks * SL_SECOND) >> n) : 0;
	} else if (n <= 9) {
		uint64_t scale = 1;
		for (; n < 9; n++)
			scale *= 10;
		ns = (__int128)ticks * scale;
	} else {
		for (; n > 9 && ticks > 0; n--)
			ticks /= 10;
		ns = ticks;
	}
	ns += (__int128)f->tsoffset * (__int128)SL_SECOND;
	return ns < 0 ? 0 : ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}

/* A packet whose bytes begin at body[at], and behind them options. */
static int packet_at(struct sl_capture *c, const struct block *b, uint32_t at, uint32_t iface,
	struct sl_capture_packet *p)
{
	if (iface >= c->iface_count)
		return capture_damaged(c, b->start,
			"a packet of interface %u, but %u interfaces are described", iface,
			c->iface_count);
	if (p->len > SL_CAPTURE_PACKET_MAX)
		return capture_damaged(c, b->start,
			"a packet of %u bytes, more than the %u there can be", p->len,
			SL_CAPTURE_PACKET_MAX);
	if (p->len > b->body_len - at)
		return capture_damaged(c, b->start,
			"a packet of %u bytes in a block with room for %u", p->len,
			b->body_len - at);
	if (p->wire_len < p->len)
		p->wire_len = p->len;
	p->data = b->body + at;
	p->linktype = c->ifaces[iface].linktype;
	return 1;
}

static int enhanced_packet(struct sl_capture *c, const struct block *b, struct sl_capture_packet *p)
{
	if (b->body_len < 20)
		return too_short(c, b, "a packet block");
	const uint8_t *h = b->body;
	uint32_t iface = b->type == BLOCK_PB ? capture_u16(c, h) : capture_u32(c, h);
	uint64_t ticks = (uint64_t)capture_u32(c, h + 4) << 32 | capture_u32(c, h + 8);
	p->len = capture_u32(c, h + 12);
	p->wire_len = capture_u32(c, h + 16);
	int rc = packet_at(c, b, 20, iface, p);
	if (rc < 0)
		return rc;
	uint32_t room = b->body_len - 20, data = padded(p->len);
	rc = options_check(c, b, 20 + (data < room ? data : room));
	if (rc < 0)
		return rc;
	p->ts_ns = c->last_ns = iface_time(&c->ifaces[iface], ticks);
	return 1;
}

/* Belongs to the first interface; its captured length is what that one's snaplen leaves. */
static int simple_packet(struct sl_capture *c, const struct block *b, struct sl_capture_packet *p)
{
	if (b->body_len < 4)
		return too_short(c, b, "a packet block");
	p->wire_len = p->len = capture_u32(c, b->body);
	if (c->iface_count > 0 && c->ifaces[0].snaplen > 0 && c->ifaces[0].snaplen < p->len)
		p->len = c->ifaces[0].snaplen;
	p->ts_ns = c->last_ns;
	return packet_at(c, b, 4, 0, p);
}

/* The byte order of a section is told by its header alone. */
static int section_order(struct sl_capture *c)
{
	size_t have = capture_need(c, BLOCK_MIN);
	if (have < BLOCK_MIN)
		return capture_cut(c, c->offset, "a section header");
	const uint8_t *p = c->buf + c->at + 8;
	c->little = false;
	if (capture_u32(c, p) == ORDER_MAGIC)
		return 0;
	c->little = true;
	if (capture_u32(c, p) == ORDER_MAGIC)
		return 0;
	return capture_damaged(c, c->offset, "a section header without its byte-order magic");
}

/* The next block's head. 1, 0 at the end, or damage. */
static int block_head(struct sl_capture *c, struct block *b)
{
	size_t have = capture_need(c, BLOCK_MIN);
	b->start = c->offset;
	if (have == 0 && c->in_error == 0)
		return 0;
	if (have < 8)
		return capture_cut(c, b->start, "a block header");
	if (capture_u32(c, c->buf + c->at) == BLOCK_SHB) {
		int rc = section_order(c);
		if (rc < 0)
			return rc;
	}
	b->type = capture_u32(c, c->buf + c->at);
	b->total = capture_u32(c, c->buf + c->at + 4);
	if (b->total < BLOCK_MIN)
		return capture_damaged(
			c, b->start, "a block that says it is %u bytes long", b->total);
	return 1;
}

/* Lengths are multiples of 4; those of a writer that forgot are rounded up. */
static int length_again(struct sl_capture *c, const struct block *b, const uint8_t *p)
{
	uint32_t again = capture_u32(c, p);
	if (again == b->total)
		return 0;
	return capture_damaged(
		c, b->start, "a block of %u bytes that says %u at its end", b->total, again);
}

static int block_pass_by(struct sl_capture *c, const struct block *b)
{
	uint64_t body = (((uint64_t)b->total + 3) & ~(uint64_t)3) - 4;
	if (!capture_skip(c, body) || capture_need(c, 4) < 4)
		return capture_cut(c, b->start, "a block");
	int rc = length_again(c, b, c->buf + c->at);
	capture_used(c, 4);
	return rc;
}

/* Brings the whole block into the window. */
static int block_take(struct sl_capture *c, struct block *b)
{
	if (b->total > CAPTURE_WINDOW)
		return capture_damaged(c, b->start, "a block of type %u with %u bytes, too long",
			b->type, b->total);
	uint32_t whole = padded(b->total);
	if (capture_need(c, whole) < whole)
		return capture_cut(c, b->start,
			b->type == BLOCK_SHB   ? "a section header"
			: b->type == BLOCK_IDB ? "an interface description"
					       : "a packet");
	b->body = c->buf + c->at + 8;
	b->body_len = whole - BLOCK_MIN;
	int rc = length_again(c, b, b->body + b->body_len);
	capture_used(c, whole);
	return rc;
}

/* 1: *p is a packet; 0: go on. */
static int block_read(struct sl_capture *c, struct block *b, struct sl_capture_packet *p)
{
	int rc = block_take(c, b);
	if (rc < 0)
		return rc;
	switch (b->type) {
	case BLOCK_SHB:
		return section_begin(c, b);
	case BLOCK_IDB:
		return iface_add(c, b);
	case BLOCK_SPB:
		return simple_packet(c, b, p);
	default:
		return enhanced_packet(c, b, p);
	}
}

static int pcapng_next(struct sl_capture *c, struct sl_capture_packet *p)
{
	for (;;) {
		struct block b;
		int rc = block_head(c, &b);
		if (rc <= 0)
			return rc;
		switch (b.type) {
		case BLOCK_SHB:
		case BLOCK_IDB:
		case BLOCK_SPB:
		case BLOCK_PB:
		case BLOCK_EPB:
			rc = block_read(c, &b, p);
			break;
		default:
			rc = block_pass_by(c, &b);
			break;
		}
		if (rc != 0)
			return rc;
	}
}

int pcapng_open(struct sl_capture *c)
{
	struct block b;
	int rc = block_head(c, &b);
	if (rc <= 0)
		return rc < 0 ? rc : capture_cut(c, 0, "a section header");
	rc = block_take(c, &b);
	if (rc == 0)
		rc = section_begin(c, &b);
	c->next = pcapng_next;
	return rc;
}
