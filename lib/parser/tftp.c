/* SPDX-License-Identifier: BSD-3-Clause */
/* tftp.c - TFTP (RFC 1350) with its options (RFC 2347, 2348, 7440): the file that is asked for, and
 * the file that comes. Worker. The answer comes from a port that the server chooses then, so the
 * request announces it, from the requester's port to any (expect.h); a server that answers from the
 * port that was asked continues the flow of the request. Blocks count in their order only, as for
 * the receiver: what comes twice or too soon is sent again by the rules, or was not seen. */
#include <netinet/in.h>
#include <strings.h>

#include <sightline/expect.h>

#include "file/file.h"
#include "parsers.h"
#include <sightline/hot.h>

enum op { READ_FILE = 1, WRITE_FILE, DATA, ACK, ERROR_REPLY, OPTIONS };

#define NAME_MAX_BYTES 255
#define BLOCK_DEFAULT 512 /* RFC 1350 2 */
#define BLOCK_MIN 8 /* RFC 2348 */
#define BLOCK_MAX 65464

struct transfer {
	uint8_t name_len;
	uint8_t name[NAME_MAX_BYTES];
};

struct tftp {
	struct sl_file *file;
	uint32_t message;
	uint16_t block_bytes; /* 0: as nobody negotiated, BLOCK_DEFAULT */
	uint16_t next; /* block number that comes next */
	uint16_t window;
	uint8_t said; /* of the request: its name, that it is over */
	uint8_t dir; /* enum sl_dir of the blocks, while open */
	bool open; /* a first block was seen, an end was not */
	bool over; /* the end was seen; what comes again is nothing new */
	bool ending, whole; /* the file is being told */
	bool announced; /* this is the flow that was announced */
	struct transfer t;
};

/* ---- The request ---- */

static bool is_word(struct sl_span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

static bool printable(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.len > 0;
}

static bool request_read(struct sl_span in, struct sl_span *out)
{
	struct sl_rd r = sl_rd(in);
	uint16_t op = sl_rd16(&r);
	struct sl_span name = sl_rd_until(&r, 0), mode = sl_rd_until(&r, 0);
	if (r.bad || (op != READ_FILE && op != WRITE_FILE) || !printable(name) ||
		(!is_word(mode, "octet") && !is_word(mode, "netascii") && !is_word(mode, "mail")))
		return false;
	*out = name;
	return true;
}

static enum sl_probe tftp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span name;
	(void)sport;
	(void)dport;
	return request_read(p->bytes, &name) ? SL_PROBE_YES : SL_PROBE_NO;
}

static void announce(const struct tftp *t, enum sl_dir dir, struct sl_batch *b)
{
	const struct sl_flow *f = b->flow;
	bool initiator = dir == SL_TO_SERVER; /* the requester's end is where the answer goes */
	sl_expect_announce(b, &(struct sl_expected){
				      .end = initiator ? SL_TO_CLIENT : SL_TO_SERVER,
				      .port = initiator ? f->sport : f->dport,
				      .proto = IPPROTO_UDP,
				      .parser = &sl_parser_tftp,
				      .note = sl_span(&t->t, sizeof(t->t)),
			      });
}

static void transfer_begin(struct tftp *t, struct sl_span name)
{
	t->next = 1;
	t->block_bytes = t->window = 0;
	t->open = t->over = t->ending = false;
	/* Folders first, as they are what a long name can do without. */
	name = sl_span_from(name, name.len > NAME_MAX_BYTES ? name.len - NAME_MAX_BYTES : 0);
	t->t.name_len = (uint8_t)name.len;
	memset(t->t.name, 0, sizeof(t->t.name));
	memcpy(t->t.name, name.p, name.len);
}

static bool request(
	struct tftp *t, const struct sl_piece *p, struct sl_span name, struct sl_batch *b)
{
	if (t->said == 0) {
		t->message = sl_batch_next_message(b);
		t->said = 1;
	}
	if (t->said == 1 &&
		!sl_batch_add_raw(b, SL_WHERE_TFTP_FILE, p->dir, t->message, name, NULL))
		return false;
	t->said = 2;
	if (!sl_batch_close(b, p->dir, t->message))
		return false;
	t->said = 0;
	transfer_begin(t, name);
	announce(t, p->dir, b);
	return true;
}

/* ---- What follows it ---- */

/* A number in decimal, or 0. */
static uint32_t number(struct sl_span s)
{
	uint32_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || n > BLOCK_MAX)
			return 0;
		n = n * 10 + (uint32_t)(s.p[i] - '0');
	}
	return n <= UINT16_MAX ? n : 0;
}

/* The options that the server grants (RFC 2347); what was asked for counts for nothing. */
static void options(struct tftp *t, struct sl_rd r)
{
	while (sl_rd_left(&r)) {
		struct sl_span name = sl_rd_until(&r, 0);
		uint32_t n = number(sl_rd_until(&r, 0));
		if (r.bad)
			return;
		if (is_word(name, "blksize") && n >= BLOCK_MIN && n <= BLOCK_MAX)
			t->block_bytes = (uint16_t)n;
		else if (is_word(name, "windowsize"))
			t->window = (uint16_t)n;
	}
}

static void file_open(struct tftp *t, enum sl_dir dir, struct sl_batch *b)
{
	t->open = true;
	t->dir = (uint8_t)dir;
	t->message = sl_batch_next_message(b);
	t->file = sl_file_begin(b, &(struct sl_file_begin){ .dir = dir,
					   .message = t->message,
					   .name = sl_span(t->t.name, t->t.name_len) });
}

/* Whether this block is the next. Block 65535 is followed by 0, or by 1: the RFCs don't say, and
 * both are done. With a window the second can't be told from a repeated one. */
static bool in_turn(const struct tftp *t, uint16_t number, bool wrapped)
{
	return number == t->next || (wrapped && t->next == 0 && number == 1 && t->window <= 1);
}

static void block(struct tftp *t, const struct sl_piece *p, struct sl_rd r, struct sl_batch *b)
{
	enum sl_dir dir = p->dir;
	uint16_t n = sl_rd16(&r);
	struct sl_span bytes = sl_rd_take(&r, sl_rd_left(&r));
	if (r.bad || t->over || t->ending || (t->open && t->dir != dir) || !in_turn(t, n, t->open))
		return;
	if (!t->open)
		file_open(t, dir, b);
	t->next = (uint16_t)(n + 1);
	/* A larger first block than agreed upon: the agreement was not seen. */
	if (t->block_bytes == 0)
		t->block_bytes = bytes.len > BLOCK_DEFAULT && bytes.len <= BLOCK_MAX
					 ? (uint16_t)bytes.len
					 : BLOCK_DEFAULT;
	sl_file_bytes(t->file, b, bytes);
	if (bytes.len < t->block_bytes || p->cut) {
		t->ending = true;
		t->whole = !p->cut;
	}
}

/* Tells the file; false: the batch is full. */
static bool file_end(struct tftp *t, struct sl_batch *b)
{
	if (!t->ending)
		return true;
	if (!sl_file_end(&t->file, b, t->whole) ||
		!sl_batch_close(b, (enum sl_dir)t->dir, t->message))
		return false;
	t->ending = t->open = false;
	t->over = true;
	return true;
}

/* What is open ends here, without its own end. */
static void file_break(struct tftp *t)
{
	if (t->open && !t->ending) {
		t->ending = true;
		t->whole = false;
	}
}

static enum sl_verdict datagram(struct tftp *t, const struct sl_piece *p, struct sl_batch *b)
{
	struct sl_span name;
	struct sl_rd r = sl_rd(p->bytes);
	uint16_t op = sl_rd16(&r);
	if (r.bad || op < READ_FILE || op > OPTIONS)
		return t->announced && !t->open && !t->over ? SL_NOT_MINE : SL_MORE;
	if (op == DATA)
		block(t, p, r, b);
	else if (op == OPTIONS && !t->open)
		options(t, r);
	else if (op == ERROR_REPLY)
		file_break(t);
	else if (op <= WRITE_FILE && request_read(p->bytes, &name)) {
		file_break(t);
		if (!file_end(t, b) || !request(t, p, name, b))
			return SL_FULL;
	}
	return file_end(t, b) ? SL_MORE : SL_FULL;
}

static enum sl_verdict tftp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct tftp *t = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP)
		return SL_MORE;
	if (p->kind == SL_PIECE_END) {
		file_break(t);
		return file_end(t, b) ? SL_DONE : SL_FULL;
	}
	enum sl_verdict v = datagram(t, p, b);
	if (v == SL_MORE)
		*consumed = p->bytes.len;
	return v;
}

static void tftp_expected(void *state, struct sl_span note)
{
	struct tftp *t = state;
	t->next = 1;
	t->announced = true;
	if (note.len == sizeof(t->t))
		memcpy(&t->t, note.p, sizeof(t->t));
}

static bool tftp_begins(uint8_t first)
{
	return first == 0;
}

const struct sl_parser sl_parser_tftp = {
	.name = "tftp",
	.state_bytes = sizeof(struct tftp),
	.over = SL_OVER_UDP,
	.probe = tftp_probe,
	.feed = tftp_feed,
	.begins = tftp_begins,
	.expected = tftp_expected,
};
