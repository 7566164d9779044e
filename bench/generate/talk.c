/* SPDX-License-Identifier: BSD-3-Clause */
/* talk.c - conversations: who talks to whom, and packet by packet how they go on. */
#include <netinet/in.h>
#include <string.h>

#include "generate.h"

enum { FOR_ENDS = 128, FOR_SEQ, FOR_TURNS, FOR_SIZE };
enum { HOST_BITS = 14, PORT_BITS = 15 }; /* of clients: 16,384 hosts, ports from 32768 on */
enum phase { AT_SYN, AT_SYN_ACK, AT_ACK, AT_DATA, AT_FIN, AT_FIN_ACK, AT_LAST_ACK };

/* Every number below 2^29 once: no two flows have the same host and port. */
static uint32_t shuffled(uint64_t id)
{
	uint32_t mask = (1u << (HOST_BITS + PORT_BITS)) - 1, x = (uint32_t)id & mask;
	for (unsigned i = 0; i < 3; i++) {
		x = x * 0x9e3779b1u & mask;
		x ^= x >> 15;
	}
	return x;
}

static void put_client(const struct talk *t, struct ends *e)
{
	uint32_t x = shuffled(t->id), host = (x >> PORT_BITS) + 1;
	e->port[CLIENT] = (uint16_t)(1u << PORT_BITS | (x & ((1u << PORT_BITS) - 1)));
	memset(e->addr[CLIENT], 0, 16);
	if (e->version == 6) {
		e->addr[CLIENT][0] = 0xfd;
		e->addr[CLIENT][14] = (uint8_t)(host >> 8);
		e->addr[CLIENT][15] = (uint8_t)host;
		return;
	}
	memcpy(e->addr[CLIENT], (uint8_t[]){ 10, 0, (uint8_t)(host >> 8), (uint8_t)host }, 4);
}

/* Resolvers are own hosts, everybody else is outside. */
static void put_server(const struct generator *g, const struct talk *t, struct ends *e)
{
	static const uint16_t port[KINDS] = { [KIND_HTTP] = 80,
		[KIND_TLS] = 443,
		[KIND_DNS] = 53,
		[KIND_BULK] = 80,
		[KIND_CHAT] = 9001,
		[KIND_SYN] = 443,
		[KIND_FLOOD] = 53,
		[KIND_MARK] = 53 };
	uint64_t r = draw(g, t->id, FOR_ENDS + 256);
	e->port[SERVER] = port[t->kind] ? port[t->kind] : (uint16_t)(20000 + r % 4000);
	if (port[t->kind] != 53) {
		name_addr(g, pick_name(g, r), r >> 40, e->version, e->addr[SERVER]);
		return;
	}
	memset(e->addr[SERVER], 0, 16);
	if (e->version == 6)
		memcpy(e->addr[SERVER], (uint8_t[]){ 0xfd, 0x64, 0, 0 }, 4);
	else
		memcpy(e->addr[SERVER], (uint8_t[]){ 10, 64, 0, 0 }, 4);
	e->addr[SERVER][e->version == 6 ? 15 : 3] = (uint8_t)(1 + r % 4);
}

static bool is_tcp(unsigned kind)
{
	return kind == KIND_HTTP || kind == KIND_TLS || kind == KIND_BULK || kind == KIND_CHAT ||
	       kind == KIND_SYN;
}

static void ends_of(const struct generator *g, const struct talk *t, struct ends *e)
{
	uint64_t r = draw(g, t->id, FOR_ENDS);
	e->version = r % 100 < g->ipv6 ? 6 : 4;
	e->proto = is_tcp(t->kind) ? IPPROTO_TCP : IPPROTO_UDP;
	if (!g->profile->random_addresses || t->kind == KIND_MARK) {
		put_client(t, e);
		put_server(g, t, e);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		random_addr(draw(g, t->id, FOR_ENDS + (2 + i) * 256), e->version, e->addr[i]);
		e->port[i] = (uint16_t)(20000 + (r >> (16 + 16 * i)) % 40000);
	}
}

void talk_begin(struct generator *g, struct talk *t, enum kind kind)
{
	*t = (struct talk){ .id = g->begun++, .kind = (uint8_t)kind, .open = true };
	uint64_t r = draw(g, t->id, FOR_SEQ);
	t->seq[CLIENT] = (uint32_t)r;
	t->seq[SERVER] = (uint32_t)(r >> 32);
	g->told.flows++;
}

static unsigned turns_of(const struct generator *g, const struct talk *t)
{
	uint64_t r = draw(g, t->id, FOR_TURNS);
	switch (t->kind) {
	case KIND_HTTP:
		return 2 + 2 * (unsigned)(r % 4);
	case KIND_TLS:
		return 4 + 2 * (unsigned)(r % 4);
	case KIND_DNS:
		return 2;
	default:
		return 0; /* without end */
	}
}

static void hear(struct generator *g, const struct talk *t, bool six, struct said *s)
{
	s->len = s->filling = 0;
	s->side = CLIENT;
	switch (t->kind) {
	case KIND_HTTP:
		say_http(g, t->id, t->turn, s);
		g->told.http_requests += t->done == 0 && t->turn % 2 == 0;
		break;
	case KIND_TLS:
		say_tls(g, t->id, t->turn, s);
		g->told.tls_hellos += t->done == 0 && t->turn == 0;
		break;
	case KIND_BULK:
		say_bulk(g, t->id, t->turn, s);
		g->told.http_requests += t->done == 0 && t->turn == 0;
		break;
	case KIND_CHAT:
		say_chat(g, t->id, t->turn, s);
		break;
	case KIND_DNS:
		say_dns(g, t->id, t->turn, six, s);
		g->told.dns_queries += t->turn == 0;
		break;
	case KIND_FLOOD:
		say_flood(g, t->id, s);
		g->told.dns_queries++;
		break;
	case KIND_MARK:
		say_mark(g, t->id, s);
		g->told.dns_queries++;
		g->told.marks++;
		break;
	default:
		break;
	}
}

/* `len` bytes of the message, from `at` on. */
static void put_part(struct frame *f, const struct said *s, uint32_t at, uint32_t len)
{
	uint32_t words = at < s->len ? s->len - at : 0;
	if (words > len)
		words = len;
	frame_put(f, s->word + at, words);
	if (len > words)
		frame_put(f, s->from + (at + words - s->len), len - words);
}

/* ---- TCP ---- */

static void go_on(const struct generator *g, struct talk *t, uint32_t sent, uint32_t all)
{
	unsigned turns = turns_of(g, t);
	t->done += sent;
	if (t->done < all)
		return;
	t->done = 0;
	t->turn++;
	if (turns > 0 && t->turn == turns)
		t->phase = AT_FIN;
}

static void next_data(struct generator *g, struct talk *t, struct frame *f, struct segment *s)
{
	static struct said said;
	uint32_t most = (s->tunnelled ? 1380 : 1460) - (s->ends->version == 6 ? 20 : 0);
	if (t->unacked == 2) { /* of the same side, which is asked for once it goes on */
		t->unacked = 0;
		s->from = t->kind == KIND_BULK || t->turn % 2 == 1 ? CLIENT : SERVER;
		s->flags = ACK;
		return;
	}
	hear(g, t, s->ends->version == 6, &said);
	uint32_t all = said.len + said.filling, len = all - t->done < most ? all - t->done : most;
	put_part(f, &said, t->done, len);
	s->from = said.side;
	s->flags = t->done + len == all ? ACK | PSH : ACK;
	t->unacked++;
	go_on(g, t, len, all);
	if (t->done == 0 && t->kind != KIND_BULK)
		t->unacked = 0; /* the answer acknowledges it */
}

/* What each phase sends, and which comes next. */
static const struct {
	unsigned from;
	uint8_t flags, next;
} phases[] = {
	[AT_SYN] = { CLIENT, SYN, AT_SYN_ACK },
	[AT_SYN_ACK] = { SERVER, SYN | ACK, AT_ACK },
	[AT_ACK] = { CLIENT, ACK, AT_DATA },
	[AT_FIN] = { CLIENT, FIN | ACK, AT_FIN_ACK },
	[AT_FIN_ACK] = { SERVER, FIN | ACK, AT_LAST_ACK },
	[AT_LAST_ACK] = { CLIENT, ACK, AT_LAST_ACK },
};

static void next_segment(struct generator *g, struct talk *t, struct frame *f, struct segment *s)
{
	unsigned phase = t->phase;
	uint32_t payload = 0;
	if (phase == AT_DATA) {
		next_data(g, t, f, s);
		payload = f->len;
	} else {
		s->from = phases[phase].from;
		s->flags = phases[phase].flags;
		t->phase = phases[phase].next;
		t->open = phase != AT_LAST_ACK && t->kind != KIND_SYN;
	}
	s->seq = t->seq[s->from];
	s->ack = s->flags & ACK ? t->seq[!s->from] : 0;
	t->seq[s->from] += payload + ((s->flags & (SYN | FIN)) != 0);
}

/* ---- UDP ---- */

/* As many of each of the profile's sizes as their shares of a dozen. */
static uint32_t size_of(const struct generator *g, uint64_t random)
{
	const struct profile *p = g->profile;
	unsigned at = (unsigned)(random % 12), i = 0;
	while (i < 2 && at >= p->size_share[i])
		at -= p->size_share[i++];
	return p->size[i];
}

static void next_datagram(struct generator *g, struct talk *t, struct frame *f, struct segment *s)
{
	static struct said said;
	uint64_t r = draw(g, t->id, FOR_SIZE + 256 * (uint64_t)(t->done + 1));
	unsigned turns = turns_of(g, t);
	if (t->kind == KIND_DATAGRAMS || t->kind == KIND_DATAGRAM) {
		uint32_t heads = s->ends->version == 6 ? 62 : 42, size = size_of(g, r);
		frame_put(f, g->noise + (r >> 32) % (FILLING / 2), size > heads ? size - heads : 0);
		s->from = t->done++ == 0 ? CLIENT : (unsigned)(r >> 20) % 2;
		t->open = t->kind == KIND_DATAGRAMS;
		return;
	}
	hear(g, t, s->ends->version == 6, &said);
	put_part(f, &said, 0, said.len);
	s->from = said.side;
	t->turn++;
	t->open = t->turn < turns;
}

void talk_next(struct generator *g, struct talk *t, struct frame *f)
{
	struct ends e;
	struct segment s = { .ends = &e,
		.from = CLIENT,
		.tunnelled = g->profile->tunnels && t->kind != KIND_MARK,
		.tunnel = (uint32_t)t->id };
	ends_of(g, t, &e);
	frame_begin(f, (uint16_t)g->number);
	if (e.proto == IPPROTO_TCP)
		next_segment(g, t, f, &s);
	else
		next_datagram(g, t, f, &s);
	frame_finish(f, &s);
}
