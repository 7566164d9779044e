/* SPDX-License-Identifier: BSD-3-Clause */
/* sensor.h - the parts of sightline-sensor and what they share. Private to app/sensor. */
#ifndef SENSOR_H
#define SENSOR_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sightline/aead.h>
#include <sightline/inflate.h>
#include <sightline/clock.h>
#include <sightline/config.h>
#include <sightline/decode.h>
#include <sightline/digest.h>
#include <sightline/expect.h>
#include <sightline/flow.h>
#include <sightline/hash.h>
#include <sightline/match.h>
#include <sightline/memory.h>
#include <sightline/metrics.h>
#include <sightline/observable.h>
#include <sightline/parser.h>
#include <sightline/record.h>
#include <sightline/ring.h>
#include <sightline/shed.h>
#include <sightline/sieve.h>
#include <sightline/source.h>
#include <sightline/stream.h>
#include <sightline/trees.h>

extern const struct sl_program sensor_program;

/* What of a burst's time is counted together, in the order of their counters. */
enum stage {
	STAGE_RX,
	STAGE_DECODE,
	STAGE_FLOW,
	STAGE_PARSE,
	STAGE_MATCH,
	STAGE_END,
	STAGE_RELEASE,
	STAGE_COUNT,
};
static_assert(SL_C_STAGE_RELEASE - SL_C_STAGE_RX == STAGE_COUNT - 1, "one counter for each stage");

/* ---- worker.c, inspect.c, tell.c: the packet path ---- */

#define PARSERS_MAX 64
#define HITS_MAX 512

struct context_pool;
struct facts;

/* What a worker does where no packet comes. */
enum idle {
	IDLE_AUTO, /* blocks where every port can be waited for, lends its core otherwise */
	IDLE_INTERRUPT, /* the same, and every port can */
	IDLE_PAUSE, /* rests on its core, longer and longer */
	IDLE_POLL, /* asks again */
};

/* What of packets is looked at. */
enum inspect {
	INSPECT_ALL,
	INSPECT_FLOWS, /* headers, once for each flow */
	INSPECT_PACKETS, /* the same, and the addresses of each packet */
};

/* One worker: everything it touches but the ruleset in force. */
struct worker {
	/* -- control sets before start, then read only -- */
	unsigned number;
	struct sl_source *src;
	struct sl_ring *ring;
	struct sl_flow_table *flows;
	struct sl_stream *streams;
	struct sl_parser_pool *states;
	struct sl_aead *aead;
	struct sl_inflate_pool *inflate;
	struct context_pool *contexts;
	struct sl_trees *trees;
	struct facts *facts; /* NULL: nobody wants them */
	struct sl_memory *memory; /* of the past; NULL: none is kept */
	struct sl_sieve *sieve; /* NULL: every packet is of interest */
	struct sl_decode_options decode; /* and the store of fragments in it */
	uint32_t first_bytes_max;
	bool emit_observables, emit_flows;
	enum idle idle;
	enum inspect inspect;
	uint32_t rest_cycles; /* IDLE_PAUSE: of the latest */
	bool wait; /* a full ring makes the worker wait (replay) instead of dropping the record
		      (port) */
	bool want_all;
	bool rehearse; /* the source rehearses; see sl_replay_rehearses */
	bool timing; /* one burst of TIMED_SHARE is timed */
	bool sheds; /* overload is looked for */
	uint64_t elephant_bytes;
	struct sl_file_sink sink; /* into the ring, where files are kept */
	/* -- worker writes, control reads -- */
	alignas(64) struct sl_counters counters;
	struct sl_parser_counters parsers[PARSERS_MAX];
	alignas(64) _Atomic uint64_t beats; /* rounds of its loop, so that control sees it stall */
	_Atomic bool ended; /* the loop: what is left is to wait for who reads the ring */
	_Atomic uint8_t shed_level; /* enum sl_shed_level; as shed.level */
	/* -- worker only -- */
	alignas(64) const struct sl_ruleset *rules;
	bool has_trees; /* the ruleset has any */
	uint32_t generation;
	uint64_t now_ns, clock_told_ns;
	struct sl_shed shed;
	uint8_t unweighed; /* bursts since the queue was looked at */
	uint8_t elephants; /* long flows are shed: 1, else 0 */
	bool narrow; /* the batch wants nothing of bodies: it is at a flow that is shed so */
	uint64_t wide_want[sizeof(((struct sl_batch *)NULL)->want) / sizeof(uint64_t)];
	bool passing; /* time went on without packets, and what ended by it is not all told */
	uint32_t first_bytes; /* blocks of them in use */
	bool timed; /* this burst is */
	uint8_t stage; /* enum stage, which began at stage_tsc */
	uint32_t bursts; /* since one was timed */
	uint64_t stage_tsc;
	uint16_t capture;
	struct sl_hit hit[HITS_MAX];
	bool files_ended, file_end_lost; /* since the last mark that says so */
	struct sl_packet pkt[SL_BURST];
	struct sl_packet lost[SL_BURST]; /* datagrams that never were whole */
	struct sl_batch batch;
};

#define TIMED_SHARE 16 /* bursts of which one is timed */
#define SHED_LOOK 8 /* bursts between two looks at how full the queue is */

/* From here on the burst's time is this stage's. Returns the stage before. */
static inline enum stage stage_enter(struct worker *w, enum stage s)
{
	enum stage before = (enum stage)w->stage;
	if (__builtin_expect(!w->timed, 1))
		return before;
	uint64_t now = __builtin_ia32_rdtsc();
	sl_count(&w->counters, (enum sl_counter)(SL_C_STAGE_RX + w->stage), now - w->stage_tsc);
	w->stage_tsc = now;
	w->stage = (uint8_t)s;
	return before;
}

struct worker_options {
	enum idle idle;
	enum inspect inspect;
	unsigned number;
	struct sl_source *src;
	struct sl_flow_options flow;
	struct sl_stream_options stream;
	struct sl_defrag_options defrag;
	struct sl_sieve_options sieve;
	size_t parser_bytes, inflate_bytes, ring_bytes;
	uint32_t contexts, tree_states;
	const struct sl_nets *facts_home; /* own networks; NULL: no facts of hosts are told */
	struct sl_memory_options memory; /* bytes 0: none */
	uint64_t elephant_bytes;
	bool verify_checksums, emit_observables, emit_flows, wait, rehearse, keep_files, timing,
		shed;
};
int worker_new(struct worker **out, const struct worker_options *o);
void worker_free(struct worker *w);
/* On its own lcore until the source has ended. */
int worker_run(void *arg);

/* inspect.c: what a packet and its flow say, into the batch. */
void inspect_packet(struct worker *w, struct sl_packet *p);
/* Its headers alone; listed: look up its addresses whether or not its flow is new. */
void inspect_headers(struct worker *w, struct sl_packet *p, bool listed);
void inspect_again(struct worker *w, struct sl_flow *f, uint64_t ts_ns);
/* The flow is over, or nothing more of it will be read: its parser hears so and gives its memory
 * back. */
void inspect_close(struct worker *w, struct sl_flow *f);
void inspect_end(struct worker *w, struct sl_flow *f);

/* ---- shed.c: what is left undone under overload, and what nobody wants to read ---- */

/* Looks how full the queue is, and sets the level. */
void shed_weigh(struct worker *w);
/* Each burst with packets: counts it, and looks now and then. */
static inline void shed_burst(struct worker *w)
{
	if (w->shed.level > SL_SHED_NONE)
		sl_count(&w->counters,
			(enum sl_counter)(SL_C_SHED_BURSTS_BODIES + w->shed.level - 1), 1);
	if (w->sheds && ++w->unweighed >= SHED_LOOK)
		shed_weigh(w);
}
/* A flow begins while the level is not NONE. */
void shed_begin(struct worker *w, struct sl_flow *f);
/* A packet of a flow with something shed, or where elephants are; counts it. True: nothing but its
 * headers is looked at. */
bool shed_packet(struct worker *w, const struct sl_packet *p);
/* The batch wants what the flow may say. */
void shed_narrow(struct worker *w, bool narrow);
/* The parser is through with both directions, or rests: while the flow goes on, nothing of it is
 * reassembled any more, and a parser that rests is given only what wakes it. */
void shed_bypass(struct worker *w, struct sl_flow *f);

/* ---- probe.c: which parser a flow belongs to ---- */

/* The first bytes of a stream that were too few to tell its protocol, kept from the pool of parser
 * states: parser_state of a flow without a parser points here. */
#define FIRST_BYTES 1016 /* of each direction: the longest line that a probe waits for */
struct first_bytes {
	uint8_t began; /* enum sl_dir that was kept first */
	struct {
		uint16_t len, asked; /* bytes kept; and when a probe saw them last */
		bool begin; /* of the stream, as it was met */
		uint8_t b[FIRST_BYTES];
	} side[2];
};

/* Gives the flow to a parser. False: no memory for its state, and the flow goes without. */
bool probe_adopt(struct worker *w, struct sl_flow *f, const struct sl_parser *parser);
/* Asks the probes about one piece; YES: the flow has its parser and its state. What was kept of the
 * flow before is then the caller's. */
enum sl_probe probe_piece(struct worker *w, struct sl_flow *f, const struct sl_piece *piece);
/* Keeps a piece of a stream that was too short to tell; a flow of which nothing is kept of this
 * direction. */
void probe_keep(struct worker *w, struct sl_flow *f, const struct sl_piece *piece);
/* Joins the piece to what is kept of its direction. YES: as probe_piece, *piece is what is beyond
 * the bytes kept. NO: they are forgotten, or nothing was kept; the piece has to be asked about
 * alone. */
enum sl_probe probe_join(struct worker *w, struct sl_flow *f, struct sl_piece *piece);
/* Nothing will be added to what is kept: asks about what was not asked about yet. */
bool probe_last(struct worker *w, struct sl_flow *f, const struct sl_piece *end);
void probe_forget(struct worker *w, struct first_bytes *k);

/* tell.c: from the batch to the ring. */
void tell_batch(struct worker *w);
void tell_truth(void *worker, const struct sl_truth *t);
void tell_flow(struct worker *w, const struct sl_flow *f);
void tell_mark(struct worker *w, enum sl_record_kind kind, uint64_t ts_ns);
/* On a port, where the ring is full: false, and the mark is to be told later. */
bool tell_mark_soon(struct worker *w, enum sl_record_kind kind, uint64_t ts_ns);
/* Left out, counted, where a port's ring has no room to spare. */
void tell_fact(struct worker *w, const struct sl_record_fact *r, const struct sl_fact_address *a,
	struct sl_span name);
/* From now on files go into the ring as well. */
void tell_to_sink(struct worker *w);

/* facts.c: what is told of hosts. */
int facts_new(struct facts **out, const struct sl_nets *home);
void facts_free(struct facts *f); /* NULL is allowed */
/* Adds the wheres that facts come from. */
void facts_want(uint64_t *want);
void facts_flow(struct worker *w, const struct sl_packet *p); /* its flow has a parser now */
void facts_batch(struct worker *w); /* all observables of the batch, once */

/* context.c: blocks of what flows said, one pool a worker. */
int context_pool_new(struct context_pool **out, uint32_t count);
void context_pool_free(struct context_pool *p);
struct sl_said *context_take(struct context_pool *p); /* NULL: none left */
void context_give(struct context_pool *p, struct sl_said *s);

/* ---- replay.c: capture files as the source, and what is said of a replay ---- */

/* The text of --speed. -EINVAL, and err. */
int replay_pace(const struct sl_config *c, struct sl_pace *out, char *err, size_t cap);
/* The bits of an address behind every prefix of HOME_NET, so that who is at home in one pass over
 * the same packets is in the next. */
uint8_t replay_fresh_bits(const struct sl_config *c);
/* workers 0: only looks whether it could be. As sl_replay_open. */
int replay_open(
	struct sl_source **out, const struct sl_config *c, unsigned workers, char *err, size_t cap);
/* The line that a terminal shows meanwhile. */
void replay_show(struct sl_source *s, uint64_t started_ns, uint64_t sightings, bool last);
/* One line for each damaged capture; false: there was one. After the end, as the rest. */
bool replay_damage(struct sl_source *s);
void replay_report(struct sl_source *s, const struct sl_config *c, const struct sl_counters *sum);

/* ---- armory.c: the indicators in force ---- */

struct armory;
struct nursery;
struct publisher;
struct armory_counts {
	uint64_t armed, quiet, refused, not_valid;
	uint64_t generation, loaded_s; /* in force since; of 1970 */
	size_t feeds;
	bool building, failed; /* a build is on its way; the last one was no success */
};
struct armory_feed {
	char *path;
	uint64_t armed, quiet;
	uint64_t changed_s; /* the file's, of 1970; 0: not known */
	uint64_t stale_after_s; /* 0: it never is */
	bool stale;
	bool handed; /* the collector's: who judges it, and tells of it */
};
/* Files beside those of the configuration: what the collector handed out. */
struct armory_paths {
	const char *const *path;
	size_t count;
};
struct armory_needs {
	unsigned workers;
	uint64_t packet_time_ns; /* of a replay; 0: each load judges by the wall clock */
	bool must_arm;
	const struct armory_paths *handed; /* borrowed, read again at each reload; NULL: nothing */
};
/* Has all that the configuration names, and what was handed out, read and compiled by a builder,
 * and waits for it. 0; -ENODATA: nothing armed though something had to be; other -errno. What went
 * wrong is logged. Control thread, as are all calls here. */
int armory_new(struct armory **out, const struct sl_config *c, struct nursery *nursery,
	const struct armory_needs *needs);
void armory_stop(struct armory *a); /* before the workers, whom a build asks; NULL is allowed */
void armory_free(struct armory *a); /* likewise; once it was stopped */
const struct sl_nets *armory_home(const struct armory *a);
/* From now on indicators that are read are asked about what the workers remember, and those that a
 * change brings are told where they are late. */
int armory_remember(struct armory *a, struct worker *const *workers);
/* What they remember is answered: a sl_metrics_reply over an armory. Any thread while the workers
 * are there. */
int armory_answer(void *armory, const char *body, size_t len, char **text, size_t *text_len);
/* What they remember; count 0: nothing. Likewise. */
const struct sl_memories *armory_memories(const struct armory *a);
/* Puts the first ruleset in force. */
int armory_start(struct armory *a, struct publisher *p);
/* Has everything read again; a good result is in force some steps later, a bad one leaves the old.
 * Changes go on, and hold on what comes. 0; -EBUSY: a build is on its way; -errno, said. */
int armory_reload(struct armory *a);
/* Often: takes a build a step further. */
void armory_step(struct armory *a);
/* Whether the last reload has come to its end; *rc: 0, it is in force; -errno. */
bool armory_reloaded(const struct armory *a, int *rc);
/* A few indicators more, and a few fewer (first), as lines of the native format that are judged
 * like a feed's; in force for every worker when this returns. What is taken out is found by source,
 * id and what it says. 0; 1: in force, and so much has changed that a reload pays; -EAGAIN: the
 * last change isn't done with (armory_settle); -EOPNOTSUPP: one is a tree, or another line says
 * the same as one of them, and a reload has to bring it; other -errno. Unless 0 or 1 nothing has
 * changed. */
int armory_change(struct armory *a, const char *add, size_t add_len, const char *take_out,
	size_t take_out_len);
/* Frees a ruleset that nobody names any more; false: one is still on its way out. */
bool armory_settle(struct armory *a);
/* Often; looks at the feeds' files every ten seconds, and says which became stale or are good
 * again. What a collector handed out is not looked at. */
void armory_look(struct armory *a);
/* Any thread, both: what is in force, the first of its own feeds. fn must be quick: a reload waits
 * for it. */
void armory_counts(struct armory *a, struct armory_counts *out);
void armory_feeds(struct armory *a, void (*fn)(void *arg, const struct armory_feed *f), void *arg);
const struct sl_counters *armory_counters(const struct armory *a);

/* ---- file_store.c: files on disk, as a hand-over to a sandbox ---- */

struct file_store;
/* *out NULL: the configuration wants none. 0; -errno, said in err. */
int file_store_new(struct file_store **out, const struct sl_config *c, struct sl_counters *counters,
	char *err, size_t cap);
void file_store_free(struct file_store *s);
bool file_store_wanted(const struct sl_config *c);
/* The publisher's calls, in the order of one worker's ring; NULL is allowed. */
void file_store_bytes(struct file_store *s, unsigned worker, const struct sl_record_file *r);
void file_store_end(struct file_store *s, unsigned worker, const struct sl_record_file *r);
void file_store_hit(struct file_store *s, unsigned worker, const struct sl_record *r);
/* Files that have ended are kept or not: every hit on them was told. */
void file_store_settle(struct file_store *s, unsigned worker);
/* The end of some file was not told: those that have not ended by now are given up. */
void file_store_lost(struct file_store *s, unsigned worker);

/* ---- publisher.c: rings to outputs ---- */

struct publisher_options {
	struct worker *const *workers;
	unsigned worker_count;
	const char *const *captures;
	size_t capture_count;
	const struct sl_config *config;
	const char *boot;
	const struct sl_nets *home;
	bool emit_observables, emit_sightings, emit_flows;
};
int publisher_new(
	struct publisher **out, const struct publisher_options *o, char *err, size_t err_len);
void publisher_free(struct publisher *p);
int publisher_start(struct publisher *p);
/* Control thread: a ruleset that records may name from now on; and one that no worker sees any
 * more. */
void publisher_admit(struct publisher *p, const struct sl_ruleset *rs);
void publisher_retire(struct publisher *p, const struct sl_ruleset *rs);
/* What indicators of rs, which is admitted and not yet to be retired, did before they were. Taken,
 * also on failure. */
struct retro;
void publisher_retro(struct publisher *p, struct retro *r);
/* Every record that names the retired ruleset is dealt with. */
bool publisher_retired(struct publisher *p);
/* All workers have ended and everything is told. */
bool publisher_done(struct publisher *p);
/* Standard output could not be written. */
bool publisher_failed(struct publisher *p);
void publisher_join(struct publisher *p);
const struct sl_counters *publisher_counters(const struct publisher *p);
const char *publisher_sensor(const struct publisher *p); /* this sensor's name */
uint64_t publisher_sightings(const struct publisher *p); /* so far, any thread */

/* ---- confine.c ---- */

/* Gives up what the ports needed, and what the sensor never needs, as the configuration says. 0; or
 * -errno, and err says what and how to mend it. No thread that blocks signals may exist yet. */
int confine(const struct sl_config *c, char *err, size_t err_len);

/* ---- alarm.c: what the tap loses, watched ---- */

struct alarms;
struct stats_view;
int alarms_new(struct alarms **out);
void alarms_free(struct alarms *a); /* NULL is allowed */
/* Control thread, as often as it likes: every ten seconds says what went bad or is good again. */
void alarms_look(struct alarms *a, struct stats_view *v, uint64_t now_ns);
/* Each thing that was judged so far, and whether it is bad; any thread. */
void alarms_each(
	const struct alarms *a, void (*fn)(void *arg, const char *topic, bool bad), void *arg);

/* ---- live.c: ports ---- */

struct live;
enum live_state {
	LIVE_GOOD,
	LIVE_GONE, /* a device is no more: said; what came is still to be told */
	LIVE_STALLED, /* a worker, or the dispatcher, does not go on: said; nothing can be waited
			 for */
};
/* Captures or ports, one of both. 0; -EINVAL and err. */
int live_input(const struct sl_config *c, char *err, size_t err_len);
/* Opens the ports of the configuration as *src, which the caller closes, and says the plan. err is
 * what is wrong and its fix. */
int live_open(struct live **out, struct sl_source **src, const struct sl_config *c,
	unsigned workers, char *err, size_t err_len);
void live_free(struct live *l); /* NULL is allowed */
/* One name for what all ports bring. */
const char *const *live_captures(const struct live *l);
int live_boot(char out[2 * SL_DIGEST_MAX + 1]); /* another one at each start */
void live_ready(const struct live *l, const struct sl_config *c, struct armory *a);
/* Often; looks ten times a second. */
enum live_state live_watch(struct live *l, struct stats_view *v);
const struct alarms *live_alarms(const struct live *l);
uint64_t live_stalls(const struct live *l); /* workers, dispatcher that stood still */
/* How long the control thread itself stood still: the machine gave it no core. */
uint64_t live_late_ns(const struct live *l);
/* After the workers' end: counters are exact. */
void live_end(struct live *l);

/* ---- stats.c ---- */

struct stats_view {
	struct worker *const *workers;
	unsigned worker_count;
	const struct publisher *publisher;
	struct armory *armory;
	uint64_t started_s; /* of 1970 */
	const struct supply *supply; /* NULL: it takes none from a collector */
	struct sl_source *replay; /* NULL: it is none */
	struct sl_source *ports; /* NULL: a replay */
	const struct live *live; /* likewise */
};
void stats_sum(const struct stats_view *v, struct sl_counters *out);
/* Every sample that there is of the sensor; a sl_metrics_fill over a stats_view. Any thread while
 * the workers are there. */
void stats_each(void *view, sl_metric_fn put, void *to);
/* From now on the port tells them, and answers questions about the past. */
int stats_serve(struct sl_metrics_port *p, struct stats_view *v);
/* Every counter as one JSON object into path ('-': standard output). 0 or -errno. */
int stats_write(const struct stats_view *v, const char *path);
/* The same where the configuration says; false: it could not be, which is said. */
bool stats_keep(const struct stats_view *v, const struct sl_config *c);
/* One line of the sums since started_ns (monotonic). Control. */
void stats_say(const struct sl_counters *sum, uint64_t started_ns);

#include "settings.h"
#include "supply.h"

#endif
