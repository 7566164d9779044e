/* SPDX-License-Identifier: BSD-3-Clause */
/* smb1_reply.c - what SMB 1 servers answer: kinds of trees, files opened, what is read. Worker. */
#include "parsers.h"
#include "smb1.h"
#include <sightline/hot.h>

enum { ATTRIBUTE_DIRECTORY = 0x10 };

/* ---- Replies ---- */

static void tree_connected(struct smb_turn *u, struct smb1_part *c)
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
	if (command == SMB1_NT_CREATE) {
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
	sl_rd_skip(r, command == SMB1_OPEN_ANDX ? 4 : 0);
	g->fid = le16(r);
	if (command == SMB1_CREATE || command == SMB1_CREATE_NEW)
		return !r->bad;
	g->attributes = le16(r);
	sl_rd_skip(r, 4);
	g->end = le32(r);
	if (command == SMB1_OPEN_ANDX) {
		sl_rd_skip(r, 2);
		g->type = le16(r);
	}
	return !r->bad;
}

/* False: the batch is full. */
static bool created(struct smb_turn *u, struct smb1_part *c, struct smb_place at)
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
	smb1_id(g.fid, id);
	smb_open_grant(u->t, at, id);
	return true;
}

static void is_read(struct smb_turn *u, struct smb1_part *c, const struct smb_asked *asked)
{
	uint32_t len, at;
	struct smb_open *o = smb_open_at(u->t, asked->place);
	if (u->status != 0 && u->status != SMB_STATUS_BUFFER_OVERFLOW)
		return;
	if (u->s->command == SMB1_READ_ANDX) {
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

bool smb1_reply(struct smb_turn *u, struct smb1_part *c)
{
	if (u->s->command == SMB1_TREE_CONNECT_ANDX)
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
