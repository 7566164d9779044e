/* SPDX-License-Identifier: BSD-3-Clause */
/* smb1_request.c - what SMB 1 clients ask for: users, shares, names, and what they write. Worker.
 */
#include "ntlm.h"
#include "smb1.h"
#include "utf16.h"
#include <sightline/hot.h>

enum { PIPE_TRANSACT = 0x26, PIPE_RAW_WRITE = 0x36 };
enum {
	TRANS2_OPEN = 0,
	TRANS2_QUERY_PATH = 5,
	TRANS2_SET_PATH = 6,
	TRANS2_SET_FILE = 8,
	TRANS2_MKDIR = 13
};

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

/* The open that a request is about: behind an open in the same chain, that (MS-CIFS 2.2.3.4).
 * False: the batch is full. */
static bool file_of(struct smb_turn *u, uint16_t fid, struct smb_place *out)
{
	uint8_t id[SMB_ID];
	*out = u->s->last;
	if (out->serial != 0)
		return true;
	smb1_id(fid, id);
	return smb_open_need(u, id, out);
}

static bool session_setup(struct smb_turn *u, struct smb1_part *c)
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

static bool tree_connect(struct smb_turn *u, struct smb1_part *c)
{
	struct sl_span path;
	if (u->s->command == SMB1_TREE_CONNECT_ANDX) {
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

static bool rename_say(struct smb_turn *u, struct smb1_part *c)
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

static bool file_close(struct smb_turn *u, struct smb1_part *c)
{
	uint8_t id[SMB_ID];
	struct smb_place at = u->s->last;
	smb1_id(le16(&c->words), id);
	if (at.serial == 0)
		at = smb_open_find(u->t, id);
	struct smb_open *o = smb_open_at(u->t, at);
	if (o == NULL || c->words.bad)
		return true;
	o->closed = true;
	smb_ask(u, SMB_ASK_CLOSE, at, 0);
	return true;
}

static bool file_read(struct smb_turn *u, struct smb1_part *c)
{
	struct smb_place at;
	bool andx = u->s->command == SMB1_READ_ANDX;
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

static bool write_andx(struct smb_turn *u, struct smb1_part *c)
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

/* SMB1_WRITE and SMB1_WRITE_AND_CLOSE. */
static bool write_old(struct smb_turn *u, struct smb1_part *c)
{
	struct smb_place at;
	uint16_t fid = le16(&c->words), len = le16(&c->words);
	uint32_t offset = le32(&c->words);
	sl_rd_skip(&c->bytes, u->s->command == SMB1_WRITE ? 1 + 2 : 1);
	if (c->words.bad || c->bytes.bad)
		return true;
	if (!file_of(u, fid, &at))
		return false;
	struct smb_open *o = smb_open_at(u->t, at);
	bool closes = u->s->command == SMB1_WRITE_AND_CLOSE;
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

static bool transaction_read(struct smb_turn *u, struct smb1_part *c, struct transaction *x)
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

static bool transaction(struct smb_turn *u, struct smb1_part *c)
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
	smb1_id(le16(&r), id);
	uint16_t level = le16(&r);
	uint64_t end = le64(&d);
	struct smb_open *o = smb_open_at(u->t, smb_open_find(u->t, id));
	if (!r.bad && !d.bad && o != NULL && (level == 0x104 || level == 1000 + 20))
		smb_data_limit(o, end);
}

static bool transaction2(struct smb_turn *u, struct smb1_part *c)
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

bool smb1_request(struct smb_turn *u, struct smb1_part *c)
{
	switch (u->s->command) {
	case SMB1_SESSION_SETUP:
		return session_setup(u, c);
	case SMB1_TREE_CONNECT:
	case SMB1_TREE_CONNECT_ANDX:
		return tree_connect(u, c);
	case SMB1_CREATE_DIRECTORY:
	case SMB1_DELETE_DIRECTORY:
	case SMB1_DELETE:
	case SMB1_QUERY_INFORMATION:
	case SMB1_SET_INFORMATION:
	case SMB1_CHECK_DIRECTORY:
		return name_say(u, old_text(u, &c->bytes));
	case SMB1_RENAME:
	case SMB1_NT_RENAME:
		return rename_say(u, c);
	case SMB1_OPEN:
	case SMB1_CREATE:
	case SMB1_CREATE_NEW:
		return open_file(u, old_text(u, &c->bytes));
	case SMB1_OPEN_ANDX:
	case SMB1_NT_CREATE:
		return open_file(u, text(u, &c->bytes));
	case SMB1_CLOSE:
		return file_close(u, c);
	case SMB1_READ:
	case SMB1_READ_ANDX:
		return file_read(u, c);
	case SMB1_WRITE_ANDX:
		return write_andx(u, c);
	case SMB1_WRITE:
	case SMB1_WRITE_AND_CLOSE:
		return write_old(u, c);
	case SMB1_TRANSACTION:
		return transaction(u, c);
	case SMB1_TRANSACTION2:
		return transaction2(u, c);
	default:
		return true;
	}
}
