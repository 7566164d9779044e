/* SPDX-License-Identifier: BSD-3-Clause */
/* smb2.c - messages of SMB 2 and 3 (MS-SMB2 2.2): shares, users, what is opened, read, written and
 * closed. Worker. A message is read again from its begin where the batch was full, so what it
 * changes comes after what it says. */
#include "le.h"
#include "parsers.h"
#include "smb.h"
#include "utf16.h"
#include <sightline/hot.h>

#define HEADER 64u
#define WHOLE UINT32_MAX

enum command {
	SESSION_SETUP = 1,
	TREE_CONNECT = 3,
	CREATE = 5,
	CLOSE = 6,
	READ = 8,
	WRITE = 9,
	IOCTL = 11,
	SET_INFO = 17,
	COMMANDS = 19
};
enum { FLAG_REPLY = 1, FLAG_ASYNC = 2, FLAG_RELATED = 4 };
enum {
	SHARE_PIPE = 2,
	CLOSE_ATTRIBUTES = 1,
	ATTRIBUTE_DIRECTORY = 0x10,
	INFO_FILE = 1,
	CLASS_RENAME = 10,
	CLASS_END = 20
};
#define FSCTL_PIPE_TRANSCEIVE 0x11c017u

/* Bytes of a request and of a reply that have to lie together. */
static const uint32_t needs[COMMANDS][2] = {
	[SESSION_SETUP] = { WHOLE, HEADER },
	[TREE_CONNECT] = { WHOLE, HEADER + 16 },
	[CREATE] = { WHOLE, HEADER + 88 },
	[CLOSE] = { HEADER + 24, HEADER + 60 },
	[READ] = { HEADER + 48, HEADER + 16 },
	[WRITE] = { HEADER + 48, HEADER },
	[IOCTL] = { WHOLE, HEADER },
	[SET_INFO] = { WHOLE, HEADER },
};

static uint32_t le32_at(struct sl_span in, size_t at)
{
	struct sl_rd r = sl_rd(sl_span_from(in, at));
	return le32(&r);
}

static uint16_t le16_at(struct sl_span in, size_t at)
{
	struct sl_rd r = sl_rd(sl_span_from(in, at));
	return le16(&r);
}

uint32_t smb2_need(struct sl_span head, uint32_t *unit_len)
{
	if (head.len < HEADER)
		return HEADER;
	uint32_t next = le32_at(head, 20);
	if (next >= HEADER && next < *unit_len)
		*unit_len = next;
	uint16_t command = le16_at(head, 12);
	uint32_t n = command < COMMANDS ? needs[command][le32_at(head, 16) & FLAG_REPLY] : 0;
	return n > HEADER ? n : HEADER;
}

/* The body of the message. */
static struct sl_rd body(const struct smb_turn *u)
{
	struct sl_rd r = sl_rd(sl_span_from(u->unit, HEADER));
	sl_rd_skip(&r, 2); /* its size, which says nothing that the command doesn't */
	return r;
}

static bool part(struct smb_turn *u)
{
	parser_count_part(u->b);
	return true;
}

/* ---- Requests ---- */

static bool session_setup(struct smb_turn *u)
{
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 1 + 1 + 4 + 4);
	uint16_t off = le16(&r), len = le16(&r);
	if (r.bad)
		return part(u);
	return smb_say_user(u, le_part(u->unit, off, len)) && smb_close(u);
}

static bool tree_connect(struct smb_turn *u)
{
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 2);
	uint16_t off = le16(&r), len = le16(&r);
	struct sl_span path = le_part(u->unit, off, len);
	if (r.bad || path.len != len)
		return part(u);
	return smb_say(u, SL_WHERE_SMB_SHARE, path) && smb_close(u);
}

static bool create(struct smb_turn *u)
{
	uint8_t name[SL_VALUE_MAX];
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 1 + 1 + 4 + 8 + 8 + 4 + 4 + 4 + 4 + 4);
	uint16_t off = le16(&r), len = le16(&r);
	struct sl_span path = le_part(u->unit, off, len);
	u->s->last.serial = 0;
	if (r.bad || path.len != len)
		return part(u);
	/* The root of the share: nothing that is read or written. */
	if (len == 0)
		return true;
	if (!smb_say(u, SL_WHERE_SMB_FILE, path) || !smb_open_room(u))
		return false;
	u->s->last = smb_open_new(u, sl_span(name, utf16_text(path, name, sizeof(name))));
	smb_ask(u, SMB_ASK_CREATE, u->s->last, 0);
	return true;
}

/* The open that a request is about: a FileId of all ones stands for that of the request before in
 * the same frame (MS-SMB2 3.3.5.2.7.2). False: the batch is full. */
static bool file_of(struct smb_turn *u, struct sl_span id, bool make, struct smb_place *out)
{
	static const uint8_t same[SMB_ID] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255 };
	*out = (struct smb_place){ .serial = 0 };
	if (id.len < SMB_ID)
		return true;
	if (memcmp(id.p, same, SMB_ID) == 0)
		*out = u->s->last;
	else if (!make)
		*out = smb_open_find(u->t, id.p);
	else if (!smb_open_need(u, id.p, out))
		return false;
	u->s->last = *out;
	return true;
}

static bool file_close(struct smb_turn *u)
{
	struct smb_place at;
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 2 + 4);
	(void)file_of(u, sl_rd_take(&r, SMB_ID), false, &at);
	struct smb_open *o = smb_open_at(u->t, at);
	if (o == NULL)
		return true;
	o->closed = true;
	smb_ask(u, SMB_ASK_CLOSE, at, 0);
	return true;
}

static bool file_read(struct smb_turn *u)
{
	struct smb_place at;
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 1 + 1 + 4);
	uint64_t offset = le64(&r);
	if (!file_of(u, sl_rd_take(&r, SMB_ID), true, &at))
		return false;
	if (at.serial != 0)
		smb_ask(u, SMB_ASK_READ, at, offset);
	return true;
}

static bool file_write(struct smb_turn *u)
{
	struct smb_place at;
	struct sl_rd r = body(u);
	uint16_t off = le16(&r);
	uint32_t len = le32(&r);
	uint64_t offset = le64(&r);
	struct sl_span id = sl_rd_take(&r, SMB_ID);
	if (r.bad)
		return part(u);
	if (!file_of(u, id, true, &at))
		return false;
	if (at.serial == 0)
		return true;
	smb_ask(u, SMB_ASK_WRITE, at, offset);
	smb_payload(u, at, SMB_WRITE, offset, off, len);
	return true;
}

static bool ioctl(struct smb_turn *u)
{
	struct smb_place at;
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 2);
	uint32_t control = le32(&r);
	struct sl_span id = sl_rd_take(&r, SMB_ID);
	uint32_t off = le32(&r), len = le32(&r);
	if (r.bad)
		return part(u);
	if (control != FSCTL_PIPE_TRANSCEIVE)
		return true;
	if (!file_of(u, id, true, &at))
		return false;
	smb_payload(u, at, SMB_WRITE, 0, off, len);
	return true;
}

/* A new name, or where the file is to end (MS-FSCC 2.4). */
static bool set_info(struct smb_turn *u)
{
	struct smb_place at;
	struct sl_rd r = body(u);
	uint8_t type = sl_rd8(&r), class = sl_rd8(&r);
	uint32_t len = le32(&r);
	uint16_t off = le16(&r);
	sl_rd_skip(&r, 2 + 4);
	(void)file_of(u, sl_rd_take(&r, SMB_ID), false, &at);
	struct smb_open *o = smb_open_at(u->t, at);
	struct sl_span info = le_part(u->unit, off, len);
	if (r.bad || info.len != len)
		return part(u);
	r = sl_rd(info);
	if (type != INFO_FILE)
		return true;
	if (class == CLASS_END && info.len >= 8 && o != NULL)
		smb_data_limit(o, le64(&r));
	if (class != CLASS_RENAME)
		return true;
	sl_rd_skip(&r, 8 + 8);
	struct sl_span name = sl_rd_take(&r, le32(&r));
	return smb_say(u, SL_WHERE_SMB_FILE, name) && smb_close(u);
}

static bool request(struct smb_turn *u, uint16_t command)
{
	switch (command) {
	case SESSION_SETUP:
		return session_setup(u);
	case TREE_CONNECT:
		return tree_connect(u);
	case CREATE:
		return create(u);
	case CLOSE:
		return file_close(u);
	case READ:
		return file_read(u);
	case WRITE:
		return file_write(u);
	case IOCTL:
		return ioctl(u);
	case SET_INFO:
		return set_info(u);
	default:
		return true;
	}
}

/* ---- Replies ---- */

static void tree_connected(struct smb_turn *u)
{
	struct sl_rd r = body(u);
	uint8_t share = sl_rd8(&r);
	if (!r.bad && u->status == 0)
		smb_tree_learn(
			u->t, u->tree, share == SHARE_PIPE ? SMB_KIND_PIPES : SMB_KIND_FILES);
}

/* False: the batch is full. */
static bool created(struct smb_turn *u, struct smb_place at)
{
	struct sl_rd r = body(u);
	sl_rd_skip(&r, 1 + 1 + 4 + 4 * 8 + 8);
	uint64_t end = le64(&r);
	uint32_t attributes = le32(&r);
	sl_rd_skip(&r, 4);
	struct sl_span id = sl_rd_take(&r, SMB_ID);
	struct smb_open *o = smb_open_at(u->t, at);
	if (u->status != 0 || r.bad || (attributes & ATTRIBUTE_DIRECTORY))
		return smb_open_end(u->t, at, u->b);
	if (o != NULL)
		smb_data_limit(o, end);
	smb_open_grant(u->t, at, id.p);
	return true;
}

static bool is_read(struct smb_turn *u, const struct smb_asked *asked)
{
	struct sl_rd r = body(u);
	uint8_t off = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint32_t len = le32(&r);
	struct smb_open *o = smb_open_at(u->t, asked->place);
	if (u->status == 0 || u->status == SMB_STATUS_BUFFER_OVERFLOW) {
		if (r.bad)
			return part(u);
		smb_payload(u, asked->place, SMB_READ, asked->offset, off, len);
	} else if (u->status == SMB_STATUS_END_OF_FILE && o != NULL && o->use == SMB_READ &&
		   asked->offset == o->next) {
		smb_data_limit(o, o->next);
		smb_payload(u, asked->place, SMB_READ, asked->offset, HEADER, 0);
	}
	return true;
}

/* Where the file ended, if the client asked for it (MS-SMB2 2.2.16). False: the batch is full. */
static bool file_closed(struct smb_turn *u, struct smb_place at)
{
	struct sl_rd r = body(u);
	struct smb_open *o = smb_open_at(u->t, at);
	bool asked = le16(&r) & CLOSE_ATTRIBUTES;
	sl_rd_skip(&r, 4 + 4 * 8 + 8);
	uint64_t end = le64(&r);
	if (o != NULL && asked && !r.bad && u->status == 0 && (!o->end_known || end > o->end))
		smb_data_limit(o, end);
	return smb_open_end(u->t, at, u->b);
}

static bool reply(struct smb_turn *u, uint16_t command)
{
	if (command == TREE_CONNECT)
		tree_connected(u);
	struct smb_asked *asked = smb_asked(u);
	if (asked == NULL || u->status == SMB_STATUS_PENDING)
		return true;
	struct smb_open *o = smb_open_at(u->t, asked->place);
	bool said = true;
	if (asked->what == SMB_ASK_CREATE && command == CREATE)
		said = created(u, asked->place);
	else if (asked->what == SMB_ASK_READ && command == READ)
		said = is_read(u, asked);
	else if (asked->what == SMB_ASK_WRITE && command == WRITE && u->status != 0 && o != NULL)
		smb_data_partial(u->t, o, u->b);
	else if (asked->what == SMB_ASK_CLOSE && command == CLOSE)
		said = file_closed(u, asked->place);
	if (said)
		asked->what = SMB_ASK_NONE;
	return said;
}

bool smb2_message(struct smb_turn *u)
{
	if (u->unit.len < HEADER)
		return part(u);
	uint32_t flags = le32_at(u->unit, 16);
	uint16_t command = le16_at(u->unit, 12);
	struct sl_rd r = sl_rd(sl_span_from(u->unit, 24));
	u->id = le64(&r);
	u->tree = le32_at(u->unit, 36);
	u->status = le32_at(u->unit, 8);
	u->unicode = true;
	if (command >= COMMANDS)
		return part(u);
	if (u->s->unit.have < u->s->unit_len && needs[command][flags & FLAG_REPLY] == WHOLE)
		parser_count_part(u->b);
	return flags & FLAG_REPLY ? reply(u, command) : request(u, command);
}
