/* SPDX-License-Identifier: BSD-3-Clause */
/* shed.c - what a worker leaves undone: more and more while its queue fills up, and of any flow
 * that its parser is through with. Each is counted, and written into the flow. Runs on one worker;
 * never allocates, never locks, never logs. */
#include <netinet/in.h>

#include <immintrin.h>

#include "sensor.h"

#include <sightline/hot.h>

#define PORT_DNS 53

/* What takes the bytes of files and mails. */
static const enum sl_where bodies[] = { SL_WHERE_FILE_SIZE, SL_WHERE_FILE_TYPE, SL_WHERE_FILE_MD5,
	SL_WHERE_FILE_SHA1, SL_WHERE_FILE_SHA256, SL_WHERE_EMAIL_URL };

/* Of these levels nothing is read but headers. */
#define UNREAD                                                                                     \
	(SL_SHED_BIT(SL_SHED_ELEPHANTS) | SL_SHED_BIT(SL_SHED_STREAMS) | SL_SHED_BIT(SL_SHED_NAMES))

static_assert(
	SL_C_SHED_ENTRIES_NAMES - SL_C_SHED_ENTRIES_BODIES + 1 == SL_SHED_LEVEL_COUNT - 1 &&
		SL_C_SHED_BURSTS_NAMES - SL_C_SHED_BURSTS_BODIES + 1 == SL_SHED_LEVEL_COUNT - 1 &&
		SL_C_SHED_FLOWS_NAMES - SL_C_SHED_FLOWS_BODIES + 1 == SL_SHED_LEVEL_COUNT - 1 &&
		SL_C_SHED_PACKETS_NAMES - SL_C_SHED_PACKETS_BODIES + 1 == SL_SHED_LEVEL_COUNT - 1 &&
		SL_C_SHED_BYTES_NAMES - SL_C_SHED_BYTES_BODIES + 1 == SL_SHED_LEVEL_COUNT - 1,
	"each counter once for each level, in their order");

static void count(struct worker *w, enum sl_counter first, unsigned level, uint64_t n)
{
	sl_count(&w->counters, (enum sl_counter)(first + level - 1), n);
}

void shed_weigh(struct worker *w)
{
	uint8_t before = w->shed.level;
	w->unweighed = 0;
	sl_shed_look(&w->shed, w->src->ops->fill(w->src, (uint16_t)w->number), __rdtsc());
	if (w->shed.level == before)
		return;
	if (w->shed.level > before)
		count(w, SL_C_SHED_ENTRIES_BODIES, w->shed.level, 1);
	w->elephants = w->shed.level >= SL_SHED_ELEPHANTS;
	atomic_store_explicit(&w->shed_level, w->shed.level, memory_order_relaxed);
}

static void mark(struct worker *w, struct sl_flow *f, enum sl_shed_level level)
{
	f->shed |= SL_SHED_BIT(level);
	count(w, SL_C_SHED_FLOWS_BODIES, level, 1);
}

static bool is_read(const struct sl_flow *f)
{
	return f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP;
}

static bool is_dns(const struct sl_flow *f)
{
	return f->proto == IPPROTO_UDP && (f->sport == PORT_DNS || f->dport == PORT_DNS);
}

void shed_begin(struct worker *w, struct sl_flow *f)
{
	if (!is_read(f))
		return;
	mark(w, f, SL_SHED_BODIES);
	if (w->shed.level >= SL_SHED_NAMES && is_dns(f))
		mark(w, f, SL_SHED_NAMES);
	else if (w->shed.level >= SL_SHED_STREAMS && !is_dns(f))
		mark(w, f, SL_SHED_STREAMS);
}

/* Nothing of this packet can be read. What is held of a flow is still read out, so that the memory
 * comes back. */
static bool is_passed_over(const struct sl_flow *f, const struct sl_packet *p)
{
	if (f->parser_dead == 3)
		return f->stream == NULL;
	return f->rests && (p->payload_len == 0 || !f->parser->begins(p->payload[0]));
}

bool shed_packet(struct worker *w, const struct sl_packet *p)
{
	struct sl_flow *f = p->flow;
	unsigned met = f->shed & ~SL_SHED_BYPASSED;
	if (met != f->shed && !(met & UNREAD) && is_passed_over(f, p)) {
		sl_count(&w->counters, SL_C_BYPASSED_PACKETS, 1);
		sl_count(&w->counters, SL_C_BYPASSED_BYTES, p->wire_len);
		return true;
	}
	if (w->elephants && !(met & UNREAD) && f->parser_dead != 3 && is_read(f) &&
		f->bytes[0] + f->bytes[1] >= w->elephant_bytes) {
		mark(w, f, SL_SHED_ELEPHANTS);
		met = f->shed & ~SL_SHED_BYPASSED;
		inspect_close(w, f);
	}
	if (met == 0)
		return false;
	unsigned level = 32 - (unsigned)__builtin_clz(met);
	count(w, SL_C_SHED_PACKETS_BODIES, level, 1);
	count(w, SL_C_SHED_BYTES_BODIES, level, p->wire_len);
	return (met & UNREAD) != 0;
}

void shed_bypass(struct worker *w, struct sl_flow *f)
{
	if ((f->shed & (UNREAD | SL_SHED_BYPASSED)) || f->end != SL_END_OPEN)
		return;
	f->shed |= SL_SHED_BYPASSED;
	sl_count(&w->counters, SL_C_BYPASSED_FLOWS, 1);
}

void shed_narrow(struct worker *w, bool narrow)
{
	w->narrow = narrow;
	if (!narrow) {
		memcpy(w->batch.want, w->wide_want, sizeof(w->wide_want));
		w->batch.sink = w->sink.bytes != NULL ? &w->sink : NULL;
		return;
	}
	memcpy(w->wide_want, w->batch.want, sizeof(w->wide_want));
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		w->batch.want[bodies[i] / 64] &= ~(UINT64_C(1) << bodies[i] % 64);
	w->batch.sink = NULL;
}
