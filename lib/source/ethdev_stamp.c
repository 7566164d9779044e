/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_stamp.c - the time that a device gives its packets, in a field of the mbuf. Its unit is
 * the device's own: where its clock can be read it is put right against the wall clock as the
 * time-stamp counter is, otherwise it has to be the wall clock's nanoseconds. Control thread. */
#define ALLOW_EXPERIMENTAL_API /* rte_eth_read_clock */
#include <string.h>

#include <rte_mbuf_dyn.h>

#include "ethdev.h"

#define LATE_NS 1000000 /* from its time to the ring */

static bool is_pcap(const struct ethdev *e)
{
	return strcmp(e->info.driver_name, "net_pcap") == 0;
}

void ethdev_stamp_ask(struct ethdev *e, struct rte_eth_conf *conf)
{
	e->stamp_at = -1;
	if (rte_mbuf_dyn_rx_timestamp_register(&e->stamp_at, &e->stamp_flag) < 0) {
		e->stamp_at = -1;
		e->stamp_flag = 0;
		return;
	}
	conf->rxmode.offloads |= e->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
}

static int read_clock(void *e, uint64_t *ticks)
{
	return rte_eth_read_clock(((const struct ethdev *)e)->id, ticks);
}

void ethdev_stamp_begin(struct ethdev *e)
{
	bool asked = (e->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP) != 0;
	e->stamp_unit_ns = is_pcap(e) ? 1000 : 1;
	if (e->stamp_at < 0)
		return;
	if (asked && wall_init(&e->clock, read_clock, e) == 0)
		e->stamp_unit_ns = 0;
	e->port.timed = asked || is_pcap(e);
	e->port.late_ns = e->port.timed ? LATE_NS : 0;
}

void ethdev_stamp_look(struct ethdev *e)
{
	if (e->port.timed && e->stamp_unit_ns == 0)
		wall_discipline(&e->clock);
}

const char *ethdev_stamp_text(const struct ethdev *e)
{
	if (!e->port.timed)
		return "the time-stamp counter's time";
	if (is_pcap(e))
		return "libpcap's time, where it is within a second of now";
	return e->stamp_unit_ns == 0 ? "the card's time, its clock put right against this host's"
				     : "the card's time, where it is within a second of now";
}
