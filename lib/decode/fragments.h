/* SPDX-License-Identifier: BSD-3-Clause */
/* fragments.h - the store of fragments: what layers, the table of datagrams and the bytes of one
 * share. Private to lib/decode. */
#ifndef SL_DECODE_FRAGMENTS_H
#define SL_DECODE_FRAGMENTS_H

#include <sightline/defrag.h>
#include <sightline/hash.h>
#include <sightline/span.h>

#define NONE UINT32_MAX
#define UNIT 8u /* bytes: what offsets count in */
#define CHUNK_UNITS 128u
#define CHUNK_BYTES (CHUNK_UNITS * UNIT)
#define DATAGRAM_MAX 65535u
#define DATAGRAM_CHUNKS ((DATAGRAM_MAX + CHUNK_BYTES) / CHUNK_BYTES)
#define FRAGMENT_LEVELS 3 /* datagrams in each other that one packet may make whole */

/* What tells the fragments of one datagram from others: RFC 791 3.2, RFC 8200 4.5 (where the
 * protocol doesn't count). Tags, pass and level are ours: two networks may use the same addresses,
 * and what is in a tunnel may look like the tunnel. */
struct datagram_key {
	union sl_addr src, dst;
	uint64_t vlans;
	uint32_t id, salt;
	uint32_t version_proto; /* version << 8 | protocol, which is 0 for IPv6 */
	uint32_t level; /* headers around it; no gap behind it: keys are compared as bytes */
};

struct fragment {
	struct datagram_key key;
	uint64_t ts_ns;
	struct sl_span bytes;
	uint32_t at; /* of the datagram's payload */
	uint32_t before; /* bytes of headers that count towards the datagram's length */
	uint8_t proto; /* of the payload; of IPv6's that at offset 0 counts */
	bool more, cut;
	const struct sl_packet *pkt; /* that it came in */
};

struct mark { /* the fragment that a unit is of: where it begins and ends, in units */
	uint16_t from, to; /* to 0: none */
};

struct chunk {
	union {
		struct mark mark[CHUNK_UNITS];
		uint32_t next; /* of the vacant */
	};
	uint8_t bytes[CHUNK_BYTES];
};

struct chunks {
	struct chunk *chunk;
	uint32_t count, fresh, used, vacant; /* those from `fresh` on were never used */
};

struct datagram {
	struct datagram_key key;
	uint64_t first_ns; /* time of the first that came */
	uint64_t seen_ns; /* the store's clock when it came */
	uint64_t name; /* of the key */
	uint32_t hash, chain; /* next of its bucket */
	uint32_t older, newer; /* in order of their first fragments; newer: or of the vacant */
	uint32_t fragments;
	uint32_t packets, wire_bytes; /* that came with them */
	uint32_t seen, end; /* highest byte yet; the last fragment's, if has_end */
	uint32_t covered; /* units, those below end if it is known */
	uint16_t sport, dport; /* as the view has them, if has_ports */
	uint8_t proto, policy; /* enum sl_overlap */
	bool has_end, has_ports, has_macs, dead;
	bool again; /* one with the same key was whole not long ago */
	uint8_t macs[12];
	uint16_t port;
	uint16_t tunnels;
	uint8_t vlan_count, outer_count;
	uint16_t vlan[SL_VLAN_MAX];
	struct sl_ip_pair outer[SL_OUTER_MAX];
	uint32_t chunk[DATAGRAM_CHUNKS];
};

/* chunks.c: bytes and marks. `work` counts units. */
uint32_t chunk_take(struct chunks *c); /* no unit of it marked; NONE: none left */
void chunks_give(struct chunks *c, struct datagram *g); /* all of the datagram's */
/* How the units [from, to) of a fragment meet what is there. */
struct meeting {
	uint32_t covered; /* of another fragment, or of this one's copy */
	uint32_t same; /* covered by a fragment with the same ends and the same bytes */
	uint32_t differ; /* whose bytes are not the same */
};
struct meeting chunks_meet(struct chunks *c, const struct datagram *g, const struct fragment *f);
/* Writes the fragment's bytes where they count; all chunks are there. Returns the units that had
 * none before. */
uint32_t chunks_paint(struct chunks *c, struct datagram *g, const struct fragment *f);
uint32_t chunks_covered(const struct chunks *c, const struct datagram *g, uint32_t units);
void chunks_copy(const struct chunks *c, const struct datagram *g, uint8_t *to);

static inline uint32_t units_of(uint32_t bytes)
{
	return (bytes + UNIT - 1) / UNIT;
}

static inline uint32_t fragment_end(const struct fragment *f)
{
	return f->at + (uint32_t)f->bytes.len;
}

/* What a burst may make whole lies here until the next one: every packet as many datagrams of the
 * largest size as are followed, so that it can't run out. Touched as it is needed. */
#define OUTPUT_ALIGN 64u
#define OUTPUT_BYTES ((size_t)SL_BURST * FRAGMENT_LEVELS * (DATAGRAM_MAX + 1))

#if defined(__SANITIZE_ADDRESS__)
#define OUTPUT_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OUTPUT_POISON 1
#endif
#endif
#ifdef OUTPUT_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* Datagrams that were whole lately, by name: of a fragment that comes twice the second may come
 * after that, and says nothing new. The names are the same from run to run, as what is told is. */
#define DONE_COUNT 4096u
struct done {
	uint64_t name, ts_ns;
};

struct sl_defrag {
	struct sl_defrag_options o;
	struct sl_counters *c;
	struct sl_hash_key key;
	struct chunks chunks;
	struct datagram *datagram; /* o.max_datagrams + LOST_MAX */
	uint32_t fresh, vacant, count; /* datagrams: never used from here, list of those given */
	uint32_t first_lost, last_lost; /* list of those lost and not taken, by `newer` */
	uint32_t oldest, newest;
	uint32_t *bucket; /* mask + 1 of them */
	uint32_t mask;
	uint8_t *output;
	size_t output_used;
	uint64_t clock_ns; /* latest time of all packets */
	uint64_t clock_before_ns[2]; /* the same before this burst, and before the one before it */
	uint64_t work;
	struct done done[DONE_COUNT];
};

struct whole {
	struct sl_span bytes; /* good until the burst is released */
	uint32_t packets, wire_bytes; /* with which it came */
	uint8_t proto;
};
/* defrag.c. A burst of so many packets begins: what the one before made whole is gone. */
void defrag_begin(struct sl_defrag *d, const struct sl_packet *pkt, uint16_t n);
/* The datagram that a fragment is of; NULL: no place is left. */
struct datagram *datagram_of(struct sl_defrag *d, const struct fragment *f);
/* It was whole, or was told: its place is vacant. */
void datagram_end(struct sl_defrag *d, struct datagram *g);
/* It was never whole: the worker is told of it, unless it was given up. */
void datagram_lose(struct sl_defrag *d, struct datagram *g, enum sl_counter why);
/* It stays in the table without its bytes, and what still comes of it is left out. */
void datagram_give_up(struct sl_defrag *d, struct datagram *g, enum sl_counter why);

/* judge.c */
enum fate {
	FATE_WHOLE, /* the fragment made its datagram whole */
	FATE_HELD, /* it is told with its datagram */
	FATE_NONE, /* there is no datagram for it; *out has the packets of one given up now */
};
enum fate defrag_put(struct sl_defrag *d, struct fragment *f, struct whole *out);

/* trail.c: where the fragment at hand leads. The name is that of its datagram. True: a first one,
 * which leads where its inside does; trail_leads says where that was. */
uint64_t trail_name(const struct datagram_key *key);
bool trail_follow(struct sl_fragment_trail *t, uint64_t name, bool first, struct sl_ip_pair *pair);
void trail_leads(struct sl_fragment_trail *t, uint64_t name, const struct sl_ip_pair *pair);

#endif
