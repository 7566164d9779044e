/* SPDX-License-Identifier: BSD-3-Clause */
/* breaker.c - see breaker.h. Publisher's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/breaker.h>
#include <sightline/clock.h>
#include <sightline/hash.h>

#include "counted.h"
#include "kept.h"
#include "waiting.h"

#define WAITING_BYTES 16 /* one of so many bytes of memory is of firings that wait */
#define MARKS 64
#define MARK_SHARE 32 /* of `watch` lie between two marks */
#define QUIET_TIMES 8
#define COUNT_NS (60 * SL_SECOND) /* a number of own hosts is good for so long */

/* That an indicator met the bound. */
struct met {
	uint64_t ts_ns; /* by this firing; 0: never */
	uint64_t hosts, own;
};

struct fired {
	struct kept kept;
	uint32_t born;
	bool real, resting; /* loud whatever it does; quiet until it is tried again */
	uint64_t first_ns; /* on the first own host; 0: on none */
	struct met spread; /* an outbreak */
	struct met quiet[QUIET_TIMES]; /* the latest stands at (times - 1) % QUIET_TIMES */
	size_t times;
	struct counted counted;
	char source[SL_BREAKER_TEXT], id[SL_BREAKER_TEXT], value[SL_BREAKER_TEXT];
};

/* At ts_ns this generation was in force. */
struct mark {
	uint64_t ts_ns;
	uint32_t generation;
};

struct sl_breaker {
	struct sl_breaker_options o;
	struct sl_hash_key key;
	struct keeping fired;
	struct waiting waiting;
	uint64_t half_ns, due_ns; /* due: when the next one is tried again */
	struct mark mark[MARKS];
	size_t marks; /* the latest stands at (marks - 1) % MARKS */
	uint32_t began; /* with this generation; 0: no clock was told yet */
	struct {
		uint64_t ts_ns;
		uint32_t n;
	} own; /* the latest count of own hosts */
};

int sl_breaker_new(struct sl_breaker **out, const struct sl_breaker_options *o)
{
	static const struct sl_hash_key plain = { 0x73696768746c696e, 0x6520627265616b65 };
	if (o->counters == NULL || o->tell == NULL || o->boot == NULL || o->period_ns < 2)
		return -EINVAL;
	struct sl_breaker *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	b->o = *o;
	b->key.k0 = sl_hash_bytes(plain, o->boot, strlen(o->boot));
	b->key.k1 = ~b->key.k0;
	b->half_ns = o->period_ns / 2;
	b->due_ns = UINT64_MAX;
	size_t waiting = o->memory / WAITING_BYTES;
	int rc = keeping_init(&b->fired, sizeof(struct fired), o->memory - waiting);
	uint32_t room = (uint32_t)(waiting / sizeof(struct firing));
	rc = rc ? rc : waiting_init(&b->waiting, room < 64 ? 64 : room);
	if (rc < 0) {
		sl_breaker_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

void sl_breaker_free(struct sl_breaker *b)
{
	if (b == NULL)
		return;
	keeping_fini(&b->fired);
	waiting_fini(&b->waiting);
	free(b);
}

void sl_breaker_forget(struct sl_breaker *b)
{
	if (b == NULL)
		return;
	keeping_forget(&b->fired);
	b->waiting.n = 0;
	b->marks = b->began = 0;
	b->due_ns = UINT64_MAX;
	b->own.ts_ns = b->own.n = 0;
}

/* ---- Which indicator ---- */

static uint64_t text_hash(const struct sl_breaker *b, uint64_t h, const char *s, size_t len)
{
	return sl_hash_u128(b->key, h, sl_hash_bytes(b->key, s, len));
}

static uint64_t name_of(const struct sl_breaker *b, const struct sl_indicator *i)
{
	uint64_t h = (uint64_t)i->where << 32 | (uint64_t)i->port << 16 | (uint64_t)i->type << 8 |
		     i->match;
	h = text_hash(b, h, i->source, strlen(i->source));
	h = text_hash(b, h, i->id, strlen(i->id));
	h = text_hash(b, h, i->part, strlen(i->part));
	return text_hash(b, h, i->value, i->value_len) | 1;
}

static void text_copy(char to[SL_BREAKER_TEXT], const char *s, size_t len)
{
	len = len < SL_BREAKER_TEXT ? len : SL_BREAKER_TEXT - 1;
	memcpy(to, s, len);
	to[len] = '\0';
}

static struct fired *fired_touch(
	struct sl_breaker *b, uint64_t name, const struct sl_indicator *i, uint64_t ts_ns)
{
	uint64_t gone;
	struct fired *e = kept_touch(&b->fired, name, ts_ns, &gone);
	sl_count(b->o.counters, SL_C_BREAKER_FORGOTTEN, gone > 0);
	if (e->id[0] == '\0' && e->value[0] == '\0') {
		text_copy(e->source, i->source, strlen(i->source));
		text_copy(e->id, i->id, strlen(i->id));
		text_copy(e->value, i->value, i->value_len);
	}
	return e;
}

/* ---- What is told ---- */

static struct sl_breaker_event event_of(
	const struct fired *e, enum sl_breaker_what what, const struct met *met)
{
	return (struct sl_breaker_event){ .what = what,
		.ts_ns = met->ts_ns,
		.first_ns = e->first_ns,
		.hosts = met->hosts,
		.own = met->own,
		.source = e->source,
		.id = e->id,
		.value = e->value };
}

/* When what was made quiet then is tried again. */
static uint64_t until_ns(const struct sl_breaker *b, const struct met *quiet)
{
	return quiet->ts_ns + b->o.quiet_ns;
}

static const struct met *last_quiet(const struct fired *e)
{
	return &e->quiet[(e->times - 1) % QUIET_TIMES];
}

void sl_breaker_text(
	const struct sl_breaker *b, const struct sl_breaker_event *e, char *out, size_t cap)
{
	uint64_t n = b->o.period_ns / SL_SECOND;
	const char *unit = n % 3600 == 0 ? "h" : n % 60 == 0 ? "min" : "s";
	n /= n % 3600 == 0 ? 3600 : n % 60 == 0 ? 60 : 1;
	const char *then = e->what == SL_BREAKER_OUTBREAK ? "it was seen on none before"
							  : "and nobody judged it real";
	snprintf(out, cap, "fired on %llu of %llu own hosts within %llu %s, %s",
		(unsigned long long)e->hosts, (unsigned long long)e->own, (unsigned long long)n,
		unit, then);
}

static void tell(struct sl_breaker *b, const struct sl_breaker_event *e, enum sl_counter counter)
{
	sl_count(b->o.counters, counter, 1);
	b->o.tell(b->o.arg, e);
}

/* ---- The bound ---- */

static bool is_share(const struct sl_breaker *b, uint64_t hosts, uint64_t own)
{
	return hosts * 100 > b->o.percent * (own > hosts ? own : hosts);
}

/* Own hosts only become more within a minute, so that an old number that is too many already needs
 * no new one. */
static bool meets_bound(struct sl_breaker *b, uint64_t hosts, uint64_t ts_ns)
{
	bool old = ts_ns < b->own.ts_ns || ts_ns - b->own.ts_ns >= COUNT_NS;
	if (hosts < b->o.hosts || (!old && !is_share(b, hosts, b->own.n)))
		return false;
	b->own.ts_ns = ts_ns;
	b->own.n = sl_hosts_count(b->o.known, ts_ns);
	return is_share(b, hosts, b->own.n);
}

static bool watched_since(const struct sl_breaker *b, uint64_t since_ns, uint64_t ts_ns)
{
	return since_ns <= ts_ns && ts_ns - since_ns >= b->o.watch_ns;
}

/* Whether an indicator of this generation was looked for all through `watch` before ts_ns: since
 * anything was told of own hosts, where it was there from the begin. */
static bool watched(const struct sl_breaker *b, uint32_t born, uint64_t ts_ns)
{
	if (b->began == 0 || born <= b->began)
		return watched_since(b, sl_hosts_since(b->o.known), ts_ns);
	for (size_t i = 0; i < MARKS && i < b->marks; i++)
		if (b->mark[i].generation >= born && watched_since(b, b->mark[i].ts_ns, ts_ns))
			return true;
	return false;
}

/* A mark says that a generation was in force at a line of a grid: of a change of intel, so that
 * there is not one for each of a thousand. */
static void mark_add(struct sl_breaker *b, uint64_t now_ns, uint32_t generation)
{
	uint64_t step = b->o.watch_ns / MARK_SHARE + 1;
	uint64_t line_ns = now_ns - now_ns % step + step;
	const struct mark *last = &b->mark[(b->marks - 1) % MARKS];
	b->began = b->began > 0 ? b->began : generation;
	if (generation == b->began)
		return;
	if (b->marks > 0 && (line_ns <= last->ts_ns || generation == last->generation))
		return;
	b->mark[b->marks++ % MARKS] = (struct mark){ line_ns, generation };
}

static void trip(struct sl_breaker *b, struct fired *e, uint64_t ts_ns, uint64_t hosts)
{
	bool spreads = ts_ns - e->first_ns <= b->o.period_ns && watched(b, e->born, e->first_ns);
	struct met met = { ts_ns, hosts, b->own.n > hosts ? b->own.n : hosts };
	struct sl_breaker_event ev =
		event_of(e, spreads ? SL_BREAKER_OUTBREAK : SL_BREAKER_QUIET, &met);
	memset(&e->counted, 0, sizeof(e->counted));
	if (spreads) {
		e->spread = met;
		tell(b, &ev, SL_C_BREAKER_OUTBREAK);
		return;
	}
	e->quiet[e->times++ % QUIET_TIMES] = met;
	e->resting = true;
	if (until_ns(b, &met) < b->due_ns)
		b->due_ns = until_ns(b, &met);
	tell(b, &ev, SL_C_BREAKER_QUIET);
}

static void count_one(struct sl_breaker *b, const struct firing *f)
{
	struct fired *e = kept_find(&b->fired, f->name);
	if (e == NULL)
		return;
	if (e->first_ns == 0 || f->ts_ns < e->first_ns)
		e->first_ns = f->ts_ns;
	if (e->real || e->spread.ts_ns != 0 || e->resting)
		return;
	uint64_t number = f->ts_ns / b->half_ns + 1;
	if (!counted_add(&e->counted, number, f->host))
		return;
	uint64_t hosts = counted_hosts(&e->counted, number);
	if (meets_bound(b, hosts, f->ts_ns))
		trip(b, e, f->ts_ns, hosts);
}

/* ---- Time ---- */

static void try_again(struct sl_breaker *b, uint64_t now_ns)
{
	if (now_ns < b->due_ns)
		return;
	b->due_ns = UINT64_MAX;
	for (uint32_t i = 1; i <= b->fired.count; i++) {
		struct fired *e = kept_at(&b->fired, i);
		if (!e->resting)
			continue;
		struct met quiet = *last_quiet(e);
		quiet.ts_ns = until_ns(b, &quiet);
		if (quiet.ts_ns > now_ns) {
			b->due_ns = quiet.ts_ns < b->due_ns ? quiet.ts_ns : b->due_ns;
			continue;
		}
		e->resting = false;
		struct sl_breaker_event ev = event_of(e, SL_BREAKER_TRIED, &quiet);
		tell(b, &ev, SL_C_BREAKER_TRIED);
	}
}

static void take_first(struct sl_breaker *b)
{
	struct firing f = waiting_pop(&b->waiting);
	try_again(b, f.ts_ns);
	count_one(b, &f);
}

void sl_breaker_clock(struct sl_breaker *b, uint64_t now_ns, uint32_t generation)
{
	if (b == NULL)
		return;
	mark_add(b, now_ns, generation);
	for (const struct firing *f; (f = waiting_first(&b->waiting)) != NULL && f->ts_ns < now_ns;)
		take_first(b);
	try_again(b, now_ns);
}

void sl_breaker_flush(struct sl_breaker *b)
{
	while (b != NULL && waiting_first(&b->waiting) != NULL)
		take_first(b);
}

/* ---- What is asked ---- */

/* The own end of a flow; between two the initiator. Its hash, 0: neither is own. */
static uint64_t host_of(const struct sl_breaker *b, const struct sl_record_flow *f)
{
	const union sl_addr *host = &f->src;
	if (b->o.home == NULL || f->version == 0)
		return 0;
	if (!sl_nets_has(b->o.home, host, f->version))
		host = &f->dst;
	if (!sl_nets_has(b->o.home, host, f->version))
		return 0;
	return sl_hash_u128(b->key, sl_hash_u128(b->key, host->q[0], host->q[1]), f->version) | 1;
}

uint64_t sl_breaker_take(struct sl_breaker *b, const struct sl_indicator *i, uint32_t born,
	const struct sl_record *r)
{
	if (b == NULL || i->quiet || i->test)
		return 0;
	uint64_t name = name_of(b, i), host = host_of(b, &r->flow);
	if (host == 0)
		return name;
	struct fired *e = fired_touch(b, name, i, r->ts_ns);
	e->born = born > e->born ? born : e->born;
	if (e->real || e->spread.ts_ns != 0 ||
		(e->resting && r->ts_ns < until_ns(b, last_quiet(e))))
		return name;
	if (waiting_full(&b->waiting)) {
		sl_count(b->o.counters, SL_C_BREAKER_EARLY, 1);
		take_first(b);
	}
	waiting_add(&b->waiting, (struct firing){ r->ts_ns, name, host });
	return name;
}

enum sl_breaker_what sl_breaker_says(
	const struct sl_breaker *b, uint64_t name, uint64_t ts_ns, struct sl_breaker_event *why)
{
	const struct fired *e = b != NULL && name != 0 ? kept_find(&b->fired, name) : NULL;
	if (e == NULL || e->real)
		return SL_BREAKER_LOUD;
	if (e->spread.ts_ns != 0 && ts_ns >= e->spread.ts_ns) {
		*why = event_of(e, SL_BREAKER_OUTBREAK, &e->spread);
		return SL_BREAKER_OUTBREAK;
	}
	for (size_t i = 0; i < QUIET_TIMES && i < e->times; i++) {
		const struct met *q = &e->quiet[i];
		if (ts_ns <= q->ts_ns || ts_ns >= until_ns(b, q))
			continue;
		*why = event_of(e, SL_BREAKER_QUIET, q);
		return SL_BREAKER_QUIET;
	}
	return SL_BREAKER_LOUD;
}

void sl_breaker_real(struct sl_breaker *b, const struct sl_indicator *i)
{
	if (b == NULL)
		return;
	struct fired *e = fired_touch(b, name_of(b, i), i, 0);
	e->real = true;
	e->resting = false;
}
