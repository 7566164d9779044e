/* SPDX-License-Identifier: BSD-3-Clause */
/* ports.c - ports as a source: opening, the queues of all ports in turn, links, counters. Control
 * threads but for the part behind hot.h, which is the workers'. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sightline/clock.h>

#include "deal.h"

/* What came is given at most so long after its time: what a device keeps back for a burst, and the
 * patience of a busy machine. */
#define LATE_NS (SL_SECOND / 5)
#define NAP_NS 50000 /* of a worker that waits for the dispatcher */

struct ports_queue {
	alignas(64) struct intake in;
	bool end_said;
};

struct ports {
	struct sl_source base;
	struct wall wall;
	unsigned count, workers;
	struct port *port[PORTS_MAX];
	struct ports_queue *queue; /* owned; one for each worker */
	bool dealt; /* by the dispatcher, from the begin */
	bool doubt; /* by the dispatcher, once a device doesn't do as it said */
	bool said[PORTS_MAX]; /* by port: what became of its proof */
	struct deal deal;
	alignas(64) _Atomic bool started; /* nobody takes from the ports before */
	_Atomic bool stop;
};

static int ports_start(struct sl_source *s)
{
	struct ports *ps = (struct ports *)s;
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < ps->count; i++)
		rc = ps->port[i]->kind->start(ps->port[i]);
	if (rc == 0 && (ps->dealt || ps->doubt))
		rc = deal_start(&ps->deal);
	atomic_store_explicit(&ps->started, rc == 0, memory_order_release);
	return rc;
}

static void ports_stop(struct sl_source *s)
{
	struct ports *ps = (struct ports *)s;
	for (unsigned i = 0; i < ps->count; i++)
		ps->port[i]->kind->quiet(ps->port[i]);
	atomic_store_explicit(&ps->stop, true, memory_order_release);
}

static void ports_close(struct sl_source *s)
{
	struct ports *ps = (struct ports *)s;
	if (ps->dealt || ps->doubt) {
		if (!atomic_load(&ps->stop))
			ports_stop(s);
		deal_fini(&ps->deal);
	}
	for (unsigned i = 0; ps->queue != NULL && i < ps->workers; i++)
		intake_fini(&ps->queue[i].in);
	for (unsigned i = ps->count; i-- > 0;)
		ps->port[i]->kind->close(ps->port[i]);
	free(ps->queue);
	free(ps);
}

/* ---- Workers ---- */

static bool dealing(const struct ports *ps)
{
	return ps->dealt || (ps->doubt && deal_is_on(&ps->deal));
}

static uint16_t take(
	struct ports *ps, uint16_t queue, struct sl_packet *pkt, uint16_t max, bool stop)
{
	if (dealing(ps))
		return deal_burst(&ps->deal, queue, pkt, max);
	if (ps->doubt && !deal_own(&ps->deal, queue))
		return 0;
	return intake_burst(&ps->queue[queue].in, pkt, max, stop);
}

static enum sl_rx ports_end(struct ports *ps, uint16_t queue, struct sl_packet *pkt)
{
	struct ports_queue *q = &ps->queue[queue];
	bool dealt = dealing(ps); /* may begin at any time */
	if (dealt ? !deal_drained(&ps->deal, queue) : !intake_drained(&q->in))
		return SL_RX_OK;
	if (!dealt && ps->doubt && !deal_own_ended(&ps->deal, queue))
		return SL_RX_OK;
	pkt->ts_ns = 0;
	if (q->end_said)
		return SL_RX_END;
	q->end_said = true;
	return SL_RX_END_CAPTURE;
}

static enum sl_rx ports_rx_burst(
	struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t max, uint16_t *n)
{
	struct ports *ps = (struct ports *)s;
	bool stop = atomic_load_explicit(&ps->stop, memory_order_acquire);
	*n = 0;
	if (!atomic_load_explicit(&ps->started, memory_order_acquire))
		return stop ? SL_RX_END : SL_RX_OK;
	*n = take(ps, queue, pkt, max, stop);
	return *n == 0 && stop ? ports_end(ps, queue, pkt) : SL_RX_OK;
}

static unsigned ports_fill(struct sl_source *s, uint16_t queue)
{
	const struct ports *ps = (const struct ports *)s;
	return dealing(ps) ? deal_fill(&ps->deal, queue) : intake_fill(&ps->queue[queue].in);
}

static void ports_release(struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t n)
{
	struct ports *ps = (struct ports *)s;
	if (dealing(ps))
		deal_release(&ps->deal, queue, pkt, n);
	else
		intake_release(&ps->queue[queue].in, pkt, n);
}

static bool ports_wait(struct sl_source *s, uint16_t queue)
{
	const struct ports *ps = (const struct ports *)s;
	if (!dealing(ps))
		return intake_wait(&ps->queue[queue].in);
	nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	return true;
}

static uint64_t ports_now(struct sl_source *s, uint16_t queue)
{
	(void)queue;
	return wall_now(&((struct ports *)s)->wall) - LATE_NS;
}

/* ---- Control ---- */

static const struct sl_source_ops ports_ops = {
	.name = "ports",
	.rx_burst = ports_rx_burst,
	.fill = ports_fill,
	.release = ports_release,
	.wait = ports_wait,
	.now = ports_now,
	.start = ports_start,
	.stop = ports_stop,
	.close = ports_close,
};

static int port_open(
	struct ports *ps, const struct sl_ports_options *o, unsigned i, char *err, size_t err_len)
{
	const char *dev = o->devs[i];
	for (unsigned k = 0; k < i; k++)
		if (strcmp(o->devs[k], dev) == 0) {
			snprintf(err, err_len, "port %s: named twice; name each port once", dev);
			return -EINVAL;
		}
	bool kernel = strncmp(dev, "afpacket:", 9) == 0;
	int rc = (kernel ? afpacket_open : ethdev_open)(
		&ps->port[i], o, dev, i, &ps->wall, err, err_len);
	ps->count += rc == 0;
	return rc;
}

/* One process reads the ports of one node: memory of another is twice as far. */
static int one_node(const struct ports *ps, char *err, size_t err_len)
{
	const struct port *first = NULL;
	for (unsigned i = 0; i < ps->count; i++) {
		const struct port *p = ps->port[i];
		if (p->node < 0)
			continue;
		if (first == NULL)
			first = p;
		if (p->node == first->node)
			continue;
		snprintf(err, err_len,
			"port %s: it is on NUMA node %d, and %s on node %d; start one sensor for "
			"the ports of each node",
			p->dev, p->node, first->dev, first->node);
		return -EXDEV;
	}
	return 0;
}

/* A flow may be on both ports, of a tap: would it come to the same worker? */
static bool alike(const struct port *a, const struct port *b)
{
	if (a->proof == NULL || b->proof == NULL)
		return a->proof == b->proof;
	return proof_alike(a->proof, b->proof);
}

/* Who takes from the ports: the workers, or the dispatcher, which then has its own way for all. */
static int takers(struct ports *ps, const struct sl_ports_options *o)
{
	for (unsigned i = 0; i < ps->count; i++) {
		ps->dealt |= !ps->port[i]->spread || !alike(ps->port[0], ps->port[i]);
		ps->doubt |= ps->port[i]->proof != NULL;
	}
	ps->doubt &= !ps->dealt;
	for (unsigned i = 0; i < ps->count; i++) {
		struct port *p = ps->port[i];
		if (p->proof != NULL && ps->doubt)
			p->proof->doubt = &ps->deal.doubt;
		if (p->proof != NULL && !ps->doubt) {
			proof_free(p->proof);
			p->proof = NULL;
		}
	}
	int rc = 0, core = -1;
	bool last = ps->dealt && o->fewer;
	if (ps->dealt || ps->doubt)
		core = threads_core_take(ps->workers, &last);
	ps->workers -= last;
	if (ps->dealt || ps->doubt)
		rc = deal_init(&ps->deal, ps->port, ps->count, ps->workers, &ps->stop);
	ps->deal.tuple = o->spread == SL_SPREAD_TUPLE;
	ps->deal.core = core;
	for (unsigned i = 0; !ps->dealt && rc == 0 && i < ps->workers; i++) {
		rc = intake_init(&ps->queue[i].in, ps->port, ps->count, (int)i);
		if (rc == 0 && ps->doubt)
			deal_doubt(&ps->deal, i, &ps->queue[i].in);
	}
	return rc;
}

static struct ports *ports_new(const struct sl_ports_options *o)
{
	size_t queues = o->queues * sizeof(struct ports_queue);
	struct ports *ps = aligned_alloc(alignof(struct ports), sizeof(*ps));
	struct ports_queue *q = aligned_alloc(alignof(struct ports_queue), queues);
	if (ps == NULL || q == NULL) {
		free(ps);
		free(q);
		return NULL;
	}
	memset(q, 0, queues);
	memset(ps, 0, sizeof(*ps));
	ps->base.ops = &ports_ops;
	ps->queue = q;
	ps->workers = o->queues;
	(void)wall_init(&ps->wall, NULL, NULL);
	return ps;
}

int sl_ports_open(
	struct sl_source **out, const struct sl_ports_options *o, char *err, size_t err_len)
{
	if (o->dev_count == 0 || o->dev_count > PORTS_MAX || o->queues == 0) {
		snprintf(err, err_len, "ports: 1 to %u are possible", PORTS_MAX);
		return -EINVAL;
	}
	struct ports *ps = ports_new(o);
	int rc = ps == NULL ? -ENOMEM : 0;
	for (unsigned i = 0; rc == 0 && i < o->dev_count; i++)
		rc = port_open(ps, o, i, err, err_len);
	if (rc == 0)
		rc = one_node(ps, err, err_len);
	if (rc == 0)
		rc = takers(ps, o);
	if (rc == -E2BIG && err[0] == '\0')
		snprintf(err, err_len,
			"ports: the dispatcher takes from %u queues at most; use fewer workers or "
			"ports, or ethtool -L IFACE combined N",
			TAPS_MAX);
	if (rc == -ENOMEM && err[0] == '\0')
		snprintf(err, err_len, "ports: no memory for their queues; use fewer workers");
	if (rc < 0 && ps != NULL)
		ports_close(&ps->base);
	if (rc == 0)
		*out = &ps->base;
	return rc;
}

const char *sl_ports_unwaitable(const struct sl_source *s)
{
	const struct ports *ps = (const struct ports *)s;
	for (unsigned i = 0; i < ps->count; i++)
		for (unsigned q = 0; q < ps->port[i]->queues; q++)
			if (ps->port[i]->kind->fd(ps->port[i], (uint16_t)q) < 0)
				return ps->port[i]->dev;
	return NULL;
}

unsigned sl_ports_workers(const struct sl_source *s)
{
	return ((const struct ports *)s)->workers;
}

bool sl_ports_dispatcher(const struct sl_source *s, uint64_t *rounds)
{
	return deal_beats(&((const struct ports *)s)->deal, rounds);
}

static void plan_dispatcher(
	const struct ports *ps, void (*line)(void *arg, const char *text), void *arg)
{
	char text[256], where[128];
	if (ps->deal.core >= 0)
		snprintf(where, sizeof(where), "core %d, its own", ps->deal.core);
	else
		snprintf(where, sizeof(where),
			"the control's cores (fewer --workers would leave it one of its own)");
	snprintf(text, sizeof(text), "ports: a dispatcher on %s, deals packets to %u workers by %s",
		where, ps->workers,
		ps->deal.tuple ? "addresses and ports" : "their innermost pair of addresses");
	line(arg, text);
}

void sl_ports_plan(struct sl_source *s, void (*line)(void *arg, const char *text), void *arg)
{
	const struct ports *ps = (const struct ports *)s;
	char cores[2048] = "";
	FILE *c = fmemopen(cores, sizeof(cores), "w");
	if (c != NULL) {
		threads_plan(c);
		fclose(c);
		line(arg, cores);
	}
	if (ps->dealt)
		plan_dispatcher(ps, line, arg);
	bool untimed = false;
	for (unsigned i = 0; i < ps->count; i++)
		untimed |= !ps->port[i]->timed;
	if (untimed && ps->count > 1)
		line(arg,
			"ports: not all give a time: packets of those have that at which they are "
			"taken, a few from each in turn, and an answer may come before its "
			"question");
	for (unsigned i = 0; i < ps->count; i++) {
		const struct port *p = ps->port[i];
		char text[1024] = "";
		FILE *f = fmemopen(text, sizeof(text), "w");
		if (f == NULL)
			continue;
		fprintf(f, "port %s: ", p->dev);
		p->kind->plan(p, f);
		if (ps->dealt)
			fputs("; dealt to the workers by the dispatcher", f);
		fclose(f);
		line(arg, text);
	}
}

static void say_link(struct port *p, void (*line)(void *arg, const char *text), void *arg)
{
	char text[256];
	bool down = !p->netdev.up || !p->netdev.running;
	if (down == p->down)
		return;
	p->down = down;
	snprintf(text, sizeof(text), "port %s: link %s", p->dev, down ? "down" : "up");
	line(arg, text);
}

/* Once, what became of it. */
static void say_proof(struct ports *ps, unsigned i, void (*line)(void *, const char *), void *arg)
{
	const struct port *p = ps->port[i];
	char text[384];
	uint64_t checked, wrong;
	if (p->proof == NULL || ps->said[i] || proof_state(p->proof) == PROOF_OPEN)
		return;
	ps->said[i] = true;
	proof_sums(p->proof, &checked, &wrong);
	if (proof_state(p->proof) == PROOF_HOLDS)
		snprintf(text, sizeof(text),
			"port %s: proven: %llu packets came with the hash and on the queue that "
			"its own key says",
			p->dev, (unsigned long long)(checked - wrong));
	else
		snprintf(text, sizeof(text),
			"port %s: WARNING: not proven: of %llu packets %llu came with another "
			"hash or on another queue than its own key says: the dispatcher deals "
			"them from now on",
			p->dev, (unsigned long long)checked, (unsigned long long)wrong);
	line(arg, text);
}

int sl_ports_look(struct sl_source *s, void (*line)(void *arg, const char *text), void *arg,
	char *err, size_t err_len)
{
	struct ports *ps = (struct ports *)s;
	int gone = 0;
	wall_discipline(&ps->wall);
	for (unsigned i = 0; i < ps->count; i++) {
		struct port *p = ps->port[i];
		bool there = p->netdev.fd < 0 || netdev_look(&p->netdev) != -ENODEV;
		p->kind->look(p);
		if (p->gone || !there) {
			snprintf(err, err_len,
				"port %s: the device is gone; start again when it is back", p->dev);
			gone = -ENODEV;
		}
		say_link(p, line, arg);
		say_proof(ps, i, line, arg);
	}
	return gone;
}

static void tell_proof(const struct port *p, sl_port_fn tell, void *arg)
{
	if (p->proof == NULL)
		return;
	port_tell(p, "sightline_port_spread_proven",
		"1: the device was found to spread packets as its key says", -1,
		proof_state(p->proof) == PROOF_HOLDS, tell, arg);
	for (unsigned i = 0; i < p->queues; i++) {
		const struct proof_queue *q = &p->proof->queue[i];
		port_tell(p, "sightline_port_hash_checked_packets_total",
			"packets whose hash and queue were compared with the device's key", (int)i,
			tally_get(&q->checked), tell, arg);
		port_tell(p, "sightline_port_hash_bare_packets_total",
			"of those, packets without a hash: the queue alone was compared", (int)i,
			tally_get(&q->bare), tell, arg);
		port_tell(p, "sightline_port_hash_wrong_packets_total",
			"of those, packets with another hash or on another queue", (int)i,
			tally_get(&q->wrong), tell, arg);
	}
}

void sl_ports_counters(struct sl_source *s, sl_port_fn tell, void *arg)
{
	const struct ports *ps = (const struct ports *)s;
	for (unsigned i = 0; (ps->dealt || ps->doubt) && i < ps->workers; i++) {
		char key[96];
		snprintf(key, sizeof(key),
			"sightline_missed_packets_total{port=\"dispatcher\",queue=\"%u\"}", i);
		tell(arg, key, port_missed_help, tally_get(&ps->deal.lane[i].full));
	}
	for (unsigned i = 0; i < ps->count; i++) {
		const struct port *p = ps->port[i];
		p->kind->counters(p, tell, arg);
		port_tell(
			p, "sightline_port_link_up", "1: the link is up", -1, !p->down, tell, arg);
		tell_proof(p, tell, arg);
		if (p->netdev.fd < 0)
			continue;
		port_tell(p, "sightline_port_device_dropped_packets_total",
			"dropped as the kernel counts, with what nobody but us wanted", -1,
			tally_get(&p->netdev.dropped), tell, arg);
		port_tell(p, "sightline_port_device_missed_packets_total",
			"lost before the device's driver had them", -1,
			tally_get(&p->netdev.missed), tell, arg);
		port_tell(p, "sightline_port_device_errors_total", "frames that were damaged", -1,
			tally_get(&p->netdev.errors), tell, arg);
	}
}
