/* SPDX-License-Identifier: BSD-3-Clause */
/* bittorrent.c - BitTorrent: which torrent it is about, from the handshake of peers (BEP 3) over
 * TCP and uTP (BEP 29), queries to the DHT (BEP 5) and to trackers over UDP (BEP 15). Worker. A uTP
 * flow is recognised by that handshake, as its own head marks nothing; what is encrypted (MSE)
 * isn't. */
#include "gather.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define HASH 20u
#define HASH_AT 28u /* in a handshake: behind the name and 8 reserved bytes */
#define DEPTH_MAX 8u /* of lists and dictionaries */
#define INTEGER_MAX 21u /* characters: an i, a sign, 64 bits */
#define UTP_HEAD 20u
#define ANNOUNCE 98u /* bytes, BEP 15 */

static const uint8_t name[] = "\x13"
			      "BitTorrent protocol";
#define NAME (sizeof(name) - 1)

struct bittorrent {
	struct gather unit[2];
	uint32_t message;
	uint16_t said;
	bool tracker; /* the flow goes to one */
};

/* ---- Bencoding (BEP 3) ---- */

/* A text of its length, a colon and itself. */
static struct sl_span text(struct sl_rd *r)
{
	struct sl_span digits = sl_rd_until(r, ':');
	size_t len = 0;
	if (digits.len == 0 || digits.len > 5)
		r->bad = true;
	for (size_t i = 0; i < digits.len && !r->bad; i++) {
		r->bad = digits.p[i] < '0' || digits.p[i] > '9';
		len = len * 10 + (size_t)(digits.p[i] - '0');
	}
	return sl_rd_take(r, r->bad ? SIZE_MAX : len);
}

static bool is_next(const struct sl_rd *r, uint8_t c)
{
	return sl_rd_left(r) > 0 && r->p[0] == c;
}

/* Passes one element, whatever is in it. */
static void skip(struct sl_rd *r)
{
	unsigned depth = 0;
	do {
		if (is_next(r, 'd') || is_next(r, 'l')) {
			sl_rd_skip(r, 1);
			r->bad |= ++depth > DEPTH_MAX;
		} else if (is_next(r, 'e') && depth > 0) {
			sl_rd_skip(r, 1);
			depth--;
		} else if (is_next(r, 'i')) {
			size_t len = sl_rd_until(r, 'e').len;
			r->bad |= len > INTEGER_MAX;
		} else {
			(void)text(r);
		}
	} while (depth > 0 && !r->bad);
}

/* Of the arguments of a query, the torrent's hash. */
static void arguments(struct sl_rd *r, struct sl_span *hash)
{
	if (!is_next(r, 'd')) {
		skip(r);
		return;
	}
	sl_rd_skip(r, 1);
	while (!r->bad && !is_next(r, 'e')) {
		bool here = sl_span_eq(text(r), sl_span_str("info_hash"));
		if (!here) {
			skip(r);
			continue;
		}
		struct sl_span value = text(r);
		if (value.len == HASH)
			*hash = value;
	}
	sl_rd_skip(r, 1);
}

/* A message of the DHT: one dictionary, in which it says what it is (y) and of which transaction
 * (t). *hash: of the torrent that it asks for; empty where it doesn't. */
static bool dht_read(struct sl_span in, struct sl_span *hash)
{
	struct sl_rd r = sl_rd(in);
	bool kind = false, transaction = false;
	*hash = sl_span(NULL, 0);
	if (sl_rd8(&r) != 'd')
		return false;
	while (!r.bad && !is_next(&r, 'e')) {
		struct sl_span key = text(&r);
		uint8_t k = key.len == 1 ? key.p[0] : 0;
		if (k == 'a') {
			arguments(&r, hash);
		} else if (k == 'y') {
			struct sl_span y = text(&r);
			kind = y.len == 1 && (y.p[0] == 'q' || y.p[0] == 'r' || y.p[0] == 'e');
		} else if (k == 't') {
			transaction = text(&r).len > 0;
		} else {
			skip(&r);
		}
	}
	sl_rd_skip(&r, 1);
	return !r.bad && kind && transaction && sl_rd_left(&r) == 0;
}

/* ---- Trackers and uTP ---- */

/* The number that begins every connection to a tracker, and action 0. */
static bool is_connect(struct sl_span in)
{
	static const uint8_t magic[] = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0 };
	return in.len == 16 && memcmp(in.p, magic, sizeof(magic)) == 0;
}

static struct sl_span announce_hash(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, 8);
	uint32_t action = sl_rd32(&r);
	sl_rd_skip(&r, 4);
	struct sl_span hash = sl_rd_take(&r, HASH);
	return in.len >= ANNOUNCE && action == 1 ? hash : sl_span(NULL, 0);
}

static bool is_handshake(struct sl_span in)
{
	return in.len >= HASH_AT + HASH && memcmp(in.p, name, NAME) == 0;
}

/* The hash in a handshake that begins what a packet of uTP carries. */
static struct sl_span utp_hash(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	uint8_t first = sl_rd8(&r), extension = sl_rd8(&r);
	sl_rd_skip(&r, UTP_HEAD - 2);
	while (extension != 0 && !r.bad) {
		extension = sl_rd8(&r);
		sl_rd_skip(&r, sl_rd8(&r));
	}
	struct sl_span payload = sl_rd_take(&r, sl_rd_left(&r));
	if (first != 1 || r.bad || !is_handshake(payload)) /* data, version 1 */
		return sl_span(NULL, 0);
	return sl_span(payload.p + HASH_AT, HASH);
}

/* ---- Probe ---- */

static enum sl_probe bittorrent_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes, hash;
	(void)sport;
	(void)dport;
	if (!p->datagram) {
		size_t n = in.len < NAME ? in.len : NAME;
		if (n == 0 || in.p[0] != name[0] || memcmp(in.p, name, n) != 0)
			return SL_PROBE_NO;
		return in.len < NAME ? SL_PROBE_MORE : SL_PROBE_YES;
	}
	if (in.len < 16)
		return SL_PROBE_NO;
	if (in.p[0] == 'd')
		return dht_read(in, &hash) ? SL_PROBE_YES : SL_PROBE_NO;
	if (in.p[0] == 0)
		return is_connect(in) ? SL_PROBE_YES : SL_PROBE_NO;
	return in.p[0] == 1 && utp_hash(in).len > 0 ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool bittorrent_begins(uint8_t first)
{
	return first == name[0] || first == 'd' || first <= 1;
}

/* ---- Feed ---- */

/* False: the batch is full. */
static bool hash_say(struct bittorrent *t, enum sl_dir dir, struct sl_batch *b, struct sl_span hash)
{
	static const char digit[] = "0123456789abcdef";
	char hex[2 * HASH];
	if (hash.len != HASH)
		return true;
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = t->message, .dir = dir, .said = &t->said };
	for (size_t i = 0; i < HASH; i++) {
		hex[2 * i] = digit[hash.p[i] >> 4];
		hex[2 * i + 1] = digit[hash.p[i] & 15];
	}
	if (!say_plain(&say, SL_WHERE_BITTORRENT_INFO_HASH, sl_span(hex, sizeof(hex))) ||
		!say_close_one(&say))
		return false;
	t->message = 0;
	t->said = 0;
	return true;
}

static struct sl_span datagram_hash(struct bittorrent *t, struct sl_span in)
{
	struct sl_span hash = { NULL, 0 };
	t->tracker |= is_connect(in);
	if (t->tracker)
		return announce_hash(in);
	if (in.len > 0 && in.p[0] == 'd' && dht_read(in, &hash))
		return hash;
	return utp_hash(in);
}

/* The handshake of this direction; nothing behind it is read. */
static enum sl_verdict handshake(
	struct bittorrent *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct gather *g = &t->unit[p->dir];
	size_t left = HASH_AT + HASH - g->have, n = left < p->bytes.len ? left : p->bytes.len;
	if (!gather_all(g, b, sl_span(p->bytes.p, n), HASH_AT + HASH))
		return SL_DONE; /* no memory, which is counted */
	*consumed = n;
	if (n < left)
		return SL_MORE;
	struct sl_span in = gather_bytes(g);
	if (!is_handshake(in))
		return SL_BAD;
	return hash_say(t, p->dir, b, sl_span(in.p + HASH_AT, HASH)) ? SL_DONE : SL_FULL;
}

static enum sl_verdict bittorrent_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct bittorrent *t = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_BYTES && p->datagram) {
		if (!hash_say(t, p->dir, b, datagram_hash(t, p->bytes)))
			return SL_FULL;
		*consumed = p->bytes.len;
		return SL_MORE;
	}
	enum sl_verdict v = SL_DONE;
	if (p->kind == SL_PIECE_BYTES)
		v = handshake(t, p, b, consumed);
	else if (t->unit[p->dir].have > 0)
		parser_count_part(b);
	if (v != SL_MORE && v != SL_FULL)
		gather_drop(&t->unit[p->dir], b);
	return v;
}

const struct sl_parser sl_parser_bittorrent = {
	.name = "bittorrent",
	.state_bytes = sizeof(struct bittorrent),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = bittorrent_probe,
	.begins = bittorrent_begins,
	.feed = bittorrent_feed,
};
