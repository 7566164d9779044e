/* SPDX-License-Identifier: BSD-3-Clause */
/* smb.c - SMB 1, 2 and 3 over TCP (MS-CIFS, MS-SMB, MS-SMB2), framed as NetBIOS sessions (RFC 1002
 * 4.3) or directly: shares, files, users, the files' content and the DCE/RPC in pipes. Worker.
 * Only the head of a message that carries a file's bytes is gathered; the bytes stream through, so
 * a read of 16 MB costs no memory. */
#include "gssapi.h"
#include "parsers.h"
#include "smb.h"
#include "utf16.h"
#include <sightline/hot.h>

enum { SESSION_MESSAGE = 0x00, SESSION_REQUEST = 0x81, SESSION_LAST = 0x85 };
/* What a message begins with: 0xff SMB 1, 0xfe SMB 2 and 3, 0xfd encrypted, 0xfc compressed. */
enum { PROTOCOL_SMB1 = 0xff, PROTOCOL_SMB2 = 0xfe, ENCRYPTED = 0xfd, COMPRESSED = 0xfc };

enum going { GO, WAIT, FULL, BAD };

static uint8_t protocol_of(struct sl_span in)
{
	bool smb = in.len >= 4 && in.p[0] >= COMPRESSED && memcmp(in.p + 1, "SMB", 3) == 0;
	return smb ? in.p[0] : 0;
}

/* A piece begins with a frame that holds a message. */
static enum sl_probe frame_probe(struct sl_span in)
{
	if (in.len == 0 || in.p[0] != SESSION_MESSAGE)
		return SL_PROBE_NO;
	if (in.len < 8)
		return in.len < 5 || in.p[4] >= COMPRESSED ? SL_PROBE_MORE : SL_PROBE_NO;
	return protocol_of(sl_span_from(in, 4)) ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe smb_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	/* A session request: 68 bytes, two encoded names (RFC 1002 4.3.2). */
	static const uint8_t request[] = { SESSION_REQUEST, 0, 0, 68, 32 };
	struct sl_span in = p->bytes;
	size_t n = in.len < sizeof(request) ? in.len : sizeof(request);
	if (n == 0 || memcmp(in.p, request, n) != 0)
		return frame_probe(in);
	return n == sizeof(request) ? SL_PROBE_YES : SL_PROBE_MORE;
}

static bool smb_begins(uint8_t first)
{
	return first == SESSION_MESSAGE || first == SESSION_REQUEST;
}

/* ---- What messages say ---- */

static struct say *say_of(struct smb_turn *u)
{
	if (u->s->message == 0)
		u->s->message = sl_batch_next_message(u->b);
	u->say.message = u->s->message;
	return &u->say;
}

bool smb_say_utf8(struct smb_turn *u, enum sl_where w, struct sl_span text)
{
	return text.len == 0 || say_plain(say_of(u), w, text);
}

bool smb_say(struct smb_turn *u, enum sl_where w, struct sl_span text)
{
	uint8_t utf8[SL_VALUE_MAX + 4]; /* so that a value that is cut shows it */
	if (!u->unicode || text.len == 0)
		return smb_say_utf8(u, w, text);
	struct say *s = say_of(u);
	return !say_needs(s, w) ||
	       say_raw(s, w, sl_span(utf8, utf16_text(text, utf8, sizeof(utf8))));
}

bool smb_say_user(struct smb_turn *u, struct sl_span blob)
{
	return !gssapi_tells(blob) || gssapi_say(say_of(u), blob);
}

bool smb_close(struct smb_turn *u)
{
	if (u->s->message == 0)
		return true;
	struct say *s = say_of(u);
	if (s->at < *s->said) {
		say_pass(s);
		return true;
	}
	if (!sl_batch_close(u->b, u->dir, s->message))
		return false;
	say_pass(s);
	return true;
}

void smb_payload(struct smb_turn *u, struct smb_place to, enum smb_use use, uint64_t offset,
	uint32_t at, uint32_t len)
{
	struct smb_side *s = u->s;
	/* What streamed by already can't be had again. */
	uint32_t there = s->unit_at > s->unit.have ? s->unit.have : s->unit_len;
	uint32_t room = at < there && at >= 32 ? there - at : 0;
	s->cut = len > room;
	if (s->cut)
		parser_count_part(u->b);
	s->to = to;
	s->use = (uint8_t)use;
	s->offset = offset;
	s->data_at = at;
	s->data_left = len < room ? len : room;
}

/* ---- Stages of a frame ---- */

static void frame_begin(struct smb_side *s)
{
	s->stage = SMB_FRAME;
	s->frame_have = 0;
	s->last.serial = 0;
}

static void command_begin(struct smb_side *s)
{
	s->said = 0;
	s->message = 0;
	s->data_left = 0;
	s->cut = false;
	s->to.serial = 0;
}

static void unit_begin(struct smb_side *s)
{
	s->unit.have = 0;
	s->unit_at = 0;
	s->unit_len = s->frame_left;
	s->chain = 0;
	s->links = 0;
	command_begin(s);
	s->stage = SMB_HEAD;
	if (s->frame_left == 0)
		frame_begin(s);
}

/* The rest of the frame says nothing. */
static void frame_skip(struct smb_side *s)
{
	s->unit_len = s->unit_at + s->frame_left;
	s->stage = SMB_SKIP;
}

static void move(struct smb_side *s, size_t n)
{
	s->unit_at += (uint32_t)n;
	s->frame_left -= (uint32_t)n;
}

static enum going stage_frame(struct smb_side *s, struct sl_span in, size_t *used)
{
	while (s->frame_have < 4 && *used < in.len)
		s->frame[s->frame_have++] = in.p[(*used)++];
	if (s->frame_have < 4)
		return WAIT;
	uint8_t type = s->frame[0];
	if (type != SESSION_MESSAGE && (type < SESSION_REQUEST || type > SESSION_LAST))
		return BAD;
	s->frame_left = (uint32_t)s->frame[1] << 16 | (uint32_t)s->frame[2] << 8 | s->frame[3];
	unit_begin(s);
	if (type != SESSION_MESSAGE && s->frame_left > 0)
		frame_skip(s);
	return GO;
}

/* How many bytes of the message have to lie together. */
static uint32_t need(struct smb_side *s)
{
	struct sl_span have = gather_bytes(&s->unit);
	uint32_t n = 4;
	if (have.len >= 4) {
		uint8_t protocol = protocol_of(have);
		if (protocol == PROTOCOL_SMB2)
			n = smb2_need(have, &s->unit_len);
		else if (protocol == PROTOCOL_SMB1)
			n = smb1_need(have, s->unit_len);
	}
	n = n < s->unit_len ? n : s->unit_len;
	return n < GATHER_MAX ? n : GATHER_MAX;
}

static enum going stage_head(
	struct smb *t, struct smb_side *s, struct sl_batch *b, struct sl_span in, size_t *used)
{
	uint32_t want = need(s);
	if (s->unit.have >= want) {
		s->stage = SMB_COMMAND;
		return GO;
	}
	uint32_t n = smb_min(want - s->unit.have, in.len);
	if (n == 0)
		return WAIT;
	if (!gather_add(&s->unit, b, sl_span(in.p, n), GATHER_MAX)) {
		frame_skip(s); /* no memory, which is counted */
		smb_open_unsure_all(t);
	}
	move(s, n);
	*used += n;
	return GO;
}

static void count(struct sl_batch *b, enum sl_counter id)
{
	if (b->counters != NULL)
		sl_count(b->counters, id, 1);
}

static enum going stage_command(
	struct smb *t, struct smb_side *s, struct sl_batch *b, enum sl_dir dir)
{
	struct smb_turn u = { .t = t, .s = s, .b = b, .dir = dir };
	u.unit = gather_bytes(&s->unit);
	u.say = (struct say){ .b = b, .dir = dir, .said = &s->said };
	uint8_t protocol = protocol_of(u.unit);
	bool said = true;
	if (protocol == PROTOCOL_SMB2)
		said = smb2_message(&u);
	else if (protocol == PROTOCOL_SMB1)
		said = smb1_message(&u);
	else
		count(b, protocol == ENCRYPTED	  ? SL_C_SMB_ENCRYPTED
			 : protocol == COMPRESSED ? SL_C_SMB_COMPRESSED
						  : SL_C_MESSAGES_PART);
	if (!said)
		return FULL;
	s->stage = SMB_DATA;
	return GO;
}

/* The part of the payload that can be had now: gathered, or of the input. */
static struct sl_span payload(struct smb_side *s, struct sl_span in, size_t *skip)
{
	*skip = 0;
	if (s->data_at < s->unit.have)
		return sl_span(
			s->unit.p + s->data_at, smb_min(s->unit.have - s->data_at, s->data_left));
	if (s->unit_at < s->data_at)
		*skip = smb_min(s->data_at - s->unit_at, in.len);
	in = sl_span_from(in, *skip);
	return sl_span(in.p, s->unit_at + *skip < s->data_at ? 0 : smb_min(in.len, s->data_left));
}

static enum going stage_data(struct smb *t, struct smb_side *s, struct sl_batch *b, enum sl_dir dir,
	struct sl_span in, size_t *used)
{
	if (s->data_left > 0) {
		size_t skip, n;
		bool gathered = s->data_at < s->unit.have;
		struct sl_span bytes = payload(s, in, &skip);
		if (bytes.len == 0 && skip == 0)
			return WAIT;
		bool room = smb_data(t, s, b, dir, bytes, &n);
		s->data_at += (uint32_t)n;
		s->data_left -= (uint32_t)n;
		if (!gathered) {
			move(s, skip + n);
			*used += skip + n;
		}
		return room ? GO : FULL;
	}
	if (!smb_data_end(t, s, b))
		return FULL;
	command_begin(s);
	s->stage = s->chain != 0 ? SMB_COMMAND : SMB_SKIP;
	return GO;
}

static enum going stage_skip(struct smb_side *s, struct sl_span in, size_t *used)
{
	uint32_t n = smb_min(s->unit_len - s->unit_at, in.len);
	move(s, n);
	*used += n;
	if (s->unit_at < s->unit_len)
		return WAIT;
	unit_begin(s);
	return GO;
}

static enum going step(struct smb *t, struct smb_side *s, struct sl_batch *b, enum sl_dir dir,
	struct sl_span in, size_t *used)
{
	switch (s->stage) {
	case SMB_HEAD:
		return stage_head(t, s, b, in, used);
	case SMB_COMMAND:
		return stage_command(t, s, b, dir);
	case SMB_DATA:
		return stage_data(t, s, b, dir, in, used);
	case SMB_SKIP:
		return stage_skip(s, in, used);
	default:
		return stage_frame(s, in, used);
	}
}

/* ---- Pieces ---- */

static enum sl_verdict feed_bytes(
	struct smb *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct smb_side *s = &t->side[p->dir];
	if (s->lost) {
		if (frame_probe(p->bytes) != SL_PROBE_YES) {
			*consumed = p->bytes.len;
			return SL_MORE;
		}
		s->lost = false;
		frame_begin(s);
	}
	enum going going = GO;
	while (going == GO) {
		size_t used = 0;
		going = step(t, s, b, p->dir, sl_span_from(p->bytes, *consumed), &used);
		*consumed += used;
	}
	if (s->stage == SMB_FRAME)
		gather_drop(&s->unit, b);
	return going == FULL ? SL_FULL : going == BAD ? SL_BAD : SL_MORE;
}

/* Bytes are missing: what lies in the message at hand is passed over, what lies in the frame as
 * well; beyond that the next piece that begins with a frame goes on. */
static void gap(struct smb *t, struct smb_side *s, struct sl_batch *b, uint64_t bytes)
{
	struct smb_open *o = s->stage == SMB_DATA ? smb_open_at(t, s->to) : NULL;
	parser_count_part(b);
	if (o != NULL) {
		smb_data_partial(t, o, b);
		dcerpc_gap(&o->rpc, b, 0);
	}
	bool inside = s->stage == SMB_DATA || s->stage == SMB_SKIP;
	gather_drop(&s->unit, b);
	command_begin(s);
	s->chain = 0;
	inside &= bytes > 0 && bytes <= s->unit_len - s->unit_at;
	if (!inside)
		smb_open_unsure_all(t);
	if (s->stage == SMB_FRAME || bytes == 0 || bytes > s->frame_left) {
		s->lost = true;
		frame_begin(s);
		return;
	}
	s->stage = SMB_SKIP;
	if (!inside)
		frame_skip(s);
	move(s, (size_t)bytes);
}

/* Both sides are over: what is open is told. */
static bool end(struct smb *t, struct smb_side *s, struct sl_batch *b)
{
	gather_drop(&s->unit, b);
	s->over = true;
	return !t->side[0].over || !t->side[1].over || smb_open_end_all(t, b);
}

static enum sl_verdict smb_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct smb *t = state;
	struct smb_side *s = &t->side[p->dir];
	*consumed = 0;
	if (!s->over) {
		enum sl_verdict v = p->kind == SL_PIECE_END ? SL_DONE : SL_MORE;
		if (p->kind == SL_PIECE_BYTES)
			v = feed_bytes(t, p, b, consumed);
		else if (p->kind == SL_PIECE_GAP)
			gap(t, s, b, p->gap_bytes);
		if (v == SL_MORE || v == SL_FULL)
			return v;
		s->bad = v == SL_BAD;
		if (s->bad)
			smb_open_unsure_all(t);
	}
	if (!end(t, s, b))
		return SL_FULL;
	*consumed = p->bytes.len;
	return s->bad ? SL_BAD : SL_DONE;
}

const struct sl_parser sl_parser_smb = {
	.name = "smb",
	.state_bytes = sizeof(struct smb),
	.over = SL_OVER_TCP,
	.probe = smb_probe,
	.begins = smb_begins,
	.feed = smb_feed,
};
