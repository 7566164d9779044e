/* SPDX-License-Identifier: BSD-3-Clause */
/* rpc.c - ONC RPC (RFC 5531) over UDP and TCP: which program is called, and of NFS 2, 3 and 4
 * (RFC 1094, 1813, 7530, 8881) the names of files, of MOUNT the paths. Worker. Calls only; of each
 * the first KEPT bytes are read, which is where names stand. */
#include "chunks.h"
#include "decimal.h"
#include "parsers.h"
#include "place.h"
#include "say.h"
#include <sightline/hot.h>

#define RECORD_MARK 4u /* RFC 5531 11 */
#define RECORD_MAX (8u << 20) /* of a fragment; a write has 1 MiB and its head */
#define KEPT 4096u
#define CALL 24u /* up to the procedure */
#define AUTH_MAX 400u /* RFC 5531 8.2 */
#define PROGRAM_MAX 0x40000000u /* above are numbers that nobody keeps a list of */
#define NAME_MAX_BYTES 1024u
#define TRIES (RECORD_MAX / 1024) /* pieces until the next record: as many as one may take */

enum program { NFS = 100003, MOUNT = 100005 };

struct rpc {
	struct chunks side[2];
	uint32_t message;
	uint32_t program, version; /* told last */
	uint16_t said; /* of the datagram at hand */
	struct place place[2]; /* where a record begins */
};

struct call {
	uint32_t program, version, procedure;
	struct sl_rd args;
};

/* ---- Calls ---- */

/* Bytes with a length before and padding behind. */
static struct sl_span opaque(struct sl_rd *r, size_t most)
{
	size_t len = sl_rd32(r);
	if (len > most)
		r->bad = true;
	struct sl_span s = sl_rd_take(r, r->bad ? 0 : len);
	sl_rd_skip(r, r->bad ? 0 : (4 - len % 4) % 4);
	return s;
}

static bool call_read(struct sl_span in, struct call *c)
{
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, 4);
	uint32_t type = sl_rd32(&r), rpc = sl_rd32(&r);
	c->program = sl_rd32(&r);
	c->version = sl_rd32(&r);
	c->procedure = sl_rd32(&r);
	for (unsigned i = 0; i < 2; i++) { /* credentials, verifier */
		sl_rd_skip(&r, 4);
		(void)opaque(&r, AUTH_MAX);
	}
	c->args = r;
	return !r.bad && type == 0 && rpc == 2 && c->program > 0 && c->program < PROGRAM_MAX &&
	       c->version <= UINT16_MAX && c->procedure <= UINT16_MAX;
}

/* ---- Probe ---- */

/* As far as the bytes of a call's head are there, they are as a call has them. */
static enum sl_probe call_probe(struct sl_span in)
{
	static const uint8_t want[28] = { [7] = 2 };
	static const uint8_t mask[28] = { 255, 255, 255, 255, 255, 255, 255, 255, 0xc0, 0, 0, 0,
		255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0xfe, 0 };
	struct call c;
	for (size_t i = 0; i < sizeof(want) && i + 4 < in.len; i++)
		if ((in.p[i + 4] & mask[i]) != want[i])
			return SL_PROBE_NO;
	if (call_read(in, &c))
		return SL_PROBE_YES;
	return in.len < CALL + 16 + 2 * AUTH_MAX ? SL_PROBE_MORE : SL_PROBE_NO;
}

static bool mark_read(const uint8_t *head, struct chunk *c)
{
	struct sl_rd r = sl_rd(sl_span(head, RECORD_MARK));
	uint32_t mark = sl_rd32(&r);
	c->len = mark & INT32_MAX;
	c->last = mark > INT32_MAX;
	c->wanted = true;
	return c->len <= RECORD_MAX;
}
static const struct chunks_form form = { .head = RECORD_MARK, .max = KEPT, .chunk = mark_read };

static enum sl_probe rpc_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	struct chunk c;
	(void)sport;
	(void)dport;
	if (p->datagram)
		return in.len >= CALL + 16 && call_probe(in) == SL_PROBE_YES ? SL_PROBE_YES
									     : SL_PROBE_NO;
	if (in.len == 0 || in.p[0] != 0x80) /* a call in one fragment of less than 16 MiB */
		return SL_PROBE_NO;
	if (in.len < RECORD_MARK)
		return SL_PROBE_MORE;
	if (!mark_read(in.p, &c) || c.len < CALL + 16)
		return SL_PROBE_NO;
	return call_probe(sl_span_from(in, RECORD_MARK));
}

/* ---- NFS 2 and 3: a folder's handle and a name, once or twice ---- */

enum args { ARGS_NONE, ARGS_NAME, ARGS_RENAME, ARGS_LINK };

static enum args args_of(uint32_t version, uint32_t procedure)
{
	static const uint8_t v2[] = { [4] = ARGS_NAME,
		[9] = ARGS_NAME,
		[10] = ARGS_NAME,
		[11] = ARGS_RENAME,
		[12] = ARGS_LINK,
		[13] = ARGS_NAME,
		[14] = ARGS_NAME,
		[15] = ARGS_NAME };
	static const uint8_t v3[] = { [3] = ARGS_NAME,
		[8] = ARGS_NAME,
		[9] = ARGS_NAME,
		[10] = ARGS_NAME,
		[11] = ARGS_NAME,
		[12] = ARGS_NAME,
		[13] = ARGS_NAME,
		[14] = ARGS_RENAME,
		[15] = ARGS_LINK };
	if (version == 2)
		return procedure < sizeof(v2) ? v2[procedure] : ARGS_NONE;
	return version == 3 && procedure < sizeof(v3) ? v3[procedure] : ARGS_NONE;
}

static void skip_handle(struct sl_rd *r, uint32_t version)
{
	if (version == 2)
		sl_rd_skip(r, 32);
	else
		(void)opaque(r, 64);
}

/* False: the batch is full. */
static bool say_name(struct say *s, struct sl_rd *r)
{
	return say_plain(s, SL_WHERE_NFS_FILE, opaque(r, NAME_MAX_BYTES));
}

static bool say_files(struct say *s, const struct call *c, struct sl_rd *r)
{
	enum args args = args_of(c->version, c->procedure);
	if (args == ARGS_NONE)
		return true;
	if (args == ARGS_LINK)
		skip_handle(r, c->version);
	skip_handle(r, c->version);
	if (!say_name(s, r))
		return false;
	if (args != ARGS_RENAME)
		return true;
	skip_handle(r, c->version);
	return say_name(s, r);
}

/* ---- NFS 4: operations one after the other, up to the first that is not known ---- */

enum op {
	OP_ACCESS = 3,
	OP_CLOSE = 4,
	OP_CREATE = 6,
	OP_GETATTR = 9,
	OP_GETFH = 10,
	OP_LINK = 11,
	OP_LOOKUP = 15,
	OP_LOOKUPP = 16,
	OP_OPEN = 18,
	OP_PUTFH = 22,
	OP_PUTPUBFH = 23,
	OP_PUTROOTFH = 24,
	OP_READLINK = 27,
	OP_REMOVE = 28,
	OP_RENAME = 29,
	OP_RESTOREFH = 31,
	OP_SAVEFH = 32,
	OP_SECINFO = 33,
	OP_SEQUENCE = 53
};

static void skip_bitmap(struct sl_rd *r)
{
	uint32_t words = sl_rd32(r);
	sl_rd_skip(r, words <= 8 ? 4 * (size_t)words : SIZE_MAX);
}

static void skip_attributes(struct sl_rd *r)
{
	skip_bitmap(r);
	(void)opaque(r, KEPT);
}

/* OPEN up to its name (RFC 7530 16.16, RFC 8881 18.16). False: it names none. */
static bool open_name(struct sl_rd *r)
{
	enum how { UNCHECKED, GUARDED, EXCLUSIVE, EXCLUSIVE_ATTRIBUTES };
	enum claim { CLAIM_NULL = 0, CLAIM_DELEGATE_CUR = 2, CLAIM_DELEGATE_PREV = 3 };
	sl_rd_skip(r, 4 + 4 + 4 + 8);
	(void)opaque(r, KEPT);
	if (sl_rd32(r) == 1) { /* it creates */
		uint32_t how = sl_rd32(r);
		if (how >= EXCLUSIVE)
			sl_rd_skip(r, 8);
		if (how != EXCLUSIVE)
			skip_attributes(r);
		r->bad |= how > EXCLUSIVE_ATTRIBUTES;
	}
	uint32_t claim = sl_rd32(r);
	if (claim == CLAIM_DELEGATE_CUR)
		sl_rd_skip(r, 16);
	return claim == CLAIM_NULL || claim == CLAIM_DELEGATE_CUR || claim == CLAIM_DELEGATE_PREV;
}

/* CREATE up to its name. */
static void create_name(struct sl_rd *r)
{
	enum { BLOCK = 3, CHARACTER = 4, LINK = 5 };
	uint32_t type = sl_rd32(r);
	if (type == LINK)
		(void)opaque(r, KEPT);
	else if (type == BLOCK || type == CHARACTER)
		sl_rd_skip(r, 8);
}

/* What stands behind an operation's number up to the names that it has. *names: how many. False: it
 * can't be passed. */
static bool op_begin(struct sl_rd *r, uint32_t op, unsigned *names)
{
	*names = 0;
	switch ((enum op)op) {
	case OP_LOOKUP:
	case OP_REMOVE:
	case OP_LINK:
	case OP_SECINFO:
		*names = 1;
		return true;
	case OP_RENAME:
		*names = 2;
		return true;
	case OP_OPEN:
		*names = open_name(r);
		return *names > 0;
	case OP_CREATE:
		create_name(r);
		*names = 1;
		return true;
	case OP_ACCESS:
		sl_rd_skip(r, 4);
		return true;
	case OP_CLOSE:
		sl_rd_skip(r, 4 + 16);
		return true;
	case OP_GETATTR:
		skip_bitmap(r);
		return true;
	case OP_PUTFH:
		(void)opaque(r, 128);
		return true;
	case OP_SEQUENCE:
		sl_rd_skip(r, 16 + 16);
		return true;
	case OP_GETFH:
	case OP_LOOKUPP:
	case OP_PUTPUBFH:
	case OP_PUTROOTFH:
	case OP_READLINK:
	case OP_RESTOREFH:
	case OP_SAVEFH:
		return true;
	}
	return false;
}

static bool say_compound(struct say *s, struct sl_rd *r)
{
	(void)opaque(r, KEPT);
	sl_rd_skip(r, 4);
	uint32_t ops = sl_rd32(r);
	for (unsigned names; ops > 0 && !r->bad; ops--) {
		uint32_t op = sl_rd32(r);
		if (!op_begin(r, op, &names))
			return true;
		for (; names > 0; names--)
			if (!say_name(s, r))
				return false;
		if (op == OP_CREATE)
			skip_attributes(r);
	}
	return true;
}

/* ---- What a call says ---- */

static bool say_number(struct say *s, enum sl_where w, uint32_t n)
{
	char text[DECIMAL_MAX];
	return say_plain(s, w, sl_span(text, decimal(n, text)));
}

static bool has_names(const struct call *c)
{
	if (c->program != NFS)
		return c->program == MOUNT;
	return c->version == 4 || args_of(c->version, c->procedure) != ARGS_NONE;
}

static bool say_args(struct say *s, const struct call *c, struct sl_rd *r)
{
	enum { MOUNT_MNT = 1, MOUNT_UMNT = 3, COMPOUND = 1 };
	if (c->program == MOUNT && (c->procedure == MOUNT_MNT || c->procedure == MOUNT_UMNT))
		return say_plain(s, SL_WHERE_NFS_MOUNT, opaque(r, NAME_MAX_BYTES));
	if (c->program != NFS)
		return true;
	if (c->version == 4)
		return c->procedure != COMPOUND || say_compound(s, r);
	return say_files(s, c, r);
}

/* Program and version are told where they change. `cut`: the end of the message is not there.
 * False: the batch is full. */
static bool call_say(struct rpc *t, struct sl_span in, bool cut, enum sl_dir dir,
	struct sl_batch *b, uint16_t *said)
{
	struct call c;
	if (!call_read(in, &c))
		return true;
	bool again = t->program == c.program && t->version == c.version;
	if (again && !has_names(&c))
		return true;
	struct say s = { .b = b, .message = t->message, .dir = dir, .said = said };
	if (t->message == 0)
		s.message = t->message = sl_batch_next_message(b);
	if (!again && (!say_number(&s, SL_WHERE_RPC_PROGRAM, c.program) ||
			      !say_number(&s, SL_WHERE_RPC_VERSION, c.version)))
		return false;
	struct sl_rd r = c.args;
	if (!say_args(&s, &c, &r) || !say_close_one(&s))
		return false;
	if (r.bad && !cut)
		parser_count_part(b);
	t->program = c.program;
	t->version = c.version;
	return true;
}

/* ---- Feed ---- */

/* A record begins this piece: its mark, and a call's or a reply's head. */
static bool is_record(struct sl_span in)
{
	struct chunk c;
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, RECORD_MARK + 4);
	uint32_t type = sl_rd32(&r), next = sl_rd32(&r);
	return !r.bad && mark_read(in.p, &c) && c.last &&
	       ((type == 0 && next == 2) || (type == 1 && next <= 1));
}

static enum sl_verdict lose(
	struct rpc *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct chunks *f = &t->side[p->dir];
	parser_count_part(b);
	chunks_done(f, b);
	*f = (struct chunks){ .have = 0 };
	place_lose(&t->place[p->dir]);
	*consumed = p->bytes.len;
	return place_pass(&t->place[p->dir], TRIES);
}

static enum sl_verdict feed_stream(
	struct rpc *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct chunks *f = &t->side[p->dir];
	struct sl_span in = p->kind == SL_PIECE_BYTES ? p->bytes : sl_span(NULL, 0);
	if (p->kind == SL_PIECE_GAP && !f->ready && !chunks_gap(f, &form, b, p->gap_bytes)) {
		parser_count_part(b);
		place_lose(&t->place[p->dir]);
	}
	if (t->place[p->dir].lost > 0 && in.len > 0) {
		if (!is_record(in)) {
			*consumed = in.len;
			return place_pass(&t->place[p->dir], TRIES);
		}
		t->place[p->dir].lost = 0;
	}
	for (;;) {
		enum chunks_step step = chunks_take(f, &form, b, in, consumed);
		if (step != CHUNKS_READY)
			return step == CHUNKS_BAD ? lose(t, p, b, consumed) : SL_MORE;
		if (!call_say(t, gather_bytes(&f->unit), f->cut, p->dir, b, &f->said))
			return SL_FULL;
		chunks_done(f, b);
		t->message = 0;
	}
}

static enum sl_verdict feed_datagram(
	struct rpc *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	if (!call_say(t, p->bytes, p->cut, p->dir, b, &t->said))
		return SL_FULL;
	*consumed = p->bytes.len;
	t->message = 0;
	t->said = 0;
	return SL_MORE;
}

static enum sl_verdict rpc_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct rpc *t = state;
	enum sl_verdict v = SL_DONE;
	*consumed = 0;
	if (p->kind == SL_PIECE_BYTES && p->datagram)
		return feed_datagram(t, p, b, consumed);
	if (p->kind != SL_PIECE_END)
		v = feed_stream(t, p, b, consumed);
	if (v == SL_DONE || v == SL_BAD)
		chunks_end(&t->side[p->dir], &form, b);
	return v;
}

const struct sl_parser sl_parser_rpc = {
	.name = "rpc",
	.state_bytes = sizeof(struct rpc),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = rpc_probe,
	.feed = rpc_feed,
};
