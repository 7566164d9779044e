/* SPDX-License-Identifier: BSD-3-Clause */
/* armory_past.c - what the workers remember, asked when indicators are read, and once more of those
 * that are new in force: what they did before is told as sightings of the past. Control thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/book.h>
#include <sightline/hash.h>
#include <sightline/log.h>
#include <sightline/mem.h>

#include "armory.h"
#include "retro.h"

#define RETRO_MAX 1000 /* values that one change tells of; the rest are counted */
#define SLOTS 2048
static_assert(RETRO_MAX < SLOTS && RETRO_MAX < UINT16_MAX, "a slot is free");

/* One observable, looked up as a worker would. */
struct probe {
	struct sl_flow flow;
	struct sl_counters counters; /* nobody's */
	struct sl_hit hit[SL_HITS_PER_OBS];
	struct sl_batch batch;
};

static void probe_init(struct probe *p)
{
	p->batch.flow = &p->flow;
	p->batch.counters = &p->counters;
	sl_batch_want_all(&p->batch);
}

/* The hits of what an indicator lists, in a ruleset. */
static uint32_t probe_hits(
	struct probe *p, const struct sl_ruleset *rs, const struct sl_indicator *i, uint64_t ts_ns)
{
	unsigned w = i->where;
	uint16_t from = 0;
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	for (w = w != SL_WHERE_NONE ? w : 1; w < SL_WHERE_COUNT; w++)
		if (sl_wheres[w].type == (addr ? SL_TYPE_IPV4 : i->type) || i->where == w)
			break;
	if (w == SL_WHERE_COUNT)
		return 0;
	p->flow.sport = p->flow.dport = i->port;
	p->batch.ts_ns = ts_ns;
	sl_batch_empty(&p->batch);
	struct sl_span value = sl_span(i->value, i->value_len);
	bool fits = addr ? sl_batch_add_addr(&p->batch, (enum sl_where)w, SL_TO_SERVER, 0, &i->addr,
				   i->version)
			 : sl_batch_add(&p->batch, (enum sl_where)w, SL_TO_SERVER, 0, value);
	return fits ? sl_match(rs, &p->batch, &from, p->hit, SL_HITS_PER_OBS, &p->counters) : 0;
}

static bool lists_the_same(const struct sl_indicator *a, const struct sl_indicator *b)
{
	return a->type == b->type && a->match == b->match && a->where == b->where &&
	       a->port == b->port && a->value_len == b->value_len &&
	       memcmp(a->value, b->value, a->value_len) == 0;
}

/* Whether the ruleset has what i lists: loud, or at all where `quiet` is enough. */
static bool has(struct probe *p, const struct sl_ruleset *rs, const struct sl_indicator *i,
	uint64_t ts_ns, bool quiet)
{
	uint32_t n = probe_hits(p, rs, i, ts_ns);
	for (uint32_t k = 0; k < n; k++) {
		struct sl_indicator one;
		if (p->hit[k].leaf)
			continue;
		sl_ruleset_indicator(rs, p->hit[k].indicator, &one);
		if ((quiet || !one.quiet) && lists_the_same(&one, i))
			return true;
	}
	return false;
}

static bool is_armed(void *arg, const struct sl_indicator *i)
{
	struct armory *a = arg;
	return has(a->probe, a->current, i, armory_judged_at(a), false);
}

static bool witness_ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	return sl_memories_ask(&((struct armory *)arg)->memories, i, out);
}

static void witness_sum(void *arg, struct sl_past_sum *out)
{
	sl_memories_sum(&((struct armory *)arg)->memories, out);
}

int armory_remember(struct armory *a, struct worker *const *workers)
{
	if (workers[0]->memory == NULL)
		return 0;
	a->memory = calloc(a->workers, sizeof(struct sl_memory *));
	a->probe = calloc(1, sizeof(*a->probe));
	if (a->memory == NULL || a->probe == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < a->workers; i++)
		a->memory[i] = workers[i]->memory;
	probe_init(a->probe);
	a->memories = (struct sl_memories){ a->memory, a->workers };
	a->witness = (struct sl_witness){
		.ask = witness_ask, .sum = witness_sum, .armed = is_armed, .arg = a
	};
	return 0;
}

void armory_past_free(struct armory *a)
{
	free(a->probe);
	free(a->memory);
}

int armory_answer(void *armory, const char *body, size_t len, char **text, size_t *text_len)
{
	const struct armory *a = armory;
	return a->memories.count > 0 ? sl_past_reply(&a->witness, body, len, text, text_len)
				     : -ENODATA;
}

const struct sl_memories *armory_memories(const struct armory *a)
{
	return &a->memories;
}

const struct sl_witness *armory_witness(const struct armory *a)
{
	return a->memories.count > 0 ? &a->witness : NULL;
}

/* ---- A whole set that comes ---- */

/* Who is asked about one that is not in force, on whatever thread. */
struct judge {
	const struct armory *a;
	const struct sl_ruleset *before;
	struct probe probe;
	struct sl_book more, fewer;
	struct sl_arena *arena;
};

static bool judge_ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	return sl_memories_ask(&((struct judge *)arg)->a->memories, i, out);
}

static void judge_sum(void *arg, struct sl_past_sum *out)
{
	sl_memories_sum(&((struct judge *)arg)->a->memories, out);
}

static bool judge_armed(void *arg, const struct sl_indicator *i)
{
	struct judge *j = arg;
	return has(&j->probe, j->before, i, armory_judged_at(j->a), false);
}

static int judge_one(struct judge *j, struct sl_indicator *i, const char *why)
{
	if (i->impact == SL_REFUSED)
		return sl_book_add(&j->fewer, i);
	i->quiet = true;
	i->quiet_reason = sl_arena_intern(j->arena, why, strlen(why));
	return i->quiet_reason != NULL ? sl_book_add(&j->more, i) : -ENOMEM;
}

static int judge_all(struct judge *j, const struct sl_book *book)
{
	const struct sl_config *c = j->a->config;
	unsigned hosts = (unsigned)sl_config_u64(c, "impact_hosts");
	unsigned percent = (unsigned)sl_config_u64(c, "impact_percent");
	const struct sl_witness w = {
		.ask = judge_ask, .sum = judge_sum, .armed = judge_armed, .arg = j
	};
	int rc = 0;
	for (size_t n = 0; n < book->count && rc == 0; n++) {
		const struct sl_entry *e = &book->entry[n];
		const struct sl_kind *k = sl_book_kind(book, e);
		struct sl_indicator i;
		char why[SL_PAST_WHY];
		if (e->detection != 0 || k->quiet || k->allow || k->impact == SL_ARMED)
			continue;
		sl_book_get(book, n, &i);
		if (sl_past_impact(&w, hosts, percent, &i, why))
			rc = judge_one(j, &i, why);
	}
	return rc;
}

static int judged(struct judge *j, struct sl_ruleset **rs, struct sl_change *sum)
{
	struct sl_ruleset *next;
	uint32_t generation = sl_ruleset_generation(*rs);
	if (j->more.count + j->fewer.count == 0)
		return 0;
	int rc = sl_ruleset_change(&next, *rs, &j->more, &j->fewer, generation, sum);
	if (rc < 0)
		return rc;
	sl_ruleset_free(*rs);
	*rs = next;
	return 0;
}

int armory_judge_past(const struct armory *a, struct sl_ruleset **rs, const struct sl_book *book,
	const struct sl_ruleset *before, struct sl_change *sum)
{
	struct judge *j = calloc(1, sizeof(*j));
	if (j == NULL)
		return -ENOMEM;
	j->a = a;
	j->before = before;
	probe_init(&j->probe);
	int rc = sl_arena_new(&j->arena);
	if (rc == 0)
		rc = sl_book_init(&j->more, j->arena);
	if (rc == 0)
		rc = sl_book_init(&j->fewer, j->arena);
	if (rc == 0)
		rc = judge_all(j, book);
	if (rc == 0)
		rc = judged(j, rs, sum);
	sl_book_fini(&j->more);
	sl_book_fini(&j->fewer);
	sl_arena_free(j->arena);
	free(j);
	return rc;
}

/* ---- Sightings of the past ---- */

/* What a new indicator did: asked as exactly as it is looked for, so that nothing is told that it
 * would not have fired on. */
static bool is_late(
	struct armory *a, uint32_t number, struct sl_indicator *i, struct sl_past_answer *past)
{
	sl_ruleset_indicator(a->current, number, i);
	i->below = SL_BELOW_NO;
	if (!sl_memories_ask(&a->memories, i, past) || past->count == 0 || past->at_most)
		return false;
	uint64_t ts_ns = past->last_ns > i->valid_from_ns ? past->last_ns : i->valid_from_ns;
	if (has(a->probe, a->leaving, i, ts_ns, i->quiet)) /* by another source or id */
		return false;
	uint32_t n = probe_hits(a->probe, a->current, i, ts_ns);
	for (uint32_t k = 0; k < n; k++) /* what is allowed is not among them */
		if (!a->probe->hit[k].leaf && a->probe->hit[k].indicator == number)
			return true;
	return false;
}

/* What one change tells, on its way. */
struct telling {
	struct retro *r; /* NULL: no memory, nothing is told */
	struct sl_hash_key key;
	uint16_t slot[SLOTS]; /* by value: number in r + 1 */
};

static uint16_t *slot_of(const struct armory *a, struct telling *t, const struct sl_indicator *i)
{
	size_t at = sl_hash_bytes(t->key, i->value, i->value_len) % SLOTS;
	for (; t->slot[at] != 0; at = (at + 1) % SLOTS) {
		struct sl_indicator one;
		sl_ruleset_indicator(a->current, t->r->value[t->slot[at] - 1].indicator[0], &one);
		if (lists_the_same(&one, i))
			break;
	}
	return &t->slot[at];
}

static struct retro_value *value_new(struct retro *r)
{
	if (r->n == RETRO_MAX)
		return NULL;
	if (r->n == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 16;
		struct retro_value *more = reallocarray(r->value, cap, sizeof(*more));
		if (more == NULL)
			return NULL;
		r->value = more;
		r->cap = cap;
	}
	r->value[r->n] = (struct retro_value){ 0 };
	return &r->value[r->n++];
}

static bool retro_add(struct armory *a, struct telling *t, uint32_t number,
	const struct sl_indicator *i, const struct sl_past_answer *past)
{
	if (t->r == NULL)
		return false;
	uint16_t *slot = slot_of(a, t, i);
	struct retro_value *v = *slot != 0 ? &t->r->value[*slot - 1] : value_new(t->r);
	if (v == NULL)
		return false;
	*slot = (uint16_t)(v - t->r->value + 1);
	if (v->count == RETRO_INDICATORS)
		return false;
	v->indicator[v->count++] = number;
	v->past = *past;
	return true;
}

static void retro_fill(struct armory *a, struct telling *t, uint32_t hours)
{
	uint64_t late = 0, untold = 0;
	for (uint32_t number = 0; sl_ruleset_newborn(a->current, &number); number++) {
		struct sl_indicator i;
		struct sl_past_answer past;
		if (!is_late(a, number, &i, &past))
			continue;
		late++;
		untold += !retro_add(a, t, number, &i, &past);
	}
	sl_count(&a->counters, SL_C_RETRO_UNTOLD, untold);
	if (late > 0)
		sl_info("%" PRIu64 " new indicators were seen before, in the last %" PRIu32
			" h; %" PRIu64 " of them are not told of",
			late, hours, untold);
}

void armory_retro(struct armory *a)
{
	struct sl_past_sum sum;
	struct telling t = { .r = NULL };
	if (a->memories.count == 0)
		return;
	sl_memories_sum(&a->memories, &sum);
	if (sum.hours == 0)
		return;
	if (sl_hash_key_draw(&t.key) == 0)
		t.r = calloc(1, sizeof(*t.r));
	if (t.r != NULL)
		*t.r = (struct retro){ .rs = a->current, .hours = sum.hours };
	retro_fill(a, &t, sum.hours);
	if (t.r != NULL && t.r->n > 0)
		publisher_retro(a->publisher, t.r);
	else
		retro_free(t.r);
}
