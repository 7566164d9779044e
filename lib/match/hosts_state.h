/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts_state.h - what is kept of hosts, names and addresses. Private to hosts.c (what is told) and
 * hosts_ask.c (what is answered). */
#ifndef SL_MATCH_HOSTS_STATE_H
#define SL_MATCH_HOSTS_STATE_H

#include <sightline/hash.h>
#include <sightline/hosts.h>

#include "kept.h"

#define ASKERS 16 /* of a name */
#define LEADS 8 /* to an address */
#define NAME_MAX_BYTES 255
#define SAID 2 /* names by one protocol, or leases: what was said last, and what before */
#define PEERS (2 * SL_HOST_PEERS) /* the first within a day, and the last */

/* When something was said: the first times of the two latest slots. Told in any order the outcome
 * is the same. */
struct moments {
	uint64_t ns[2]; /* the later first; 0: none */
};

/* The first and the last time that something was said; both 0: it was not. */
struct said {
	uint64_t first_ns, last_ns;
};

struct peer {
	uint64_t hash; /* 0: free */
	uint64_t first_ns, last_ns;
};

struct naming {
	struct said at;
	char text[SL_HOST_NAME_MAX + 8]; /* ends with a zero */
};

struct lease {
	struct said at;
	uint64_t mac; /* hash of the MAC address that it was given to */
};

struct host {
	struct kept kept;
	uint64_t met_ns; /* an own address: the first fact of it; 0: it is a MAC address */
	struct lease lease[SAID];
	struct peer peer[SL_DEED_COUNT][PEERS];
	struct naming named[SL_NAMED_COUNT][SAID];
};

struct asker {
	union sl_addr client;
	uint64_t version;
	struct moments at;
};

struct name {
	struct kept kept;
	struct asker asker[ASKERS];
	char text[NAME_MAX_BYTES + 1];
};

struct lead {
	uint64_t name; /* hash */
	union sl_addr client;
	uint64_t version;
	struct moments at;
};

struct led {
	struct kept kept;
	struct lead lead[LEADS];
};

struct sl_hosts {
	struct sl_hosts_options o;
	struct sl_hash_key key;
	struct keeping hosts, names, leds;
	uint64_t since_ns;
};

uint64_t hosts_hash_addr(const struct sl_hosts *h, const union sl_addr *a, uint64_t version);
uint64_t hosts_hash_name(const struct sl_hosts *h, struct sl_span name);
bool hosts_own(const struct sl_hosts *h, const union sl_addr *a, uint8_t version);

#endif
