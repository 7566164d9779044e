/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c - who began a flow, where its connection stands, and what became of it. Worker; pure
 * functions of a packet and its flow. TCP as a passive observer sees it (RFC 9293 3.3.2 for both
 * ends at once); a packet that says nothing new leaves the state as it is. */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <sightline/decode.h>

#include "table.h"

#include <sightline/hot.h>

#define SERVICE_PORT_MAX 1023

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static bool from_service(const struct sl_packet *p)
{
	return p->sport <= SERVICE_PORT_MAX && p->dport > SERVICE_PORT_MAX;
}

bool state_first_is_reply(const struct sl_packet *p)
{
	if (!(p->flags & SL_PKT_L4))
		return false;
	if (is_icmp(p->proto))
		return sl_icmp_is_reply(p->proto, (uint8_t)p->sport);
	if (p->proto == IPPROTO_UDP)
		return from_service(p);
	if (p->proto != IPPROTO_TCP)
		return false;
	if (p->tcp_flags & TH_SYN)
		return p->tcp_flags & TH_ACK;
	return from_service(p);
}

uint8_t state_first(const struct sl_packet *p)
{
	if (!(p->flags & SL_PKT_L4))
		return ST_OTHER;
	if (p->proto == IPPROTO_TCP)
		return ST_TCP_NONE;
	if (p->proto == IPPROTO_UDP)
		return ST_UDP_NEW;
	return is_icmp(p->proto) ? ST_ICMP : ST_OTHER;
}

uint32_t state_isn(const struct sl_packet *p, enum sl_dir dir)
{
	if (dir == SL_TO_CLIENT)
		return p->tcp_ack - 1;
	return p->tcp_flags & TH_SYN ? p->tcp_seq : p->tcp_seq - 1;
}

/* A SYN on a closed connection's ports, or with another sequence number than the connection began
 * with (RFC 9293 3.6.1: TIME-WAIT may be left by it). The same SYN once more is a copy; while
 * nothing has answered, another number is another attempt of the same flow. */
bool state_is_new_connection(const struct sl_flow *f, const struct sl_packet *p, enum sl_dir dir)
{
	if (f->tcp_state < ST_TCP_SYNACK || (p->tcp_flags & (TH_SYN | TH_ACK)) != TH_SYN)
		return false;
	if (f->tcp_state == ST_TCP_CLOSED)
		return true;
	return dir == SL_TO_CLIENT || p->tcp_seq != f->isn;
}

enum tcp_event {
	EV_SYN,
	EV_SYNACK,
	EV_CLIENT, /* anything else of the initiator */
	EV_SERVER,
	EV_CLIENT_FIN,
	EV_SERVER_FIN,
	EV_RST,
	EV_COUNT,
	EV_BOGUS /* no receiver takes it */
};

/* An empty cell means: no change. */
static const uint8_t next_state[ST_COUNT][EV_COUNT] = {
	[ST_TCP_NONE] = { [EV_SYN] = ST_TCP_SYN,
		[EV_SYNACK] = ST_TCP_SYNACK,
		[EV_CLIENT] = ST_TCP_CLIENT,
		[EV_SERVER] = ST_TCP_SERVER,
		[EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_SYN] = { [EV_SYNACK] = ST_TCP_SYNACK,
		[EV_CLIENT] = ST_TCP_CLIENT,
		[EV_SERVER] = ST_TCP_OPEN,
		[EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_SYNACK] = { [EV_CLIENT] = ST_TCP_OPEN,
		[EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_CLIENT] = { [EV_SYNACK] = ST_TCP_OPEN,
		[EV_SERVER] = ST_TCP_OPEN,
		[EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_SERVER] = { [EV_CLIENT] = ST_TCP_OPEN,
		[EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_OPEN] = { [EV_CLIENT_FIN] = ST_TCP_CLIENT_FIN,
		[EV_SERVER_FIN] = ST_TCP_SERVER_FIN,
		[EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_CLIENT_FIN] = { [EV_SERVER_FIN] = ST_TCP_CLOSED, [EV_RST] = ST_TCP_CLOSED },
	[ST_TCP_SERVER_FIN] = { [EV_CLIENT_FIN] = ST_TCP_CLOSED, [EV_RST] = ST_TCP_CLOSED },
};

/* What being in a state says; a flow that was told more before keeps it. */
static const uint8_t state_outcome[ST_COUNT] = {
	[ST_TCP_SYN] = SL_OUTCOME_ATTEMPTED,
	[ST_TCP_SYNACK] = SL_OUTCOME_ANSWERED,
	[ST_TCP_CLIENT] = SL_OUTCOME_ATTEMPTED,
	[ST_TCP_SERVER] = SL_OUTCOME_ANSWERED,
	[ST_TCP_OPEN] = SL_OUTCOME_ESTABLISHED,
	[ST_TCP_CLIENT_FIN] = SL_OUTCOME_ATTEMPTED,
	[ST_TCP_SERVER_FIN] = SL_OUTCOME_ANSWERED,
};

/* How far a number may be from what its sender was last seen to send. A capture loses packets, so
 * that this is no receiver's window; but it keeps out who has to guess (RFC 5961 3.2). */
#define RST_NEAR 65535
#define FIN_NEAR (1 << 20)

static bool near_top(const struct sl_flow *f, const struct sl_packet *p, int32_t bound)
{
	int32_t off = (int32_t)(p->tcp_seq - f->top[p->dir]);
	return !(f->top_known & 1 << p->dir) || (off <= bound && off >= -bound);
}

/* What a SYN is answered with has to acknowledge it (RFC 9293 3.10.7.3). */
static bool rst_fits(const struct sl_flow *f, const struct sl_packet *p)
{
	if (f->tcp_state == ST_TCP_SYN && p->dir == SL_TO_CLIENT)
		return p->tcp_flags & TH_ACK &&
		       p->tcp_ack - f->isn - 1 <= f->top[SL_TO_SERVER] - f->isn - 1;
	return near_top(f, p, RST_NEAR);
}

static enum tcp_event tcp_event(const struct sl_flow *f, const struct sl_packet *p)
{
	bool client = p->dir == SL_TO_SERVER;
	if (p->tcp_flags & TH_RST)
		return rst_fits(f, p) ? EV_RST : EV_BOGUS;
	if (p->tcp_flags & TH_SYN)
		return p->tcp_flags & TH_ACK ? EV_SYNACK : EV_SYN;
	if (p->tcp_flags & TH_FIN && !near_top(f, p, FIN_NEAR))
		return EV_BOGUS;
	if (p->tcp_flags & TH_FIN)
		return client ? EV_CLIENT_FIN : EV_SERVER_FIN;
	return client ? EV_CLIENT : EV_SERVER;
}

static void top_move(struct sl_flow *f, const struct sl_packet *p)
{
	uint32_t end = p->tcp_seq + p->payload_len + ((p->tcp_flags & TH_SYN) != 0) +
		       ((p->tcp_flags & TH_FIN) != 0);
	bool known = f->top_known & 1 << p->dir;
	if (known && !(p->tcp_flags & TH_SYN) && end - f->top[p->dir] > INT32_MAX)
		return;
	f->top[p->dir] = end;
	f->top_known |= (uint8_t)(1 << p->dir);
}

static void outcome_raise(struct sl_flow *f, uint8_t outcome)
{
	if (outcome > f->outcome)
		f->outcome = outcome;
}

static bool tcp_step(struct sl_flow *f, const struct sl_packet *p)
{
	enum tcp_event ev = tcp_event(f, p);
	if (ev == EV_BOGUS)
		return false;
	if (ev == EV_RST && f->tcp_state == ST_TCP_SYN && p->dir == SL_TO_CLIENT)
		outcome_raise(f, SL_OUTCOME_REFUSED);
	/* A handshake without its answer on this tap: data both ways says that there was one. */
	if (f->outcome == SL_OUTCOME_ATTEMPTED && p->dir == SL_TO_CLIENT && ev == EV_SERVER_FIN)
		outcome_raise(f, SL_OUTCOME_ESTABLISHED);
	/* Whoever answers did not refuse: the RST was another's. */
	if (ev == EV_SYNACK && f->outcome == SL_OUTCOME_REFUSED)
		f->tcp_state = ST_TCP_SYN;
	uint8_t next = next_state[f->tcp_state][ev];
	if (next) {
		f->tcp_state = next;
		outcome_raise(f, state_outcome[next]);
	}
	if (ev != EV_RST)
		top_move(f, p);
	return true;
}

bool state_step(struct sl_flow *f, const struct sl_packet *p)
{
	if (f->tcp_state >= ST_TCP_NONE)
		return tcp_step(f, p);
	if (f->tcp_state == ST_UDP_NEW && f->packets[0] > 0 && f->packets[1] > 0)
		f->tcp_state = ST_UDP;
	outcome_raise(f, p->dir == SL_TO_CLIENT ? SL_OUTCOME_ANSWERED : SL_OUTCOME_ATTEMPTED);
	return true;
}

/* RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1: not delivered, for good or for now. That a packet was
 * too large, lived too short or had a bad header says nothing of its destination. */
bool state_is_unreachable(const struct sl_packet *p)
{
	enum { V4_UNREACHABLE = 3, V4_TOO_LARGE = 4, V6_UNREACHABLE = 1 };
	if (p->proto == IPPROTO_ICMPV6)
		return p->sport == V6_UNREACHABLE;
	return p->sport == V4_UNREACHABLE && p->dport != V4_TOO_LARGE;
}

void state_unreachable(struct sl_flow *f)
{
	outcome_raise(f, SL_OUTCOME_UNREACHABLE);
}
