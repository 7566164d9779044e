/* SPDX-License-Identifier: BSD-3-Clause */
/* tell.c - matches the batch and writes what came of it into the worker's ring. Runs on one worker.
 * In a replay a full ring makes it wait, so that nothing is lost; on a port the record is dropped
 * and counted. */
#include <immintrin.h>
#include <sched.h>

#include "sensor.h"

#include <sightline/hot.h>

#define FILE_CHUNK 16384u /* bytes of a file in one record */
#define SPINS 2000 /* before the core is lent to the thread that may share it */

static void *reserve_bytes(struct worker *w, uint32_t len)
{
	void *r = sl_ring_reserve(w->ring, len);
	if (r != NULL || !w->wait) {
		if (r == NULL)
			sl_count(&w->counters, SL_C_RING_DROP, 1);
		return r;
	}
	sl_count(&w->counters, SL_C_RING_WAIT, 1);
	for (unsigned i = 1; (r = sl_ring_reserve(w->ring, len)) == NULL; i++) {
		_mm_pause();
		if (i % SPINS == 0)
			sched_yield();
	}
	return r;
}

static struct sl_record *reserve(struct worker *w, size_t tail)
{
	return reserve_bytes(w, (uint32_t)(sizeof(struct sl_record) + tail));
}

static void fill_flow(struct sl_record_flow *to, const struct sl_flow *f)
{
	*to = (struct sl_record_flow){ .src = f->src,
		.dst = f->dst,
		.sport = f->sport,
		.dport = f->dport,
		.version = f->version,
		.proto = f->proto,
		.outcome = f->outcome,
		.end = f->end,
		.vlan_count = f->vlan_count,
		.tunnels = f->tunnels,
		.shed = f->shed,
		.id = f->id,
		.first_ns = f->first_ns,
		.last_ns = f->last_ns,
		.packets = { f->packets[0], f->packets[1] },
		.bytes = { f->bytes[0], f->bytes[1] },
		.missing_bytes = { f->missing[0], f->missing[1] } };
	memcpy(to->vlan, f->vlan, sizeof(to->vlan));
	if (f->parser != NULL) {
		const char *name = f->parser->name;
		for (unsigned i = 0; i < sizeof(to->app) - 1 && name[i] != '\0'; i++)
			to->app[i] = name[i];
	}
}

static void fill(struct sl_record *r, enum sl_record_kind kind, const struct worker *w,
	const struct sl_observable *o)
{
	*r = (struct sl_record){ .kind = kind,
		.generation = w->generation,
		.ts_ns = o->ts_ns,
		.message = o->message,
		.where = o->where,
		.type = o->type,
		.dir = o->dir,
		.part = o->part,
		.flags = o->flags,
		.outcome = o->outcome,
		.capture = w->capture,
		.value_len = (uint16_t)o->len };
	fill_flow(&r->flow, o->flow);
}

void tell_fact(struct worker *w, const struct sl_record_fact *r, const struct sl_fact_address *a,
	struct sl_span name)
{
	size_t addresses = r->addresses * sizeof(*a);
	if (!w->wait && sl_ring_used(w->ring) > 2 * (size_t)sl_ring_max(w->ring)) {
		sl_count(&w->counters, SL_C_FACTS_DROPPED, 1);
		return;
	}
	struct sl_record_fact *to = reserve_bytes(w, (uint32_t)(sizeof(*r) + addresses + name.len));
	if (to == NULL)
		return;
	memcpy(to, r, sizeof(*r));
	if (addresses > 0)
		memcpy(to->tail, a, addresses);
	if (name.len > 0)
		memcpy(to->tail + addresses, name.p, name.len);
	sl_ring_commit(w->ring);
}

static void tell_observable(struct worker *w, const struct sl_observable *o)
{
	struct sl_record *r = reserve(w, o->len);
	if (r == NULL)
		return;
	fill(r, SL_REC_OBSERVABLE, w, o);
	if (o->len > 0)
		memcpy(r->tail, o->value, o->len);
	sl_ring_commit(w->ring);
}

/* hit[0..n) are of one observable and one listed value. */
static void tell_hit(struct worker *w, const struct sl_hit *hit, uint32_t n)
{
	const struct sl_observable *o = &w->batch.obs[hit->obs];
	struct sl_flow *f = o->flow;
	uint16_t said = f->said != NULL ? f->said->used : 0;
	if (sl_wheres[o->where].scope == SL_SCOPE_FLOW) {
		f->hit = true;
		f->told = f->outcome;
	}
	struct sl_record *r = reserve(w, (size_t)4 * n + o->len + said);
	if (r == NULL)
		return;
	fill(r, SL_REC_HIT, w, o);
	r->match = hit->match;
	if (hit->known) /* the value was counted when it was said */
		r->flags |= SL_OBS_REPEAT;
	r->indicator_count = (uint16_t)n;
	r->said_len = said;
	uint8_t *p = r->tail;
	for (uint32_t i = 0; i < n; i++, p += 4)
		memcpy(p, &hit[i].indicator, 4);
	if (o->len > 0)
		memcpy(p, o->value, o->len);
	if (said > 0)
		memcpy(p + o->len, f->said->bytes, said);
	sl_ring_commit(w->ring);
}

/* Runs inside tell_batch and at a flow's end. What spans flows is the correlator's. */
void tell_truth(void *worker, const struct sl_truth *t)
{
	struct worker *w = worker;
	const struct sl_observable *o = t->obs;
	bool host = t->detection->scope == SL_SCOPE_HOST;
	struct sl_flow *f = o->flow;
	uint16_t said = f->said != NULL ? f->said->used : 0;
	size_t matched = t->matched_count * sizeof(*t->matched);
	if (host && t->repeat)
		return;
	if (sl_wheres[o->where].scope == SL_SCOPE_FLOW) {
		f->hit = true;
		f->told = f->outcome;
	}
	struct sl_record *r = reserve(w, 4 + matched + o->len + said);
	if (r == NULL)
		return;
	fill(r, host ? SL_REC_EXPRESSION : SL_REC_HIT, w, o);
	r->flags &= (uint8_t) ~(SL_OBS_CLOSE | SL_OBS_REPEAT);
	r->flags |= t->repeat ? SL_OBS_REPEAT : 0;
	r->match = SL_MATCH_TREE;
	r->indicator_count = 1;
	r->expression = t->expression;
	r->matched_count = t->matched_count;
	r->said_len = said;
	memcpy(r->tail, &t->detection->indicator, 4);
	memcpy(r->tail + 4, t->matched, matched);
	if (o->len > 0)
		memcpy(r->tail + 4 + matched, o->value, o->len);
	if (said > 0)
		memcpy(r->tail + 4 + matched + o->len, f->said->bytes, said);
	sl_ring_commit(w->ring);
}

/* Keeps what the flow says for the context of its sightings, and for a later change of intel. */
static void remember(struct worker *w, const struct sl_observable *o)
{
	struct sl_flow *f = o->flow;
	if (!sl_wheres[o->where].context || (o->flags & (SL_OBS_SILENT | SL_OBS_CLOSE)) ||
		o->len == 0)
		return;
	if (f->said == NULL && (f->said = context_take(w->contexts)) == NULL) {
		sl_count(&w->counters, SL_C_SAID_POOL, 1);
		return;
	}
	if (!sl_said_put(f->said, (enum sl_where)o->where, o->message, sl_span(o->value, o->len)))
		sl_count(&w->counters, SL_C_SAID_FULL, 1);
}

/* Remembers the observables up to the last one of the message that obs[i] belongs to. */
static uint16_t remember_message(struct worker *w, uint16_t from, uint16_t i)
{
	const struct sl_batch *b = &w->batch;
	while (from < b->n && (from <= i || (b->obs[from].flow == b->obs[i].flow &&
						    b->obs[from].message == b->obs[i].message)))
		remember(w, &b->obs[from++]);
	return from;
}

/* Tells hit[0..n), which are of one observable or more; those on leaves tell nothing by themselves.
 */
static uint16_t tell_hits(
	struct worker *w, const struct sl_hit *hit, uint32_t n, uint16_t remembered)
{
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && hit[end].obs == hit[i].obs &&
				  hit[end].value == hit[i].value && hit[end].leaf == hit[i].leaf;)
			end++;
		if (hit[i].leaf)
			continue;
		remembered = remember_message(w, remembered, hit[i].obs);
		tell_hit(w, &hit[i], end - i);
	}
	return remembered;
}

/* With trees each observable's own hits are told first, then what it completes: the order doesn't
 * depend on where batches end. */
static uint16_t tell_each(
	struct worker *w, uint16_t from, uint16_t to, uint32_t hits, uint16_t remembered)
{
	const struct sl_hit *hit = w->hit;
	for (uint32_t at = 0, n; from < to; from++, at += n) {
		for (n = 0; at + n < hits && hit[at + n].obs == from;)
			n++;
		remembered = tell_hits(w, hit + at, n, remembered);
		remembered = remember_message(w, remembered, from);
		sl_trees_take(w->trees, w->rules, &w->batch.obs[from], hit + at, n);
	}
	return remembered;
}

void tell_batch(struct worker *w)
{
	struct sl_batch *b = &w->batch;
	uint16_t at = 0, remembered = 0;
	if (b->n == 0)
		return;
	enum stage before = stage_enter(w, STAGE_MATCH);
	for (uint16_t i = 0; w->emit_observables && i < b->n; i++)
		if (!(b->obs[i].flags & (SL_OBS_SILENT | SL_OBS_CLOSE)))
			tell_observable(w, &b->obs[i]);
	if (w->facts != NULL)
		facts_batch(w);
	if (w->memory != NULL)
		sl_memory_take(w->memory, b);
	while (w->rules != NULL && at < b->n) {
		uint16_t from = at;
		uint32_t n = sl_match(w->rules, b, &at, w->hit, HITS_MAX, &w->counters);
		remembered = w->has_trees ? tell_each(w, from, at, n, remembered)
					  : tell_hits(w, w->hit, n, remembered);
	}
	for (; remembered < b->n; remembered++)
		remember(w, &b->obs[remembered]);
	sl_batch_empty(b);
	stage_enter(w, before);
}

void tell_flow(struct worker *w, const struct sl_flow *f)
{
	struct sl_record *r = w->emit_flows ? reserve(w, 0) : NULL;
	if (r == NULL)
		return;
	*r = (struct sl_record){ .kind = SL_REC_FLOW, .ts_ns = f->last_ns, .capture = w->capture };
	fill_flow(&r->flow, f);
	sl_ring_commit(w->ring);
}

bool tell_mark_soon(struct worker *w, enum sl_record_kind kind, uint64_t ts_ns)
{
	/* One that is told later is not lost, and not counted. */
	struct sl_record *r = w->wait ? reserve(w, 0) : sl_ring_reserve(w->ring, sizeof(*r));
	if (r == NULL)
		return false;
	*r = (struct sl_record){ .kind = (uint32_t)kind, .ts_ns = ts_ns, .capture = w->capture };
	sl_ring_commit(w->ring);
	return true;
}

void tell_mark(struct worker *w, enum sl_record_kind kind, uint64_t ts_ns)
{
	bool wait = w->wait;
	w->wait = true; /* never dropped: the publisher counts on it */
	(void)tell_mark_soon(w, kind, ts_ns);
	w->wait = wait;
}

/* ---- Files for the store ---- */

static void file_bytes(void *arg, const struct sl_flow *f, uint32_t message, uint64_t file,
	uint64_t offset, struct sl_span bytes)
{
	struct worker *w = arg;
	while (bytes.len > 0) {
		uint32_t n = (uint32_t)(bytes.len < FILE_CHUNK ? bytes.len : FILE_CHUNK);
		struct sl_record_file *r =
			reserve_bytes(w, (uint32_t)sizeof(struct sl_record_file) + n);
		if (r == NULL) { /* the reader sees that bytes are missing */
			sl_count(&w->counters, SL_C_FILES_UNSTORED_RING, bytes.len);
			return;
		}
		*r = (struct sl_record_file){ .kind = SL_REC_FILE_BYTES,
			.len = n,
			.file = file,
			.flow = f->id,
			.offset = offset,
			.message = message };
		memcpy(r->tail, bytes.p, n);
		sl_ring_commit(w->ring);
		offset += n;
		bytes = sl_span_from(bytes, n);
	}
}

static void file_end(
	void *arg, uint64_t file, bool whole, const uint8_t sha256[32], const char *type)
{
	struct worker *w = arg;
	struct sl_record_file *r = reserve_bytes(w, (uint32_t)sizeof(struct sl_record_file));
	if (r == NULL) {
		w->file_end_lost = true;
		return;
	}
	*r = (struct sl_record_file){ .kind = SL_REC_FILE_END, .file = file, .whole = whole };
	memcpy(r->sha256, sha256, sizeof(r->sha256));
	size_t n = type != NULL ? strlen(type) : 0;
	if (n > 0 && n < sizeof(r->type))
		memcpy(r->type, type, n);
	sl_ring_commit(w->ring);
	w->files_ended = true;
}

void tell_to_sink(struct worker *w)
{
	w->sink = (struct sl_file_sink){ .bytes = file_bytes, .end = file_end, .arg = w };
	w->batch.sink = &w->sink;
}
