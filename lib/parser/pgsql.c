/* SPDX-License-Identifier: BSD-3-Clause */
/* pgsql.c - PostgreSQL (its manual, "Frontend/Backend Protocol", version 3): who logs in, to which
 * database, with what; the server's version; and the hand-over to TLS, whichever end is seen first.
 * Worker. Nothing behind the login is read. */
#include "chunks.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define STARTUP_MAX 10000u /* of a startup packet, that a server takes */
#define KEPT 4096u
#define PARAMETERS_MAX 64 /* of a startup packet */
#define VERSION_KEPT 512u /* of a parameter's status */

enum code {
	VERSION_3 = 3 << 16,
	CANCEL = 80877102,
	TLS_REQUEST = 80877103,
	GSS_REQUEST = 80877104
};

struct pgsql {
	struct chunks side[2];
	uint32_t message;
	uint32_t asked; /* enum code of a request that is not answered; or 0 */
	uint8_t refused; /* requests that the client took for refused before the answer was seen */
	uint8_t client; /* direction */
	bool known; /* which end is the client */
	bool told; /* the server's version was said, or will not come */
};

/* A length that counts itself. */
static bool client_head(const uint8_t *head, struct chunk *c)
{
	struct sl_rd r = sl_rd(sl_span(head, 4));
	uint32_t len = sl_rd32(&r);
	*c = (struct chunk){ .len = len - 4, .last = true, .wanted = true };
	return len >= 8 && len <= STARTUP_MAX;
}

/* A type, and a length that counts itself. */
static bool server_head(const uint8_t *head, struct chunk *c)
{
	struct sl_rd r = sl_rd(sl_span(head + 1, 4));
	uint32_t len = sl_rd32(&r);
	*c = (struct chunk){ .len = len - 4, .last = true, .wanted = true };
	return len >= 4 && len <= INT32_MAX;
}

static const struct chunks_form client_form = { .head = 4, .max = KEPT, .chunk = client_head };
static const struct chunks_form server_form = {
	.head = 5, .max = VERSION_KEPT, .chunk = server_head
};

/* ---- Probe ---- */

static bool is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The first parameter's name, as far as there is one. */
static enum sl_probe startup_probe(struct sl_span in)
{
	size_t n = 8;
	if (in.p[6] != 0 || in.p[7] > 9)
		return SL_PROBE_NO;
	while (n < in.len && is_name(in.p[n]))
		n++;
	if (n == in.len)
		return n < 8 + 32 ? SL_PROBE_MORE : SL_PROBE_NO;
	return in.p[n] == 0 && n > 8 + 2 ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe pgsql_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	struct chunk c;
	(void)sport;
	(void)dport;
	for (size_t i = 0; i < 2 && i < in.len; i++)
		if (in.p[i] != 0)
			return SL_PROBE_NO;
	if (in.len < 4)
		return SL_PROBE_MORE;
	if (!client_head(in.p, &c))
		return SL_PROBE_NO;
	if (in.len < 8)
		return in.len < 5 || in.p[4] == 0 || in.p[4] == CANCEL >> 24 ? SL_PROBE_MORE
									     : SL_PROBE_NO;
	struct sl_rd r = sl_rd(sl_span(in.p + 4, 4));
	uint32_t code = sl_rd32(&r);
	if (code == TLS_REQUEST || code == GSS_REQUEST)
		return c.len == 4 ? SL_PROBE_YES : SL_PROBE_NO;
	if (code == CANCEL)
		return c.len == 12 ? SL_PROBE_YES : SL_PROBE_NO;
	return code >> 16 == 3 ? startup_probe(in) : SL_PROBE_NO;
}

static bool pgsql_begins(uint8_t first)
{
	return first == 0;
}

/* ---- What the login says ---- */

static enum sl_where where_of(struct sl_span name)
{
	if (sl_span_eq(name, sl_span_str("user")))
		return SL_WHERE_PGSQL_USER;
	if (sl_span_eq(name, sl_span_str("database")))
		return SL_WHERE_PGSQL_DATABASE;
	if (sl_span_eq(name, sl_span_str("application_name")))
		return SL_WHERE_PGSQL_APPLICATION_NAME;
	if (sl_span_eq(name, sl_span_str("server_version")))
		return SL_WHERE_PGSQL_SERVER_VERSION;
	return SL_WHERE_NONE;
}

/* Names and values, each ended by a zero; an empty name ends them. False: the batch is full. */
static bool parameters_say(
	struct pgsql *t, enum sl_dir dir, struct sl_batch *b, struct sl_rd *r, unsigned most)
{
	struct say say = { .b = b, .message = t->message, .dir = dir, .said = &t->side[dir].said };
	while (most-- > 0) {
		struct sl_span name = sl_rd_until(r, 0);
		if (name.len == 0)
			break;
		struct sl_span value = sl_rd_until(r, 0);
		enum sl_where w = where_of(name);
		if (w == SL_WHERE_NONE)
			continue;
		if (t->message == 0)
			t->message = say.message = sl_batch_next_message(b);
		if (!say_plain(&say, w, value))
			return false;
	}
	return say_close_one(&say);
}

static enum sl_verdict to_tls(struct sl_batch *b)
{
	b->next = &sl_parser_tls;
	return SL_NOT_MINE;
}

static enum sl_verdict client_message(struct pgsql *t, enum sl_dir dir, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(gather_bytes(&t->side[dir].unit));
	uint32_t code = sl_rd32(&r);
	if (t->asked != 0 && t->refused < UINT8_MAX)
		t->refused++;
	t->asked = code == TLS_REQUEST || code == GSS_REQUEST ? code : 0;
	if (t->asked != 0)
		return SL_MORE;
	if (code >> 16 != 3)
		return SL_DONE;
	if (!parameters_say(t, dir, b, &r, PARAMETERS_MAX))
		return SL_FULL;
	if (r.bad)
		parser_count_part(b);
	return SL_DONE;
}

/* The version is among what a server reports between login and readiness. */
static enum sl_verdict server_message(struct pgsql *t, enum sl_dir dir, struct sl_batch *b)
{
	const struct chunks *f = &t->side[dir];
	struct sl_rd r = sl_rd(gather_bytes(&f->unit));
	if (f->head[0] == 'Z' || f->head[0] == 'E' || t->told)
		return SL_DONE;
	if (f->head[0] != 'S')
		return SL_MORE;
	struct sl_rd name = r;
	if (where_of(sl_rd_until(&name, 0)) != SL_WHERE_PGSQL_SERVER_VERSION)
		return SL_MORE;
	if (!parameters_say(t, dir, b, &r, 1))
		return SL_FULL;
	t->told = true;
	return SL_DONE;
}

/* ---- Feed ---- */

/* The one byte that answers a request for TLS or GSS-API. */
static enum sl_verdict answer(struct pgsql *t, uint8_t byte, struct sl_batch *b, size_t *used)
{
	uint32_t asked = t->asked;
	t->asked = 0;
	if (asked == TLS_REQUEST && byte == 0x16) /* the answer came before its question */
		return to_tls(b);
	(*used)++;
	if (asked == TLS_REQUEST && byte == 'S')
		return to_tls(b);
	return byte == 'N' ? SL_MORE : SL_DONE;
}

/* Answers to requests behind which the client has gone on already. */
static struct sl_span pass_refused(struct pgsql *t, struct sl_span in, size_t *used)
{
	size_t n = 0;
	for (; n < in.len && t->refused > 0 && in.p[n] == 'N'; n++)
		t->refused--;
	if (n < in.len)
		t->refused = 0;
	*used += n;
	return sl_span_from(in, n);
}

/* Before the next message: whether it is one. */
static enum sl_verdict between(
	struct pgsql *t, enum sl_dir dir, struct sl_span rest, struct sl_batch *b, size_t *used)
{
	const struct chunks *f = &t->side[dir];
	if (f->ready || f->have > 0 || f->left > 0 || rest.len == 0)
		return SL_MORE;
	if (dir != t->client)
		rest = pass_refused(t, rest, used);
	if (t->asked == 0 || rest.len == 0)
		return SL_MORE;
	if (dir != t->client)
		return answer(t, rest.p[0], b, used);
	if (rest.p[0] == 0)
		return SL_MORE;
	return t->asked == TLS_REQUEST ? to_tls(b) : SL_DONE; /* the answer wasn't seen */
}

static enum sl_verdict messages(
	struct pgsql *t, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct chunks *f = &t->side[dir];
	const struct chunks_form *form = dir == t->client ? &client_form : &server_form;
	for (;;) {
		enum sl_verdict v = between(t, dir, sl_span_from(in, *used), b, used);
		if (v != SL_MORE)
			return v;
		enum chunks_step step = chunks_take(f, form, b, in, used);
		if (step != CHUNKS_READY)
			return step == CHUNKS_BAD ? SL_BAD : SL_MORE;
		v = dir == t->client ? client_message(t, dir, b) : server_message(t, dir, b);
		if (v == SL_FULL)
			return v;
		chunks_done(f, b);
		t->message = 0;
		if (v != SL_MORE)
			return v;
	}
}

static enum sl_verdict pgsql_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct pgsql *t = state;
	struct sl_span in = p->kind == SL_PIECE_BYTES ? p->bytes : sl_span(NULL, 0);
	enum sl_verdict v = SL_DONE; /* a hole before the login: what follows can't be placed */
	*consumed = 0;
	if (!t->known && in.len > 0) {
		t->client = (uint8_t)p->dir;
		t->known = true;
	}
	if (p->kind == SL_PIECE_BYTES)
		v = messages(t, p->dir, in, b, consumed);
	else if (p->kind == SL_PIECE_GAP)
		parser_count_part(b);
	if (v == SL_MORE || v == SL_FULL)
		return v;
	if (p->kind == SL_PIECE_END)
		chunks_end(&t->side[p->dir], p->dir == t->client ? &client_form : &server_form, b);
	chunks_done(&t->side[p->dir], b);
	if (v == SL_NOT_MINE)
		chunks_done(&t->side[!p->dir], b);
	return v;
}

const struct sl_parser sl_parser_pgsql = {
	.name = "pgsql",
	.state_bytes = sizeof(struct pgsql),
	.over = SL_OVER_TCP_BEGIN,
	.probe = pgsql_probe,
	.begins = pgsql_begins,
	.feed = pgsql_feed,
};
