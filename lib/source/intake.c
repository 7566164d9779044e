/* SPDX-License-Identifier: BSD-3-Clause */
/* intake.c - the queues of several ports as one, in the order of time. Runs on the thread that owns
 * the intake; blocks only in intake_wait. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "deal.h"

#define WAIT_MS 100
#define TURN 8 /* packets that one of several ports gives at a time, where it gives no time */

int intake_init(struct intake *in, struct port *const *port, unsigned count, int queue)
{
	bool prove = false;
	in->port = port;
	in->queue = queue;
	for (unsigned i = 0; i < count; i++) {
		int end = queue == ALL_QUEUES ? (int)port[i]->queues : queue + 1;
		for (int q = queue == ALL_QUEUES ? 0 : queue; q < end; q++) {
			if (in->count == TAPS_MAX)
				return -E2BIG;
			in->tap[in->count++] = (struct tap){ port[i], (uint16_t)q };
		}
		prove |= port[i]->proof != NULL;
	}
	if (in->count == 1 && !prove)
		return 0;
	in->ahead = calloc(in->count, sizeof(*in->ahead));
	return in->ahead == NULL ? -ENOMEM : 0;
}

void intake_fini(struct intake *in)
{
	free(in->ahead);
	in->ahead = NULL;
}

#include <sightline/hot.h>

/* How many of a tap's packets this thread may give, from the first on. */
static uint16_t good_of(const struct intake *in, const struct tap *t, const struct ahead *a)
{
	uint16_t good = 0;
	if (in->queue == ALL_QUEUES || t->port->proof == NULL)
		return a->n;
	while (good < a->n && a->pkt[good].rss_hash == t->queue)
		good++;
	return good;
}

/* The time up to which every port has given what it has; takes from those that had been emptied. */
static uint64_t refill(struct intake *in, bool last)
{
	uint64_t upto = UINT64_MAX;
	for (unsigned i = 0; i < in->count; i++) {
		struct ahead *a = &in->ahead[i];
		struct port *p = in->tap[i].port;
		uint16_t queue = in->tap[i].queue;
		if (a->at < a->n)
			continue;
		uint64_t now = wall_now(p->wall);
		a->at = 0;
		a->n = p->kind->burst(p, queue, a->pkt, p->timed ? SL_BURST : TURN);
		a->good = good_of(in, &in->tap[i], a);
		if (a->n > 0)
			continue;
		bool empty = p->kind->drained(p, queue);
		uint64_t mine = !empty ? 0 : last ? UINT64_MAX : now - p->late_ns;
		upto = mine < upto ? mine : upto;
	}
	return upto;
}

static struct ahead *earliest(const struct intake *in, uint64_t upto)
{
	struct ahead *first = NULL;
	for (unsigned i = 0; i < in->count; i++) {
		struct ahead *a = &in->ahead[i];
		if (a->at >= a->good || a->pkt[a->at].ts_ns > upto)
			continue;
		if (first == NULL || a->pkt[a->at].ts_ns < first->pkt[first->at].ts_ns)
			first = a;
	}
	return first;
}

/* Ends where a port has to be asked again. */
static uint16_t merge(struct intake *in, struct sl_packet *pkt, uint16_t max, uint64_t upto)
{
	uint16_t n = 0;
	while (n < max) {
		struct ahead *a = earliest(in, upto);
		if (a == NULL)
			break;
		const struct sl_packet *from = &a->pkt[a->at++];
		memcpy(&pkt[n], from, offsetof(struct sl_packet, version));
		pkt[n].flow = NULL;
		pkt[n++].vlan[0] = from->vlan[0];
		if (a->at == a->n)
			break;
	}
	return n;
}

static uint16_t in_order(struct intake *in, struct sl_packet *pkt, uint16_t max, bool last)
{
	uint16_t n = 0, more;
	do {
		more = merge(in, pkt + n, max - n, refill(in, last));
		n += more;
	} while (more > 0 && n < max);
	return n;
}

/* One queue, and its device is proven: its packets need not be looked at before they are given. */
static bool plain(const struct intake *in)
{
	return in->ahead == NULL || (in->count == 1 && in->ahead->at == in->ahead->n &&
					    proof_state(in->tap[0].port->proof) == PROOF_HOLDS);
}

uint16_t intake_burst(struct intake *in, struct sl_packet *pkt, uint16_t max, bool last)
{
	if (max > SL_BURST)
		max = SL_BURST;
	if (!plain(in))
		return in_order(in, pkt, max, last);
	return in->tap[0].port->kind->burst(in->tap[0].port, in->tap[0].queue, pkt, max);
}

void intake_adopt(struct intake *in, const struct intake *from)
{
	for (unsigned i = 0; i < from->count; i++) {
		const struct tap *t = &from->tap[i];
		unsigned k = 0;
		while (in->tap[k].port != t->port || in->tap[k].queue != t->queue)
			k++;
		in->ahead[k] = from->ahead[i];
		in->ahead[k].good = in->ahead[k].n;
	}
}

unsigned intake_fill(const struct intake *in)
{
	unsigned most = 0;
	for (unsigned i = 0; i < in->count; i++) {
		unsigned fill = in->tap[i].port->kind->fill(in->tap[i].port, in->tap[i].queue);
		most = fill > most ? fill : most;
	}
	return most;
}

/* Runs of one port go back together. */
void intake_release(struct intake *in, struct sl_packet *pkt, uint16_t n)
{
	for (uint16_t i = 0; i < n;) {
		uint16_t end = i + 1;
		while (end < n && pkt[end].port == pkt[i].port)
			end++;
		struct port *p = in->port[pkt[i].port];
		p->kind->release(p, in->tap[0].queue, &pkt[i], (uint16_t)(end - i));
		i = end;
	}
}

bool intake_drained(const struct intake *in)
{
	for (unsigned i = 0; i < in->count; i++) {
		if (in->ahead != NULL && in->ahead[i].at < in->ahead[i].n)
			return false;
		if (!in->tap[i].port->kind->drained(in->tap[i].port, in->tap[i].queue))
			return false;
	}
	return true;
}

/* An errored socket would wake at once for ever: reading the error clears it. What became of the
 * device, control sees. */
static void clear_errors(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++) {
		int error;
		socklen_t len = sizeof(error);
		if (fds[i].revents & (POLLERR | POLLHUP))
			(void)getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
}

bool intake_wait(const struct intake *in)
{
	struct pollfd fds[TAPS_MAX];
	int ms = WAIT_MS;
	for (unsigned i = 0; i < in->count; i++) {
		const struct port *p = in->tap[i].port;
		fds[i] =
			(struct pollfd){ .fd = p->kind->fd(p, in->tap[i].queue), .events = POLLIN };
		if (fds[i].fd < 0)
			return false;
		if (in->ahead != NULL && in->ahead[i].at < in->ahead[i].n)
			ms = 1; /* it waits for another port's time */
	}
	if (poll(fds, in->count, ms) > 0)
		clear_errors(fds, in->count);
	return true;
}
