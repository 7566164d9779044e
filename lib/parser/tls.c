/* SPDX-License-Identifier: BSD-3-Clause */
/* tls.c - the server name of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), read from the segment
 * that it begins in, as far as that segment goes. Worker; keeps no state between pieces. */
#include "parsers.h"
#include <sightline/hot.h>

#define RECORD_HANDSHAKE 22
#define RECORD_MAX (16384 + 2048) /* RFC 5246 6.2.3 */
#define HELLO_MAX 16384 /* bytes of a hello that lies in several records */
#define SNI_MAX 4 /* RFC 6066 allows one name of a type; hostile hellos say more */

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2 };
enum { EXT_SERVER_NAME = 0 };

struct hello {
	struct sl_span sni[SNI_MAX];
	unsigned count;
	bool cut;
};

static bool is_record(struct sl_span s)
{
	return s.len >= 5 && s.p[0] >= 20 && s.p[0] <= 23 && s.p[1] == 3 && s.p[2] <= 4;
}

static enum sl_probe tls_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span s = p->bytes;
	if (s.len == 0 || s.p[0] != RECORD_HANDSHAKE || (s.len > 1 && s.p[1] != 3) ||
		(s.len > 2 && s.p[2] > 4))
		return SL_PROBE_NO;
	if (s.len < 6)
		return SL_PROBE_MORE;
	unsigned len = (unsigned)s.p[3] << 8 | s.p[4];
	if (len < 4 || len > RECORD_MAX || (s.p[5] != CLIENT_HELLO && s.p[5] != SERVER_HELLO))
		return SL_PROBE_NO;
	return SL_PROBE_YES;
}

/* The handshake bytes at the start of the segment: of the first record where the hello lies in it,
 * else joined from as many handshake records as the segment holds. */
static struct sl_span handshake_bytes(struct sl_span in, uint8_t joined[HELLO_MAX])
{
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, 3);
	size_t len = sl_rd16(&r), have = sl_rd_left(&r);
	struct sl_span first = sl_rd_take(&r, len < have ? len : have);
	size_t hello = first.len < 4
			       ? HELLO_MAX
			       : 4 + ((size_t)first.p[1] << 16 | first.p[2] << 8 | first.p[3]);
	if (first.len >= hello || first.len > HELLO_MAX || sl_rd_left(&r) < 6)
		return first;
	size_t n = first.len;
	memcpy(joined, first.p, n);
	while (n < hello && sl_rd_left(&r) > 5 && r.p[0] == RECORD_HANDSHAKE) {
		sl_rd_skip(&r, 3);
		len = sl_rd16(&r);
		have = sl_rd_left(&r);
		struct sl_span more = sl_rd_take(&r, len < have ? len : have);
		size_t take = more.len < HELLO_MAX - n ? more.len : HELLO_MAX - n;
		memcpy(joined + n, more.p, take);
		n += take;
		if (take < more.len)
			break;
	}
	return sl_span(joined, n);
}

/* RFC 6066 3: a list of (type, length, name). */
static void read_names(struct sl_span ext, struct hello *h)
{
	struct sl_rd r = sl_rd(ext);
	(void)sl_rd16(&r);
	while (!r.bad && sl_rd_left(&r) && h->count < SNI_MAX) {
		uint8_t type = sl_rd8(&r);
		struct sl_span name = sl_rd_take(&r, sl_rd16(&r));
		if (!r.bad && type == 0 && name.len)
			h->sni[h->count++] = name;
	}
}

/* False: no ClientHello. A hello that is cut gives what was whole before the cut. */
static bool read_hello(struct sl_span in, struct hello *h)
{
	struct sl_rd r = sl_rd(in);
	if (sl_rd8(&r) != CLIENT_HELLO)
		return false;
	size_t len = sl_rd24(&r);
	if (r.bad)
		return false;
	h->cut = len > sl_rd_left(&r);
	if (len < sl_rd_left(&r))
		r.end = r.p + len;
	sl_rd_skip(&r, 2 + 32); /* version, random */
	sl_rd_skip(&r, sl_rd8(&r)); /* session */
	sl_rd_skip(&r, sl_rd16(&r)); /* cipher suites */
	sl_rd_skip(&r, sl_rd8(&r)); /* compression */
	size_t all = sl_rd16(&r);
	if (!r.bad && all < sl_rd_left(&r))
		r.end = r.p + all;
	while (!r.bad && sl_rd_left(&r)) {
		uint16_t type = sl_rd16(&r);
		struct sl_span ext = sl_rd_take(&r, sl_rd16(&r));
		if (!r.bad && type == EXT_SERVER_NAME)
			read_names(ext, h);
	}
	h->cut |= r.bad;
	return true;
}

/* Says all of a hello or nothing: the room is asked for beforehand, so no place needs keeping. */
static bool say_hello(const struct hello *h, enum sl_dir dir, struct sl_batch *b)
{
	uint32_t bytes = 0;
	for (unsigned i = 0; i < h->count; i++)
		bytes += h->sni[i].len < SL_VALUE_MAX / 4 ? (uint32_t)h->sni[i].len * 4
							  : SL_VALUE_MAX;
	if (!sl_batch_has_room(b, (uint16_t)(h->count + 1), bytes))
		return false;
	uint32_t message = sl_batch_next_message(b);
	for (unsigned i = 0; i < h->count; i++)
		(void)sl_batch_add_raw(b, SL_WHERE_TLS_SNI, dir, message, h->sni[i], NULL);
	(void)sl_batch_close(b, dir, message);
	if (h->cut)
		parser_count_part(b);
	return true;
}

static enum sl_verdict tls_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct hello h = { .count = 0 };
	uint8_t joined[HELLO_MAX];
	*consumed = 0;
	if (p->kind != SL_PIECE_BYTES || p->bytes.len == 0)
		return SL_MORE;
	if (is_record(p->bytes) && p->bytes.p[0] == RECORD_HANDSHAKE &&
		read_hello(handshake_bytes(p->bytes, joined), &h) && !say_hello(&h, p->dir, b))
		return SL_FULL;
	*consumed = p->bytes.len;
	return is_record(p->bytes) ? SL_DONE : SL_BAD;
}

const struct sl_parser sl_parser_tls = {
	.name = "tls",
	.state_bytes = 0,
	.over = SL_OVER_TCP,
	.probe = tls_probe,
	.feed = tls_feed,
};
