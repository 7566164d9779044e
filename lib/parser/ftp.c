/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp.c - the control connection of FTP (RFC 959) and AUTH TLS (RFC 4217): users and files. Worker.
 * Each command that says something is a message of its own. */
#include "mail_line.h"
#include <sightline/hot.h>

enum kind { OTHER, USER, FILE_NAME, AUTH };

struct ftp {
	bool known; /* which side the client is */
	bool client; /* enum sl_dir of its bytes */
	bool said; /* the value of the command at hand is said */
	uint32_t message; /* of the command at hand; 0: none yet */
	uint32_t asked_message[MAIL_ASKED]; /* in the places of asked */
	struct mail_asked asked;
	struct mail_line line[2]; /* by enum sl_dir */
};

/* ---- Whether it is FTP ---- */

static const char *const first_words[] = { "USER ", "AUTH TLS", "AUTH SSL", "STOR ", "PORT ",
	"EPRT " };

static bool whole_line(struct sl_span in)
{
	return memchr(in.p, '\n', in.len) != NULL;
}

static enum sl_probe ftp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	enum sl_probe reply = mail_probe(in, "220");
	if (reply == SL_PROBE_NO) {
		/* The words of a login are POP3's too. */
		if (dport == 110)
			return SL_PROBE_NO;
		/* So is IRC's, which has a name behind a colon (RFC 2812 3.1.3). */
		if (mail_probe(in, "USER ") == SL_PROBE_YES) {
			if (!whole_line(in))
				return SL_PROBE_MORE;
			if (mail_first_line_has(in, " :"))
				return SL_PROBE_NO;
		}
		return mail_probe_any(in, first_words, sizeof(first_words) / sizeof(*first_words));
	}
	if (in.len < 4)
		return SL_PROBE_MORE;
	if (in.p[3] != ' ' && in.p[3] != '-')
		return SL_PROBE_NO;
	if (!whole_line(in))
		return SL_PROBE_MORE;
	return mail_first_line_has(in, "FTP") && !mail_first_line_has(in, "SMTP") ? SL_PROBE_YES
										  : SL_PROBE_NO;
}

/* ---- Commands ---- */

static enum kind kind_of(struct sl_span word, struct sl_span rest)
{
	static const char *const files[] = { "RETR", "STOR", "STOU", "APPE", "DELE", "RNFR", "RNTO",
		"SIZE", "MDTM" };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (mail_is(word, files[i]))
			return FILE_NAME;
	if (mail_is(word, "USER"))
		return USER;
	return mail_is(word, "AUTH") && (mail_begins(rest, "TLS") || mail_begins(rest, "SSL"))
		       ? AUTH
		       : OTHER;
}

static enum sl_where where_of(uint8_t kind)
{
	return kind == USER ? SL_WHERE_FTP_USER : SL_WHERE_FTP_FILE;
}

static bool says(uint8_t kind)
{
	return kind == USER || kind == FILE_NAME;
}

/* False: the batch is full. */
static bool command(struct ftp *f, struct sl_span line, struct sl_batch *b)
{
	struct sl_span rest = line, word = mail_word(&rest);
	enum kind kind = kind_of(word, rest);
	enum sl_dir dir = (enum sl_dir)f->client;
	if (says(kind) && rest.len) {
		if (f->message == 0)
			f->message = sl_batch_next_message(b);
		if (!f->said && !sl_batch_add_raw(b, where_of(kind), dir, f->message, rest, NULL))
			return false;
		f->said = true;
		if (!sl_batch_close(b, dir, f->message))
			return false;
	} else if (kind != AUTH)
		kind = OTHER;
	if (f->asked.count < MAIL_ASKED && f->asked.beyond == 0)
		f->asked_message[(f->asked.first + f->asked.count) % MAIL_ASKED] = f->message;
	mail_ask(&f->asked, (uint8_t)kind, rest);
	f->message = 0;
	f->said = false;
	return true;
}

/* ---- Replies ---- */

/* The first digit of a reply's last line; 0: the line is another, or a preliminary reply. */
static uint8_t reply_digit(struct sl_span line)
{
	if (line.len < 3 || line.p[0] < '2' || line.p[0] > '5')
		return 0;
	for (unsigned i = 1; i < 3; i++)
		if (line.p[i] < '0' || line.p[i] > '9')
			return 0;
	return line.len == 3 || line.p[3] == ' ' ? line.p[0] : 0;
}

static bool reply(struct ftp *f, struct sl_span line, struct sl_batch *b, bool *tls)
{
	uint8_t digit = reply_digit(line), kind = mail_asked_kind(&f->asked);
	if (digit == 0)
		return true;
	*tls = kind == AUTH && digit == '2';
	if (says(kind) && digit == '5' &&
		!mail_say_refused(b, where_of(kind), (enum sl_dir)f->client,
			f->asked_message[f->asked.first], mail_asked_text(&f->asked)))
		return false;
	mail_answered(&f->asked);
	return true;
}

/* ---- Pieces ---- */

static enum sl_verdict feed_bytes(
	struct ftp *f, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mail_line *l = &f->line[p->dir];
	bool client = p->dir == (enum sl_dir)f->client, tls = false;
	size_t at = 0;
	while (at < p->bytes.len || l->ready) {
		if (!l->ready)
			at += mail_line_take(l, sl_span_from(p->bytes, at));
		*consumed = at;
		if (!l->ready)
			continue;
		if (!(client ? command(f, mail_line_span(l), b)
			     : reply(f, mail_line_span(l), b, &tls)))
			return SL_FULL;
		if (l->over && client)
			parser_count_part(b);
		mail_line_reset(l);
		if (tls)
			return SL_NOT_MINE;
	}
	return SL_MORE;
}

static enum sl_verdict ftp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ftp *f = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind == SL_PIECE_GAP) {
		mail_line_gap(&f->line[p->dir]);
		mail_asked_forget(&f->asked);
		return SL_MORE;
	}
	if (!f->known && p->bytes.len) {
		bool digit = p->bytes.p[0] >= '0' && p->bytes.p[0] <= '9';
		f->client = digit ? p->dir == SL_TO_SERVER : p->dir == SL_TO_CLIENT;
		f->known = true;
	}
	return feed_bytes(f, p, b, consumed);
}

const struct sl_parser sl_parser_ftp = {
	.name = "ftp",
	.state_bytes = sizeof(struct ftp),
	.over = SL_OVER_TCP,
	.probe = ftp_probe,
	.feed = ftp_feed,
};
