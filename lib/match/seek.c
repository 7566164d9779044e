/* SPDX-License-Identifier: BSD-3-Clause */
/* seek.c - walking the tables for one observable. Worker; never allocates, every walk is bounded by
 * what is listed, not by what a packet says. */
#include "seek.h"

#include <sightline/hot.h>

/* ---- Step 1: hash and prefetch ---- */

void reach_add(struct reach *r, const struct set *s)
{
	const struct names *t = &s->names;
	r->longest = t->longest > r->longest ? t->longest : r->longest;
	r->first = r->first == 0 || t->first < r->first ? t->first : r->first;
	r->schemeless |= s->texts.schemeless;
}

/* Where the label that ends before `end` - 1 begins; false: further left than any listed name
 * reaches. `end` is one past the dot behind the label. */
static bool label_begin(const struct seek *k, uint32_t longest, uint32_t end, uint32_t *begin)
{
	uint32_t lowest = k->len > longest ? k->len - longest : 0;
	uint32_t floor = lowest > 0 ? lowest - 1 : 0; /* the dot before the lowest beginning */
	if (end == 0 || end - 1 < floor)
		return false;
	const uint8_t *dot = memrchr(k->text + floor, '.', end - 1 - floor);
	if (dot == NULL && lowest > 0)
		return false;
	*begin = dot == NULL ? 0 : (uint32_t)(dot - k->text) + 1;
	return true;
}

static void begin_name(struct seek *k, const struct set *key, const struct reach *r)
{
	uint32_t at = k->len + 1;
	for (unsigned label = 0; label < r->first; label++) {
		if (!label_begin(k, r->longest, at, &at)) {
			k->text = NULL;
			return;
		}
	}
	k->from = at;
	k->first = r->first;
	k->text_hash = name_hash(key, k->text + at, k->len - at);
}

/* Where a URL's text without its scheme begins ("//host/path"); 0: it has no scheme. */
static uint32_t scheme_end(const struct seek *k)
{
	const uint8_t *colon = memchr(k->text, ':', k->len < 32 ? k->len : 32);
	return colon == NULL ? 0 : (uint32_t)(colon - k->text) + 1;
}

static void begin_text(struct seek *k, const struct set *key, const struct reach *r)
{
	uint8_t type = k->obs->type;
	k->text_hash = text_hash(key, type, k->text, k->len);
	k->tail = 0;
	if (type != SL_TYPE_URL || !r->schemeless)
		return;
	k->tail = scheme_end(k);
	k->tail_hash = text_hash(key, type, k->text + k->tail, k->len - k->tail);
}

static void mac_text(struct seek *k)
{
	static const char digit[] = "0123456789abcdef";
	for (unsigned i = 0; i < 6; i++) {
		k->mac[i * 3] = (uint8_t)digit[k->obs->value[i] >> 4];
		k->mac[i * 3 + 1] = (uint8_t)digit[k->obs->value[i] & 15];
		if (i < 5)
			k->mac[i * 3 + 2] = ':';
	}
	k->text = k->mac;
	k->len = sizeof(k->mac);
}

/* A Host may be an address. */
static void literal_address(struct seek *k)
{
	if (!sl_where_is_host((enum sl_where)k->obs->where) || k->len >= SL_ADDR_TEXT)
		return;
	bool digit = k->text[0] >= '0' && k->text[0] <= '9';
	uint8_t version;
	if ((digit || memchr(k->text, ':', k->len) != NULL) &&
		sl_addr_parse((const char *)k->text, k->len, &k->addr, &version))
		k->version = version;
}

static void take_value(struct seek *k)
{
	const struct sl_observable *o = k->obs;
	k->text = NULL;
	k->version = 0;
	k->name = o->type == SL_TYPE_DOMAIN;
	k->cut = o->part == SL_PART_TRUNCATED;
	if ((o->flags & SL_OBS_CLOSE) || o->len == 0)
		return;
	/* Of what was cut only the beginning can match. */
	bool beginning = !k->name && o->type != SL_TYPE_IPV4 && o->type != SL_TYPE_IPV6;
	if (o->part != SL_PART_WHOLE && !(k->cut && beginning))
		return;
	if (o->type == SL_TYPE_IPV4 || o->type == SL_TYPE_IPV6) {
		if (o->len != (o->type == SL_TYPE_IPV4 ? 4 : 16))
			return;
		k->version = o->type == SL_TYPE_IPV4 ? 4 : 6;
		k->addr = (union sl_addr){ .q = { 0, 0 } };
		memcpy(k->addr.b, o->value, o->len);
		return;
	}
	k->text = o->value;
	k->len = o->len;
	if (o->type == SL_TYPE_MAC && o->len == 6)
		mac_text(k);
	if (k->name)
		literal_address(k);
}

void seek_begin(
	struct seek *k, const struct set *key, const struct reach *r, const struct sl_observable *o)
{
	k->obs = o;
	take_value(k);
	if (k->version != 0)
		k->addr_hash = k->version == 4 ? host4_hash(key, k->addr.v4_be)
					       : host6_hash(key, &k->addr);
	if (k->text == NULL)
		return;
	if (k->name)
		begin_name(k, key, r);
	else
		begin_text(k, key, r);
}

void seek_fetch(const struct seek *k, const struct set *s)
{
	if (k->version != 0) {
		const struct prefixes *p = k->version == 4 ? &s->prefix4 : &s->prefix6;
		tags_prefetch_bloom(k->version == 4 ? &s->host4 : &s->host6, k->addr_hash);
		if (p->lengths > 0)
			sl_prefetch(&p->filter[prefix_slice(p, s, &k->addr, k->version)]);
	}
	if (k->text == NULL)
		return;
	tags_prefetch_bloom(k->name ? &s->names.tags : &s->texts.tags, k->text_hash);
	if (!k->name && k->tail != 0)
		tags_prefetch_bloom(&s->texts.tags, k->tail_hash);
}

/* ---- Step 2: the filters ---- */

uint64_t seek_prefixes(
	const struct set *s, const struct prefixes *p, const union sl_addr *a, uint8_t version)
{
	if (p->lengths == 0)
		return 0;
	uint64_t left = p->filter[prefix_slice(p, s, a, version)] | p->always;
	uint64_t keep = left & 1ull << PREFIX_SHARED;
	for (left ^= keep; left != 0; left &= left - 1) {
		union sl_addr masked;
		uint64_t hash;
		unsigned place = (unsigned)__builtin_ctzll(left);
		if (prefix_maybe(s, p, a, place, &masked, &hash))
			keep |= left & -left;
	}
	return keep;
}

static bool text_maybe(const struct seek *k, const struct set *s)
{
	if (k->name && s->names.first != k->first) /* its names begin with more labels */
		return s->names.longest > 0;
	if (k->name) {
		bool maybe = tags_maybe(&s->names.tags, k->text_hash);
		if (maybe)
			tags_prefetch_line(&s->names.tags, k->text_hash);
		return maybe;
	}
	const struct stem *root = &s->texts.root[k->obs->type];
	bool maybe = tags_maybe(&s->texts.tags, k->text_hash) || root->ends != 0 || root->more;
	return maybe || (k->tail != 0 && tags_maybe(&s->texts.tags, k->tail_hash));
}

bool seek_maybe(const struct seek *k, const struct set *s, struct maybe *m)
{
	*m = (struct maybe){ .whole = k->text != NULL && text_maybe(k, s) };
	if (k->version != 0) {
		const struct tags *hosts = k->version == 4 ? &s->host4 : &s->host6;
		m->host = tags_maybe(hosts, k->addr_hash);
		if (m->host)
			tags_prefetch_line(hosts, k->addr_hash);
		m->lengths = seek_prefixes(
			s, k->version == 4 ? &s->prefix4 : &s->prefix6, &k->addr, k->version);
	}
	return m->host || m->lengths != 0 || m->whole;
}

/* ---- Step 3: the tables ---- */

/* Whether the end of the flow that the value stands for has this port. */
static bool port_holds(const struct sl_observable *o, uint16_t port)
{
	if (o->flow == NULL)
		return false;
	if (o->type != SL_TYPE_IPV4 && o->type != SL_TYPE_IPV6)
		return o->flow->dport == port;
	if (o->where == SL_WHERE_IP_SRC)
		return o->flow->sport == port;
	return o->where == SL_WHERE_IP_DST && o->flow->dport == port;
}

static bool kind_holds(const struct sl_kind *i, enum relation r, uint8_t *how)
{
	*how = r == WHOLE ? SL_MATCH_EXACT : i->match;
	if (r == BELOW && i->match == SL_MATCH_EXACT) {
		*how = i->below == SL_BELOW_MARKED ? SL_MATCH_BELOW : SL_MATCH_SUFFIX;
		return i->below != SL_BELOW_NO;
	}
	return r == WHOLE || (r == BELOW && i->match == SL_MATCH_SUFFIX) ||
	       (r == BEGINS && i->match == SL_MATCH_PREFIX);
}

bool seek_holds(const struct set *s, const struct sl_entry *e, const struct sl_observable *o,
	enum sl_validity validity, enum relation r, uint8_t *how)
{
	const struct sl_kind *k = set_kind(s, e);
	if (!kind_holds(k, r, how) || (k->where != SL_WHERE_NONE && k->where != o->where))
		return false;
	if (e->port != 0 && !port_holds(o, e->port))
		return false;
	return validity != SL_VALID_PACKET || set_valid(s, e, o->ts_ns);
}

/* Where there is no room, what is no sighting by itself takes that of one that is, and what undoes
 * that of a leaf. NULL: there is none to take. */
static struct sl_hit *place(struct take *t, const struct sl_hit *hit)
{
	if (t->n < SL_HITS_PER_OBS)
		return &t->hit[t->n++];
	t->cut++;
	for (uint32_t i = t->n; hit->leaf && i-- > 0;)
		if (!t->hit[i].leaf)
			return &t->hit[i];
	t->leaf_cut |= hit->leaf;
	for (uint32_t i = t->n; hit->undone && i-- > 0;)
		if (!t->hit[i].undone)
			return &t->hit[i];
	return NULL;
}

static void put(struct take *t, struct sl_hit hit)
{
	struct sl_hit *at = place(t, &hit), none;
	*(at != NULL ? at : &none) = hit;
}

/* One that undoes is enough of each source. */
static bool undone_by(const struct take *t, const char *source)
{
	for (uint32_t i = 0; t->undone && i < t->n; i++) {
		uint32_t number = t->hit[i].indicator - t->layer;
		if (t->hit[i].undone && number < t->set->count &&
			strcmp(set_kind(t->set, set_entry(t->set, number))->source, source) == 0)
			return true;
	}
	return false;
}

static bool is_gone(const struct take *t, uint32_t number)
{
	return t->gone != NULL && (t->gone[number / 64] >> (number % 64) & 1);
}

static void take_one(struct take *t, uint32_t number, uint32_t value, enum relation r)
{
	const struct sl_entry *e = set_entry(t->set, number);
	bool allow = set_kind(t->set, e)->allow;
	uint8_t how;
	if (is_gone(t, number) || !seek_holds(t->set, e, t->seek->obs, t->validity, r, &how))
		return;
	if (t->born != NULL && !allow && t->born[number] <= t->newer_than) {
		t->known = true;
		return;
	}
	if (allow && undone_by(t, set_kind(t->set, e)->source))
		return;
	t->undone |= allow;
	put(t, (struct sl_hit){ .obs = t->obs,
		       .match = how,
		       .leaf = allow,
		       .undone = allow,
		       .indicator = t->layer | number,
		       .value = t->layer | value });
}

/* One hit stands for all leaves of a listing, of which there may be many: they are gone through
 * where detections are evaluated. True: this one is a leaf. */
static bool take_leaf(
	struct take *t, uint32_t number, uint32_t listing, enum relation r, bool *taken)
{
	const struct sl_entry *e = set_entry(t->set, number);
	uint8_t how;
	if (e->detection == 0)
		return false;
	if (*taken || !seek_holds(t->set, e, t->seek->obs, t->validity, r, &how))
		return true;
	*taken = true;
	put(t, (struct sl_hit){ .obs = t->obs,
		       .match = (uint8_t)r,
		       .leaf = true,
		       .indicator = number,
		       .value = listing });
	return true;
}

/* A sighting by itself: in a listing what undoes and leaves stand before these. */
static bool is_plain(const struct take *t, uint32_t number)
{
	const struct sl_entry *e = set_entry(t->set, number);
	return e->detection == 0 && !set_kind(t->set, e)->allow;
}

static void take_listing(struct take *t, uint32_t listing, enum relation r)
{
	bool leaf = false;
	if (!(listing & LISTING_MANY)) {
		if (!take_leaf(t, listing, listing, r, &leaf))
			take_one(t, listing, listing, r);
		return;
	}
	const uint32_t *m = &t->set->members[listing & ~LISTING_MANY];
	uint32_t first = t->n;
	t->known = false;
	for (uint32_t i = 1; i <= *m; i++) {
		if (take_leaf(t, m[i], listing, r, &leaf))
			continue;
		/* a feed may repeat one value a million times */
		if (t->n == SL_HITS_PER_OBS && is_plain(t, m[i])) {
			t->cut += *m - i + 1;
			break;
		}
		take_one(t, m[i], m[1], r);
	}
	for (; t->known && first < t->n; first++)
		t->hit[first].known = true;
}

static void take_host(struct take *t)
{
	const struct seek *k = t->seek;
	bool four = k->version == 4;
	struct tags_search at = tags_search(four ? &t->set->host4 : &t->set->host6, k->addr_hash,
		four ? k->addr.v4_be : (uint32_t)k->addr_hash);
	uint32_t listing;
	while (tags_next(&at, &listing)) {
		if (four ||
			memcmp(listing_first(t->set, listing)->value - 16, k->addr.b, 16) == 0) {
			take_listing(t, listing, WHOLE);
			return;
		}
	}
}

static void take_prefix(struct take *t, const struct prefixes *p, unsigned place)
{
	union sl_addr masked;
	uint64_t hash;
	uint32_t listing;
	if (!prefix_maybe(t->set, p, &t->seek->addr, place, &masked, &hash))
		return;
	struct tags_search at = tags_search(&p->tags, hash, (uint32_t)hash);
	while (tags_next(&at, &listing)) {
		const struct sl_entry *e = listing_first(t->set, listing);
		const struct sl_kind *kind = set_kind(t->set, e);
		union sl_addr a = sl_book_addr(kind, e);
		a = addr_masked(&a, kind->prefix_len);
		if (kind->prefix_len == p->length[place] && a.q[0] == masked.q[0] &&
			a.q[1] == masked.q[1]) {
			take_listing(t, listing, WHOLE);
			return;
		}
	}
}

void seek_address(struct take *t)
{
	const struct seek *k = t->seek;
	const struct prefixes *p = k->version == 4 ? &t->set->prefix4 : &t->set->prefix6;
	for (uint64_t left = t->maybe->lengths; left != 0; left &= left - 1) {
		unsigned place = (unsigned)__builtin_ctzll(left);
		unsigned end = place == PREFIX_SHARED ? p->lengths : place + 1;
		for (; place < end; place++)
			take_prefix(t, p, place);
	}
	if (t->maybe->host)
		take_host(t);
}

static void take_name(struct take *t)
{
	const struct seek *k = t->seek;
	const struct set *s = t->set;
	uint32_t from = k->from;
	uint64_t hash = k->text_hash;
	for (unsigned label = k->first; label < s->names.first; label++) {
		if (!label_begin(k, s->names.longest, from, &from))
			return;
		hash = name_hash(s, k->text + from, k->len - from);
	}
	for (;;) {
		const struct name_node *n = name_find(s, hash, k->text + from, k->len - from);
		if (n == NULL)
			return;
		if (n->listing != LISTING_NONE)
			take_listing(t, n->listing, from == 0 ? WHOLE : BELOW);
		if (!n->below || !label_begin(k, s->names.longest, from, &from))
			return;
		hash = name_hash(s, k->text + from, k->len - from);
		if (!tags_maybe(&s->names.tags, hash))
			return;
	}
}

static void text_find(struct take *t, uint64_t hash, const uint8_t *p, size_t len, enum relation r)
{
	const struct set *s = t->set;
	uint32_t listing;
	if (!tags_maybe(&s->texts.tags, hash))
		return;
	struct tags_search at = tags_search(&s->texts.tags, hash, (uint32_t)hash);
	while (tags_next(&at, &listing)) {
		const struct sl_entry *e = listing_first(s, listing);
		if (set_kind(s, e)->type == t->seek->obs->type && e->value_len == len &&
			memcmp(e->value, p, len) == 0) {
			take_listing(t, listing, r);
			return;
		}
	}
}

static const struct stem *stem_find(const struct set *s, uint64_t state)
{
	uint32_t place;
	if (!tags_maybe(&s->texts.stem_tags, state))
		return NULL;
	struct tags_search at = tags_search(&s->texts.stem_tags, state, (uint32_t)state);
	while (tags_next(&at, &place)) {
		if (s->texts.stem[place].state == state)
			return &s->texts.stem[place];
	}
	return NULL;
}

/* Every listed prefix with which the text begins. The whole text was looked up already, unless it
 * is only the beginning of what was said. */
static void take_prefixes(struct take *t, const uint8_t *p, uint32_t len)
{
	const struct set *s = t->set;
	const struct stem *stem = &s->texts.root[t->seek->obs->type];
	uint64_t state = text_start(s, t->seek->obs->type);
	for (uint32_t at = 0; stem != NULL; at += 16) {
		for (uint32_t ends = stem->ends; ends != 0; ends &= ends - 1) {
			uint32_t rest = (uint32_t)__builtin_ctz(ends);
			if (at + rest > len || (at + rest == len && !t->seek->cut))
				break;
			text_find(t, text_end(s, state, p + at, rest, at + rest), p, at + rest,
				BEGINS);
		}
		if (!stem->more || len - at < 16)
			return;
		state = text_block(s, state, p + at);
		stem = stem_find(s, state);
	}
}

void seek_text(struct take *t)
{
	const struct seek *k = t->seek;
	if (!t->maybe->whole)
		return;
	if (k->name) {
		take_name(t);
		return;
	}
	if (!k->cut)
		text_find(t, k->text_hash, k->text, k->len, WHOLE);
	take_prefixes(t, k->text, k->len);
	if (k->tail == 0)
		return;
	if (!k->cut)
		text_find(t, k->tail_hash, k->text + k->tail, k->len - k->tail, WHOLE);
	take_prefixes(t, k->text + k->tail, k->len - k->tail);
}
