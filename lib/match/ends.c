/* SPDX-License-Identifier: BSD-3-Clause */
/* ends.c - the addresses of a burst of packets against the filters of a ruleset: hash all, prefetch
 * all, ask all. Worker. */
#include "ruleset.h"

#include <sightline/hot.h>

/* The two ends of a packet. */
struct ends {
	uint64_t hash[2];
};

static inline const struct tags *hosts_of(const struct set *s, uint8_t version)
{
	return version == 4 ? &s->host4 : &s->host6;
}

static inline const struct prefixes *prefixes_of(const struct set *s, uint8_t version)
{
	return version == 4 ? &s->prefix4 : &s->prefix6;
}

static inline void fetch(
	const struct set *s, const union sl_addr *a, uint8_t version, uint64_t hash)
{
	const struct prefixes *p = prefixes_of(s, version);
	tags_prefetch_bloom(hosts_of(s, version), hash);
	if (p->lengths > 0)
		sl_prefetch(&p->filter[prefix_slice(p, s, a, version)]);
}

static inline bool maybe(
	const struct set *s, const union sl_addr *a, uint8_t version, uint64_t hash)
{
	const struct prefixes *p = prefixes_of(s, version);
	if (tags_maybe(hosts_of(s, version), hash))
		return true;
	if (p->lengths == 0 || (p->filter[prefix_slice(p, s, a, version)] | p->always) == 0)
		return false;
	return seek_prefixes(s, p, a, version) != 0;
}

static void begin(const struct sl_ruleset *rs, const struct sl_packet *p, struct ends *e)
{
	const struct set *key = &rs->layer[0]->set;
	const union sl_addr *a[2] = { &p->src, &p->dst };
	for (unsigned i = 0; i < 2; i++) {
		e->hash[i] = p->version == 4 ? host4_hash(key, a[i]->v4_be) : host6_hash(key, a[i]);
		for (unsigned l = 0; l < rs->layers; l++)
			fetch(&rs->layer[l]->set, a[i], p->version, e->hash[i]);
	}
}

static bool either(const struct sl_ruleset *rs, const struct sl_packet *p, const struct ends *e)
{
	for (unsigned l = 0; l < rs->layers; l++) {
		const struct set *s = &rs->layer[l]->set;
		if (maybe(s, &p->src, p->version, e->hash[0]) ||
			maybe(s, &p->dst, p->version, e->hash[1]))
			return true;
	}
	return false;
}

uint64_t sl_match_ends(const struct sl_ruleset *rs, const struct sl_packet *pkt, uint16_t n)
{
	struct ends e[SL_BURST];
	uint64_t found = 0;
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].version != 0)
			begin(rs, &pkt[i], &e[i]);
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].version != 0 && either(rs, &pkt[i], &e[i]))
			found |= UINT64_C(1) << i;
	return found;
}
