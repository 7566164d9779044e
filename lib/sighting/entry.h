/* SPDX-License-Identifier: BSD-3-Clause */
/* entry.h - one sighting under way: its message, and what is needed to count on. */
#ifndef SL_SIGHTING_ENTRY_H
#define SL_SIGHTING_ENTRY_H

#include <sightline/digest.h>
#include <sightline/sighting.h>

#include "around.h"
#include "distinct.h"
#include "indicators.h"

#define ENTRY_EXAMPLES 16
#define ENTRY_INDICATORS SL_HITS_PER_OBS
#define ENTRY_VALUE_MAX 16384 /* bytes of text; SL_VALUE_MAX and what escaping adds */
#define ENTRY_RECENT 8 /* room at first; doubled as it fills, up to */
#define ENTRY_RECENT_MAX 256

/* What makes two hits the same sighting, beside sensor and boot. */
struct entry_key {
	union sl_addr src, dst;
	uint64_t window_ns; /* its start */
	uint16_t where;
	uint8_t type, version;
	struct sl_span listed; /* normal text of the listed value */
	uint32_t retro; /* generation of the change that tells of the past; 0: it is of now */
};

/* One observation that was counted: REPEATs and second values of one message are told from it. */
struct observation {
	uint64_t flow;
	uint32_t message; /* 0 where the flow itself is what is counted */
};

struct member;
struct entry {
	struct entry *chain; /* bucket */
	struct entry *older, *newer; /* by creation */
	struct entry *closed_older, *closed_newer; /* of those whose window is over */
	struct entry_key key; /* listed is the entry's own memory */
	uint64_t hash, serial;
	uint64_t due_ns; /* when the clock must look at it again */
	size_t heap_at;
	size_t weight, parts; /* its memory, as last weighed, when it had so many parts */
	bool changed; /* since it was last emitted */
	bool closed; /* its window is over */
	bool examples_wanted;
	bool loud; /* by an indicator that there was no room to name */
	bool spreads; /* the message says that it is of an outbreak */
	struct member *member; /* beside the message's indicators */
	struct sl_hosts_question question; /* of what is known beyond the flow */
	struct around *around; /* the answer; NULL: nothing is known */
	uint8_t outcome; /* enum sl_outcome */
	/* The latest observations, a ring. As many messages of two hosts may be under way at once;
	 * the second value of one that is older is counted again. */
	uint16_t recent_room, recent_len, recent_next;
	struct observation *recent;
	struct distinct distinct;
	Sightline__V1__Sighting m;
	Sightline__V1__Observable observable;
	Sightline__V1__Flow flow;
	char id[SL_UUID_TEXT];
	char src[SL_ADDR_TEXT], dst[SL_ADDR_TEXT], proto[12], app[13];
	char community_id[SL_COMMUNITY_ID_TEXT];
	uint32_t vlan[SL_VLAN_MAX];
	uint64_t packets[2], bytes[2];
	char *examples[ENTRY_EXAMPLES];
};

struct entry_scope {
	const struct sl_sightings_options *o;
	struct indicators *indicators;
	struct sl_hash_key
		value_key; /* follows from boot, so that a replay repeats its estimates */
};

void entry_key_of(struct entry_key *k, const struct sl_record *r, const struct sl_ruleset *rs,
	uint64_t window_ns);
bool entry_key_equal(const struct entry_key *a, const struct entry_key *b);

/* A new one with its first observation; changed is set. 0, -ENOMEM. */
int entry_new(struct entry **out, const struct entry_scope *sc, const struct entry_key *k,
	const struct sl_record *r, const struct sl_ruleset *rs);
void entry_free(struct entry *e, const struct entry_scope *sc);
/* weight.c: its memory, but for the indicators, which sightings share. */
size_t entry_weigh(struct entry *e);
/* One more record; sets changed where a reader would want to know. True: it was quiet and is no
 * more. */
bool entry_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r,
	const struct sl_ruleset *rs);
/* Asks again what is known beyond the flow, and what the breaker says. True: the message says
 * something else than before. */
bool entry_look_around(struct entry *e, const struct entry_scope *sc);
/* Whether the record's observation is one that was counted lately. */
bool entry_has(const struct entry *e, const struct sl_record *r);

/* A value as text, cut to max bytes. New memory, or NULL. */
char *entry_value_new(uint16_t where, struct sl_span value, size_t max);

/* One more word of the message's context; takes value. -ENOMEM, also where value is NULL. */
int entry_context_add(Sightline__V1__Sighting *m, const char *key, char *value);

/* retro.c: a whole sighting of the past; as sl_sightings_retro. */
int retro_new(struct entry **out, const struct entry_scope *sc, const struct sl_ruleset *rs,
	const uint32_t *indicators, uint16_t count, const struct sl_past_answer *past,
	uint32_t hours);

/* tcp, udp, icmp, ipv6-icmp, sctp, else the number. */
void proto_text(uint8_t proto, char out[12]);

#endif
