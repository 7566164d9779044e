/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_rss.c - a device's own choice of the queue of a packet: asked for, read back and proven.
 * Control thread.
 *
 * With a key that repeats every 16 bits, Toeplitz's hash of a pair of addresses is the same in both
 * directions (Woo and Park, "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling").
 * Ports must not be in it, so that fragments meet their datagram's begin. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_thash.h>

#include "ethdev.h"

#define SAMPLES 256

#define PAIR                                                                                       \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |               \
		RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER |        \
		RTE_ETH_RSS_IPV6_EX)

bool ethdev_rss_ask(
	const struct rte_eth_dev_info *info, struct rte_eth_conf *conf, uint8_t key[ETH_KEY_MAX])
{
	uint8_t len = info->hash_key_size > 0 ? info->hash_key_size : 40;
	uint64_t able = info->flow_type_rss_offloads & PAIR;
	if ((able & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)) == 0 ||
		info->reta_size == 0 || len > ETH_KEY_MAX)
		return false;
	for (unsigned i = 0; i < len; i++)
		key[i] = i % 2 == 0 ? 0x6d : 0x5a;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	conf->rx_adv_conf.rss_conf =
		(struct rte_eth_rss_conf){ .rss_key = key, .rss_key_len = len, .rss_hf = able };
	return true;
}

static int refuse(char *why, size_t why_len, const char *what)
{
	snprintf(why, why_len, "%s", what);
	return -ENOTSUP;
}

/* Every entry is a queue that somebody reads. */
static int read_table(const struct ethdev *e, uint16_t *queue)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t n = e->info.reta_size;
	memset(reta, 0xff, sizeof(reta));
	if (n > RTE_ETH_RSS_RETA_SIZE_512 || rte_eth_dev_rss_reta_query(e->id, reta, n) != 0)
		return -ENOTSUP;
	for (uint16_t i = 0; i < n; i++) {
		queue[i] = reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
		if (queue[i] >= e->port.queues)
			return -ENOTSUP;
	}
	return n;
}

/* A pair of addresses of `words` words each, in both orders. */
static bool symmetric(
	const uint8_t *key, const uint16_t *table, int entries, unsigned words, unsigned seed)
{
	uint32_t there[8], back[8];
	for (unsigned i = 0; i < 2 * words; i++)
		there[i] = (seed * 2 + i + 1) * 0x9e3779b1u;
	for (unsigned i = 0; i < 2 * words; i++)
		back[i] = there[(i + words) % (2 * words)];
	uint32_t a = rte_softrss(there, 2 * words, key), b = rte_softrss(back, 2 * words, key);
	return a == b && table[a % (uint32_t)entries] == table[b % (uint32_t)entries];
}

int ethdev_rss_prove(const struct ethdev *e, char *why, size_t why_len)
{
	uint8_t key[ETH_KEY_MAX];
	uint16_t table[RTE_ETH_RSS_RETA_SIZE_512];
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = sizeof(key) };
	memset(key, 0, sizeof(key));
	if (rte_eth_dev_rss_hash_conf_get(e->id, &conf) != 0)
		return refuse(why, why_len, "its hash can't be read back");
	if ((conf.rss_hf & ~PAIR) != 0 || conf.rss_hf == 0)
		return refuse(why, why_len, "its hash is of more than the pair of addresses");
	int n = read_table(e, table);
	if (n <= 0)
		return refuse(why, why_len, "its table of queues can't be read back");
	for (unsigned i = 0; i < SAMPLES; i++)
		if (!symmetric(key, table, n, 1, i) || !symmetric(key, table, n, 4, i))
			return refuse(why, why_len, "its hash isn't the same in both directions");
	return 0;
}
