/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.c - where a packet belongs by a device's key and table, and whether it came there.
 * Toeplitz's hash is linear, so that it is a sum over bytes, each looked up; what is looked up is
 * made by DPDK's own (rte_thash.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_thash.h>

#include "ports.h"
#include "proof.h"

#define ETHER_BYTES 12 /* of both MAC addresses */
#define TAGS 2

int proof_new(struct proof **out, const struct proof_spread *s)
{
	if (s->queues == 0 || s->queues > PROOF_QUEUES || s->entries == 0 ||
		s->entries > PROOF_TABLE)
		return -EINVAL;
	struct proof *p = aligned_alloc(alignof(struct proof), sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	memset(p, 0, sizeof(*p));
	p->entries = s->entries;
	p->queues = s->queues;
	p->tuple = s->tuple;
	memcpy(p->table, s->table, s->entries * sizeof(*s->table));
	for (unsigned at = 0; at < PROOF_BYTES; at++) {
		for (unsigned v = 0; v < 256; v++) {
			uint8_t bytes[PROOF_BYTES] = { 0 };
			uint32_t words[PROOF_BYTES / 4];
			bytes[at] = (uint8_t)v;
			memcpy(words, bytes, sizeof(words));
			for (unsigned i = 0; i < PROOF_BYTES / 4; i++)
				words[i] = rte_be_to_cpu_32(words[i]);
			p->adds[at][v] = rte_softrss(words, PROOF_BYTES / 4, s->key);
		}
	}
	*out = p;
	return 0;
}

void proof_free(struct proof *p)
{
	free(p);
}

bool proof_alike(const struct proof *a, const struct proof *b)
{
	return a->entries == b->entries && a->tuple == b->tuple &&
	       memcmp(a->adds, b->adds, sizeof(a->adds)) == 0 &&
	       memcmp(a->table, b->table, a->entries * sizeof(*a->table)) == 0;
}

void proof_sums(const struct proof *p, uint64_t *checked, uint64_t *wrong)
{
	*checked = *wrong = 0;
	for (unsigned i = 0; i < p->queues; i++) {
		*checked += tally_get(&p->queue[i].checked);
		*wrong += tally_get(&p->queue[i].wrong);
	}
}

#include <sightline/hot.h>

static uint16_t rd16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* What a device hashes: two addresses, perhaps two ports. */
struct hashed {
	uint8_t bytes[PROOF_BYTES];
	unsigned len;
};

static void ports_after(const struct proof *p, struct hashed *h, uint8_t proto, const uint8_t *l4,
	const uint8_t *end)
{
	if (!p->tuple || (proto != 6 && proto != 17) || end - l4 < 4)
		return;
	memcpy(h->bytes + h->len, l4, 4);
	h->len += 4;
}

static bool ip4(const struct proof *p, struct hashed *h, const uint8_t *ip, const uint8_t *end)
{
	if (end - ip < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
		return false;
	memcpy(h->bytes, ip + 12, 8);
	h->len = 8;
	const uint8_t *l4 = ip + (size_t)(ip[0] & 15) * 4;
	if ((rd16(ip + 6) & 0x3fff) == 0 && l4 < end)
		ports_after(p, h, ip[9], l4, end);
	return true;
}

/* With extension headers devices differ about the ports. */
static bool ip6(const struct proof *p, struct hashed *h, const uint8_t *ip, const uint8_t *end)
{
	if (end - ip < 40 || ip[0] >> 4 != 6)
		return false;
	bool extended = ip[6] == 0 || ip[6] == 43 || ip[6] == 44 || ip[6] == 51 || ip[6] == 60;
	if (p->tuple && extended)
		return false;
	memcpy(h->bytes, ip + 8, 32);
	h->len = 32;
	ports_after(p, h, ip[6], ip + 40, end);
	return true;
}

static bool hashed_of(const struct proof *p, struct hashed *h, const uint8_t *frame, uint32_t len)
{
	const uint8_t *at = frame + ETHER_BYTES, *end = frame + len;
	if (len < ETHER_BYTES + 2)
		return false;
	for (unsigned i = 0; i < TAGS && (rd16(at) == 0x8100 || rd16(at) == 0x88a8); i++) {
		at += 4;
		if (end - at < 2)
			return false;
	}
	switch (rd16(at)) {
	case 0x0800:
		return ip4(p, h, at + 2, end);
	case 0x86dd:
		return ip6(p, h, at + 2, end);
	default:
		return false;
	}
}

/* Returns the state in force: who polls another queue may have been first. */
static enum proof_state settle(struct proof *p, enum proof_state to)
{
	int was = PROOF_OPEN;
	if (!atomic_compare_exchange_strong(&p->state, &was, to))
		return (enum proof_state)was;
	if (to == PROOF_FAILED && p->doubt != NULL)
		atomic_store_explicit(p->doubt, true, memory_order_release);
	return to;
}

unsigned proof_look(
	struct proof *p, uint16_t queue, const uint8_t *frame, uint32_t len, const uint32_t *hash)
{
	struct proof_queue *q = &p->queue[queue];
	struct hashed h;
	if (!hashed_of(p, &h, frame, len))
		return queue;
	uint32_t sum = 0;
	for (unsigned i = 0; i < h.len; i++)
		sum ^= p->adds[i][h.bytes[i]];
	unsigned home = p->table[sum % p->entries];
	tally_add(&q->checked, 1);
	if (hash == NULL)
		tally_add(&q->bare, 1);
	if (home != queue || (hash != NULL && *hash != sum)) {
		tally_add(&q->wrong, 1);
		return settle(p, PROOF_FAILED) == PROOF_HOLDS ? queue : home;
	}
	uint64_t checked, wrong;
	if (proof_state(p) == PROOF_OPEN) {
		proof_sums(p, &checked, &wrong);
		if (checked >= PROOF_PACKETS)
			(void)settle(p, PROOF_HOLDS);
	}
	return home;
}
