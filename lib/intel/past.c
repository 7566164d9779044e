/* SPDX-License-Identifier: BSD-3-Clause */
/* past.c - what was seen, by value: counts, own hosts, and the names that led to an address.
 * Control threads.
 *
 * A value is counted under each question that an indicator can put: of its type or of one place;
 * with any port or one; itself, or (a name) itself and all below. A question is a keyed hash, so
 * that nobody can choose two that meet, and nothing of a value can be read back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/hash.h>
#include <sightline/mem.h>
#include <sightline/past.h>

#include "rows.h"

#define VALUES_MAX (UINT32_C(8) << 20)
#define HOSTS_MAX (UINT32_C(1) << 20)
#define PAIRS_MAX (UINT32_C(16) << 20)
#define RECENT_SLOTS (UINT32_C(1) << 20)
#define RECENT_WAYS 4
#define NAME_BYTES 256
#define NAMES_MAX ((size_t)256 << 20)
#define ASKED_SLOTS 4096 /* questions of DNS that wait for their answer */

enum ask { ASK_AT, ASK_ANY };

struct value {
	uint64_t hash, count;
	uint32_t hosts, pair; /* how many, and 1 + the first of them */
	uint32_t names; /* 1 + its row of names */
};

/* A value and a host that it was seen on. */
struct pair {
	uint64_t hash;
	uint32_t host, next;
};

struct host {
	uint64_t hash;
	uint32_t asked; /* the last question that counted it */
};

struct names {
	uint32_t count;
	bool more;
	const char *name[SL_PAST_NAMES];
};

/* For networks: every address that was seen, and its value. */
struct seen_addr {
	union sl_addr addr;
	uint8_t version;
	uint32_t value;
};

struct asked {
	uint64_t flow;
	uint32_t message, len; /* len 0: nothing was asked */
	char name[NAME_BYTES];
};

struct sl_past {
	const struct sl_nets *home;
	struct sl_hash_key key;
	struct rows values, hosts, pairs;
	struct names *names;
	size_t names_bytes;
	uint32_t name_count, name_cap;
	struct seen_addr *addrs;
	uint32_t addr_count, addr_cap;
	bool sorted;
	uint32_t question;
	struct asked asked[ASKED_SLOTS];
	uint64_t *recent; /* observations that were counted last */
	struct sl_arena *arena;
	struct sl_past_sum sum;
};

/* ---- Rows ---- */

static struct value *value_at(const struct sl_past *p, uint32_t row)
{
	return (struct value *)(void *)p->values.at + row;
}

static struct pair *pair_at(const struct sl_past *p, uint32_t row)
{
	return (struct pair *)(void *)p->pairs.at + row;
}

static struct host *host_at(const struct sl_past *p, uint32_t row)
{
	return (struct host *)(void *)p->hosts.at + row;
}

static void *room(void *p, uint32_t count, uint32_t *cap, size_t each)
{
	if (count < *cap)
		return p;
	uint32_t more = *cap != 0 ? *cap * 2 : 256;
	void *q = realloc(p, more * each);
	if (q != NULL)
		*cap = more;
	return q;
}

int sl_past_new(struct sl_past **out, const struct sl_past_options *o)
{
	struct sl_past *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	p->home = o->home;
	p->names_bytes = o->names_bytes != 0 ? o->names_bytes : NAMES_MAX;
	p->values = (struct rows){ .each = sizeof(struct value),
		.most = o->values != 0 ? o->values : VALUES_MAX };
	p->hosts = (struct rows){ .each = sizeof(struct host),
		.most = o->hosts != 0 ? o->hosts : HOSTS_MAX };
	p->pairs = (struct rows){ .each = sizeof(struct pair),
		.most = o->pairs != 0 ? o->pairs : PAIRS_MAX };
	p->recent = calloc(RECENT_SLOTS, sizeof(*p->recent));
	int rc = p->recent != NULL ? sl_arena_new(&p->arena) : -ENOMEM;
	if (rc == 0)
		rc = sl_hash_key_draw(&p->key);
	if (rc < 0) {
		sl_past_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void sl_past_free(struct sl_past *p)
{
	if (p == NULL)
		return;
	rows_free(&p->values);
	rows_free(&p->hosts);
	rows_free(&p->pairs);
	free(p->recent);
	free(p->names);
	free(p->addrs);
	sl_arena_free(p->arena);
	free(p);
}

/* ---- Seeing ---- */

static uint64_t addr_hash(const struct sl_past *p, const union sl_addr *a, uint8_t version)
{
	return sl_hash_u128(p->key, a->q[0], a->q[1] ^ sl_hash_u64(p->key, version));
}

/* where SL_WHERE_NONE: of the type, wherever it stands. */
static uint64_t question(const struct sl_past *p, uint64_t value, enum ask ask, enum sl_type type,
	enum sl_where where, uint16_t port)
{
	uint64_t what = where != SL_WHERE_NONE ? (uint64_t)where << 8 : type;
	return sl_hash_u128(p->key, value, what | (uint64_t)ask << 32 | (uint64_t)port << 40);
}

/* What is counted: one observation, of one host. */
struct seeing {
	struct sl_past *p;
	const struct sl_past_observed *o;
	uint32_t host; /* 1 + its row; 0: nobody's, or too many */
	enum sl_type type; /* as what it is counted */
	uint32_t value; /* 1 + the row that counted last; 0: left out */
};

static int host_find(struct seeing *s)
{
	struct sl_past *p = s->p;
	const struct sl_past_observed *o = s->o;
	bool made;
	if (o->src_version == 0)
		return 0;
	bool other = p->home != NULL && !sl_nets_has(p->home, &o->src, o->src_version) &&
		     sl_nets_has(p->home, &o->dst, o->dst_version);
	int64_t row = rows_get(&p->hosts,
		other ? addr_hash(p, &o->dst, o->dst_version)
		      : addr_hash(p, &o->src, o->src_version),
		&made);
	if (row < 0)
		return (int)row;
	s->host = (uint32_t)row;
	p->sum.left_out += row == 0;
	return 0;
}

static int pair_add(struct seeing *s, uint32_t value)
{
	struct sl_past *p = s->p;
	bool made;
	if (s->host == 0)
		return 0;
	int64_t row =
		rows_get(&p->pairs, sl_hash_u128(p->key, value_at(p, value)->hash, s->host), &made);
	p->sum.left_out += row == 0;
	if (row <= 0 || !made)
		return row < 0 ? (int)row : 0;
	struct pair *pair = pair_at(p, (uint32_t)row - 1);
	struct value *v = value_at(p, value);
	pair->host = s->host - 1;
	pair->next = v->pair;
	v->pair = (uint32_t)row;
	v->hosts++;
	return 0;
}

/* A flow, or a message, counts once for each place that it says a value in. The last million of
 * what was counted is known, so that much of other flows may come between the parts of a message.
 */
static bool counted(struct sl_past *p, uint64_t hash, const struct sl_past_observed *o)
{
	uint64_t h = sl_hash_u128(
		p->key, hash ^ o->flow, (uint64_t)o->message << 32 | (uint64_t)o->where);
	uint64_t *set = &p->recent[h % (RECENT_SLOTS / RECENT_WAYS) * RECENT_WAYS];
	unsigned at = 0;
	while (at < RECENT_WAYS - 1 && set[at] != h)
		at++;
	bool yes = set[at] == h;
	memmove(set + 1, set, at * sizeof(*set)); /* the newest first */
	set[0] = h;
	return yes;
}

static int count_one(struct seeing *s, uint64_t hash)
{
	const struct sl_past_observed *o = s->o;
	bool made;
	int64_t row = rows_get(&s->p->values, hash, &made);
	s->value = row > 0 ? (uint32_t)row : 0;
	s->p->sum.left_out += row == 0;
	if (row <= 0)
		return (int)row;
	struct value *v = value_at(s->p, s->value - 1);
	v->count += !counted(s->p, hash, o);
	return pair_add(s, s->value - 1);
}

/* The port at the value's end of the flow; 0: it has none. */
static uint16_t port_of(const struct seeing *s)
{
	const struct sl_past_observed *o = s->o;
	if (s->type != SL_TYPE_IPV4 && s->type != SL_TYPE_IPV6)
		return o->dport;
	return o->where == SL_WHERE_IP_SRC ? o->sport : o->where == SL_WHERE_IP_DST ? o->dport : 0;
}

/* Of its type last, which is what names and networks hang on. */
static int count_value(struct seeing *s, uint64_t value, enum ask ask)
{
	const struct sl_past_observed *o = s->o;
	uint16_t port = port_of(s);
	int rc = 0;
	for (unsigned i = port != 0 ? 0 : 1; rc == 0 && i < 2; i++) {
		uint16_t with = i == 0 ? port : 0;
		rc = count_one(s, question(s->p, value, ask, s->type, o->where, with));
		if (rc == 0)
			rc = count_one(s, question(s->p, value, ask, s->type, SL_WHERE_NONE, with));
	}
	return rc;
}

static int count_name(struct seeing *s, const char *name, size_t len)
{
	uint64_t h = sl_hash_bytes(s->p->key, name, len);
	int rc = count_value(s, h, ASK_AT);
	if (rc == 0)
		rc = count_value(s, h, ASK_ANY);
	for (size_t i = 0; rc == 0 && i + 1 < len; i++)
		if (name[i] == '.')
			rc = count_value(
				s, sl_hash_bytes(s->p->key, name + i + 1, len - i - 1), ASK_ANY);
	return rc;
}

/* ---- Names that lead to addresses ---- */

static struct asked *asked_slot(struct sl_past *p, const struct sl_past_observed *o)
{
	return &p->asked[sl_hash_u128(p->key, o->flow, o->message) % ASKED_SLOTS];
}

static void name_asked(struct sl_past *p, const struct sl_past_observed *o)
{
	struct asked *a = asked_slot(p, o);
	a->flow = o->flow;
	a->message = o->message;
	a->len = o->len < NAME_BYTES ? (uint32_t)o->len : 0;
	memcpy(a->name, o->value, a->len);
	a->name[a->len] = '\0';
}

static int name_keep(struct sl_past *p, struct names *n, const struct asked *a)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (strcmp(n->name[i], a->name) == 0)
			return 0;
	bool room_left = sl_arena_bytes(p->arena) < p->names_bytes;
	p->sum.left_out += !room_left;
	n->more |= n->count == SL_PAST_NAMES || !room_left;
	if (n->more)
		return 0;
	n->name[n->count] = sl_arena_intern(p->arena, a->name, a->len);
	return n->name[n->count++] != NULL ? 0 : -ENOMEM;
}

static int name_link(struct sl_past *p, const struct sl_past_observed *o, uint32_t value)
{
	const struct asked *a = asked_slot(p, o);
	struct value *v = value_at(p, value);
	if (a->len == 0 || a->flow != o->flow || a->message != o->message)
		return 0;
	if (v->names == 0) {
		void *q = room(p->names, p->name_count, &p->name_cap, sizeof(*p->names));
		if (q == NULL)
			return -ENOMEM;
		p->names = q;
		p->names[p->name_count] = (struct names){ 0 };
		v->names = ++p->name_count;
	}
	return name_keep(p, &p->names[v->names - 1], a);
}

/* Where the text is an address. */
static int count_addr(struct seeing *s)
{
	struct sl_past *p = s->p;
	struct seen_addr a = { 0 };
	if (!sl_addr_parse(s->o->value, s->o->len, &a.addr, &a.version))
		return 0;
	uint32_t before = p->values.count;
	s->type = a.version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6;
	int rc = count_value(s, addr_hash(p, &a.addr, a.version), ASK_AT);
	if (rc < 0 || s->value == 0)
		return rc;
	a.value = s->value - 1;
	if (a.value >= before) {
		void *q = room(p->addrs, p->addr_count, &p->addr_cap, sizeof(*p->addrs));
		if (q == NULL)
			return -ENOMEM;
		p->addrs = q;
		p->addrs[p->addr_count++] = a;
		p->sorted = false;
	}
	return s->o->where == SL_WHERE_DNS_ANSWER_IP ? name_link(p, s->o, a.value) : 0;
}

int sl_past_add(struct sl_past *p, const struct sl_past_observed *o)
{
	struct seeing s = { .p = p, .o = o, .type = o->type };
	int rc = host_find(&s);
	p->sum.observables++;
	p->sum.first_ns =
		p->sum.first_ns == 0 || o->ts_ns < p->sum.first_ns ? o->ts_ns : p->sum.first_ns;
	p->sum.last_ns = o->ts_ns > p->sum.last_ns ? o->ts_ns : p->sum.last_ns;
	if (rc < 0)
		return rc;
	if (o->type == SL_TYPE_IPV4 || o->type == SL_TYPE_IPV6)
		return count_addr(&s);
	if (sl_where_is_host(o->where)) /* "Host: 192.0.2.1" */
		rc = count_addr(&s);
	s.type = o->type;
	if (rc == 0 && o->where == SL_WHERE_DNS_QUERY)
		name_asked(p, o);
	if (rc < 0 || o->type == SL_TYPE_DOMAIN)
		return rc < 0 ? rc : count_name(&s, o->value, o->len);
	rc = count_value(&s, sl_hash_bytes(p->key, o->value, o->len), ASK_AT);
	/* A URL that is listed without its scheme stands for any. */
	const char *any = o->type == SL_TYPE_URL ? memmem(o->value, o->len, "//", 2) : NULL;
	if (rc == 0 && any != NULL)
		rc = count_value(
			&s, sl_hash_bytes(p->key, any, o->len - (size_t)(any - o->value)), ASK_AT);
	return rc;
}

/* ---- Asking ---- */

static int order(const void *a, const void *b)
{
	const struct seen_addr *x = a, *y = b;
	return x->version != y->version ? (int)x->version - (int)y->version
					: memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));
}

static bool inside(const struct seen_addr *a, const struct sl_indicator *i)
{
	unsigned whole = i->prefix_len / 8, rest = i->prefix_len % 8;
	return a->version == i->version && memcmp(a->addr.b, i->addr.b, whole) == 0 &&
	       (rest == 0 || (a->addr.b[whole] ^ i->addr.b[whole]) >> (8 - rest) == 0);
}

/* Each host of it that this question has not counted yet. */
static void hosts_add(struct sl_past *p, const struct value *v, struct sl_past_answer *out)
{
	for (uint32_t at = v->pair; at != 0; at = pair_at(p, at - 1)->next) {
		struct host *h = host_at(p, pair_at(p, at - 1)->host);
		out->hosts += h->asked != p->question;
		h->asked = p->question;
	}
}

static void ask_network(struct sl_past *p, const struct sl_indicator *i, struct sl_past_answer *out)
{
	struct seen_addr first = { .addr = i->addr, .version = i->version };
	uint32_t low = 0, high = p->addr_count;
	if (!p->sorted && p->addr_count > 0)
		qsort(p->addrs, p->addr_count, sizeof(*p->addrs), order);
	p->sorted = true;
	p->question++;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (order(&p->addrs[middle], &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < p->addr_count && inside(&p->addrs[low], i); low++) {
		const struct value *v = value_at(p, p->addrs[low].value);
		out->count += v->count;
		hosts_add(p, v, out);
	}
	out->at_most = out->count > 0; /* two of its addresses in one message are one hit */
}

static uint64_t value_of(const struct sl_past *p, const struct sl_indicator *i)
{
	if (i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6)
		return addr_hash(p, &i->addr, i->version);
	return sl_hash_bytes(p->key, i->value, i->value_len);
}

bool sl_past_ask(struct sl_past *p, const struct sl_indicator *i, struct sl_past_answer *out)
{
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	bool name = i->type == SL_TYPE_DOMAIN;
	*out = (struct sl_past_answer){ 0 };
	if (i->match != SL_MATCH_EXACT && !(name && i->match == SL_MATCH_SUFFIX))
		return false;
	if (addr && i->prefix_len != (i->version == 4 ? 32 : 128)) {
		ask_network(p, i, out);
		return true;
	}
	bool below = name && (i->match == SL_MATCH_SUFFIX || i->below != SL_BELOW_NO);
	uint32_t row = rows_find(&p->values,
		question(p, value_of(p, i), below ? ASK_ANY : ASK_AT, i->type, i->where, i->port));
	if (row == 0)
		return true;
	const struct value *v = value_at(p, row - 1);
	out->count = v->count;
	out->hosts = v->hosts;
	if (v->names == 0)
		return true;
	const struct names *n = &p->names[v->names - 1];
	out->name_count = n->count;
	out->more_names = n->more;
	memcpy(out->name, n->name, sizeof(out->name));
	return true;
}

void sl_past_sum(const struct sl_past *p, struct sl_past_sum *out)
{
	*out = p->sum;
	out->hosts = p->hosts.count;
}

static bool witness_ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	return sl_past_ask(arg, i, out);
}

static void witness_sum(void *arg, struct sl_past_sum *out)
{
	sl_past_sum(arg, out);
}

struct sl_witness sl_past_witness(struct sl_past *p)
{
	return (struct sl_witness){ .ask = witness_ask, .sum = witness_sum, .arg = p };
}
