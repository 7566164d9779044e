/* SPDX-License-Identifier: BSD-3-Clause */
/* forward.c - forward FROM TO US: sends every packet that one DPDK device gives through another, US
 * microseconds between bursts, and says how many; then stays until its input ends, so that the peer
 * can take what is on its way. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define BURST 32

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "forward: %s: %s\n", what, rte_strerror(-rc));
	exit(1);
}

static void open_port(uint16_t id, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = { 0 };
	must(rte_eth_dev_configure(id, 1, 1, &conf), "configure");
	must(rte_eth_rx_queue_setup(id, 0, 512, SOCKET_ID_ANY, NULL, pool), "receive queue");
	must(rte_eth_tx_queue_setup(id, 0, 512, SOCKET_ID_ANY, NULL), "send queue");
	must(rte_eth_dev_start(id), "start");
}

/* A ring that is full is waited for. */
static void send_all(uint16_t id, struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t sent = 0; sent < n;)
		sent += rte_eth_tx_burst(id, 0, m + sent, n - sent);
}

int main(int argc, char **argv)
{
	char eal[][16] = { "forward", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"-m", "256", "--vdev", "", "--vdev", "" };
	char *args[sizeof(eal) / sizeof(eal[0])];
	size_t count = sizeof(eal) / sizeof(eal[0]);
	if (argc != 4)
		return 2;
	for (size_t i = 0; i < count; i++)
		args[i] = eal[i];
	args[count - 3] = argv[1];
	args[count - 1] = argv[2];
	must(rte_eal_init((int)count, args), "start of the environment");
	struct rte_mempool *pool = rte_pktmbuf_pool_create("all", 8191, 0, 0, 10240, SOCKET_ID_ANY);
	must(pool == NULL ? -ENOMEM : 0, "pool");
	open_port(0, pool);
	open_port(1, pool);
	struct rte_eth_link link = { 0 };
	while (link.link_status != RTE_ETH_LINK_UP)
		must(rte_eth_link_get_nowait(1, &link), "link");
	struct rte_mbuf *m[BURST];
	unsigned long sent = 0;
	for (uint16_t n; (n = rte_eth_rx_burst(0, 0, m, BURST)) > 0; sent += n) {
		send_all(1, m, n);
		rte_delay_us_sleep((unsigned)atoi(argv[3]));
	}
	printf("forwarded %lu\n", sent);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
