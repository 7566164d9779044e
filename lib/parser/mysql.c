/* SPDX-License-Identifier: BSD-3-Clause */
/* mysql.c - MySQL and MariaDB ("MySQL Internals", Client/Server Protocol): the server's version,
 * the client's user and databases, and the hand-over to TLS. Worker. Of the commands only those
 * that change user or database are read, of answers none. */
#include "chunks.h"
#include "le.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define HEAD 4u /* length in 3 bytes, number in its exchange */
#define PART_MAX 0xffffffu /* a packet of this length goes on in the next */
#define KEPT 2048u /* of a packet; a login has some 300 bytes */
#define GREETING_MAX 1024u
#define VERSION_MAX 64u /* of a greeting's version; real ones have 60 at most */
#define PROTOCOL 10 /* of a greeting, since 1998 */
#define TLS_REQUEST 32u /* bytes of a login that breaks off before the user */

/* Capabilities of a login. */
enum {
	WITH_DATABASE = 1 << 3,
	COMPRESS = 1 << 5,
	PROTOCOL_41 = 1 << 9,
	TLS = 1 << 11,
	SECURE = 1 << 15,
	LENGTH_ENCODED = 1 << 21
};
enum { INIT_DB = 2, CHANGE_USER = 17 };

struct mysql {
	struct chunks side[2];
	uint32_t message;
	uint8_t client; /* direction */
	bool known; /* which end is the client */
	bool logged_in;
};

static bool head_read(const uint8_t *head, struct chunk *c)
{
	c->len = (uint32_t)head[2] << 16 | (uint32_t)head[1] << 8 | head[0];
	c->last = c->len < PART_MAX;
	c->wanted = true;
	return true;
}
static const struct chunks_form form = { .head = HEAD, .max = KEPT, .chunk = head_read };

/* ---- Probe ---- */

/* Version, zero; thread, 8 bytes of salt, zero. */
static enum sl_probe greeting_probe(struct sl_span in)
{
	size_t n = HEAD + 1;
	while (n < in.len && in.p[n] >= ' ' && in.p[n] < 0x7f && n < HEAD + 1 + VERSION_MAX)
		n++;
	size_t len = (size_t)in.p[1] << 8 | in.p[0], zero = n + 1 + 4 + 8;
	if (len > GREETING_MAX || len < zero + 1 - HEAD)
		return SL_PROBE_NO;
	if (n == in.len)
		return SL_PROBE_MORE;
	if (in.p[n] != 0 || n < HEAD + 4)
		return SL_PROBE_NO;
	return in.len <= zero ? SL_PROBE_MORE : in.p[zero] == 0 ? SL_PROBE_YES : SL_PROBE_NO;
}

/* Capabilities, longest packet, character set, 19 zeros (MariaDB uses the 4 behind them). */
static enum sl_probe login_probe(struct sl_span in)
{
	size_t len = (size_t)in.p[1] << 8 | in.p[0];
	if (len < TLS_REQUEST || len > KEPT)
		return SL_PROBE_NO;
	if (in.len > HEAD + 1 && (in.p[HEAD + 1] & PROTOCOL_41 >> 8) == 0)
		return SL_PROBE_NO;
	for (size_t i = HEAD + 9; i < HEAD + 9 + 19; i++) {
		if (i >= in.len)
			return SL_PROBE_MORE;
		if (in.p[i] != 0)
			return SL_PROBE_NO;
	}
	return SL_PROBE_YES;
}

static enum sl_probe mysql_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	if (in.len > 3 ? in.p[2] != 0 || in.p[3] > 1 : in.len > 2 && in.p[2] != 0)
		return SL_PROBE_NO;
	if (in.len <= HEAD)
		return SL_PROBE_MORE;
	if (in.p[3] == 0)
		return in.p[HEAD] == PROTOCOL ? greeting_probe(in) : SL_PROBE_NO;
	return login_probe(in);
}

/* ---- What packets say ---- */

struct login {
	struct sl_span user, database;
	uint32_t caps;
	bool tls; /* it breaks off, and TLS follows */
};

/* The authentication data has a length of 1, 3, 4 or 9 bytes. */
static void skip_auth(struct sl_rd *r)
{
	uint8_t first = sl_rd8(r);
	uint64_t len = first;
	if (first == 0xfc)
		len = le16(r);
	else if (first == 0xfd) {
		len = le16(r);
		len |= (uint64_t)sl_rd8(r) << 16;
	} else if (first == 0xfe)
		len = le64(r);
	if (len > sl_rd_left(r))
		r->bad = true;
	else
		sl_rd_skip(r, (size_t)len);
}

/* What stands up to a zero, or to the end. */
static struct sl_span text(struct sl_rd *r)
{
	struct sl_rd all = *r;
	struct sl_span s = sl_rd_until(r, 0);
	if (!r->bad)
		return s;
	*r = all;
	return sl_rd_take(r, sl_rd_left(r));
}

/* HandshakeResponse41 and HandshakeResponse320. False: it is cut, what came before that is there.
 */
static bool login_read(struct sl_span in, struct login *l)
{
	struct sl_rd r = sl_rd(in);
	*l = (struct login){ .caps = le16(&r) };
	if (l->caps & PROTOCOL_41) {
		l->caps |= (uint32_t)le16(&r) << 16;
		sl_rd_skip(&r, 4 + 1 + 23);
		l->tls = l->caps & TLS && in.len == TLS_REQUEST;
	} else {
		sl_rd_skip(&r, 3);
		l->tls = l->caps & TLS && in.len == 5;
	}
	if (l->tls)
		return true;
	l->user = text(&r);
	if (l->caps & LENGTH_ENCODED && l->caps & PROTOCOL_41)
		skip_auth(&r);
	else if (l->caps & SECURE)
		sl_rd_skip(&r, sl_rd8(&r));
	else
		(void)text(&r);
	if (l->caps & WITH_DATABASE)
		l->database = text(&r);
	return !r.bad;
}

/* Commands that change user or database. */
static bool command_read(struct sl_span in, struct login *l)
{
	struct sl_rd r = sl_rd(in);
	uint8_t command = sl_rd8(&r);
	*l = (struct login){ .caps = 0 };
	if (command == INIT_DB)
		l->database = sl_rd_take(&r, sl_rd_left(&r));
	if (command == CHANGE_USER) {
		l->user = sl_rd_until(&r, 0);
		sl_rd_skip(&r, sl_rd8(&r));
		l->database = text(&r);
	}
	return !r.bad;
}

static struct say say_begin(struct mysql *m, enum sl_dir dir, struct sl_batch *b)
{
	if (m->message == 0)
		m->message = sl_batch_next_message(b);
	return (struct say){
		.b = b, .message = m->message, .dir = dir, .said = &m->side[dir].said
	};
}

/* False: the batch is full. */
static bool login_say(struct mysql *m, enum sl_dir dir, struct sl_batch *b, const struct login *l)
{
	if (l->user.len == 0 && l->database.len == 0)
		return true;
	struct say say = say_begin(m, dir, b);
	return say_plain(&say, SL_WHERE_MYSQL_USER, l->user) &&
	       say_plain(&say, SL_WHERE_MYSQL_DATABASE, l->database) && say_close_one(&say);
}

static enum sl_verdict client_packet(struct mysql *m, enum sl_dir dir, struct sl_batch *b)
{
	struct chunks *f = &m->side[dir];
	struct sl_span in = gather_bytes(&f->unit);
	struct login l;
	bool login = !m->logged_in, whole = true;
	if (!login && f->head[3] != 0) /* not the first of its exchange: no command */
		return SL_MORE;
	whole = login ? login_read(in, &l) : command_read(in, &l);
	if (l.tls) {
		b->next = &sl_parser_tls;
		return SL_NOT_MINE;
	}
	if (!login_say(m, dir, b, &l))
		return SL_FULL;
	if (!whole || (login && f->cut))
		parser_count_part(b);
	m->logged_in = true;
	return login && l.caps & COMPRESS ? SL_DONE : SL_MORE;
}

/* The greeting is all that is read of a server. */
static enum sl_verdict server_packet(struct mysql *m, enum sl_dir dir, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(gather_bytes(&m->side[dir].unit));
	if (sl_rd8(&r) != PROTOCOL)
		return SL_DONE;
	struct sl_span version = sl_rd_until(&r, 0);
	struct say say = say_begin(m, dir, b);
	if (!say_plain(&say, SL_WHERE_MYSQL_VERSION, version) || !say_close_one(&say))
		return SL_FULL;
	if (r.bad)
		parser_count_part(b);
	return SL_DONE;
}

/* ---- Feed ---- */

static enum sl_verdict packet(struct mysql *m, enum sl_dir dir, struct sl_batch *b)
{
	struct chunks *f = &m->side[dir];
	if (!m->known) {
		m->client = (uint8_t)(f->head[3] == 0 ? !dir : dir); /* a server begins */
		m->known = true;
	}
	enum sl_verdict v = dir == m->client ? client_packet(m, dir, b) : server_packet(m, dir, b);
	if (v != SL_FULL) {
		chunks_done(f, b);
		m->message = 0;
	}
	return v;
}

static enum sl_verdict mysql_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mysql *m = state;
	struct chunks *f = &m->side[p->dir];
	struct sl_span in = p->kind == SL_PIECE_BYTES ? p->bytes : sl_span(NULL, 0);
	enum sl_verdict v = SL_MORE;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP && !f->ready && !chunks_gap(f, &form, b, p->gap_bytes)) {
		parser_count_part(b);
		v = SL_DONE;
	}
	while (v == SL_MORE && chunks_take(f, &form, b, in, consumed) == CHUNKS_READY)
		v = packet(m, p->dir, b);
	if (v == SL_MORE && p->kind == SL_PIECE_END) {
		chunks_end(f, &form, b);
		v = SL_DONE;
	}
	if (v == SL_DONE || v == SL_NOT_MINE)
		chunks_done(f, b);
	if (v == SL_NOT_MINE)
		chunks_done(&m->side[!p->dir], b);
	return v;
}

const struct sl_parser sl_parser_mysql = {
	.name = "mysql",
	.state_bytes = sizeof(struct mysql),
	.over = SL_OVER_TCP_BEGIN,
	.probe = mysql_probe,
	.feed = mysql_feed,
};
