/* SPDX-License-Identifier: BSD-3-Clause */
/* smb1.c - messages of SMB 1 (MS-CIFS 2.2, MS-SMB 2.2), and the chains that they make of commands:
 * shares, users, what is opened, read, written and closed. Worker. A command is read again from its
 * begin where the batch was full, so what it changes comes after what it says. */
#include "le.h"
#include "ntlm.h"
#include "parsers.h"
#include "smb.h"
#include "utf16.h"
#include <sightline/hot.h>

#define HEADER 32u
#define WORDS (HEADER + 1)
#define NO_ANDX 0xff

enum command {
	CREATE_DIRECTORY = 0x00,
	DELETE_DIRECTORY = 0x01,
	OPEN = 0x02,
	CREATE = 0x03,
	CLOSE = 0x04,
	DELETE = 0x06,
	RENAME = 0x07,
	QUERY_INFORMATION = 0x08,
	SET_INFORMATION = 0x09,
	READ = 0x0a,
	WRITE = 0x0b,
	CREATE_NEW = 0x0f,
	CHECK_DIRECTORY = 0x10,
	TRANSACTION = 0x25,
	WRITE_AND_CLOSE = 0x2c,
	OPEN_ANDX = 0x2d,
	READ_ANDX = 0x2e,
	WRITE_ANDX = 0x2f,
	TRANSACTION2 = 0x32,
	TREE_CONNECT = 0x70,
	SESSION_SETUP = 0x73,
	LOGOFF = 0x74,
	TREE_CONNECT_ANDX = 0x75,
	NT_CREATE = 0xa2,
	NT_RENAME = 0xa5,
};
enum { FLAG_REPLY = 0x80, FLAG2_UNICODE = 0x8000, ATTRIBUTE_DIRECTORY = 0x10 };
enum { PIPE_TRANSACT = 0x26, PIPE_RAW_WRITE = 0x36 };
enum {
	TRANS2_OPEN = 0,
	TRANS2_QUERY_PATH = 5,
	TRANS2_SET_PATH = 6,
	TRANS2_SET_FILE = 8,
	TRANS2_MKDIR = 13
};

/* A command: its words, and what follows them. */
struct part {
	struct sl_rd words;
	struct sl_rd bytes;
	uint8_t count; /* of words */
};

static bool is_andx(uint8_t command)
{
	return command == OPEN_ANDX || command == READ_ANDX || command == WRITE_ANDX ||
	       command == SESSION_SETUP || command == LOGOFF || command == TREE_CONNECT_ANDX ||
	       command == NT_CREATE || command == 0x24 /* LOCKING_ANDX */;
}

/* Whether anything but the header is of interest. */
static bool interesting(uint8_t command, bool reply)
{
	switch (command) {
	case OPEN:
	case CREATE:
	case CREATE_NEW:
	case READ:
	case OPEN_ANDX:
	case READ_ANDX:
	case NT_CREATE:
	case TREE_CONNECT_ANDX:
	case SESSION_SETUP: /* its reply may be followed by a tree's */
		return true;
	case 0x72: /* NEGOTIATE */
	case 0x2b: /* ECHO */
	case 0xa0: /* NT_TRANSACT */
		return false;
	default:
		return !reply;
	}
}

uint32_t smb1_need(struct sl_span head, uint32_t unit_len)
{
	if (head.len < WORDS)
		return WORDS;
	uint8_t command = head.p[4], words = head.p[HEADER];
	bool reply = head.p[9] & FLAG_REPLY;
	uint32_t fixed = WORDS + 2u * words + 2;
	if (!interesting(command, reply))
		return WORDS;
	if (!(command == READ_ANDX && reply) && !(command == WRITE_ANDX && !reply))
		return unit_len;
	if (words < 12 || head.len < WORDS + 1)
		return words < 12 ? unit_len : WORDS + 1;
	return head.p[WORDS] == NO_ANDX ? fixed : unit_len;
}

/* ---- Texts ---- */

/* A text up to its zero or the end; UTF-16 begins at an even place of the message. */
static struct sl_span text(const struct smb_turn *u, struct sl_rd *r)
{
	if (u->unicode && (r->p - u->unit.p) % 2 != 0)
		sl_rd_skip(r, 1);
	size_t n = 0, width = u->unicode ? 2 : 1, left = sl_rd_left(r);
	while (n + width <= left && (r->p[n] != 0 || r->p[n + width - 1] != 0))
		n += width;
	struct sl_span s = sl_rd_take(r, n);
	if (n + width <= left)
		sl_rd_skip(r, width);
	return s;
}

/* The form of old commands: a byte 4 in front. */
static struct sl_span old_text(const struct smb_turn *u, struct sl_rd *r)
{
	return sl_rd8(r) == 4 ? text(u, r) : sl_span(r->p, 0);
}

/* ---- Requests ---- */

static void id_of(uint16_t fid, uint8_t id[SMB_ID])
{
	memset(id, 0, SMB_ID);
	id[0] = (uint8_t)fid;
	id[1] = (uint8_t)(fid >> 8);
}

/* The open that a request is about: behind an open in the same chain, that (MS-CIFS 2.2.3.4).
 * False: the batch is full. */
static bool file_of(struct smb_turn *u, uint16_t fid, struct smb_place *out)
{
	uint8_t id[SMB_ID];
	*out = u->s->last;
	if (out->serial != 0)
		return true;
	id_of(fid, id);
	return smb_open_need(u, id, out);
}

static bool session_setup(struct smb_turn *u, struct part *c)
{
	uint8_t user[NTLM_USER_MAX];
	sl_rd_skip(&c->words, 4 + 2 + 2 + 2 + 4);
	uint16_t first = le16(&c->words);
	if (c->count == 12)
		return smb_say_user(u, sl_rd_take(&c->bytes, first)) && smb_close(u);
	uint16_t second = c->count == 13 ? le16(&c->words) : 0;
	sl_rd_skip(&c->bytes, (size_t)first + second);
	struct sl_span account = text(u, &c->bytes), domain = text(u, &c->bytes);
	if (c->words.bad || c->bytes.bad || account.len == 0)
		return true;
	size_t n = ntlm_user_of(domain, account, u->unicode, user);
	return smb_say_utf8(u, SL_WHERE_NTLM_USER, sl_span(user, n)) && smb_close(u);
}

static bool tree_connect(struct smb_turn *u, struct part *c)
{
	struct sl_span path;
	if (u->s->command == TREE_CONNECT_ANDX) {
		sl_rd_skip(&c->words, 4 + 2);
		sl_rd_skip(&c->bytes, le16(&c->words));
		path = text(u, &c->bytes);
	} else
		path = old_text(u, &c->bytes);
	return smb_say(u, SL_WHERE_SMB_SHARE, path) && smb_close(u);
}

/* Says a name that is not opened. */
static bool name_say(struct smb_turn *u, struct sl_span name)
{
	return smb_say(u, SL_WHERE_SMB_FILE, name) && smb_close(u);
}

static bool rename_say(struct smb_turn *u, struct part *c)
{
	struct sl_span from = old_text(u, &c->bytes), to = old_text(u, &c->bytes);
	return smb_say(u, SL_WHERE_SMB_FILE, from) && smb_say(u, SL_WHERE_SMB_FILE, to) &&
	       smb_close(u);
}

static bool open_file(struct smb_turn *u, struct sl_span path)
{
	uint8_t name[SL_VALUE_MAX];
	if (path.len == 0)
		return true;
	if (!smb_say(u, SL_WHERE_SMB_FILE, path) || !smb_open_room(u))
		return false;
	struct sl_span kept = path;
	if (u->unicode)
		kept = sl_span(name, utf16_text(path, name, sizeof(name)));
	u->s->last = smb_open_new(u, kept);
	smb_ask(u, SMB_ASK_CREATE, u->s->last, 0);
	return true;
}

static bool file_close(struct smb_turn *u, struct part *c)
{
	uint8_t id[SMB_ID];
	struct smb_place at = u->s->last;
	id_of(le16(&c->words), id);
	if (at.serial == 0)
		at = smb_open_find(u->t, id);
	struct smb_open *o = smb_open_at(u->t, at);
	if (o == NULL || c->words.bad)
		return true;
	o->closed = true;
	smb_ask(u, SMB_ASK_CLOSE, at, 0);
	return true;
}

static bool file_read(struct smb_turn *u, struct part *c)
{
	struct smb_place at;
	bool andx = u->s->command == READ_ANDX;
	sl_rd_skip(&c->words, andx ? 4 : 0);
	uint16_t fid = le16(&c->words);
	sl_rd_skip(&c->words, andx ? 0 : 2);
	uint64_t offset = le32(&c->words);
	if (andx && c->count == 12) {
		sl_rd_skip(&c->words, 2 + 2 + 4 + 2);
		offset |= (uint64_t)le32(&c->words) << 32;
	}
	if (c->words.bad)
		return true;
	if (!file_of(u, fid, &at))
		return false;
	if (at.serial != 0)
		smb_ask(u, SMB_ASK_READ, at, offset);
	return true;
}

static bool write_andx(struct smb_turn *u, struct part *c)
{
	struct smb_place at;
	sl_rd_skip(&c->words, 4);
	uint16_t fid = le16(&c->words);
	uint64_t offset = le32(&c->words);
	sl_rd_skip(&c->words, 4);
	uint16_t mode = le16(&c->words);
	sl_rd_skip(&c->words, 2);
	uint32_t len = (uint32_t)le16(&c->words) << 16;
	len |= le16(&c->words);
	uint32_t where = le16(&c->words);
	if (c->words.bad)
		return true;
	if (c->count == 14)
		offset |= (uint64_t)le32(&c->words) << 32;
	if (!file_of(u, fid, &at))
		return false;
	/* The begin of a message that is written raw into a pipe: its length (MS-CIFS 2.2.4.43.1).
	 */
	uint32_t skip = (mode & 0xc) == 0xc && len >= 2 ? 2 : 0;
	smb_ask(u, SMB_ASK_WRITE, at, offset);
	smb_payload(u, at, SMB_WRITE, offset, where + skip, len - skip);
	return true;
}

/* WRITE and WRITE_AND_CLOSE. */
static bool write_old(struct smb_turn *u, struct part *c)
{
	struct smb_place at;
	uint16_t fid = le16(&c->words), len = le16(&c->words);
	uint32_t offset = le32(&c->words);
	sl_rd_skip(&c->bytes, u->s->command == WRITE ? 1 + 2 : 1);
	if (c->words.bad || c->bytes.bad)
		return true;
	if (!file_of(u, fid, &at))
		return false;
	struct smb_open *o = smb_open_at(u->t, at);
	bool closes = u->s->command == WRITE_AND_CLOSE;
	smb_ask(u, closes ? SMB_ASK_CLOSE : SMB_ASK_WRITE, at, offset);
	if (o != NULL)
		o->closed |= closes;
	/* Nothing written: the file ends here. */
	if (len == 0 && !closes && o != NULL)
		smb_data_limit(o, offset);
	smb_payload(u, at, SMB_WRITE, offset, (uint32_t)(c->bytes.p - u->unit.p), len);
	return true;
}

/* The words that both kinds of transaction begin with. */
struct transaction {
	struct sl_span param;
	uint32_t data_at, data_len;
	uint16_t function, fid;
};

static bool transaction_read(struct smb_turn *u, struct part *c, struct transaction *x)
{
	struct sl_rd *r = &c->words;
	sl_rd_skip(r, 2 + 2 + 2 + 2 + 1 + 1 + 2 + 4 + 2);
	uint16_t count = le16(r), off = le16(r);
	x->param = le_part(u->unit, off, count);
	x->data_len = le16(r);
	x->data_at = le16(r);
	uint8_t setup = sl_rd8(r);
	sl_rd_skip(r, 1);
	x->function = setup > 0 ? le16(r) : 0;
	x->fid = setup > 1 ? le16(r) : 0;
	return !r->bad && setup > 0 && x->param.len == count;
}

static bool transaction(struct smb_turn *u, struct part *c)
{
	struct transaction x;
	struct smb_place at;
	if (!transaction_read(u, c, &x) ||
		(x.function != PIPE_TRANSACT && x.function != PIPE_RAW_WRITE))
		return true;
	if (!file_of(u, x.fid, &at))
		return false;
	smb_payload(u, at, SMB_WRITE, 0, x.data_at, x.data_len);
	return true;
}

/* Where a file is to end, SMB_SET_FILE_END_OF_FILE_INFO or the same passed through
 * (MS-SMB 2.2.2.3).
 */
static void set_file(struct smb_turn *u, const struct transaction *x)
{
	uint8_t id[SMB_ID];
	struct sl_rd r = sl_rd(x->param), d = sl_rd(le_part(u->unit, x->data_at, x->data_len));
	id_of(le16(&r), id);
	uint16_t level = le16(&r);
	uint64_t end = le64(&d);
	struct smb_open *o = smb_open_at(u->t, smb_open_find(u->t, id));
	if (!r.bad && !d.bad && o != NULL && (level == 0x104 || level == 1000 + 20))
		smb_data_limit(o, end);
}

static bool transaction2(struct smb_turn *u, struct part *c)
{
	struct transaction x;
	if (!transaction_read(u, c, &x))
		return true;
	size_t name_at = 0;
	if (x.function == TRANS2_OPEN)
		name_at = 28;
	else if (x.function == TRANS2_QUERY_PATH || x.function == TRANS2_SET_PATH)
		name_at = 6;
	else if (x.function == TRANS2_MKDIR)
		name_at = 4;
	if (x.function == TRANS2_SET_FILE)
		set_file(u, &x);
	if (name_at == 0)
		return true;
	struct sl_rd r = sl_rd(sl_span_from(x.param, name_at));
	return name_say(u, text(u, &r));
}

static bool request(struct smb_turn *u, struct part *c)
{
	switch (u->s->command) {
	case SESSION_SETUP:
		return session_setup(u, c);
	case TREE_CONNECT:
	case TREE_CONNECT_ANDX:
		return tree_connect(u, c);
	case CREATE_DIRECTORY:
	case DELETE_DIRECTORY:
	case DELETE:
	case QUERY_INFORMATION:
	case SET_INFORMATION:
	case CHECK_DIRECTORY:
		return name_say(u, old_text(u, &c->bytes));
	case RENAME:
	case NT_RENAME:
		return rename_say(u, c);
	case OPEN:
	case CREATE:
	case CREATE_NEW:
		return open_file(u, old_text(u, &c->bytes));
	case OPEN_ANDX:
	case NT_CREATE:
		return open_file(u, text(u, &c->bytes));
	case CLOSE:
		return file_close(u, c);
	case READ:
	case READ_ANDX:
		return file_read(u, c);
	case WRITE_ANDX:
		return write_andx(u, c);
	case WRITE:
	case WRITE_AND_CLOSE:
		return write_old(u, c);
	case TRANSACTION:
		return transaction(u, c);
	case TRANSACTION2:
		return transaction2(u, c);
	default:
		return true;
	}
}

/* ---- Replies ---- */

static void tree_connected(struct smb_turn *u, struct part *c)
{
	struct sl_span service = sl_rd_take(&c->bytes, 3);
	if (u->status == 0 && service.len == 3)
		smb_tree_learn(u->t, u->tree,
			memcmp(service.p, "IPC", 3) == 0 ? SMB_KIND_PIPES : SMB_KIND_FILES);
}

/* What was granted: the words of each command that opens lie in another order. */
struct grant {
	uint64_t end;
	uint32_t attributes;
	uint16_t fid, type;
	bool end_known;
};

static bool grant_read(uint8_t command, struct sl_rd *r, struct grant *g)
{
	*g = (struct grant){ .end_known = true };
	if (command == NT_CREATE) {
		sl_rd_skip(r, 4 + 1);
		g->fid = le16(r);
		sl_rd_skip(r, 4 + 4 * 8);
		g->attributes = le32(r);
		sl_rd_skip(r, 8);
		g->end = le64(r);
		g->type = le16(r);
		sl_rd_skip(r, 2);
		if (sl_rd8(r) != 0)
			g->attributes |= ATTRIBUTE_DIRECTORY;
		return !r->bad;
	}
	sl_rd_skip(r, command == OPEN_ANDX ? 4 : 0);
	g->fid = le16(r);
	if (command == CREATE || command == CREATE_NEW)
		return !r->bad;
	g->attributes = le16(r);
	sl_rd_skip(r, 4);
	g->end = le32(r);
	if (command == OPEN_ANDX) {
		sl_rd_skip(r, 2);
		g->type = le16(r);
	}
	return !r->bad;
}

/* False: the batch is full. */
static bool created(struct smb_turn *u, struct part *c, struct smb_place at)
{
	struct grant g;
	uint8_t id[SMB_ID];
	if (u->status != 0 || !grant_read(u->s->command, &c->words, &g) ||
		(g.attributes & ATTRIBUTE_DIRECTORY))
		return smb_open_end(u->t, at, u->b);
	struct smb_open *o = smb_open_at(u->t, at);
	if (o == NULL)
		return true;
	smb_data_limit(o, g.end);
	if (g.type == 1 || g.type == 2)
		o->kind = SMB_KIND_PIPES;
	id_of(g.fid, id);
	smb_open_grant(u->t, at, id);
	return true;
}

static void is_read(struct smb_turn *u, struct part *c, const struct smb_asked *asked)
{
	uint32_t len, at;
	struct smb_open *o = smb_open_at(u->t, asked->place);
	if (u->status != 0 && u->status != SMB_STATUS_BUFFER_OVERFLOW)
		return;
	if (u->s->command == READ_ANDX) {
		sl_rd_skip(&c->words, 4 + 2 + 2 + 2);
		len = le16(&c->words);
		at = le16(&c->words);
		uint32_t high = (uint32_t)le16(&c->words) << 16;
		/* Old servers leave what they like in it. */
		if (high < u->s->unit_len)
			len |= high;
	} else {
		sl_rd_skip(&c->bytes, 1);
		len = le16(&c->bytes);
		at = (uint32_t)(c->bytes.p - u->unit.p);
	}
	if (c->words.bad || c->bytes.bad) {
		parser_count_part(u->b);
		return;
	}
	/* Nothing more to read: the file ends here. */
	if (len == 0 && o != NULL && o->use == SMB_READ && o->next == asked->offset)
		smb_data_limit(o, o->next);
	smb_payload(u, asked->place, SMB_READ, asked->offset, at, len);
}

static bool reply(struct smb_turn *u, struct part *c)
{
	if (u->s->command == TREE_CONNECT_ANDX)
		tree_connected(u, c);
	struct smb_asked *asked = smb_asked(u);
	if (asked == NULL || u->status == SMB_STATUS_PENDING)
		return true;
	struct smb_open *o = smb_open_at(u->t, asked->place);
	bool said = true;
	if (asked->what == SMB_ASK_CREATE)
		said = created(u, c, asked->place);
	else if (asked->what == SMB_ASK_READ)
		is_read(u, c, asked);
	else if (asked->what == SMB_ASK_CLOSE)
		said = smb_open_end(u->t, asked->place, u->b);
	else if (u->status != 0 && o != NULL)
		smb_data_partial(u->t, o, u->b);
	if (said)
		asked->what = SMB_ASK_NONE;
	return said;
}

/* ---- Commands ---- */

/* The command whose words begin at `at`. False: it is not all there. */
static bool part_read(const struct smb_turn *u, uint32_t at, struct part *c)
{
	struct sl_rd r = sl_rd(sl_span_from(u->unit, at));
	c->count = sl_rd8(&r);
	c->words = sl_rd(sl_rd_take(&r, 2u * c->count));
	size_t bytes = le16(&r), left = sl_rd_left(&r);
	/* Of what streams only the head is here; large messages count their bytes modulo 65536. */
	c->bytes = sl_rd(sl_rd_take(&r, bytes < left ? bytes : left));
	return !r.bad;
}

/* Where the next command of the chain begins; 0: this is the last. Chains only go forward. */
static void chain(struct smb_turn *u, uint32_t at, const struct part *c)
{
	struct smb_side *s = u->s;
	struct sl_rd r = sl_rd(sl_span_from(u->unit, at + 1));
	s->chain = 0;
	if (!is_andx(s->command) || c->count < 2)
		return;
	uint8_t command = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint16_t next = le16(&r);
	if (r.bad || command == NO_ANDX || next <= at || next >= u->unit.len)
		return;
	s->chain = next;
	s->command = command;
}

bool smb1_message(struct smb_turn *u)
{
	struct sl_rd r = sl_rd(u->unit);
	struct smb_side *s = u->s;
	struct part c;
	sl_rd_skip(&r, 4);
	uint8_t command = sl_rd8(&r);
	u->status = le32(&r);
	u->reply = sl_rd8(&r) & FLAG_REPLY;
	u->unicode = le16(&r) & FLAG2_UNICODE;
	sl_rd_skip(&r, 2 + 8 + 2);
	u->tree = le16(&r);
	uint64_t pid = le16(&r);
	sl_rd_skip(&r, 2);
	uint32_t mid = le16(&r), at = s->chain != 0 ? s->chain : HEADER;
	if (s->chain == 0)
		s->command = command;
	u->id = (uint64_t)s->command << 32 | pid << 16 | mid;
	if (r.bad || !interesting(s->command, u->reply)) {
		/* An answer that has nothing but its status. */
		if (r.bad)
			parser_count_part(u->b);
		s->chain = 0;
		c = (struct part){ .words = r, .bytes = r };
		return r.bad || !u->reply || reply(u, &c);
	}
	if (!part_read(u, at, &c)) {
		parser_count_part(u->b);
		s->chain = 0;
		return true;
	}
	if (!(u->reply ? reply(u, &c) : request(u, &c)))
		return false;
	chain(u, at, &c);
	return true;
}
