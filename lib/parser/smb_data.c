/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_data.c - what is read from and written to files over SMB, put in order and hashed as it comes
 * (file/file.h); what a client writes into a pipe is DCE/RPC. Worker. Requests are answered in any
 * order: bytes before their turn are held, within bounds for each flow, and a file that needs more
 * is partial. */
#include "smb.h"
#include "parsers.h"
#include <sightline/hot.h>

#define HELD_UNIT 16384u

/* ---- Bytes before their turn ---- */

static void held_free(struct smb *t, struct smb_held *h, struct sl_batch *b)
{
	t->held_bytes -= h->size;
	t->held_pieces--;
	sl_parser_pool_give(b->pool, h, h->size);
}

static void held_drop(struct smb *t, struct smb_open *o, struct sl_batch *b)
{
	while (o->held != NULL) {
		struct smb_held *h = o->held;
		o->held = h->next;
		held_free(t, h, b);
	}
}

void smb_data_partial(struct smb *t, struct smb_open *o, struct sl_batch *b)
{
	if (o->told)
		return;
	o->partial = true;
	sl_file_gap(o->file);
	held_drop(t, o, b);
}

static struct smb_held *held_new(struct smb *t, struct sl_batch *b, size_t len)
{
	size_t size = sizeof(struct smb_held) + len;
	size = size < HELD_UNIT ? size : HELD_UNIT;
	struct smb_held *h = NULL;
	if (t->held_bytes + size <= SMB_HELD_BYTES && t->held_pieces < SMB_HELD_PIECES)
		h = sl_parser_pool_take(b->pool, (uint16_t)size);
	if (h == NULL)
		return NULL;
	h->size = (uint16_t)size;
	t->held_bytes += h->size;
	t->held_pieces++;
	return h;
}

/* The last piece that begins at or before offset; NULL: none does. */
static struct smb_held *held_before(struct smb_open *o, uint64_t offset)
{
	struct smb_held *h = NULL;
	for (struct smb_held *n = o->held; n != NULL && n->offset <= offset; n = n->next)
		h = n;
	return h;
}

/* Whether bytes that are held would be contradicted. */
static bool overlaps(struct smb_open *o, uint64_t offset, size_t len)
{
	const struct smb_held *h = held_before(o, offset), *next = h != NULL ? h->next : o->held;
	return (h != NULL && h->offset + h->len > offset) ||
	       (next != NULL && next->offset < offset + len);
}

/* Keeps bytes; `more` of the same run are to follow. False: there is no room. */
static bool hold(struct smb *t, struct smb_open *o, struct sl_batch *b, uint64_t offset,
	struct sl_span in, uint32_t more)
{
	while (in.len > 0) {
		struct smb_held *at = held_before(o, offset);
		size_t room = 0;
		if (at != NULL && at->offset + at->len == offset)
			room = at->size - sizeof(*at) - at->len;
		if (room == 0) {
			struct smb_held *h = held_new(t, b, in.len + more);
			if (h == NULL)
				return false;
			h->offset = offset;
			h->next = at != NULL ? at->next : o->held;
			*(at != NULL ? &at->next : &o->held) = h;
			at = h;
			room = h->size - sizeof(*h);
		}
		size_t n = in.len < room ? in.len : room;
		memcpy(at->bytes + at->len, in.p, n);
		at->len += (uint32_t)n;
		offset += n;
		in = sl_span_from(in, n);
	}
	return true;
}

/* Bytes of which those before o->next are known already. */
static void take(struct smb_open *o, struct sl_batch *b, uint64_t offset, struct sl_span in)
{
	uint64_t known = o->next - offset;
	if (known >= in.len)
		return;
	sl_file_bytes(o->file, b, sl_span_from(in, (size_t)known));
	o->next = offset + in.len;
}

/* At the end of a payload, not within: where what is held is written a second time, that counts. */
static void drain(struct smb *t, struct smb_open *o, struct sl_batch *b)
{
	while (o->held != NULL && o->held->offset <= o->next) {
		struct smb_held *h = o->held;
		take(o, b, h->offset, sl_span(h->bytes, h->len));
		o->held = h->next;
		held_free(t, h, b);
	}
}

/* ---- Files ---- */

static void content_begin(
	struct smb *t, struct smb_open *o, struct sl_batch *b, enum smb_use use, enum sl_dir dir)
{
	held_drop(t, o, b);
	sl_file_drop(&o->file, b);
	o->partial &= o->use == SMB_UNUSED; /* a payload was cut before any came */
	o->use = (uint8_t)use;
	o->next = 0;
	o->told = false;
	struct sl_file_begin how = {
		.dir = dir, .message = o->message, .name = sl_span(o->name, o->name_len)
	};
	o->file = sl_file_begin(b, &how);
}

/* The first bytes, or the first of another kind: reads that follow writes through the same open
 * tell nothing new, writes that follow reads make another content. False: they are of no use. */
static bool use_begin(
	struct smb *t, struct smb_open *o, struct sl_batch *b, enum smb_use use, enum sl_dir dir)
{
	if (o->use == use)
		return !o->told && !o->partial;
	if (o->use == SMB_WRITE)
		return false;
	content_begin(t, o, b, use, dir);
	return true;
}

/* What was written is written again, so what was hashed is no longer what the file has: from its
 * begin on it is hashed anew, and is whole when it reaches as far as before. Elsewhere: false. */
static bool again(
	struct smb *t, struct smb_open *o, struct sl_batch *b, uint64_t offset, enum sl_dir dir)
{
	if (offset != 0) {
		smb_data_partial(t, o, b);
		return false;
	}
	o->end = o->end > o->next ? o->end : o->next;
	content_begin(t, o, b, SMB_WRITE, dir);
	return true;
}

static void file_bytes(struct smb *t, struct smb_open *o, struct sl_batch *b,
	const struct smb_side *s, enum sl_dir dir, struct sl_span in)
{
	enum smb_use use = (enum smb_use)s->use;
	if (in.len == 0 || !use_begin(t, o, b, use, dir) || o->file == NULL)
		return;
	if (s->offset > o->next) {
		bool fits = s->offset + in.len >= s->offset &&
			    !(use == SMB_WRITE && overlaps(o, s->offset, in.len)) &&
			    hold(t, o, b, s->offset, in, s->data_left - (uint32_t)in.len);
		if (fits)
			return;
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_SMB_HELD_LOST, 1);
		smb_data_partial(t, o, b);
		return;
	}
	if (use == SMB_WRITE && s->offset < o->next && !again(t, o, b, s->offset, dir))
		return;
	take(o, b, s->offset, in);
}

bool smb_data(struct smb *t, struct smb_side *s, struct sl_batch *b, enum sl_dir dir,
	struct sl_span in, size_t *used)
{
	struct smb_open *o = smb_open_at(t, s->to);
	*used = in.len;
	if (o == NULL)
		return true;
	/* Where the kind of tree is not known, both are tried until it is clear. */
	if (o->kind != SMB_KIND_FILES && s->use == SMB_WRITE) {
		if (!dcerpc_bytes(&o->rpc, b, dir, &o->message, false, in, used)) {
			in = sl_span(in.p, *used);
			if (o->kind == SMB_KIND_UNKNOWN)
				file_bytes(t, o, b, s, dir, in);
			s->offset += *used;
			return false;
		}
	}
	if (o->kind != SMB_KIND_PIPES)
		file_bytes(t, o, b, s, dir, in);
	s->offset += *used;
	return true;
}

void smb_data_limit(struct smb_open *o, uint64_t end)
{
	o->end = end;
	o->end_known = true;
	o->partial |= o->use == SMB_WRITE && end < o->next;
}

/* Whether all of it was there. What a client reads from the begin on and then closes is all that it
 * had of the file, even where the file goes on: such objects are known by their hash as well. Where
 * messages were missed, it may have read or written more than was seen. */
static bool whole(const struct smb_open *o)
{
	if (o->partial || o->held != NULL)
		return false;
	bool closed = o->closed && !o->unsure;
	if (o->use == SMB_WRITE)
		return closed && o->next >= o->end;
	return (o->end_known && o->next == o->end) || (closed && o->next > 0);
}

bool smb_data_tell(struct smb *t, struct smb_open *o, struct sl_batch *b)
{
	if (o->kind == SMB_KIND_PIPES || o->rpc.bound)
		sl_file_drop(&o->file, b);
	if (o->held != NULL)
		sl_file_gap(o->file); /* what is held came, and what it waits for did not */
	if (!sl_file_end(&o->file, b, whole(o)))
		return false;
	held_drop(t, o, b);
	o->told = true;
	return true;
}

bool smb_data_end(struct smb *t, struct smb_side *s, struct sl_batch *b)
{
	struct smb_open *o = smb_open_at(t, s->to);
	size_t used;
	if (o == NULL)
		return true;
	if (o->rpc.ready && !dcerpc_bytes(&o->rpc, b, (enum sl_dir)o->dir, &o->message, false,
				    sl_span(o->name, 0), &used))
		return false;
	if (s->cut)
		smb_data_partial(t, o, b);
	drain(t, o, b);
	if (s->use != SMB_READ || o->file == NULL || !whole(o))
		return true;
	return smb_data_tell(t, o, b);
}
