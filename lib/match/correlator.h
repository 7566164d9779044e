/* SPDX-License-Identifier: BSD-3-Clause */
/* correlator.h - the correlator's parts: rules (a detection, prepared), events (an observation that
 * satisfied an expression), states (the events of one rule and host), and the search. */
#ifndef SL_MATCH_CORRELATOR_H
#define SL_MATCH_CORRELATOR_H

#include <sightline/correlate.h>
#include <sightline/hash.h>

#include "carry.h"

/* ---- correlate_rule.c: a detection, prepared ---- */

enum node_kind {
	NODE_SLOT, /* `times` different events of the expressions in `mask` */
	NODE_AND,
	NODE_OR,
	NODE_FOLLOWED,
	NODE_WITHIN,
	NODE_REPEATS, /* of something that is no slot */
	NODE_BETWEEN,
};

struct node {
	uint8_t kind;
	uint16_t mask; /* SLOT */
	uint16_t a, b, parent; /* the root's parent is itself */
	uint32_t times;
	uint64_t from, to; /* WITHIN: `to` is the window; BETWEEN: [from, to) */
};

#define NODES_MAX SL_NODES_MAX
#define NODE_NONE 0xffff

struct rule {
	struct rule *by_number, *by_identity; /* chains */
	const struct sl_ruleset *rs;
	const struct sl_detection *detection;
	uint32_t number; /* of the detection in rs */
	uint64_t identity;
	size_t states, waiting; /* that name it */
	bool dead; /* its set has gone, and no later one has it */
	bool idle; /* more than is evaluated: its events are dropped */
	bool same_allowed;
	uint64_t horizon_ns; /* events so far apart are never joined */
	uint64_t linger_ns; /* a message or flow goes on saying things for so long after it was
			       joined, and what its end brings comes so late */
	uint64_t delay_ns; /* an event is taken so long after its time */
	uint32_t events_max[SL_EXPRESSIONS_MAX];
	uint16_t nodes, root, depth; /* depth: levels of nodes */
	uint32_t joins; /* events that a binding has at most */
	struct node node[];
};

struct rules {
	struct rule **by_number, **by_identity;
	struct rule *dead; /* chained by_number */
	size_t mask, count;
	struct sl_hash_key key;
};

int rules_init(struct rules *t);
void rules_fini(struct rules *t);
/* The rule of detection `number` of rs, made where there is none. NULL: no memory. */
struct rule *rules_get(struct rules *t, const struct sl_ruleset *rs, uint32_t number,
	const struct sl_correlator_options *o);
/* Rebinds to next, or marks dead, what is bound to old. */
void rules_retire(struct rules *t, const struct sl_ruleset *old, const struct sl_ruleset *next);
void rules_bury(struct rules *t); /* frees dead ones that nothing names any more */

/* ---- Events ---- */

struct event {
	struct rule *rule;
	uint64_t due_ns, serial;
	uint32_t group; /* in a state: events of one observation share it */
	uint32_t bytes; /* of its memory */
	uint8_t expression;
	bool used; /* joined before, or another of its observation was */
	bool bound; /* in the search under way */
	struct sl_record r;
};

/* Packet time, then flow, message, expression and value: nothing that depends on workers. The
 * serial decides only between equals. */
int event_order(const struct event *a, const struct event *b);
bool event_same_observation(const struct event *a, const struct event *b);

/* ---- correlate_state.c: what one rule and host have ---- */

struct state {
	struct state *chain; /* bucket */
	struct state *older, *newer; /* by last use */
	struct rule *rule;
	union sl_addr host;
	uint8_t version;
	uint64_t hash;
	size_t at; /* in states.all */
	uint64_t newest_ns;
	uint32_t groups; /* given out */
	uint32_t n, cap;
	struct event **event; /* in order */
};

struct states {
	struct state **buckets, **all;
	size_t mask, count, cap, sweep;
	struct state *oldest, *newest;
	struct sl_hash_key key;
	size_t events, bytes; /* of all events, these and waiting ones; and of states */
	struct sl_counters *counters;
};

int states_begin(struct states *t, uint32_t max, struct sl_counters *counters);
void states_end(struct states *t);
struct event *event_new(
	struct states *t, struct rule *rule, const struct sl_record *r, uint64_t serial);
void event_free(struct states *t, struct event *e);
/* An event of s that was looked at: gives back what is of no more use. */
void event_strip(struct states *t, struct state *s, struct event *e);
/* The state of a host, made where there is none, for which another may have to go. NULL: no memory.
 */
struct state *state_get(struct states *t, struct rule *rule, const union sl_addr *host,
	uint8_t version, uint64_t now_ns);
/* Puts the event where it belongs; owns it then. False: it adds nothing, and is freed. */
bool state_add(struct states *t, struct state *s, struct event *e);
void state_free(struct states *t, struct state *s);
/* Frees a few that are too old to be joined with anything later than now_ns. */
void states_sweep(struct states *t, uint64_t now_ns);
/* Frees the one that was used least lately; counted unless it was too old anyway. */
void states_evict(struct states *t, uint64_t now_ns);
void states_forget(struct states *t, bool dead_only);

/* ---- correlate_search.c: whether a new event completes something ---- */

struct search; /* scratch, grown as needed */
int search_new(struct search **out);
void search_free(struct search *x);
/* Whether events of s, `last` among them, satisfy the rule: then they are marked `bound`. -E2BIG:
 * given up; -ENOMEM. */
int search_run(struct search *x, const struct state *s, struct event *last, uint32_t max_work);

#endif
