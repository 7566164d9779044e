/* SPDX-License-Identifier: BSD-3-Clause */
/* telnet.c - Telnet (RFC 854): the terminal that a client names (RFC 1091), and the user it logs in
 * as, by its environment (RFC 1572) or its answer to a prompt. Worker. Each of these is a message.
 * It is known by its negotiation at the begin. */
#include "parsers.h"
#include <sightline/hot.h>

enum { SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255 };
enum { TERMINAL_TYPE = 24, NEW_ENVIRON = 39, OPTION_LAST = 49 };
enum { IS = 0, INFO = 2 };
enum { VAR = 0, VALUE = 1, USERVAR = 3 };
/* Where a direction is. */
enum { TEXT, COMMAND, OPTION, SUB, SUB_COMMAND };

#define SUB_MAX 256 /* of one negotiation */
#define ANSWER_MAX 64 /* of an answer to a prompt */
#define TAIL 12 /* of what the server wrote last */

struct side {
	uint8_t at;
	bool over;
	uint16_t len;
	uint8_t sub[SUB_MAX];
};

struct telnet {
	struct side side[2];
	uint8_t tail[TAIL]; /* in lower case, the newest last */
	bool asked; /* a prompt waits for the client's line */
	uint8_t line_len;
	bool line_over; /* it is longer than there is room for */
	uint8_t line[ANSWER_MAX];
	/* What waits to be said. */
	uint8_t dir;
	uint16_t where; /* enum sl_where; 0: nothing */
	bool added;
	uint32_t message;
	struct sl_span value; /* in this state */
};

/* ---- Whether it is Telnet ---- */

static enum sl_probe telnet_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	for (size_t i = 0; i < 6 && i < in.len; i++) {
		uint8_t c = in.p[i];
		if (i == 3 && c != IAC) /* text, after one command */
			break;
		bool fits = i % 3 == 0	 ? c == IAC
			    : i % 3 == 1 ? (c >= WILL && c <= DONT) || (i > 3 && c == SB)
					 : c <= OPTION_LAST;
		if (!fits)
			return SL_PROBE_NO;
	}
	return in.len < 3 ? SL_PROBE_MORE : SL_PROBE_YES;
}

static bool telnet_begins(uint8_t first)
{
	return first == IAC;
}

/* ---- What the server asks ---- */

static bool tail_is(const struct telnet *t, const char *word)
{
	size_t n = strlen(word);
	return memcmp(t->tail + TAIL - n, word, n) == 0;
}

static void server_text(struct telnet *t, uint8_t c)
{
	memmove(t->tail, t->tail + 1, TAIL - 1);
	t->tail[TAIL - 1] = c >= 'A' && c <= 'Z' ? c | 32 : c;
	if (c != ':')
		return;
	t->asked = (tail_is(t, "login:") && !tail_is(t, "last login:")) || tail_is(t, "username:");
	t->line_len = 0;
	t->line_over = false;
}

/* ---- What the client says ---- */

static void tell(struct telnet *t, enum sl_dir dir, enum sl_where w, struct sl_span value)
{
	t->where = (uint16_t)w;
	t->dir = (uint8_t)dir;
	t->value = value;
}

static void client_text(struct telnet *t, enum sl_dir dir, uint8_t c)
{
	if (!t->asked)
		return;
	if (c == '\r' || c == '\n') {
		t->asked = false;
		t->side[dir].over = t->line_over;
		tell(t, dir, SL_WHERE_TELNET_USER, sl_span(t->line, t->line_len));
	} else if ((c == 8 || c == 0x7f) && t->line_len > 0) {
		t->line_len--;
	} else if (c >= ' ') {
		t->line_over |= t->line_len == ANSWER_MAX;
		if (t->line_len < ANSWER_MAX)
			t->line[t->line_len++] = c;
	}
}

/* The value of the variable USER. */
static struct sl_span user_of(struct sl_span in)
{
	static const uint8_t name[] = { 'U', 'S', 'E', 'R', VALUE };
	for (size_t i = 0; i + 1 + sizeof(name) <= in.len; i++) {
		if ((in.p[i] != VAR && in.p[i] != USERVAR) ||
			memcmp(in.p + i + 1, name, sizeof(name)) != 0)
			continue;
		struct sl_span value = sl_span_from(in, i + 1 + sizeof(name));
		size_t n = 0;
		while (n < value.len && value.p[n] > USERVAR)
			n++;
		return sl_span(value.p, n);
	}
	return sl_span(in.p, 0);
}

static void negotiated(struct telnet *t, enum sl_dir dir, struct sl_span in)
{
	if (in.len < 2)
		return;
	struct sl_span rest = sl_span_from(in, 2);
	if (in.p[0] == TERMINAL_TYPE && in.p[1] == IS)
		tell(t, dir, SL_WHERE_TELNET_TERMINAL, rest);
	else if (in.p[0] == NEW_ENVIRON && (in.p[1] == IS || in.p[1] == INFO))
		tell(t, dir, SL_WHERE_TELNET_USER, user_of(rest));
}

/* ---- Bytes ---- */

static void sub_byte(struct side *d, uint8_t c)
{
	if (d->len < SUB_MAX)
		d->sub[d->len++] = c;
	else
		d->over = true;
}

/* The byte behind an IAC, inside of a negotiation or outside. */
static void command_byte(struct telnet *t, enum sl_dir dir, uint8_t c)
{
	struct side *d = &t->side[dir];
	if (d->at == SUB_COMMAND && c == IAC) {
		sub_byte(d, c);
		d->at = SUB;
		return;
	}
	if (d->at == SUB_COMMAND && c == SE)
		negotiated(t, dir, sl_span(d->sub, d->len));
	d->at = c == SB ? SUB : c >= WILL && c <= DONT ? OPTION : TEXT;
	if (c == SB) {
		d->len = 0;
		d->over = false;
	}
}

static void take(struct telnet *t, enum sl_dir dir, uint8_t c)
{
	struct side *d = &t->side[dir];
	switch (d->at) {
	case COMMAND:
	case SUB_COMMAND:
		command_byte(t, dir, c);
		break;
	case OPTION:
		d->at = TEXT;
		break;
	case SUB:
		if (c == IAC)
			d->at = SUB_COMMAND;
		else
			sub_byte(d, c);
		break;
	default:
		if (c == IAC)
			d->at = COMMAND;
		else if (dir == SL_TO_CLIENT)
			server_text(t, c);
		else
			client_text(t, dir, c);
	}
}

/* False: the batch is full. */
static bool say(struct telnet *t, struct sl_batch *b)
{
	if (t->value.len == 0) {
		t->where = 0;
		return true;
	}
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	if (!t->added && !sl_batch_add_raw(b, (enum sl_where)t->where, (enum sl_dir)t->dir,
				 t->message, t->value, NULL))
		return false;
	t->added = true;
	if (!sl_batch_close(b, (enum sl_dir)t->dir, t->message))
		return false;
	t->added = false;
	t->message = 0;
	t->where = 0;
	return true;
}

static enum sl_verdict telnet_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct telnet *t = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind == SL_PIECE_GAP) {
		t->side[p->dir].at = TEXT;
		t->asked = false;
		return SL_MORE;
	}
	while (*consumed < p->bytes.len || t->where != 0) {
		if (t->where == 0)
			take(t, p->dir, p->bytes.p[(*consumed)++]);
		if (t->where == 0)
			continue;
		if (t->side[p->dir].over)
			parser_count_part(b);
		t->side[p->dir].over = false;
		if (!say(t, b))
			return SL_FULL;
	}
	return SL_MORE;
}

const struct sl_parser sl_parser_telnet = {
	.name = "telnet",
	.state_bytes = sizeof(struct telnet),
	.over = SL_OVER_TCP_BEGIN,
	.probe = telnet_probe,
	.begins = telnet_begins,
	.feed = telnet_feed,
};
