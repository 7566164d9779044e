/* SPDX-License-Identifier: BSD-3-Clause */
/* socks.c - SOCKS 4, 4a and 5 (RFC 1928, 1929): host and user that a client asks a proxy for, and
 * the hand-over of what follows to the parser that knows it. Worker. Each step of either end is a
 * few hundred bytes at most, and gathered. */
#include "gather.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define TEXT_MAX 255 /* of a name in SOCKS 4, which has no lengths */
#define METHODS_MAX 16 /* that a client offers; three are in use */
#define HEAD4 8

enum { AUTH_USER = 2 };
enum { BY_IPV4 = 1, BY_NAME = 3, BY_IPV6 = 4 };
enum { CONNECT = 1, BIND = 2, ASSOCIATE = 3 };
/* Steps of an end, in order. */
enum { GREETING, AUTH, REQUEST, DONE };

struct socks {
	struct gather unit[2]; /* the step at hand, by direction */
	uint32_t tail; /* bytes that are gathered but not consumed: the step is whole */
	uint32_t message;
	uint16_t said;
	uint8_t version;
	uint8_t command;
	uint8_t step[2];
	uint8_t client; /* direction */
};

/* ---- How long a step is: what is known of that from the bytes there are. 0: malformed ---- */

static size_t need_address(struct sl_span in)
{
	if (in.len < 5)
		return 5;
	switch (in.p[3]) {
	case BY_IPV4:
		return 4 + 4 + 2;
	case BY_NAME:
		return 4 + 1 + (size_t)in.p[4] + 2;
	case BY_IPV6:
		return 4 + 16 + 2;
	default:
		return 0;
	}
}

/* SOCKS 4a: an address that can't be, 0.0.0.x, stands for a name behind the user. */
static bool is_4a(struct sl_span in)
{
	return in.p[4] == 0 && in.p[5] == 0 && in.p[6] == 0 && in.p[7] != 0;
}

static size_t need_4(struct sl_span in)
{
	size_t at = HEAD4;
	if (in.len < HEAD4)
		return HEAD4;
	for (unsigned texts = is_4a(in) ? 2 : 1; texts > 0; texts--) {
		const uint8_t *zero = in.len > at ? memchr(in.p + at, 0, in.len - at) : NULL;
		if (zero == NULL)
			return in.len - at > TEXT_MAX ? 0 : in.len + 1;
		at = (size_t)(zero - in.p) + 1;
	}
	return at;
}

static size_t need_auth(struct sl_span in)
{
	if (in.len < 2)
		return 2;
	size_t user = 2 + (size_t)in.p[1];
	return in.len < user + 1 ? user + 1 : user + 1 + in.p[user];
}

/* A user and password may stand before the request; which it is, the first byte tells. */
static size_t need_client(struct socks *s, struct sl_span in)
{
	uint8_t *step = &s->step[s->client];
	if (s->version == 4)
		return need_4(in);
	if (*step == GREETING)
		return in.len < 2 ? 2 : 2 + (size_t)in.p[1];
	if (in.len == 0)
		return 1;
	if (*step == AUTH && in.p[0] == 5)
		*step = REQUEST;
	if (in.p[0] != (*step == AUTH ? 1 : 5))
		return 0;
	return *step == AUTH ? need_auth(in) : need_address(in);
}

static size_t need_server(struct socks *s, struct sl_span in)
{
	uint8_t step = s->step[!s->client];
	if (s->version == 4)
		return HEAD4;
	if (in.len == 0)
		return 1;
	if (in.p[0] != (step == AUTH ? 1 : 5))
		return 0;
	return step == REQUEST ? need_address(in) : 2;
}

/* ---- Probe ---- */

/* A client stops behind its first step for the answer: it is all that there is. */
static enum sl_probe socks_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	if (in.len == 0 || (in.p[0] != 4 && in.p[0] != 5))
		return SL_PROBE_NO;
	struct socks s = { .version = in.p[0], .client = (uint8_t)p->dir };
	if (in.len > 1 && (in.p[1] == 0 || in.p[1] > (s.version == 5 ? METHODS_MAX : BIND)))
		return SL_PROBE_NO;
	size_t need = need_client(&s, in);
	if (need == 0 || need < in.len)
		return SL_PROBE_NO;
	for (size_t i = 2; s.version == 5 && i < in.len; i++)
		if (in.p[i] > 9 && in.p[i] < 0x80) /* methods that nobody assigned */
			return SL_PROBE_NO;
	return need > in.len ? SL_PROBE_MORE : SL_PROBE_YES;
}

/* ---- What a step says ---- */

static bool say_host(struct say *say, uint8_t kind, struct sl_span host)
{
	union sl_addr a = { .q = { 0, 0 } };
	if (kind == BY_NAME)
		return say_plain(say, SL_WHERE_SOCKS_HOST, host);
	if (!say_needs(say, SL_WHERE_SOCKS_IP))
		return true;
	memcpy(a.b, host.p, host.len);
	if (!sl_batch_add_addr(
		    say->b, SL_WHERE_SOCKS_IP, say->dir, say->message, &a, kind == BY_IPV4 ? 4 : 6))
		return false;
	say_pass(say);
	return true;
}

static bool say_4(struct say *say, struct sl_span in)
{
	struct sl_span user = sl_span_from(in, HEAD4);
	size_t n = 0;
	while (n < user.len && user.p[n] != 0)
		n++;
	struct sl_span name = sl_span_from(user, n + 1);
	if (name.len > 0)
		name.len--;
	if (!say_plain(say, SL_WHERE_SOCKS_USER, sl_span(user.p, n)))
		return false;
	return is_4a(in) ? say_host(say, BY_NAME, name)
			 : say_host(say, BY_IPV4, sl_span(in.p + 4, 4));
}

static bool say_request(struct say *say, struct sl_span in)
{
	bool name = in.p[3] == BY_NAME;
	size_t at = name ? 5 : 4;
	return say_host(say, in.p[3], sl_span(in.p + at, in.len - at - 2));
}

/* False: the batch is full. */
static bool client_say(struct socks *s, enum sl_dir dir, struct sl_batch *b, struct sl_span in)
{
	uint8_t *step = &s->step[dir];
	if (s->message == 0)
		s->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = s->message, .dir = dir, .said = &s->said };
	if (s->version == 4 || *step == REQUEST) {
		if (!(s->version == 4 ? say_4(&say, in) : say_request(&say, in)))
			return false;
		s->command = in.p[1];
		*step = DONE;
	} else if (*step == AUTH) {
		if (!say_plain(&say, SL_WHERE_SOCKS_USER, sl_span(in.p + 2, in.p[1])))
			return false;
		*step = REQUEST;
	} else {
		*step = AUTH;
	}
	return true;
}

static void server_step(struct socks *s, enum sl_dir dir, struct sl_span in)
{
	uint8_t *step = &s->step[dir];
	if (s->version == 4 || *step == REQUEST)
		*step = DONE;
	else if (*step == AUTH)
		*step = REQUEST;
	else
		*step = in.p[1] == AUTH_USER ? AUTH : REQUEST;
}

/* ---- Feed ---- */

static void drop_all(struct socks *s, struct sl_batch *b)
{
	gather_drop(&s->unit[0], b);
	gather_drop(&s->unit[1], b);
}

/* Both are done with SOCKS: what follows in either direction is another protocol. */
static enum sl_verdict leave(struct socks *s, enum sl_dir dir, struct sl_batch *b)
{
	if (s->message != 0 && !sl_batch_close(b, dir, s->message))
		return SL_FULL;
	s->message = 0;
	drop_all(s, b);
	return s->command == ASSOCIATE ? SL_DONE : SL_NOT_MINE;
}

/* One step on; *used of `in`. SL_DONE: the step is whole. */
static enum sl_verdict step_feed(
	struct socks *s, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct gather *g = &s->unit[dir];
	bool client = dir == s->client;
	for (*used = s->tail;;) {
		struct sl_span have = gather_bytes(g);
		size_t need = client ? need_client(s, have) : need_server(s, have);
		if (need == 0)
			return SL_BAD;
		if (need <= have.len)
			break;
		size_t n = need - have.len, left = in.len - *used;
		n = n < left ? n : left;
		if (n == 0)
			return SL_MORE;
		if (!gather_all(g, b, sl_span(in.p + *used, n), 1024))
			return SL_BAD;
		*used += n;
	}
	s->tail = (uint32_t)*used;
	if (client && !client_say(s, dir, b, gather_bytes(g)))
		return SL_FULL;
	if (!client)
		server_step(s, dir, gather_bytes(g));
	s->tail = 0;
	s->said = 0;
	gather_drop(g, b);
	return SL_DONE;
}

/* The server's answer ends it, or, where that is not seen, what the client sends after its
 * request. */
static enum sl_verdict feed_bytes(
	struct socks *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	if (s->version == 0) {
		if (p->bytes.p[0] != 4 && p->bytes.p[0] != 5)
			return SL_NOT_MINE;
		s->version = p->bytes.p[0];
		s->client = (uint8_t)p->dir;
	}
	while (*consumed < p->bytes.len || s->step[p->dir] == DONE) {
		bool rest = *consumed < p->bytes.len;
		if (s->step[p->dir] == DONE)
			return p->dir != s->client || rest ? leave(s, p->dir, b) : SL_MORE;
		size_t used = 0;
		enum sl_verdict v =
			step_feed(s, p->dir, sl_span_from(p->bytes, *consumed), b, &used);
		if (v != SL_DONE && v != SL_MORE)
			return v;
		*consumed += used;
	}
	return SL_MORE;
}

static enum sl_verdict socks_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct socks *s = state;
	enum sl_verdict v;
	*consumed = 0;
	if (p->kind == SL_PIECE_BYTES)
		v = p->bytes.len > 0 ? feed_bytes(s, p, b, consumed) : SL_MORE;
	else if (s->message != 0 && !sl_batch_close(b, p->dir, s->message))
		return SL_FULL;
	else
		v = SL_DONE;
	if (p->kind != SL_PIECE_BYTES)
		s->message = 0;
	if (v != SL_MORE && v != SL_FULL)
		drop_all(s, b);
	return v;
}

static bool socks_begins(uint8_t first)
{
	return first == 4 || first == 5;
}

const struct sl_parser sl_parser_socks = {
	.name = "socks",
	.state_bytes = sizeof(struct socks),
	.over = SL_OVER_TCP_BEGIN,
	.probe = socks_probe,
	.feed = socks_feed,
	.begins = socks_begins,
};
