/* SPDX-License-Identifier: BSD-3-Clause */
/* irc.c - IRC (RFC 2812), its capabilities and its STARTTLS (IRCv3): who somebody says to be, the
 * channels that are joined and spoken in, the server's name. Worker. Each line that says something
 * is a message. */
#include "mail_line.h"
#include "say.h"
#include <sightline/hot.h>

#define CHANNELS "#&+!" /* RFC 2812 1.3 */

struct irc {
	struct mail_line line[2]; /* by enum sl_dir */
	uint32_t message; /* of the line at hand; 0: none */
	uint16_t said;
	bool named; /* the server's name is said */
	bool met; /* somebody spoke as a client does */
	uint8_t client; /* direction of who did so first */
};

struct command {
	struct sl_span prefix, word, rest;
};

/* ---- Lines ---- */

/* Servers take a bare CR for a line's end; the LF behind it ends an empty line. Nothing behind the
 * end is looked at: a piece may have as many lines as bytes. */
static const uint8_t *line_end(struct sl_span in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.p[i] == '\n' || in.p[i] == '\r')
			return in.p + i;
	return NULL;
}

static struct sl_span token(struct sl_span *rest)
{
	size_t n = 0;
	while (n < rest->len && rest->p[n] != ' ')
		n++;
	struct sl_span s = sl_span(rest->p, n);
	while (n < rest->len && rest->p[n] == ' ')
		n++;
	*rest = sl_span_from(*rest, n);
	return s;
}

/* Tags (IRCv3) and the prefix come before the command. */
static void command_read(struct sl_span line, struct command *c)
{
	*c = (struct command){ .rest = line };
	if (line.len > 0 && line.p[0] == '@')
		(void)token(&c->rest);
	if (c->rest.len > 0 && c->rest.p[0] == ':')
		c->prefix = sl_span_from(token(&c->rest), 1);
	c->word = token(&c->rest);
}

static struct sl_span parameter(struct sl_span *rest)
{
	if (rest->len == 0 || rest->p[0] != ':')
		return token(rest);
	struct sl_span s = sl_span_from(*rest, 1);
	*rest = sl_span(s.p, 0);
	return s;
}

static bool is_channel(struct sl_span s)
{
	return s.len > 1 && s.p[0] != 0 && strchr(CHANNELS, s.p[0]) != NULL;
}

static bool is_numeric(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len == 3;
}

/* Letters, digits and what else a nickname may have (RFC 2812 2.3.1). */
static bool is_nick(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (!letter && !(c >= '0' && c <= '9') &&
			(c == 0 || strchr("[]\\`_^{|}-", c) == NULL))
			return false;
	}
	return s.len > 0 && s.len <= 64;
}

/* ---- Whether it is IRC ---- */

static bool whole_line(struct sl_span in, struct sl_span *line, struct sl_span *rest)
{
	const uint8_t *end = line_end(in);
	if (end == NULL)
		return false;
	*line = sl_span(in.p, (size_t)(end - in.p));
	*rest = sl_span_from(in, line->len + 1);
	if (end[0] == '\r' && rest->len > 0 && rest->p[0] == '\n')
		*rest = sl_span_from(*rest, 1);
	return true;
}

static bool from_server(const struct command *c)
{
	struct sl_span rest = c->rest, to = token(&rest);
	if (c->prefix.len == 0 || rest.len == 0)
		return false;
	if (is_numeric(c->word))
		return true;
	bool user = memchr(c->prefix.p, '!', c->prefix.len) != NULL;
	return (mail_is(c->word, "NOTICE") && rest.p[0] == ':' && to.len > 0) ||
	       (mail_is(c->word, "PRIVMSG") && rest.p[0] == ':' && user);
}

static bool from_client(const struct command *c)
{
	struct sl_span rest = c->rest, first = token(&rest);
	if (c->prefix.len > 0)
		return false;
	if (mail_is(c->word, "NICK"))
		return is_nick(first) && rest.len == 0;
	if (mail_is(c->word, "CAP"))
		return mail_is(first, "LS") || mail_is(first, "REQ");
	if (mail_is(c->word, "JOIN"))
		return is_channel(first);
	if (mail_is(c->word, "PRIVMSG"))
		return rest.len > 0 && rest.p[0] == ':';
	if (!mail_is(c->word, "USER"))
		return false;
	(void)token(&rest);
	(void)token(&rest);
	return first.len > 0 && rest.len > 0 && rest.p[0] == ':';
}

static const char *const first_words[] = { ":", "NICK ", "USER ", "CAP ", "JOIN ", "PRIVMSG ",
	"PASS " };

static enum sl_probe irc_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span line, rest;
	struct command c;
	enum sl_probe said =
		mail_probe_any(p->bytes, first_words, sizeof(first_words) / sizeof(*first_words));
	(void)sport;
	(void)dport;
	if (said != SL_PROBE_YES)
		return said;
	if (!whole_line(p->bytes, &line, &rest))
		return p->bytes.len < MAIL_LINE_MAX ? SL_PROBE_MORE : SL_PROBE_NO;
	command_read(line, &c);
	if (from_client(&c) || from_server(&c))
		return SL_PROBE_YES;
	/* FTP and POP3 have these too: the next line tells. */
	if (!mail_begins(line, "PASS ") && !mail_begins(line, "USER "))
		return SL_PROBE_NO;
	if (!whole_line(rest, &line, &rest))
		return rest.len < MAIL_LINE_MAX ? SL_PROBE_MORE : SL_PROBE_NO;
	command_read(line, &c);
	return from_client(&c) ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool irc_begins(uint8_t first)
{
	return mail_probe_any(sl_span(&first, 1), first_words,
		       sizeof(first_words) / sizeof(*first_words)) != SL_PROBE_NO;
}

/* ---- Saying. False: the batch is full. ---- */

static bool say_channels(struct say *say, struct sl_span list)
{
	while (list.len > 0) {
		const uint8_t *comma = memchr(list.p, ',', list.len);
		size_t n = comma != NULL ? (size_t)(comma - list.p) : list.len;
		struct sl_span one = sl_span(list.p, n);
		if (is_channel(one) && !say_plain(say, SL_WHERE_IRC_CHANNEL, one))
			return false;
		list = sl_span_from(list, comma != NULL ? n + 1 : n);
	}
	return true;
}

static bool says(const struct irc *i, const struct command *c)
{
	static const char *const words[] = { "NICK", "USER", "JOIN", "PRIVMSG", "NOTICE" };
	if (is_numeric(c->word))
		return !i->named && c->prefix.len > 0;
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++)
		if (mail_is(c->word, words[n]))
			return true;
	return false;
}

static bool say_command(struct say *say, struct command *c)
{
	struct sl_span first = parameter(&c->rest);
	if (is_numeric(c->word))
		return say_plain(say, SL_WHERE_IRC_HOST, c->prefix);
	if (mail_is(c->word, "NICK"))
		return say_plain(say, SL_WHERE_IRC_NICK, first);
	if (mail_is(c->word, "USER"))
		return say_plain(say, SL_WHERE_IRC_USER, first);
	return say_channels(say, first);
}

static bool line_use(struct irc *i, enum sl_dir dir, struct sl_batch *b, struct command *c)
{
	if (!says(i, c))
		return true;
	if (i->message == 0)
		i->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = i->message, .dir = dir, .said = &i->said };
	if (!say_command(&say, c) || !sl_batch_close(b, dir, i->message))
		return false;
	i->named |= is_numeric(c->word);
	i->message = 0;
	i->said = 0;
	return true;
}

/* Whoever spoke as a client does not grant TLS. */
static bool is_grant(struct irc *i, enum sl_dir dir, const struct command *c)
{
	if (!i->met && (from_client(c) || mail_is(c->word, "STARTTLS"))) {
		i->met = true;
		i->client = (uint8_t)dir;
	}
	return i->met && dir != i->client && c->prefix.len > 0 && mail_is(c->word, "670");
}

static enum sl_verdict feed_bytes(
	struct irc *i, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mail_line *l = &i->line[p->dir];
	struct command c;
	while (*consumed < p->bytes.len || l->ready) {
		struct sl_span in = sl_span_from(p->bytes, *consumed);
		if (!l->ready)
			*consumed += mail_line_until(l, in, line_end(in));
		if (!l->ready)
			continue;
		command_read(mail_line_span(l), &c);
		bool tls = is_grant(i, p->dir, &c);
		if (!line_use(i, p->dir, b, &c))
			return SL_FULL;
		if (l->over)
			parser_count_part(b);
		mail_line_reset(l);
		if (tls) {
			b->next = &sl_parser_tls;
			return SL_NOT_MINE;
		}
	}
	return SL_MORE;
}

static enum sl_verdict irc_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct irc *i = state;
	*consumed = 0;
	if (p->kind != SL_PIECE_BYTES && i->line[p->dir].len > 0)
		parser_count_part(b);
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind == SL_PIECE_GAP) {
		mail_line_gap(&i->line[p->dir]);
		return SL_MORE;
	}
	return feed_bytes(i, p, b, consumed);
}

const struct sl_parser sl_parser_irc = {
	.name = "irc",
	.state_bytes = sizeof(struct irc),
	.over = SL_OVER_TCP_BEGIN,
	.probe = irc_probe,
	.begins = irc_begins,
	.feed = irc_feed,
};
