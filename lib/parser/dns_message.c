/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_message.c - names asked for, names and addresses in answers, and which response belongs to
 * which query (RFC 1035). Worker; pure. */
#include <sightline/hash.h>

#include "dns_message.h"
#include "dns_name.h"
#include "parsers.h"
#include <sightline/hot.h>

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_AAAA = 28,
	TYPE_NB = 32, /* RFC 1002 4.2.1.3 */
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
};
enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_ANY = 255 };
enum { OPCODE_STATEFUL = 6 }; /* RFC 8490, the last one given */
enum { OPCODE_RELEASE = 6 }; /* of a NetBIOS name */
enum { RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

struct header {
	uint16_t id, flags, questions;
	uint32_t records;
};

static struct header read_header(struct sl_rd *r)
{
	struct header h = { .id = sl_rd16(r) };
	h.flags = sl_rd16(r);
	h.questions = sl_rd16(r);
	h.records = sl_rd16(r);
	h.records += sl_rd16(r);
	h.records += sl_rd16(r);
	return h;
}

static bool is_response(const struct header *h)
{
	return h->flags & 0x8000;
}

static unsigned opcode(const struct header *h)
{
	return h->flags >> 11 & 15;
}

static unsigned rcode(const struct header *h)
{
	return h->flags & 15;
}

/* ---- Is it one ---- */

static bool is_plain_name(const struct dns_name *n)
{
	for (size_t i = 0; i < n->len; i++)
		if (n->text[i] <= ' ' || n->text[i] > '~')
			return false;
	return n->len > 0 && n->len < 255;
}

/* What follows the question of a query is nothing, or EDNS and a signature (RFC 6891, RFC 8945). */
static bool is_query_tail(struct sl_rd *r, uint32_t records)
{
	if (records == 0)
		return sl_rd_left(r) == 0;
	uint8_t root = sl_rd8(r);
	uint16_t type = sl_rd16(r);
	return !r->bad && root == 0 && type == TYPE_OPT;
}

static bool is_sure_header(const struct header *h)
{
	return opcode(h) == 0 && h->questions == 1 && (h->flags & 0x40) == 0 && rcode(h) <= 10;
}

bool dns_message_begins_sure(struct sl_span s)
{
	struct sl_rd r = sl_rd(s);
	struct header h = read_header(&r);
	return !r.bad && is_sure_header(&h);
}

bool dns_message_sure(struct sl_span s)
{
	struct sl_rd r = sl_rd(s);
	struct header h = read_header(&r);
	struct dns_name name;
	if (r.bad || !is_sure_header(&h))
		return false;
	if (!dns_name_read(&r, s.p, &name) || !is_plain_name(&name))
		return false;
	uint16_t type = sl_rd16(&r), class = sl_rd16(&r);
	bool known = (type >= 1 && type <= 65) || (type >= 249 && type <= 258);
	if (r.bad || !known || (class != CLASS_IN && class != CLASS_CH && class != CLASS_ANY))
		return false;
	if (is_response(&h))
		return h.records <= sl_rd_left(&r) / 11;
	return h.records <= 2 && rcode(&h) == 0 && is_query_tail(&r, h.records);
}

bool dns_message_likely(struct sl_span s)
{
	struct sl_rd r = sl_rd(s);
	struct header h = read_header(&r);
	return !r.bad && opcode(&h) <= OPCODE_STATEFUL && opcode(&h) != 3 && h.questions <= 32 &&
	       (h.questions || h.records || is_response(&h));
}

/* ---- Which message ---- */

/* Names are compared without regard to case; the key is no secret, since what collides shares no
 * more than a message number within one flow. */
static uint32_t name_hash(struct dns_name *n)
{
	static const struct sl_hash_key key = { 0x243f6a8885a308d3, 0x13198a2e03707344 };
	for (size_t i = 0; i < n->len; i++)
		if (n->text[i] >= 'A' && n->text[i] <= 'Z')
			n->text[i] += 32;
	return (uint32_t)sl_hash_bytes(key, n->text, n->len);
}

static struct dns_pending *pending_find(struct dns *d, uint16_t id, uint32_t name)
{
	for (unsigned i = 0; i < DNS_PENDING; i++) {
		struct dns_pending *p = &d->pending[i];
		if (p->message && p->id == id && p->name == name)
			return p;
	}
	return NULL;
}

static enum sl_outcome outcome_of(const struct header *h)
{
	if (!is_response(h))
		return SL_OUTCOME_ATTEMPTED;
	switch (rcode(h)) {
	case 0:
		return SL_OUTCOME_ANSWERED;
	case RCODE_NXDOMAIN:
		return SL_OUTCOME_NXDOMAIN;
	case RCODE_REFUSED:
		return SL_OUTCOME_REFUSED;
	}
	return SL_OUTCOME_ATTEMPTED;
}

/* Gives the message its number: a response that of its query, a query sent once more that of the
 * first time. A query that is new takes a place in the table. False: no room to close the query
 * that must leave it. */
static bool message_open(struct dns *d, const struct header *h, struct sl_span in, enum sl_dir dir,
	struct sl_batch *b)
{
	struct sl_rd r = sl_rd(in);
	struct dns_name first = { .len = 0 };
	sl_rd_skip(&r, DNS_HEADER_BYTES);
	bool asks = h->questions && dns_name_read(&r, in.p, &first);
	uint32_t name = asks ? name_hash(&first) : 0;
	struct dns_pending *p = asks ? pending_find(d, h->id, name) : NULL;
	bool waits = asks && !is_response(h);
	if (p == NULL && waits) {
		struct dns_pending *place = &d->pending[d->oldest];
		if (place->message && !sl_batch_close(b, dir, place->message))
			return false;
		d->oldest = (d->oldest + 1) % DNS_PENDING;
		d->message = sl_batch_next_message(b);
		*place = (struct dns_pending){ d->message, name, h->id };
	} else
		d->message = p ? p->message : sl_batch_next_message(b);
	d->repeat = p != NULL;
	d->last = !waits;
	if (p != NULL && d->last)
		p->message = 0;
	d->outcome = outcome_of(h);
	d->names = 0;
	d->item = 0;
	d->offset = DNS_HEADER_BYTES;
	d->ended = false;
	d->active = true;
	return true;
}

/* ---- Records ---- */

/* True the first time that a message says this name, as far as its memory goes. */
static bool is_new_name(struct dns *d, struct dns_name *n)
{
	uint32_t hash = name_hash(n);
	for (unsigned i = 0; i < d->names; i++)
		if (d->name[i] == hash)
			return false;
	if (d->names < DNS_NAMES)
		d->name[d->names++] = hash;
	return true;
}

static void say_name(
	struct dns *d, struct dns_name *n, enum sl_where w, enum sl_dir dir, struct sl_batch *b)
{
	if (n->len && is_new_name(d, n))
		(void)sl_batch_add_raw(b, w, dir, d->message, sl_span(n->text, n->len), NULL);
}

static void read_question(const struct dns_kind *kind, struct dns *d, struct sl_rd *r,
	const uint8_t *message, enum sl_dir dir, struct sl_batch *b)
{
	struct dns_name name;
	if (!dns_name_read(r, message, &name))
		return;
	if (kind->netbios)
		dns_name_netbios(&name);
	if (d->repeat)
		b->flags |= SL_OBS_REPEAT;
	say_name(d, &name, kind->query, dir, b);
	b->flags &= (uint8_t)~SL_OBS_REPEAT;
	sl_rd_skip(r, 4);
}

/* How many bytes stand before the name in the data of a record; -1: it holds none that is said. */
static int name_offset(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_SOA:
	case TYPE_PTR:
	case TYPE_DNAME:
		return 0;
	case TYPE_MX:
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return 2;
	case TYPE_SRV:
		return 6;
	}
	return -1;
}

static void say_address(struct dns *d, struct sl_span data, enum sl_dir dir, struct sl_batch *b)
{
	union sl_addr a = { .q = { 0, 0 } };
	memcpy(a.b, data.p, data.len);
	(void)sl_batch_add_addr(
		b, SL_WHERE_DNS_ANSWER_IP, dir, d->message, &a, data.len == 4 ? 4 : 6);
}

static void read_record(
	struct dns *d, struct sl_rd *r, const uint8_t *message, enum sl_dir dir, struct sl_batch *b)
{
	struct dns_name owner, target;
	if (!dns_name_read(r, message, &owner))
		return;
	uint16_t type = sl_rd16(r), class = sl_rd16(r);
	sl_rd_skip(r, 4);
	struct sl_rd data = *r;
	struct sl_span bytes = sl_rd_take(r, sl_rd16(r));
	if (r->bad)
		return;
	data = sl_rd(bytes);
	if (type == TYPE_A || type == TYPE_AAAA || type == TYPE_CNAME)
		say_name(d, &owner, SL_WHERE_DNS_ANSWER_NAME, dir, b);
	if ((type == TYPE_A && class == CLASS_IN && bytes.len == 4) ||
		(type == TYPE_AAAA && bytes.len == 16))
		say_address(d, bytes, dir, b);
	int skip = name_offset(type);
	if (skip < 0)
		return;
	sl_rd_skip(&data, (size_t)skip);
	if (!data.bad && dns_name_read(&data, message, &target))
		say_name(d, &target, SL_WHERE_DNS_ANSWER_NAME, dir, b);
}

/* ---- A sender's own name ---- */

/* Whether the address in a record is the one that the message came from: then it is the host's own
 * word. */
static bool is_sender(struct sl_span address, enum sl_dir dir, const struct sl_batch *b)
{
	const struct sl_flow *f = b->flow;
	const union sl_addr *a = dir == SL_TO_SERVER ? &f->src : &f->dst;
	return address.len == (f->version == 6 ? 16u : 4u) &&
	       memcmp(a->b, address.p, address.len) == 0;
}

#define NB_GROUP 0x80 /* of many hosts (RFC 1002 4.2.1.3) */
#define NB_SERVICE 30 /* where the kind of service stands, AA for a computer itself */

/* Flags and an address; the owner is a name still encoded. */
static bool is_own_netbios(const struct dns_name *owner, struct sl_span data, enum sl_dir dir,
	const struct sl_batch *b)
{
	return data.len == 6 && (data.p[0] & NB_GROUP) == 0 && owner->len >= NB_SERVICE + 2 &&
	       owner->text[NB_SERVICE] == 'A' && owner->text[NB_SERVICE + 1] == 'A' &&
	       is_sender(sl_span_from(data, 2), dir, b);
}

static void read_host(const struct dns_kind *kind, const struct dns *d, struct sl_rd *r,
	const uint8_t *message, enum sl_dir dir, struct sl_batch *b)
{
	struct dns_name owner;
	if (!dns_name_read(r, message, &owner))
		return;
	uint16_t type = sl_rd16(r), class = sl_rd16(r) & 0x7fff; /* RFC 6762 10.2 */
	sl_rd_skip(r, 4);
	struct sl_span data = sl_rd_take(r, sl_rd16(r));
	if (r->bad || class != CLASS_IN)
		return;
	bool address = data.len == 4 ? type == TYPE_A : type == TYPE_AAAA;
	bool own = kind->netbios ? type == TYPE_NB && is_own_netbios(&owner, data, dir, b)
				 : address && is_sender(data, dir, b);
	if (!own)
		return;
	if (kind->netbios)
		dns_name_netbios(&owner);
	(void)sl_batch_add_raw(
		b, kind->host, dir, d->message, sl_span(owner.text, owner.len), NULL);
}

/* A query of multicast DNS says what it expects to be told, a probe what it would like to be (RFC
 * 6762 7.1, 8.2); only an answer holds. */
static bool says_host(const struct dns_kind *kind, const struct header *h, const struct sl_batch *b)
{
	bool holds = kind->netbios ? opcode(h) != OPCODE_RELEASE && rcode(h) == 0 : is_response(h);
	return kind->host != SL_WHERE_NONE && holds && sl_batch_wants(b, kind->host);
}

/* Goes on at the next item. False: the batch is full. */
static bool message_read(const struct dns_kind *kind, struct dns *d, const struct header *h,
	struct sl_span in, enum sl_dir dir, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(in);
	bool host = says_host(kind, h, b);
	uint32_t items = h->questions + (kind->records || host ? h->records : 0);
	sl_rd_skip(&r, d->offset);
	while (d->item < items && !r.bad && sl_rd_left(&r)) {
		if (!sl_batch_has_room(b, 3, 2 * 4 * DNS_NAME_MAX + 16))
			return false;
		if (d->item < h->questions)
			read_question(kind, d, &r, in.p, dir, b);
		else if (host)
			read_host(kind, d, &r, in.p, dir, b);
		else
			read_record(d, &r, in.p, dir, b);
		d->item++;
		d->offset = (uint16_t)(r.p - in.p);
	}
	if (!d->ended && (r.bad || d->item < items))
		parser_count_part(b);
	d->ended = true;
	if (d->last && !sl_batch_close(b, dir, d->message))
		return false;
	d->active = false;
	return true;
}

bool dns_message_feed(const struct dns_kind *kind, struct dns *d, struct sl_span in,
	enum sl_dir dir, struct sl_batch *b)
{
	if (in.len < DNS_HEADER_BYTES || in.len > UINT16_MAX)
		return true;
	struct sl_rd r = sl_rd(in);
	struct header h = read_header(&r);
	if (!kind->records && h.questions == 0 && !says_host(kind, &h, b))
		return true;
	uint8_t outcome = b->outcome, flags = b->flags;
	bool done = d->active || message_open(d, &h, in, dir, b);
	if (done) {
		b->outcome = d->outcome;
		done = message_read(kind, d, &h, in, dir, b);
	}
	b->outcome = outcome;
	b->flags = flags;
	return done;
}

bool dns_message_end(struct dns *d, enum sl_dir dir, struct sl_batch *b)
{
	for (unsigned i = 0; i < DNS_PENDING; i++) {
		struct dns_pending *p = &d->pending[i];
		if (p->message && !sl_batch_close(b, dir, p->message))
			return false;
		p->message = 0;
	}
	return true;
}
