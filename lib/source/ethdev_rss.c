/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_rss.c - a device's own choice of the queue of a packet: asked for in the ways that its
 * driver has, read back and proven. Control thread.
 *
 * With a key that repeats every 16 bits, Toeplitz's hash of a pair of addresses is the same in both
 * directions, with a pair of ports or without (Woo and Park, "Scalable TCP Session Monitoring with
 * Symmetric Receive-side Scaling"). A device's own symmetric function is not asked for: what it
 * computes is not written down, so that no packet could be compared with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_flow.h>
#include <rte_thash.h>

#include "ethdev.h"

#define SAMPLES 256

#define PAIR4 (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)
#define PAIR6 (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)
#define PORTS4 (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)
#define PORTS6 (RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

/* What a driver takes, as its sources and guides of DPDK 22.11 say: in this order it is asked. */
enum means { NOTHING, CONF, RULE };

static const struct eth_way {
	const char *driver; /* its name begins so */
	enum means first, then;
	bool rule_key, rule_queues; /* a rule names its key and queues; else the device's count */
	const char *without; /* why it is not asked at all */
} ways[] = {
	{ "mlx5", CONF, RULE, true, true, NULL }, { "net_ice", RULE, CONF, false, false, NULL },
	{ "net_iavf", RULE, CONF, false, false, NULL },
	{ "net_i40e", CONF, RULE, true, false, NULL },
	{ "net_ixgbe", CONF, RULE, true, true, NULL },
	{ "net_e1000_igb", CONF, RULE, true, true, NULL },
	{ "net_igc", CONF, RULE, true, true, NULL },
	{ "net_ena", CONF, NOTHING, false, false, NULL },
	{ "net_bnxt", CONF, RULE, true, true, NULL },
	{ "net_virtio", CONF, NOTHING, false, false, NULL },
	{ "net_vmxnet3", NOTHING, NOTHING, false, false,
		"neither its key nor its table can be set" },
	{ "net_gve", NOTHING, NOTHING, false, false, "neither its key nor its table can be set" },
	{ "net_tap", NOTHING, NOTHING, false, false,
		"its flow rules hash ports too, with a key of their own" },
	{ "", CONF, RULE, true, true, NULL }, /* any other */
};

static const struct eth_way *way_of(const struct ethdev *e)
{
	const struct eth_way *w = ways;
	while (strncmp(e->info.driver_name, w->driver, strlen(w->driver)) != 0)
		w++;
	return w;
}

static uint64_t wanted(const struct ethdev *e)
{
	uint64_t types = PAIR4 | PAIR6;
	return e->tuple ? types | PORTS4 | PORTS6 : types;
}

static uint8_t key_len(const struct ethdev *e)
{
	return e->info.hash_key_size > 0 ? e->info.hash_key_size : 40;
}

/* Where TCP and UDP are not hashed as IP packets, nothing of them is without their ports. */
static bool conf_can(const struct ethdev *e)
{
	uint64_t able = e->info.flow_type_rss_offloads;
	uint64_t need = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
	if (e->tuple)
		need = PORTS4 | PORTS6;
	return (able & need) == need && e->info.reta_size > 0;
}

bool ethdev_rss_ask(struct ethdev *e, struct rte_eth_conf *conf, char *why, size_t why_len)
{
	const struct eth_way *w = way_of(e);
	bool by_conf = conf_can(e) && (w->first == CONF || w->then == CONF);
	bool by_rule = w->first == RULE || w->then == RULE;
	const char *none = w->without;
	if (none == NULL && e->info.reta_size == 0 && e->info.flow_type_rss_offloads == 0)
		none = "it has no hash at all";
	else if (none == NULL && key_len(e) > ETH_KEY_MAX)
		none = "its key is too long";
	else if (none == NULL && !by_conf && !by_rule)
		none = e->tuple ? "it can't hash addresses and ports"
				: "it can't hash addresses alone";
	if (none != NULL) {
		snprintf(why, why_len, "%s", none);
		return false;
	}
	for (unsigned i = 0; i < key_len(e); i++)
		e->key[i] = i % 2 == 0 ? 0x6d : 0x5a;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rxmode.offloads |= e->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){ .rss_key = e->key,
		.rss_key_len = key_len(e),
		.rss_hf = by_conf ? wanted(e) & e->info.flow_type_rss_offloads : 0 };
	return true;
}

/* ---- Read back ---- */

static int refuse(char *why, size_t why_len, const char *what)
{
	snprintf(why, why_len, "%s", what);
	return -ENOTSUP;
}

/* Every entry is a queue that somebody reads. */
static int read_table(const struct ethdev *e, uint16_t *queue)
{
	struct rte_eth_rss_reta_entry64 reta[PROOF_TABLE / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t n = e->info.reta_size;
	memset(reta, 0xff, sizeof(reta));
	if (n > PROOF_TABLE || rte_eth_dev_rss_reta_query(e->id, reta, n) != 0)
		return -ENOTSUP;
	for (uint16_t i = 0; i < n; i++) {
		queue[i] = reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
		if (queue[i] >= e->port.queues)
			return -ENOTSUP;
	}
	return n;
}

/* The same on every port, so that ports of one kind spread alike; where it can't be set, it is as
 * it is. */
static void write_table(const struct ethdev *e)
{
	struct rte_eth_rss_reta_entry64 reta[PROOF_TABLE / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t n = e->info.reta_size;
	if (n > PROOF_TABLE || e->port.queues == 0)
		return;
	memset(reta, 0xff, sizeof(reta));
	for (uint16_t i = 0; i < n; i++)
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % e->port.queues);
	(void)rte_eth_dev_rss_reta_update(e->id, reta, n);
}

/* Pairs of addresses of `words` words each, and of ports, in both orders. */
static bool symmetric(const uint8_t *key, unsigned words, bool ports)
{
	for (unsigned seed = 0; seed < SAMPLES; seed++) {
		uint32_t there[9], back[9], n = 2 * words;
		for (unsigned i = 0; i < n; i++)
			there[i] = (seed * 2 + i + 1) * 0x9e3779b1u;
		for (unsigned i = 0; i < n; i++)
			back[i] = there[(i + words) % n];
		there[n] = (seed + 1) * 0x85ebca6bu;
		back[n] = there[n] << 16 | there[n] >> 16;
		n += ports;
		if (rte_softrss(there, n, key) != rte_softrss(back, n, key))
			return false;
	}
	return true;
}

static int prove(struct ethdev *e, const uint8_t *key, const uint16_t *table, int entries,
	char *why, size_t why_len)
{
	if (entries <= 0)
		return refuse(why, why_len, "its table of queues can't be read back");
	if (!symmetric(key, 1, e->tuple) || !symmetric(key, 4, e->tuple))
		return refuse(why, why_len, "its hash isn't the same in both directions");
	return proof_new(&e->port.proof, &(struct proof_spread){ .key = key,
						 .table = table,
						 .entries = (unsigned)entries,
						 .queues = e->port.queues,
						 .tuple = e->tuple });
}

static int read_key(const struct ethdev *e, struct rte_eth_rss_conf *conf, uint8_t *key)
{
	memset(key, 0, ETH_KEY_MAX);
	*conf = (struct rte_eth_rss_conf){ .rss_key = key, .rss_key_len = ETH_KEY_MAX };
	return rte_eth_dev_rss_hash_conf_get(e->id, conf);
}

static int by_conf(struct ethdev *e, char *why, size_t why_len)
{
	alignas(4) uint8_t key[ETH_KEY_MAX];
	uint16_t table[PROOF_TABLE];
	struct rte_eth_rss_conf conf = { .rss_key = e->key,
		.rss_key_len = key_len(e),
		.rss_hf = wanted(e) & e->info.flow_type_rss_offloads };
	if (!conf_can(e))
		return refuse(why, why_len,
			e->tuple ? "its configuration has no hash of addresses and ports"
				 : "its configuration has no hash of addresses alone");
	/* Some took it at configuration, some take it now. */
	(void)rte_eth_dev_rss_hash_update(e->id, &conf);
	write_table(e);
	if (read_key(e, &conf, key) != 0)
		return refuse(why, why_len, "its hash can't be read back");
	if ((conf.rss_hf & ~wanted(e)) != 0 || conf.rss_hf == 0)
		return refuse(why, why_len, "its hash is of more than was asked for");
	return prove(e, key, table, read_table(e, table), why, why_len);
}

/* ---- Flow rules ---- */

static int rule_add(
	struct ethdev *e, enum rte_flow_item_type ip, uint64_t types, char *why, size_t why_len)
{
	const struct eth_way *w = way_of(e);
	uint16_t queue[ETH_QUEUES_MAX];
	for (unsigned i = 0; i < e->port.queues; i++)
		queue[i] = (uint16_t)i;
	struct rte_flow_attr attr = { .ingress = 1 };
	struct rte_flow_item pattern[] = { { .type = RTE_FLOW_ITEM_TYPE_ETH }, { .type = ip },
		{ .type = RTE_FLOW_ITEM_TYPE_END } };
	struct rte_flow_action_rss rss = { .func = RTE_ETH_HASH_FUNCTION_DEFAULT,
		.types = types,
		.key = w->rule_key ? e->key : NULL,
		.key_len = w->rule_key ? key_len(e) : 0,
		.queue = w->rule_queues ? queue : NULL,
		.queue_num = w->rule_queues ? e->port.queues : 0 };
	struct rte_flow_action actions[] = { { .type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rss },
		{ .type = RTE_FLOW_ACTION_TYPE_END } };
	struct rte_flow_error said = { 0 };
	if (rte_flow_validate(e->id, &attr, pattern, actions, &said) == 0 &&
		rte_flow_create(e->id, &attr, pattern, actions, &said) != NULL)
		return 0;
	snprintf(why, why_len, "a flow rule was refused (%s)",
		said.message != NULL ? said.message : "no reason was given");
	return -ENOTSUP;
}

static int rules_add(struct ethdev *e, char *why, size_t why_len)
{
	static const struct {
		enum rte_flow_item_type ip;
		uint64_t pair, tuple;
	} rules[] = {
		{ RTE_FLOW_ITEM_TYPE_IPV4, RTE_ETH_RSS_IPV4, PORTS4 },
		{ RTE_FLOW_ITEM_TYPE_IPV6, RTE_ETH_RSS_IPV6, PORTS6 },
	};
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < 2; i++)
		rc = rule_add(e, rules[i].ip, rules[i].pair | (e->tuple ? rules[i].tuple : 0), why,
			why_len);
	if (rc < 0)
		(void)rte_flow_flush(e->id, NULL);
	return rc;
}

/* The queues that a rule names are its table, one after the other. */
static int by_rule(struct ethdev *e, char *why, size_t why_len)
{
	const struct eth_way *w = way_of(e);
	alignas(4) uint8_t key[ETH_KEY_MAX];
	uint16_t table[PROOF_TABLE];
	struct rte_eth_rss_conf conf;
	int entries = (int)e->port.queues, rc = rules_add(e, why, why_len);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < e->port.queues; i++)
		table[i] = (uint16_t)i;
	if (!w->rule_queues) {
		write_table(e);
		entries = read_table(e, table);
	}
	memcpy(key, e->key, sizeof(key));
	if (!w->rule_key && read_key(e, &conf, key) != 0)
		rc = refuse(why, why_len, "its key can't be read back");
	if (rc == 0)
		rc = prove(e, key, table, entries, why, why_len);
	if (rc < 0)
		(void)rte_flow_flush(e->id, NULL);
	return rc;
}

int ethdev_rss_settle(struct ethdev *e, char *how, size_t how_len)
{
	static int (*const ask[])(
		struct ethdev *, char *, size_t) = { [CONF] = by_conf, [RULE] = by_rule };
	static const char *const name[] = { [CONF] = "its configuration", [RULE] = "flow rules" };
	const struct eth_way *w = way_of(e);
	char why[2][128] = { "", "" };
	enum means order[2] = { w->first, w->then };
	for (unsigned i = 0; i < 2 && order[i] != NOTHING; i++) {
		int rc = ask[order[i]](e, why[i], sizeof(why[i]));
		if (rc == 0) {
			snprintf(how, how_len, "%s", name[order[i]]);
			return 0;
		}
		if (rc == -ENOMEM)
			return rc;
	}
	snprintf(how, how_len, "%s%s%s", why[0], why[1][0] != '\0' ? "; " : "", why[1]);
	return -ENOTSUP;
}
