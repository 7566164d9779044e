/* SPDX-License-Identifier: BSD-3-Clause */
/* generate.h - the parts of the traffic generator: frames (frame.c), what is said (say.c, hello.c),
 * conversations (talk.c), and the profiles and the capture that they are written to (main.c).
 *
 * Everything that a flow is and says follows from its number and the seed, so nothing of it has to
 * be kept but how far it came. One thread. */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sightline/hash.h>

#define HEAD_ROOM 256u /* for all headers, those of a tunnel among them */
#define SAID_MAX 4096u /* bytes of a message's own words; what follows them is filling */
#define FILLING (1u << 17)
#define FRAME_LEAST 60u /* without the checksum that a wire adds */
#define NAME_ROOM 256u

enum { CLIENT, SERVER };

/* What a flow is. */
enum kind {
	KIND_HTTP,
	KIND_TLS,
	KIND_DNS,
	KIND_BULK, /* TCP, full segments from the server, without end */
	KIND_CHAT, /* TCP, small messages of both sides, without end */
	KIND_DATAGRAMS, /* UDP, of the profile's sizes, without end */
	KIND_SYN, /* one SYN */
	KIND_DATAGRAM, /* one datagram */
	KIND_FLOOD, /* one question for a name that nobody asked for before */
	KIND_MARK, /* one question that says which packet of the capture it is */
	KINDS
};

struct profile {
	const char *name;
	uint8_t share[KINDS]; /* of a hundred flows that begin */
	uint32_t flows; /* open at once */
	uint16_t size[3], size_share[3]; /* frames of KIND_DATAGRAM(S), and of a dozen so many */
	bool random_addresses, tunnels;
};

struct told {
	uint64_t packets, bytes, flows, http_requests, tls_hellos, dns_queries, marks;
};

struct generator {
	const struct profile *profile;
	struct sl_hash_key key; /* the seed */
	uint64_t names, begun; /* names there are; flows so far */
	uint64_t number; /* of the packet in the making */
	unsigned ipv6; /* flows of a hundred */
	struct told told;
	uint8_t text[FILLING], noise[FILLING]; /* words; bytes without pattern */
};

/* 64 random bits for the purpose `what` of flow `id`: the same whenever they are asked for. */
static inline uint64_t draw(const struct generator *g, uint64_t id, uint64_t what)
{
	return sl_hash_u128(g->key, id, what);
}

/* ---- frame.c ---- */

/* The ends of a flow, [CLIENT] and [SERVER]; an address of four bytes stands first in its 16. */
struct ends {
	uint8_t version, proto;
	uint8_t addr[2][16];
	uint16_t port[2];
};

/* A packet in the making: what it carries is laid first, headers are put before it. */
struct frame {
	uint8_t *at;
	uint32_t len;
	uint16_t ip_id;
	uint8_t room[HEAD_ROOM + (1u << 14)];
};

void frame_begin(struct frame *f, uint16_t ip_id);
void frame_put(struct frame *f, const void *bytes, size_t len);
/* Headers from the transport to Ethernet, and those of tunnel number `tunnel` % 8 around them where
 * `tunnelled`. */
struct segment {
	const struct ends *ends;
	unsigned from; /* CLIENT or SERVER */
	uint32_t seq, ack;
	uint8_t flags; /* of TCP */
	bool tunnelled;
	uint32_t tunnel;
};
enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };
void frame_finish(struct frame *f, const struct segment *s);

/* ---- say.c, hello.c ---- */

/* A message: words of its own, then filling. */
struct said {
	uint8_t word[SAID_MAX];
	uint32_t len, filling; /* bytes of each */
	const uint8_t *from; /* the filling */
	unsigned side; /* who says it */
};

static inline void said_put(struct said *s, const void *bytes, size_t len)
{
	memcpy(s->word + s->len, bytes, len);
	s->len += (uint32_t)len;
}

static inline void said_put16(struct said *s, unsigned v)
{
	said_put(s, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

/* Popular names come often; the chance of the nth is about 1/n. */
uint64_t pick_name(const struct generator *g, uint64_t random);
/* The text of name number n, its length returned. */
size_t name_text(const struct generator *g, uint64_t n, char out[NAME_ROOM]);
/* One of the addresses that name n has; 4 or 16 bytes. */
void name_addr(
	const struct generator *g, uint64_t n, uint64_t random, uint8_t version, uint8_t *out);
/* Public, and neither a documentation's nor anybody's private one. */
void random_addr(uint64_t random, uint8_t version, uint8_t *out);

void say_http(struct generator *g, uint64_t id, unsigned turn, struct said *out);
void say_dns(struct generator *g, uint64_t id, unsigned turn, bool six, struct said *out);
void say_flood(struct generator *g, uint64_t id, struct said *out);
void say_mark(struct generator *g, uint64_t id, struct said *out);
void say_tls(struct generator *g, uint64_t id, unsigned turn, struct said *out);
void say_chat(struct generator *g, uint64_t id, unsigned turn, struct said *out);
void say_bulk(struct generator *g, uint64_t id, unsigned turn, struct said *out);
void fill_pools(struct generator *g);

/* ---- talk.c ---- */

/* How far a flow came. */
struct talk {
	uint64_t id;
	uint32_t seq[2];
	uint32_t done; /* bytes of the message at hand that were sent */
	uint16_t turn;
	uint8_t kind, phase;
	uint8_t unacked; /* segments that the other side has not answered */
	bool open;
};

/* Begins a flow of `kind`. */
void talk_begin(struct generator *g, struct talk *t, enum kind kind);
/* Its next packet, in f. After its last one t->open is false. */
void talk_next(struct generator *g, struct talk *t, struct frame *f);

#endif
