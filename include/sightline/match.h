/* SPDX-License-Identifier: BSD-3-Clause */
/* match.h - the compiled ruleset, and the look-up of a batch of observables in it.
 *
 * Built aside on a control thread, published with one pointer exchange under liburcu's QSBR
 * flavour, freed when no worker can see it and nobody holds it. Workers look up without locks,
 * allocation or waiting. */
#ifndef SIGHTLINE_MATCH_H
#define SIGHTLINE_MATCH_H

#include <stdbool.h>

#include <sightline/addr.h>
#include <sightline/intel.h>
#include <sightline/observable.h>
#include <sightline/packet.h>

struct sl_ruleset;
struct sl_image_in;

struct sl_match_options {
	enum sl_validity validity; /* PACKET: valid_from and valid_until hold on packet time, at
				      match time */
	const struct sl_nets *home; /* own networks: an indicator never fires on an address in them;
				     * NULL: none. Copied by reference: outlives every ruleset */
	const struct sl_intel *allow; /* indicators that win over all others; NULL: none. Borrowed
					 during the build */
	unsigned workers; /* that will look up: each gets a room to search in; 0: one */
	struct sl_image_in *image; /* what sl_ruleset_save wrote: the tables are taken from it, not
				    * built; the intel is what was taken from it before. NULL */
};

/* Compiles a set; takes ownership of `intel` (also on failure). `previous` (may be NULL) is the set
 * now in force: an indicator (source, id, type, value, match, where, port) that it had keeps the
 * generation in which it was born. 0, -ENOMEM, -EIO (no random bits for the hash), -E2BIG (over
 * 2^28 indicators), -EINVAL: one that no table can hold, such as a name over 1024 bytes; the
 * readers of intelligence let none of that through; or -EBADMSG: the image is no set of this intel.
 */
int sl_ruleset_build(struct sl_ruleset **out, struct sl_intel *intel,
	const struct sl_match_options *o, const struct sl_ruleset *previous, uint32_t generation);
/* Writes the intel (sl_intel_save) and the tables that it was built of, without what was changed
 * since. */
struct sl_image_out;
void sl_ruleset_save(const struct sl_ruleset *rs, struct sl_image_out *o);
/* What a change did. An indicator that says the same of the same source and id as one that there
 * was takes its place (`replaced`) and is as old. */
struct sl_change {
	uint32_t added, replaced, removed;
	uint32_t absent; /* to be removed, and not there */
	int64_t armed, quiet; /* how many more there are of each now */
};
/* *out: `now` with the indicators of `more` and without those of `fewer` (either may be NULL),
 * which go first. Shares with `now` what stays, and lives as long as it likes; costs what changes,
 * and now and then what changed lately. What is removed is found by source, id, type, value, match,
 * where and port. Neither `now` nor the books are changed, and the books may be freed. 0, -ENOMEM,
 * -EINVAL as above, or -EOPNOTSUPP: one is a tree, which takes a whole build. */
int sl_ruleset_change(struct sl_ruleset **out, const struct sl_ruleset *now,
	const struct sl_book *more, const struct sl_book *fewer, uint32_t generation,
	struct sl_change *sum);
/* *out: `next`, which was built while `from` became `to` by changes, with the same changes: what
 * they added, said anew or removed. What `to` has is as old as there. All three belong to one line
 * of rulesets, and stay as they are. As sl_ruleset_change. */
int sl_ruleset_rebase(struct sl_ruleset **out, const struct sl_ruleset *next,
	const struct sl_ruleset *from, const struct sl_ruleset *to, uint32_t generation,
	struct sl_change *sum);
/* One that was built and never published, and shares nothing with one that was, is of another
 * generation, and so are those that are new in it. */
void sl_ruleset_renumber(struct sl_ruleset *rs, uint32_t generation);
/* Another that says the same and shares all of it, for a thread that looks at it for as long as it
 * likes; freed like any. NULL: no memory. */
struct sl_ruleset *sl_ruleset_share(const struct sl_ruleset *rs);
/* Indicators that stand beside the base or are taken out of it: with many of them a whole build
 * pays. */
size_t sl_ruleset_changed(const struct sl_ruleset *rs);
/* Frees one that was never published or is no longer in force and no longer read. */
void sl_ruleset_free(struct sl_ruleset *rs);

uint32_t sl_ruleset_generation(const struct sl_ruleset *rs);
/* Armed, loud and quiet; a tree is one. */
size_t sl_ruleset_indicators(const struct sl_ruleset *rs);
size_t sl_ruleset_bytes(const struct sl_ruleset *rs); /* tables and indicators */
/* Wheres that anything in the set is looked for in. */
void sl_ruleset_want(const struct sl_ruleset *rs, uint64_t want[(SL_WHERE_COUNT + 63) / 64]);
/* An indicator by its number; its strings are good as long as the set. */
void sl_ruleset_indicator(const struct sl_ruleset *rs, uint32_t number, struct sl_indicator *out);
/* The generation in which it was armed: with its source, id and value, and not left out since. */
uint32_t sl_ruleset_born(const struct sl_ruleset *rs, uint32_t number);
/* The next indicator from *number on (0 at first) that is new in this ruleset, and no part of a
 * tree; false: there is none. Go on from *number + 1. */
bool sl_ruleset_newborn(const struct sl_ruleset *rs, uint32_t *number);
/* A detection by its number, which is its indicator's `detection` less one; NULL: there is none. */
const struct sl_detection *sl_ruleset_detection(const struct sl_ruleset *rs, uint32_t number);
size_t sl_ruleset_detections(const struct sl_ruleset *rs);

/* ---- In force: the published set ---- */

/* Every thread that calls sl_ruleset_get registers first and is online from then on. */
void sl_ruleset_reader_register(void);
void sl_ruleset_reader_unregister(void);
/* Around anything that may block: while offline a reader holds no pointer. */
void sl_ruleset_reader_offline(void);
void sl_ruleset_reader_online(void);
/* The ruleset in force; NULL before the first publish. Good until this thread's next quiescent or
 * offline call. */
const struct sl_ruleset *sl_ruleset_get(void);
void sl_ruleset_quiescent(void);
/* Control thread, not a registered reader. Puts next in force, waits until no reader can see the
 * old one, and returns the old one (NULL the first time) to the caller, who frees it once nothing
 * else names it. */
struct sl_ruleset *sl_ruleset_publish(struct sl_ruleset *next);

/* ---- Look-up ---- */

/* One observable that satisfied one indicator. Hits of one observable and one value stand together.
 */
struct sl_hit {
	uint16_t obs; /* index in the batch */
	uint8_t match; /* enum sl_match_kind: how */
	bool known; /* AGAIN: an indicator that is not newer lists the value, too: it counted */
	bool leaf; /* no sighting by itself, for sl_trees_take: stands behind those that are, one
		    * for all leaves of its value, and `match` is lib/match's own */
	bool undone, doubt; /* lib/match's own */
	uint32_t indicator; /* number in the ruleset */
	uint32_t value; /* the listed value that matched, by the number of its first indicator:
			   equal for all indicators of that value */
};
#define SL_HITS_PER_OBS 64 /* what one observable can hit at most; more is counted HITS_CUT */

/* Looks up obs[*from..n) of the batch, prefetching ahead, until all are done or `max` (>=
 * SL_HITS_PER_OBS) hits could be exceeded; *from is moved on. Returns the number of hits. An
 * observable with SL_OBS_AGAIN is satisfied only by indicators born after its flow's generation.
 * An indicator's port is compared with the flow's end that an ip.src or ip.dst is, with the
 * responder's beside a name, and with nothing elsewhere: then it doesn't match. A Host that is an
 * address is looked up as both. Of a truncated value only listed prefixes match. A leaf of a
 * detection is satisfied also by an own address, and whenever it was born; a hit of an `allow`
 * indicator undoes those of its source. What the allow-list or such a hit undoes is no evidence
 * for a detection, nor, under a NOT, against it.
 * Counts OBSERVABLES, HITS and HITS_ALLOWED by observable, HITS_CUT by indicator: of a value that
 * more list than one hit can name, also those behind that would not have hit. Worker. */
uint32_t sl_match(const struct sl_ruleset *rs, const struct sl_batch *b, uint16_t *from,
	struct sl_hit *hit, uint32_t max, struct sl_counters *counters);

/* Which packets of pkt[0..n), SL_BURST at most, have an end whose address may be listed, a bit
 * each: what is not said is listed nowhere, so that its addresses need no observable. Packets that
 * decode dropped have none. The headers around the innermost one aren't asked. Worker. */
uint64_t sl_match_ends(const struct sl_ruleset *rs, const struct sl_packet *pkt, uint16_t n);

#endif
