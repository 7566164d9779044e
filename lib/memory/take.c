/* SPDX-License-Identifier: BSD-3-Clause */
/* take.c - what a batch says goes into the memory: all hashed, all prefetched, all counted. Worker;
 * never allocates, locks or calls the system. */
#include <immintrin.h>

#include <sightline/prefetch.h>

#include "state.h"

#include <sightline/hot.h>

#define GROUP 32 /* values on their way at once */
#define NO_SLOT SIZE_MAX

/* One value as one observation said it. */
struct saying {
	uint64_t hash, host_hash;
	size_t slot; /* where it lay when it was looked for first */
	const union sl_addr *host;
	uint32_t token, hour;
	uint8_t place, version;
};

struct taking {
	struct sl_memory *m;
	const struct sl_flow *flow; /* of which the host is known */
	struct saying next; /* all but its hash and place */
	unsigned n;
	struct saying saying[GROUP];
};

void sl_memory_want(uint64_t *want)
{
	for (unsigned w = SL_WHERE_NONE + 1; w < SL_WHERE_COUNT; w++) {
		uint8_t type = sl_wheres[w].type;
		if (type == SL_TYPE_IPV4 || type == SL_TYPE_DOMAIN || type == SL_TYPE_URL ||
			type == SL_TYPE_EMAIL)
			want[w / 64] |= UINT64_C(1) << (w % 64);
	}
}

/* ---- A slot ---- */

/* A bit for each slot of a set that has this hash. */
static unsigned set_find(const struct sl_memory *m, size_t set, uint64_t hash)
{
	const __m256i *at = (const __m256i *)(const void *)&m->tag[set];
	__m256i wanted = _mm256_set1_epi64x((long long)hash);
	__m256i low = _mm256_cmpeq_epi64(_mm256_load_si256(at), wanted);
	__m256i high = _mm256_cmpeq_epi64(_mm256_load_si256(at + 1), wanted);
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(low)) |
	       (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4;
}

static size_t slot_find(const struct sl_memory *m, uint64_t hash)
{
	size_t first = memory_set(m, hash, 0), second = memory_set(m, hash, 1);
	unsigned found = set_find(m, first, hash) | set_find(m, second, hash) << WAYS;
	if (found == 0)
		return NO_SLOT;
	unsigned at = (unsigned)__builtin_ctz(found);
	return at < WAYS ? first + at : second + at - WAYS;
}

static uint32_t slot_hours_ago(const struct sl_memory *m, size_t slot)
{
	return (uint16_t)((uint16_t)m->newest - m->age[slot]);
}

/* The slot of the two sets that was seen longest ago. */
static size_t slot_oldest(const struct sl_memory *m, uint64_t hash)
{
	size_t oldest = memory_set(m, hash, 0);
	for (unsigned which = 0; which < 2; which++) {
		size_t set = memory_set(m, hash, which);
		for (unsigned way = 0; way < WAYS; way++)
			if (slot_hours_ago(m, set + way) > slot_hours_ago(m, oldest))
				oldest = set + way;
	}
	return oldest;
}

static void lost(struct sl_memory *m, uint32_t hour, enum sl_counter what)
{
	sl_count(m->counters, what, 1);
	if (hour > m->gone)
		PUT(m->gone, hour);
}

/* The free slot in the emptier of the two sets. */
static size_t slot_clear(const struct sl_memory *m, uint64_t hash)
{
	size_t first = memory_set(m, hash, 0), second = memory_set(m, hash, 1);
	unsigned in_first = set_find(m, first, 0), in_second = set_find(m, second, 0);
	if ((in_first | in_second) == 0)
		return NO_SLOT;
	return __builtin_popcount(in_first) >= __builtin_popcount(in_second)
		       ? first + (unsigned)__builtin_ctz(in_first)
		       : second + (unsigned)__builtin_ctz(in_second);
}

/* A slot for a new value; NO_SLOT: all around it is of this hour. */
static size_t slot_take(struct sl_memory *m, uint64_t hash)
{
	size_t slot = slot_clear(m, hash);
	if (slot != NO_SLOT)
		return slot;
	slot = slot_oldest(m, hash);
	uint32_t ago = slot_hours_ago(m, slot);
	if (ago == 0) {
		PUT(m->left_out, m->left_out + 1);
		lost(m, m->newest, SL_C_MEMORY_LEFT_OUT);
		return NO_SLOT;
	}
	if (ago < m->hours)
		lost(m, m->newest - ago, SL_C_MEMORY_GONE);
	return slot;
}

/* ---- A value ---- */

/* Between these two a reader sees that it has to read again. */
static void change_begin(struct value *v)
{
	PUT(v->sequence, (uint16_t)(v->sequence + 1));
}

static void change_end(struct value *v)
{
	PUT(v->sequence, (uint16_t)(v->sequence + 1));
}

static void value_begin(struct value *v, uint32_t hour)
{
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		PUT(v->hours[i], 0);
	for (unsigned i = 0; i < SKETCH_WORDS; i++) {
		PUT(v->now[i], 0);
		PUT(v->before[i], 0);
	}
	PUT(v->places, 0);
	PUT(v->count, 0);
	v->token = 0;
	PUT(v->hour, hour);
	PUT(v->first_version, 0);
	PUT(v->last_version, 0);
}

/* A new hour: those that are too old go, and what was counted in them, in proportion. */
static void value_age(struct sl_memory *m, struct value *v, uint32_t hour)
{
	uint64_t h[HOUR_WORDS];
	unsigned had, left;
	memcpy(h, v->hours, sizeof(h));
	left = hours_shift(
		h, hour - v->hour < m->hours ? hour - v->hour : m->hours, m->hours, &had);
	if (left == 0) {
		value_begin(v, hour);
		return;
	}
	uint32_t span = hour / m->hours, was = v->hour / m->hours;
	for (unsigned i = 0; i < SKETCH_WORDS && span != was; i++) {
		PUT(v->before[i], span == was + 1 ? v->now[i] : 0);
		PUT(v->now[i], 0);
	}
	if (span != was)
		PUT(v->last_version, 0); /* so that the host is sketched anew */
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		PUT(v->hours[i], h[i]);
	PUT(v->count, (uint32_t)((uint64_t)v->count * left / had));
	PUT(v->hour, hour);
}

static void addr_put(union sl_addr *to, const union sl_addr *a)
{
	PUT(to->q[0], a->q[0]);
	PUT(to->q[1], a->q[1]);
}

static bool addr_same(const union sl_addr *a, const union sl_addr *b)
{
	return ((a->q[0] ^ b->q[0]) | (a->q[1] ^ b->q[1])) == 0;
}

static void sketch_add(uint64_t sketch[SKETCH_WORDS], uint64_t hash)
{
	unsigned at = (unsigned)((hash >> 32) * SKETCH >> 32), shift = at % 16 * 4;
	uint64_t rank = (uint64_t)__builtin_ctz((uint32_t)hash | 1u << (RANK_MAX - 1)) + 1;
	uint64_t word = sketch[at / 16];
	if (rank > (word >> shift & 15))
		PUT(sketch[at / 16], (word & ~(UINT64_C(15) << shift)) | rank << shift);
}

static void value_host(struct value *v, const struct saying *s)
{
	if (v->last_version == s->version && addr_same(&v->last, s->host))
		return;
	addr_put(&v->last, s->host);
	PUT(v->last_version, s->version);
	if (v->first_version == 0) {
		addr_put(&v->first, s->host);
		PUT(v->first_version, s->version);
	}
	sketch_add(v->now, s->host_hash);
}

static void value_count(struct sl_memory *m, size_t slot, const struct saying *s)
{
	struct value *v = &m->value[slot];
	if (s->hour > v->hour) {
		value_age(m, v, s->hour);
		m->age[slot] = (uint16_t)s->hour;
	}
	uint32_t ago = v->hour - s->hour;
	if (ago >= m->hours)
		return;
	PUT(v->hours[ago / 64], v->hours[ago / 64] | UINT64_C(1) << (ago % 64));
	PUT(v->places, v->places | UINT64_C(1) << s->place);
	if (v->token != s->token && v->count < UINT32_MAX)
		PUT(v->count, v->count + 1);
	v->token = s->token;
	if (s->version != 0)
		value_host(v, s);
}

static void take_one(struct sl_memory *m, const struct saying *s)
{
	size_t slot = s->slot;
	if (slot == NO_SLOT || m->tag[slot] != s->hash) /* what came before it may have moved in */
		slot = slot_find(m, s->hash);
	bool made = slot == NO_SLOT;
	if (made && (slot = slot_take(m, s->hash)) == NO_SLOT)
		return;
	struct value *v = &m->value[slot];
	change_begin(v);
	if (made) {
		PUT(m->tag[slot], s->hash);
		value_begin(v, s->hour);
		m->age[slot] = (uint16_t)s->hour;
		sl_count(m->counters, SL_C_MEMORY_VALUES, 1);
	}
	value_count(m, slot, s);
	change_end(v);
}

/* ---- A batch ---- */

static void settle(struct taking *t)
{
	struct sl_memory *m = t->m;
	for (unsigned i = 0; i < t->n; i++) {
		size_t slot = t->saying[i].slot = slot_find(m, t->saying[i].hash);
		if (slot != NO_SLOT) {
			sl_prefetch(&m->value[slot]);
			sl_prefetch(&m->value[slot].first);
		} else {
			sl_prefetch(&m->age[memory_set(m, t->saying[i].hash, 0)]);
			sl_prefetch(&m->age[memory_set(m, t->saying[i].hash, 1)]);
		}
	}
	for (unsigned i = 0; i < t->n; i++)
		take_one(m, &t->saying[i]);
	t->n = 0;
}

static void say(struct taking *t, uint64_t hash, uint8_t place)
{
	if (t->n == GROUP)
		settle(t);
	sl_prefetch(&t->m->tag[memory_set(t->m, hash, 0)]);
	sl_prefetch(&t->m->tag[memory_set(t->m, hash, 1)]);
	struct saying *s = &t->saying[t->n++];
	*s = t->next;
	s->hash = hash;
	s->place = place;
}

/* An own one is no indicator. */
static void say_addr(struct taking *t, const union sl_addr *a, uint8_t version, uint8_t place)
{
	struct sl_memory *m = t->m;
	if (m->home != NULL && sl_nets_has(m->home, a, version))
		return;
	enum sl_type type = version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6;
	say(t, memory_key(m, type, ASK_AT, memory_addr(m, a, version)), place);
}

/* A name, and the zones that it is in. */
static void say_name(struct taking *t, const uint8_t *name, uint32_t len, uint8_t place)
{
	unsigned labels = 1;
	say(t, memory_text(t->m, SL_TYPE_DOMAIN, ASK_AT, name, len), place);
	say(t, memory_text(t->m, SL_TYPE_DOMAIN, ASK_ANY, name, len), place);
	for (uint32_t end = len; labels <= SL_MEMORY_LABELS; labels++) {
		const uint8_t *dot = memrchr(name, '.', end);
		if (dot == NULL)
			return;
		end = (uint32_t)(dot - name);
		if (labels > 1 && end + 1 < len)
			say(t, memory_text(t->m, SL_TYPE_DOMAIN, ASK_ANY, dot + 1, len - end - 1),
				place);
	}
}

static void say_text(struct taking *t, const struct sl_observable *o, uint8_t place)
{
	struct sl_memory *m = t->m;
	say(t, memory_text(m, o->type, ASK_AT, o->value, o->len), place);
	/* A URL that is listed without its scheme stands for any. */
	const uint8_t *any = o->type == SL_TYPE_URL ? memmem(o->value, o->len, "//", 2) : NULL;
	if (any != NULL)
		say(t, memory_text(m, o->type, ASK_AT, any, o->len - (size_t)(any - o->value)),
			place);
}

/* "Host: 192.0.2.1". */
static void say_literal(struct taking *t, const struct sl_observable *o)
{
	union sl_addr a;
	uint8_t version;
	bool digit = o->value[0] >= '0' && o->value[0] <= '9';
	if (o->len < SL_ADDR_TEXT && (digit || memchr(o->value, ':', o->len) != NULL) &&
		sl_addr_parse((const char *)o->value, o->len, &a, &version))
		say_addr(t, &a, version, t->m->literal[o->where]);
}

static void say_observable(struct taking *t, const struct sl_observable *o)
{
	struct sl_memory *m = t->m;
	uint8_t place = m->place[o->where];
	if (o->type == SL_TYPE_IPV4 || o->type == SL_TYPE_IPV6) {
		union sl_addr a = { .q = { 0, 0 } };
		memcpy(a.b, o->value, o->type == SL_TYPE_IPV4 ? 4 : 16);
		say_addr(t, &a, o->type == SL_TYPE_IPV4 ? 4 : 6, place);
		return;
	}
	if (m->literal[o->where] != PLACE_NONE)
		say_literal(t, o);
	if (o->type == SL_TYPE_DOMAIN)
		say_name(t, o->value, o->len, place);
	else
		say_text(t, o, place);
}

static void network_add(struct sl_memory *m, uint32_t hour, uint64_t hash)
{
	uint32_t span = hour / m->hours;
	if (span > m->span) {
		for (unsigned i = 0; i < NETWORK; i++) {
			PUT(m->network[1][i], span == m->span + 1 ? m->network[0][i] : 0);
			PUT(m->network[0][i], 0);
		}
		m->span = span;
	}
	uint8_t *r = &m->network[0][hash >> 32 & (NETWORK - 1)];
	uint8_t rank = (uint8_t)(__builtin_ctz((uint32_t)hash | 1u << 31) + 1);
	if (rank > *r)
		PUT(*r, rank);
}

/* The host of a flow is its end at home; its initiator where both or neither are. */
static void host_of(struct taking *t, const struct sl_flow *f)
{
	const struct sl_memory *m = t->m;
	bool other = m->home != NULL && f->version != 0 &&
		     !sl_nets_has(m->home, &f->src, f->version) &&
		     sl_nets_has(m->home, &f->dst, f->version);
	t->flow = f;
	t->next.host = other ? &f->dst : &f->src;
	t->next.version = f->version;
	t->next.host_hash = memory_addr(m, t->next.host, f->version);
	if (f->version != 0)
		network_add(t->m, t->next.hour, t->next.host_hash);
}

static void clock_take(struct sl_memory *m, uint32_t hour)
{
	if (hour > m->newest)
		PUT(m->newest, hour);
	if (m->oldest == 0 || hour < m->oldest)
		PUT(m->oldest, hour);
}

void sl_memory_take(struct sl_memory *m, const struct sl_batch *b)
{
	struct taking t;
	uint64_t taken = 0;
	t.m = m;
	t.flow = NULL;
	t.n = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct sl_observable *o = &b->obs[i];
		if (o->flow == NULL || m->place[o->where] == PLACE_NONE ||
			o->part != SL_PART_WHOLE ||
			(o->flags & (SL_OBS_SILENT | SL_OBS_CLOSE | SL_OBS_REPEAT)))
			continue;
		t.next.hour = (uint32_t)(o->ts_ns / HOUR_NS) + 1;
		clock_take(m, t.next.hour);
		if (m->newest - t.next.hour >= m->hours)
			continue;
		if (o->flow != t.flow)
			host_of(&t, o->flow);
		uint64_t of =
			sl_hash_u128(m->key, o->flow->id, (uint64_t)o->message << 16 | o->where);
		t.next.token = (uint32_t)of | 1;
		say_observable(&t, o);
		taken++;
	}
	settle(&t);
	PUT(m->observables, m->observables + taken);
}

void sl_memory_clear(struct sl_memory *m)
{
	if (m->newest == 0)
		return;
	for (size_t i = 0; i < (size_t)m->sets * WAYS; i++)
		PUT(m->tag[i], 0);
	for (unsigned i = 0; i < NETWORK; i++) {
		PUT(m->network[0][i], 0);
		PUT(m->network[1][i], 0);
	}
	PUT(m->newest, 0);
	PUT(m->oldest, 0);
	PUT(m->gone, 0);
	PUT(m->observables, 0);
	PUT(m->left_out, 0);
	m->span = 0;
}
