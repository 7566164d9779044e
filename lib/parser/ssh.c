/* SPDX-License-Identifier: BSD-3-Clause */
/* ssh.c - both ends' identification (RFC 4253 4.2) and key exchange lists (7.1): software and
 * HASSH. A direction is done when its KEXINIT was read; what follows is of no interest, and soon
 * encrypted. What both ends say at the begin is one message. Worker. */
#include <sightline/digest.h>

#include "gather.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define LINE_MAX 1024 /* RFC 4253 4.2 allows 255; lines before the identification are longer */
#define LINES_MAX 8192 /* bytes of such lines */
#define PACKET_MAX                                                                                 \
	GATHER_MAX /* RFC 4253 6.1 asks for 35000; a KEXINIT has 1500, a hostile one more */
#define LISTS 10

enum { KEXINIT = 20 };
/* The lists of a KEXINIT in order. */
enum { KEX, HOST_KEY, CIPHER_CS, CIPHER_SC, MAC_CS, MAC_SC, COMPRESS_CS, COMPRESS_SC };

struct side {
	struct gather unit; /* line or packet at hand */
	uint32_t tail; /* bytes that are gathered but not consumed: the unit is whole */
	uint16_t before; /* bytes of lines before the identification */
	uint16_t said;
	bool identified, done, bad;
};

struct ssh {
	struct side side[2];
	uint32_t message;
};

static enum sl_probe ssh_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	size_t n = p->bytes.len < 4 ? p->bytes.len : 4;
	if (n == 0 || memcmp(p->bytes.p, "SSH-", n) != 0)
		return SL_PROBE_NO;
	return n < 4 ? SL_PROBE_MORE : SL_PROBE_YES;
}

static struct say say_begin(struct ssh *t, struct side *s, enum sl_dir dir, struct sl_batch *b)
{
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	return (struct say){ .b = b, .message = t->message, .dir = dir, .said = &s->said };
}

/* SSH-protoversion-softwareversion SP comments CR LF. */
static struct sl_span software(struct sl_span line)
{
	const uint8_t *dash = line.len > 4 ? memchr(line.p + 4, '-', line.len - 4) : NULL;
	if (dash == NULL)
		return sl_span(line.p, 0);
	struct sl_span s = sl_span_from(line, (size_t)(dash - line.p) + 1);
	size_t n = 0;
	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\r' && s.p[n] != '\n')
		n++;
	return sl_span(s.p, n);
}

/* HASSH: MD5 of the lists that matter, as they stand, with ';' between them
 * (https://github.com/salesforce/hassh). False: they are not all there. */
static bool hassh(struct sl_span packet, bool server, char out[33])
{
	static const uint8_t which[2][4] = { { KEX, CIPHER_CS, MAC_CS, COMPRESS_CS },
		{ KEX, CIPHER_SC, MAC_SC, COMPRESS_SC } };
	struct sl_rd r = sl_rd(packet);
	struct sl_span list[LISTS];
	struct sl_digest_state d;
	uint8_t sum[SL_DIGEST_MAX];
	sl_rd_skip(&r, 4 + 1 + 1 + 16); /* length, padding, type, cookie */
	for (unsigned i = 0; i < LISTS; i++)
		list[i] = sl_rd_take(&r, sl_rd32(&r));
	if (r.bad)
		return false;
	sl_digest_begin(&d, SL_MD5);
	for (unsigned i = 0; i < 4; i++) {
		struct sl_span l = list[which[server][i]];
		if (i > 0)
			sl_digest_add(&d, ";", 1);
		sl_digest_add(&d, l.p, l.len);
	}
	sl_hex(sum, sl_digest_end(&d, sum), out);
	return true;
}

/* ---- Units: a line, then a packet ---- */

/* False: the batch is full. *v: what the unit means for the direction. */
static bool line_say(struct ssh *t, struct side *s, enum sl_dir dir, struct sl_span line,
	struct sl_batch *b, enum sl_verdict *v)
{
	if (line.len < 4 || memcmp(line.p, "SSH-", 4) != 0) {
		s->before = (uint16_t)(s->before + line.len);
		*v = s->before > LINES_MAX ? SL_BAD : SL_MORE;
		return true;
	}
	struct say say = say_begin(t, s, dir, b);
	if (!say_plain(&say, SL_WHERE_SSH_SOFTWARE, software(line)))
		return false;
	s->identified = true;
	/* Version 1 has other packets; 1.99 means 2 (RFC 4253 5.1). */
	if (line.len < 8 || (line.p[4] != '2' && memcmp(line.p + 4, "1.99", 4) != 0))
		*v = SL_DONE;
	return true;
}

static bool packet_say(struct ssh *t, struct side *s, enum sl_dir dir, struct sl_span packet,
	struct sl_batch *b, enum sl_verdict *v)
{
	char text[33];
	bool server = dir == SL_TO_CLIENT;
	enum sl_where w = server ? SL_WHERE_SSH_HASSHSERVER : SL_WHERE_SSH_HASSH;
	if (packet.len < 6 || packet.p[5] != KEXINIT) {
		/* SSH_MSG_IGNORE and the like may come before (RFC 4253 11) */
		*v = packet.len >= 6 && packet.p[5] >= 1 && packet.p[5] <= 4 ? SL_MORE : SL_BAD;
		return true;
	}
	*v = SL_DONE;
	if (!hassh(packet, server, text)) {
		*v = SL_BAD;
		return true;
	}
	struct say say = say_begin(t, s, dir, b);
	return !say_needs(&say, w) || say_raw(&say, w, sl_span_str(text));
}

static bool unit_say(struct ssh *t, struct side *s, enum sl_dir dir, struct sl_span unit,
	struct sl_batch *b, enum sl_verdict *v)
{
	return s->identified ? packet_say(t, s, dir, unit, b, v) : line_say(t, s, dir, unit, b, v);
}

static void unit_drop(struct side *s, struct sl_batch *b)
{
	gather_drop(&s->unit, b);
	s->tail = 0;
	s->said = 0;
}

/* How many bytes of `in` belong to the unit at hand, and whether they make it whole. False: it is
 * longer than any may be. */
static bool unit_part(const struct side *s, struct sl_span in, size_t *n, bool *whole)
{
	size_t have = s->unit.have;
	*whole = false;
	*n = in.len;
	if (!s->identified) {
		const uint8_t *end = memchr(in.p, '\n', in.len);
		*whole = end != NULL;
		*n = end != NULL ? (size_t)(end - in.p) + 1 : in.len;
		return have + *n <= LINE_MAX;
	}
	if (have < 4) {
		*n = 4 - have < in.len ? 4 - have : in.len;
		return true;
	}
	struct sl_rd r = sl_rd(gather_bytes(&s->unit));
	size_t len = (size_t)sl_rd32(&r) + 4;
	if (len < 6 || len > PACKET_MAX)
		return false;
	*whole = len - have <= in.len;
	*n = *whole ? len - have : in.len;
	return true;
}

static enum sl_verdict feed_bytes(struct ssh *t, struct side *s, const struct sl_piece *p,
	struct sl_batch *b, size_t *consumed)
{
	enum sl_verdict v = SL_MORE;
	while (v == SL_MORE && *consumed < p->bytes.len) {
		struct sl_span rest = sl_span_from(p->bytes, *consumed);
		size_t n = s->tail;
		bool whole = n > 0;
		if (!whole) {
			if (!unit_part(s, rest, &n, &whole))
				return SL_BAD;
			if (!gather_add(&s->unit, b, sl_span(rest.p, n), PACKET_MAX))
				return SL_DONE; /* no memory, which is counted */
		}
		if (whole) {
			s->tail = (uint32_t)n;
			if (!unit_say(t, s, p->dir, gather_bytes(&s->unit), b, &v))
				return SL_FULL;
			unit_drop(s, b);
		}
		*consumed += n;
	}
	return v;
}

static enum sl_verdict ssh_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ssh *t = state;
	struct side *s = &t->side[p->dir], *other = &t->side[!p->dir];
	*consumed = 0;
	if (!s->done) {
		enum sl_verdict v = p->kind == SL_PIECE_END ? SL_DONE : SL_MORE;
		if (p->kind == SL_PIECE_BYTES)
			v = feed_bytes(t, s, p, b, consumed);
		else /* after a hole a unit may begin with the next piece */
			unit_drop(s, b);
		if (v == SL_MORE || v == SL_FULL)
			return v;
		unit_drop(s, b);
		s->done = true;
		s->bad = v == SL_BAD;
	}
	if (!say_close_both(b, p->dir, &t->message, other->done))
		return SL_FULL;
	*consumed = p->bytes.len;
	return s->bad ? SL_BAD : SL_DONE;
}

static bool ssh_begins(uint8_t first)
{
	return first == 'S';
}

const struct sl_parser sl_parser_ssh = {
	.name = "ssh",
	.state_bytes = sizeof(struct ssh),
	.over = SL_OVER_TCP,
	.probe = ssh_probe,
	.feed = ssh_feed,
	.begins = ssh_begins,
};
