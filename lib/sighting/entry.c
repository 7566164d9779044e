/* SPDX-License-Identifier: BSD-3-Clause */
/* entry.c - the message of one sighting: made from its first hit, raised by the others.
 * Publisher's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/shed.h>

#include "entry.h"
#include "matched.h"
#include "members.h"
#include "text.h"

/* Namespace of sighting ids (RFC 9562 6.6): drawn once, for ever. */
static const uint8_t id_namespace[16] = { 0x5b, 0x7c, 0x5a, 0x2e, 0x3f, 0x0d, 0x4f, 0x0e, 0x9d,
	0x64, 0x0c, 0x1f, 0x6d, 0x2a, 0x7e, 0x11 };

void proto_text(uint8_t proto, char out[12])
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = { { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 58, "ipv6-icmp" },
		{ 132, "sctp" } };
	snprintf(out, 12, "%u", proto);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == proto)
			snprintf(out, 12, "%s", names[i].name);
}

/* ---- identity ---- */

void entry_key_of(struct entry_key *k, const struct sl_record *r, const struct sl_ruleset *rs,
	uint64_t window_ns)
{
	struct sl_indicator i;
	sl_ruleset_indicator(rs, sl_record_indicators(r)[0], &i);
	*k = (struct entry_key){
		.src = r->flow.src,
		.dst = r->flow.dst,
		.window_ns = r->ts_ns - r->ts_ns % window_ns,
		.where = r->where,
		.type = i.type,
		.version = r->flow.version,
		.listed = sl_span(i.value, i.value_len),
	};
}

bool entry_key_equal(const struct entry_key *a, const struct entry_key *b)
{
	return a->window_ns == b->window_ns && a->where == b->where && a->type == b->type &&
	       a->version == b->version && memcmp(a->src.b, b->src.b, 16) == 0 &&
	       memcmp(a->dst.b, b->dst.b, 16) == 0 && sl_span_eq(a->listed, b->listed);
}

/* UUIDv5 over sensor, boot, type, listed value, where, initiator, responder and window start
 * (decimal nanoseconds; of the past: "retro", how it matches and the generation), with a zero byte
 * between them. */
static int identity(struct entry *e, const struct sl_sightings_options *o)
{
	char window[48];
	if (e->key.retro != 0)
		snprintf(window, sizeof(window), "retro %s %u", e->m.match, e->key.retro);
	else
		snprintf(window, sizeof(window), "%llu", (unsigned long long)e->key.window_ns);
	struct sl_span parts[] = { sl_span_str(o->sensor), sl_span_str(o->boot),
		sl_span_str(sl_type_text(e->key.type)), e->key.listed,
		sl_span_str(sl_wheres[e->key.where].name), sl_span_str(e->src), sl_span_str(e->dst),
		sl_span_str(window) };
	size_t n = sizeof(parts) / sizeof(parts[0]), len = n - 1, at = 0;
	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	uint8_t *name = calloc(1, len);
	if (name == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(name + at, parts[i].p, parts[i].len);
		at += parts[i].len + 1;
	}
	int rc = sl_uuid5(id_namespace, name, len, e->id);
	free(name);
	return rc;
}

/* ---- what the message says ---- */

static const char *direction_text(const struct sl_nets *home, const struct sl_record_flow *f)
{
	if (home == NULL)
		return "";
	bool src = sl_nets_has(home, &f->src, f->version);
	bool dst = sl_nets_has(home, &f->dst, f->version);
	return src ? dst ? "internal" : "outbound" : dst ? "inbound" : "";
}

static void flow_fill(struct entry *e, const struct sl_record_flow *f)
{
	sightline__v1__flow__init(&e->flow);
	sl_addr_text(&f->src, f->version, e->src);
	sl_addr_text(&f->dst, f->version, e->dst);
	proto_text(f->proto, e->proto);
	snprintf(e->app, sizeof(e->app), "%.12s", f->app);
	sl_community_id(
		&f->src, &f->dst, f->version, f->sport, f->dport, f->proto, e->community_id);
	e->flow.src = e->src;
	e->flow.dst = e->dst;
	e->flow.sport = f->sport;
	e->flow.dport = f->dport;
	e->flow.proto = e->proto;
	e->flow.app = e->app;
	e->flow.community_id = e->community_id;
	e->flow.vlan = e->vlan;
	e->flow.n_vlan = f->vlan_count <= SL_VLAN_MAX ? f->vlan_count : SL_VLAN_MAX;
	for (size_t i = 0; i < e->flow.n_vlan; i++)
		e->vlan[i] = f->vlan[i];
	memcpy(e->packets, f->packets, sizeof(e->packets));
	memcpy(e->bytes, f->bytes, sizeof(e->bytes));
	e->flow.packets = e->packets;
	e->flow.bytes = e->bytes;
	e->flow.n_packets = e->flow.n_bytes = 2;
}

char *entry_value_new(uint16_t where, struct sl_span value, size_t max)
{
	char text[SL_VALUE_MAX + 1];
	if (value.len > SL_VALUE_MAX)
		value.len = SL_VALUE_MAX;
	size_t n = sl_value_text(where, value, text);
	return text_new(sl_span(text, n), max);
}

int entry_context_add(Sightline__V1__Sighting *m, const char *key, char *value)
{
	Sightline__V1__Sighting__ContextEntry *c = malloc(sizeof(*c)), **list;
	list = reallocarray(m->context, m->n_context + 1, sizeof(void *));
	if (list != NULL)
		m->context = list;
	if (c == NULL || list == NULL || value == NULL) {
		free(c);
		free(value);
		return -ENOMEM;
	}
	sightline__v1__sighting__context_entry__init(c);
	c->key = (char *)key;
	c->value = value;
	m->context[m->n_context++] = c;
	return 0;
}

/* What of the flow was left undone until then, so that nobody takes silence for an answer. */
static int context_shed(Sightline__V1__Sighting *m, const struct sl_record *r)
{
	char text[64] = "";
	size_t at = 0;
	for (unsigned i = SL_SHED_NONE + 1; i < SL_SHED_LEVEL_COUNT; i++)
		if (r->flow.shed & SL_SHED_BIT(i))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
				at > 0 ? "," : "", sl_shed_name((enum sl_shed_level)i));
	return at == 0 ? 0
		       : entry_context_add(m, "shed", text_new(sl_span_str(text), sizeof(text)));
}

/* What the flow said besides the observable itself. */
static int context_fill(struct entry *e, const struct sl_record *r)
{
	struct sl_span bytes = sl_record_said(r), value = sl_record_value(r);
	struct sl_said said;
	struct sl_said_entry x;
	uint16_t at = 0;
	said.used = (uint16_t)(bytes.len < sizeof(said.bytes) ? bytes.len : sizeof(said.bytes));
	memcpy(said.bytes, bytes.p, said.used);
	while (sl_said_next(&said, &at, &x)) {
		if (x.where == SL_WHERE_NONE || x.where >= SL_WHERE_COUNT ||
			(x.where == r->where && sl_span_eq(x.value, value)))
			continue;
		char *text = entry_value_new((uint16_t)x.where, x.value, ENTRY_VALUE_MAX);
		if (entry_context_add(&e->m, sl_wheres[x.where].name, text) < 0)
			return -ENOMEM;
	}
	return context_shed(&e->m, r);
}

/* ---- values below a listed one ---- */

static void example_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r)
{
	struct sl_span v = sl_record_value(r);
	if (!e->examples_wanted || v.len == 0)
		return;
	bool news = distinct_add(&e->distinct, sl_hash_bytes(sc->value_key, v.p, v.len));
	if (news && e->m.n_examples < ENTRY_EXAMPLES) {
		char *text = entry_value_new(r->where, v, ENTRY_VALUE_MAX);
		if (text != NULL)
			e->examples[e->m.n_examples++] = text;
	}
	uint64_t n = distinct_count(&e->distinct);
	e->changed |= n != e->m.distinct;
	e->m.distinct = n;
}

/* ---- counting ---- */

static struct observation observation_of(const struct sl_record *r)
{
	/* A tree says itself whether it is of a message or (0) of a flow. */
	bool flow = r->match != SL_MATCH_TREE && sl_wheres[r->where].scope != SL_SCOPE_MESSAGE;
	return (struct observation){ r->flow.id, flow ? 0 : r->message };
}

bool entry_has(const struct entry *e, const struct sl_record *r)
{
	struct observation o = observation_of(r);
	for (size_t i = 0; i < e->recent_len; i++)
		if (e->recent[i].flow == o.flow && e->recent[i].message == o.message)
			return true;
	return false;
}

/* A ring that is full for the first time ends where it begins, so more room goes on from there. */
static void recent_grow(struct entry *e)
{
	unsigned room = e->recent_room > 0 ? 2u * e->recent_room : ENTRY_RECENT;
	if (e->recent_len < e->recent_room || room > ENTRY_RECENT_MAX)
		return;
	struct observation *more = realloc(e->recent, room * sizeof(*more));
	if (more == NULL)
		return;
	e->recent = more;
	e->recent_room = (uint16_t)room;
	e->recent_next = e->recent_len;
}

/* `counted`: by a sighting that is not remembered. */
static void count_one(struct entry *e, const struct sl_record *r, bool counted)
{
	recent_grow(e);
	if (e->recent_room > 0) {
		e->recent[e->recent_next] = observation_of(r);
		e->recent_next = (uint16_t)((e->recent_next + 1) % e->recent_room);
		e->recent_len += e->recent_len < e->recent_room;
	}
	e->m.count += !counted;
	e->changed = true;
}

/* The farthest that any of the observations came. */
static void outcome_raise(struct entry *e, const struct sl_record *r)
{
	uint8_t o = r->outcome != SL_OUTCOME_NONE ? r->outcome : r->flow.outcome;
	if (o <= e->outcome || o >= SL_OUTCOME_COUNT)
		return;
	e->outcome = o;
	e->m.outcome = (char *)sl_outcome_text(o);
	e->changed = true;
}

/* The worker says again what it told: what became of a flow, or that something newer lists the
 * value, too. */
static bool told_again(const struct sl_record *r)
{
	const uint8_t again = SL_OBS_REPEAT | SL_OBS_SILENT;
	return (r->flags & again) == again;
}

bool entry_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r,
	const struct sl_ruleset *rs)
{
	bool was_quiet = e->m.quiet;
	if (r->ts_ns < e->m.first_seen)
		e->m.first_seen = r->ts_ns;
	if (r->ts_ns > e->m.last_seen)
		e->m.last_seen = r->ts_ns;
	if (r->generation > e->m.generation)
		e->m.generation = r->generation;
	if (!(r->flags & SL_OBS_REPEAT) && !entry_has(e, r))
		count_one(e, r, false);
	outcome_raise(e, r);
	example_add(e, sc, r);
	members_add(e, sc, r, rs);
	return was_quiet && !e->m.quiet;
}

/* ---- begin and end ---- */

static void message_init(struct entry *e, const struct entry_scope *sc, const struct sl_record *r)
{
	sightline__v1__sighting__init(&e->m);
	sightline__v1__observable__init(&e->observable);
	flow_fill(e, &r->flow);
	e->m.id = e->id;
	e->m.sensor = (char *)sc->o->sensor;
	e->m.boot = (char *)sc->o->boot;
	e->m.generation = r->generation;
	e->m.first_seen = e->m.last_seen = r->ts_ns;
	e->m.observable = &e->observable;
	e->m.flow = &e->flow;
	e->m.match = (char *)sl_match_text(r->match);
	e->m.direction = (char *)direction_text(sc->o->home, &r->flow);
	e->m.examples = e->examples;
	e->m.quiet = e->m.before_valid = true; /* until an indicator that isn't */
	/* What the end of a message or flow completes has no value: it is of the traffic itself. */
	e->observable.type =
		(char *)sl_type_text(r->where == SL_WHERE_NONE ? SL_TYPE_TRAFFIC : r->type);
	e->observable.where = (char *)sl_wheres[r->where].name;
}

static int key_copy(struct entry *e, const struct entry_key *k)
{
	uint8_t *listed = malloc(k->listed.len + 1);
	if (listed == NULL)
		return -ENOMEM;
	if (k->listed.len)
		memcpy(listed, k->listed.p, k->listed.len);
	e->key = *k;
	e->key.listed.p = listed;
	return 0;
}

int entry_new(struct entry **out, const struct entry_scope *sc, const struct entry_key *k,
	const struct sl_record *r, const struct sl_ruleset *rs)
{
	struct entry *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	message_init(e, sc, r);
	int rc = key_copy(e, k);
	rc = rc ? rc : identity(e, sc->o);
	rc = rc ? rc : context_fill(e, r);
	char *value = rc ? NULL : entry_value_new(r->where, sl_record_value(r), ENTRY_VALUE_MAX);
	if (value == NULL) {
		entry_free(e, sc);
		return rc ? rc : -ENOMEM;
	}
	e->observable.value = value;
	around_question(sc->o->hosts, r, &e->question);
	(void)around_update(&e->around, sc->o->hosts, &e->question, &e->m);
	e->examples_wanted =
		r->value_len > 0 &&
		(r->match != SL_MATCH_EXACT || !sl_span_eq(sl_span_str(value), k->listed));
	count_one(e, r, told_again(r));
	outcome_raise(e, r);
	example_add(e, sc, r);
	members_add(e, sc, r, rs);
	*out = e;
	return 0;
}

bool entry_look_around(struct entry *e, const struct entry_scope *sc)
{
	bool more = around_update(&e->around, sc->o->hosts, &e->question, &e->m);
	return members_judge(e, sc) || more;
}

void entry_free(struct entry *e, const struct entry_scope *sc)
{
	free(e->around);
	free(e->recent);
	members_fini(e, sc);
	for (size_t i = 0; i < e->m.n_context; i++) {
		free(e->m.context[i]->value);
		free(e->m.context[i]);
	}
	free(e->m.context);
	matched_free(&e->m);
	for (size_t i = 0; i < e->m.n_examples; i++)
		free(e->examples[i]);
	if (e->observable.value != (char *)protobuf_c_empty_string)
		free(e->observable.value);
	distinct_fini(&e->distinct);
	free((void *)(uintptr_t)e->key.listed.p);
	free(e);
}
