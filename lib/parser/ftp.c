/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp.c - the control connection of FTP (RFC 959), its extended ports (RFC 2428) and AUTH TLS
 * (RFC 4217): users, files, and the data connections that carry these, which are announced to
 * ftp_data.c. Worker. Each command that says something is a message of its own. */
#include <assert.h>
#include <netinet/in.h>

#include <sightline/expect.h>

#include "ftp_port.h"
#include "mail_line.h"
#include <sightline/hot.h>

enum kind { OTHER, USER, FILE_NAME, AUTH, PASSIVE, MODE };

/* What the next data connection is for, and where it goes. A transfer is announced when both are
 * known, whichever came last: a client may send PASV and RETR at once. */
struct transfer {
	bool asked; /* a command for it waits for its port */
	bool port_asked; /* PASV or EPSV waits for its reply */
	bool passive; /* the port is the server's */
	bool offset; /* REST came before it */
	bool coded; /* MODE is not stream */
	bool unnamed; /* STOU: the reply has the name */
	struct ftp_port to;
	struct ftp_note note;
};

struct ftp {
	bool known; /* which side the client is */
	bool client; /* enum sl_dir of its bytes */
	bool said; /* the value of the command at hand is said */
	uint32_t message; /* of the command at hand; 0: none yet */
	struct mail_asked asked;
	struct mail_line line[2]; /* by enum sl_dir */
	struct transfer next;
};

static_assert(sizeof(struct ftp) <= 4096, "a state fits its class of the pool");

/* ---- Whether it is FTP ---- */

/* Of a session, or of what is met in its middle. */
static const char *const first_words[] = { "USER ", "AUTH TLS", "AUTH SSL", "STOR ", "PORT ",
	"EPRT ", "PASV\r\n", "EPSV\r\n", "227 Entering Passive", "229 Entering Extended" };

static bool whole_line(struct sl_span in)
{
	return memchr(in.p, '\n', in.len) != NULL;
}

static struct sl_span next_line(struct sl_span in)
{
	const uint8_t *end = memchr(in.p, '\n', in.len);
	return sl_span_from(in, end != NULL ? (size_t)(end - in.p) + 1 : in.len);
}

static enum sl_probe ftp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	enum sl_probe reply = mail_probe(in, "220");
	if (reply == SL_PROBE_NO) {
		/* The words of a login are POP3's too. */
		if (dport == 110)
			return SL_PROBE_NO;
		/* So is IRC's, which has a name behind a colon (RFC 2812 3.1.3), or a NICK behind
		 * it. */
		if (mail_probe(in, "USER ") == SL_PROBE_YES) {
			if (!whole_line(in))
				return SL_PROBE_MORE;
			if (mail_first_line_has(in, " :") || mail_begins(next_line(in), "NICK "))
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

static bool ftp_begins(uint8_t first)
{
	return first == '2' || mail_probe_any(sl_span(&first, 1), first_words,
				       sizeof(first_words) / sizeof(*first_words)) != SL_PROBE_NO;
}

/* ---- Data connections ---- */

/* Without PORT or PASV the server connects to the port that the client speaks from (RFC 959 3.2).
 */
static uint16_t port_of(const struct ftp *f, const struct sl_flow *flow)
{
	if (f->next.to.port != 0)
		return f->next.to.port;
	return f->client ? flow->dport : flow->sport;
}

static void announce(struct ftp *f, struct sl_batch *b)
{
	struct transfer *t = &f->next;
	if (!t->asked || t->port_asked)
		return;
	bool server = t->passive != f->client; /* f->client: the flow's initiator is the server */
	struct sl_expected what = {
		.end = server ? SL_TO_SERVER : SL_TO_CLIENT,
		.port = port_of(f, b->flow),
		.proto = IPPROTO_TCP,
		.parser = &sl_parser_ftp_data,
		.note = sl_span(&t->note, sizeof(t->note)),
	};
	t->asked = false;
	if (t->to.address_len)
		sl_expect_announce_at(b, &what, sl_span(t->to.address, t->to.address_len));
	else
		sl_expect_announce(b, &what);
}

/* Folders are no part of a file's name; what is left is kept as far as there is room. */
static void note_name(struct ftp_note *n, struct sl_span name)
{
	size_t at = name.len;
	while (at > 0 && name.p[at - 1] != '/' && name.p[at - 1] != '\\')
		at--;
	name = sl_span_from(name, at);
	n->len = (uint8_t)(name.len < FTP_NAME_MAX ? name.len : FTP_NAME_MAX);
	memset(n->name, 0, sizeof(n->name));
	if (n->len)
		memcpy(n->name, name.p, n->len);
}

static void transfer(struct ftp *f, struct sl_span word, struct sl_span name, struct sl_batch *b)
{
	struct transfer *t = &f->next;
	t->note.listing = !mail_is(word, "RETR") && !mail_is(word, "STOR") &&
			  !mail_is(word, "APPE") && !mail_is(word, "STOU");
	t->note.part = t->offset || t->coded;
	t->unnamed = mail_is(word, "STOU");
	note_name(&t->note, t->note.listing ? sl_span(name.p, 0) : name);
	t->asked = true;
	t->offset = false;
	announce(f, b);
}

static void port_known(struct ftp *f, const struct ftp_port *to, bool passive, struct sl_batch *b)
{
	f->next.to = *to;
	f->next.passive = passive;
	f->next.port_asked = false;
	announce(f, b);
}

/* The name that the server gave: "150 FILE: pppp" (RFC 1123 4.1.2.9), before the first byte. */
static void named_by_reply(struct ftp *f, struct sl_span text, struct sl_batch *b)
{
	static const char mark[] = "FILE: ";
	const uint8_t *at = memmem(text.p, text.len, mark, sizeof(mark) - 1);
	if (at == NULL || !f->next.unnamed)
		return;
	struct sl_span name = sl_span_from(text, (size_t)(at - text.p) + sizeof(mark) - 1);
	note_name(&f->next.note, mail_trim(name));
	f->next.unnamed = false;
	f->next.asked = true;
	announce(f, b);
}

/* What a command says of data connections. */
static void data_command(
	struct ftp *f, struct sl_span word, struct sl_span rest, struct sl_batch *b)
{
	static const char *const transfers[] = { "RETR", "STOR", "STOU", "APPE", "LIST", "NLST",
		"MLSD" };
	struct ftp_port to;
	for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++)
		if (mail_is(word, transfers[i]))
			transfer(f, word, rest, b);
	if (mail_is(word, "PASV") || mail_is(word, "EPSV"))
		f->next.port_asked = true;
	else if ((mail_is(word, "PORT") && ftp_port_six(rest, &to)) ||
		 (mail_is(word, "EPRT") && ftp_port_eprt(rest, &to)))
		port_known(f, &to, false, b);
	else if (mail_is(word, "REST"))
		f->next.offset = !mail_is(rest, "0");
}

/* What a reply says of them. 227 and 229 have no other meaning, so their command may be unknown. */
static void data_reply(
	struct ftp *f, uint8_t kind, struct sl_span line, struct sl_span asked, struct sl_batch *b)
{
	struct ftp_port to;
	struct sl_span text = sl_span_from(line, 3);
	if ((mail_begins(line, "227") && ftp_port_six(text, &to)) ||
		(mail_begins(line, "229") && ftp_port_epsv(text, &to)))
		port_known(f, &to, true, b);
	else if (kind == PASSIVE)
		f->next.port_asked = false;
	else if (kind == MODE && line.p[0] == '2')
		f->next.coded = !mail_is(asked, "S");
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
	if (mail_is(word, "PASV") || mail_is(word, "EPSV"))
		return PASSIVE;
	if (mail_is(word, "MODE"))
		return MODE;
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
	} else if (says(kind))
		kind = OTHER;
	data_command(f, word, rest, b);
	mail_ask(&f->asked, (uint8_t)kind, f->message, rest);
	f->message = 0;
	f->said = false;
	return true;
}

/* ---- Replies ---- */

/* The first digit of a reply's last line; 0: the line is another. */
static uint8_t reply_digit(struct sl_span line)
{
	if (line.len < 3 || line.p[0] < '1' || line.p[0] > '5')
		return 0;
	for (unsigned i = 1; i < 3; i++)
		if (line.p[i] < '0' || line.p[i] > '9')
			return 0;
	return line.len == 3 || line.p[3] == ' ' ? line.p[0] : 0;
}

static bool reply(struct ftp *f, struct sl_span line, struct sl_batch *b, bool *tls)
{
	uint8_t digit = reply_digit(line), kind = mail_asked_kind(&f->asked);
	if (digit == '1')
		named_by_reply(f, line, b);
	if (digit == 0 || digit == '1')
		return true;
	*tls = kind == AUTH && digit == '2';
	if (says(kind) && digit == '5' &&
		!mail_say_refused(b, where_of(kind), (enum sl_dir)f->client,
			mail_asked_message(&f->asked), mail_asked_text(&f->asked)))
		return false;
	data_reply(f, kind, line, mail_asked_text(&f->asked), b);
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
		f->next = (struct transfer){ .coded = f->next.coded };
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
	.begins = ftp_begins,
	.feed = ftp_feed,
};
