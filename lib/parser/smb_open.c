/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_open.c - what is open on an SMB connection, what was asked and not answered, and which trees
 * hold pipes. Worker; tables of fixed size, the oldest gives way, which is counted; opens
 * themselves are the pool's. */
#include "smb.h"
#include "parsers.h"
#include <sightline/hot.h>

/* ---- Opens ---- */

static uint32_t fold(const uint8_t id[SMB_ID])
{
	uint32_t w[4];
	memcpy(w, id, SMB_ID);
	return w[0] ^ w[1] * 0x9e3779b1u ^ w[2] * 0x85ebca6bu ^ w[3];
}

struct smb_open *smb_open_at(struct smb *t, struct smb_place at)
{
	struct smb_open *o = at.serial ? t->open[at.slot] : NULL;
	if (o == NULL || o->serial != at.serial)
		return NULL;
	t->used[at.slot] = ++t->turn;
	return o;
}

struct smb_place smb_open_find(struct smb *t, const uint8_t id[SMB_ID])
{
	uint32_t key = fold(id);
	for (unsigned i = 0; i < SMB_OPENS; i++) {
		const struct smb_open *o = t->open[i];
		if (t->key[i] == key && o != NULL && o->granted && memcmp(o->id, id, SMB_ID) == 0)
			return (struct smb_place){ .serial = o->serial, .slot = (uint8_t)i };
	}
	return (struct smb_place){ .serial = 0 };
}

static unsigned vacant(const struct smb *t)
{
	unsigned i = 0;
	while (i < SMB_OPENS && t->open[i] != NULL)
		i++;
	return i;
}

/* The turn of its last use stays, so that who looks for the oldest finds it again. */
static bool slot_end(struct smb *t, unsigned slot, struct sl_batch *b)
{
	struct smb_open *o = t->open[slot];
	if (!smb_data_tell(t, o, b) || !sl_batch_close(b, (enum sl_dir)o->dir, o->message))
		return false;
	dcerpc_drop(&o->rpc, b);
	sl_parser_pool_give(b->pool, o, (uint16_t)sizeof(*o));
	t->open[slot] = NULL;
	return true;
}

bool smb_open_room(struct smb_turn *u)
{
	struct smb *t = u->t;
	if (vacant(t) < SMB_OPENS)
		return true;
	unsigned oldest = 0;
	for (unsigned i = 1; i < SMB_OPENS; i++)
		if (t->turn - t->used[i] > t->turn - t->used[oldest])
			oldest = i;
	if (!slot_end(t, oldest, u->b))
		return false;
	if (u->b->counters != NULL)
		sl_count(u->b->counters, SL_C_SMB_OPENS_LOST, 1);
	return true;
}

/* Behind the last separator, and of that the end: what tells a file from another. */
static void name_keep(struct smb_open *o, struct sl_span name)
{
	size_t at = name.len;
	while (at > 0 && name.p[at - 1] != '\\' && name.p[at - 1] != '/')
		at--;
	struct sl_span base = sl_span_from(name, at);
	if (base.len > SMB_NAME_MAX)
		base = sl_span_from(base, base.len - SMB_NAME_MAX);
	o->name_len = (uint8_t)base.len;
	memcpy(o->name, base.p, base.len);
}

struct smb_place smb_open_new(struct smb_turn *u, struct sl_span name)
{
	struct smb *t = u->t;
	unsigned slot = vacant(t);
	struct smb_open *o = u->b->pool != NULL && slot < SMB_OPENS
				     ? sl_parser_pool_take(u->b->pool, (uint16_t)sizeof(*o))
				     : NULL;
	if (o == NULL) {
		if (u->b->counters != NULL)
			sl_count(u->b->counters, SL_C_PARSER_POOL, 1);
		return (struct smb_place){ .serial = 0 };
	}
	if (u->s->message == 0)
		u->s->message = sl_batch_next_message(u->b);
	o->message = u->s->message;
	o->dir = (uint8_t)u->dir;
	o->kind = (uint8_t)smb_tree_kind(t, u->tree);
	o->serial = ++t->turn ? t->turn : ++t->turn;
	name_keep(o, name);
	t->open[slot] = o;
	t->key[slot] = 0;
	t->used[slot] = t->turn;
	return (struct smb_place){ .serial = o->serial, .slot = (uint8_t)slot };
}

void smb_open_grant(struct smb *t, struct smb_place at, const uint8_t id[SMB_ID])
{
	struct smb_open *o = smb_open_at(t, at);
	if (o == NULL)
		return;
	memcpy(o->id, id, SMB_ID);
	o->granted = true;
	t->key[at.slot] = fold(id);
}

bool smb_open_need(struct smb_turn *u, const uint8_t id[SMB_ID], struct smb_place *out)
{
	*out = smb_open_find(u->t, id);
	if (out->serial != 0)
		return true;
	if (!smb_open_room(u))
		return false;
	*out = smb_open_new(u, sl_span(id, 0));
	smb_open_grant(u->t, *out, id);
	return true;
}

bool smb_open_end(struct smb *t, struct smb_place at, struct sl_batch *b)
{
	return smb_open_at(t, at) == NULL || slot_end(t, at.slot, b);
}

bool smb_open_end_all(struct smb *t, struct sl_batch *b)
{
	for (unsigned i = 0; i < SMB_OPENS; i++) {
		if (t->open[i] != NULL && !slot_end(t, i, b))
			return false;
	}
	return true;
}

void smb_open_unsure_all(struct smb *t)
{
	for (unsigned i = 0; i < SMB_OPENS; i++)
		if (t->open[i] != NULL)
			t->open[i]->unsure = true;
}

/* ---- Requests ---- */

/* A request gives way: its answer will not be understood. */
static void asked_lose(struct smb *t, const struct smb_asked *a, struct sl_batch *b)
{
	struct smb_open *o = smb_open_at(t, a->place);
	if (o != NULL)
		o->unsure = true;
	if (b->counters != NULL)
		sl_count(b->counters, SL_C_SMB_ASKED_LOST, 1);
}

/* The same id again (a client's mistake, or a lost answer) replaces what was there. */
void smb_ask(struct smb_turn *u, enum smb_ask what, struct smb_place place, uint64_t offset)
{
	struct smb *t = u->t;
	unsigned at = 0;
	bool had = false;
	for (unsigned i = 0; i < SMB_ASKED && !had; i++) {
		had = t->asked[i].what != SMB_ASK_NONE && t->asked[i].id == u->id;
		if (had ||
			(t->asked[at].what != SMB_ASK_NONE &&
				(t->asked[i].what == SMB_ASK_NONE ||
					t->turn - t->asked[i].turn > t->turn - t->asked[at].turn)))
			at = i;
	}
	if (!had && t->asked[at].what != SMB_ASK_NONE)
		asked_lose(t, &t->asked[at], u->b);
	t->asked[at] = (struct smb_asked){ .id = u->id,
		.offset = offset,
		.place = place,
		.turn = ++t->turn,
		.what = (uint8_t)what };
}

struct smb_asked *smb_asked(struct smb_turn *u)
{
	for (unsigned i = 0; i < SMB_ASKED; i++)
		if (u->t->asked[i].what != SMB_ASK_NONE && u->t->asked[i].id == u->id)
			return &u->t->asked[i];
	return NULL;
}

/* ---- Trees ---- */

void smb_tree_learn(struct smb *t, uint32_t id, enum smb_kind kind)
{
	unsigned at = 0;
	while (at < SMB_TREES && (t->tree[at].id != id || t->tree[at].kind == SMB_KIND_UNKNOWN))
		at++;
	if (at == SMB_TREES) {
		at = t->tree_at;
		t->tree_at = (uint8_t)((t->tree_at + 1) % SMB_TREES);
	}
	t->tree[at] = (struct smb_tree){ .id = id, .kind = (uint8_t)kind };
}

enum smb_kind smb_tree_kind(const struct smb *t, uint32_t id)
{
	for (unsigned i = 0; i < SMB_TREES; i++)
		if (t->tree[i].kind != SMB_KIND_UNKNOWN && t->tree[i].id == id)
			return (enum smb_kind)t->tree[i].kind;
	return SMB_KIND_UNKNOWN;
}
