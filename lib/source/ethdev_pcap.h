/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_pcap.h - DPDK's libpcap driver. Control threads. Private to lib/source. */
#ifndef SOURCE_ETHDEV_PCAP_H
#define SOURCE_ETHDEV_PCAP_H

#include <stdbool.h>
#include <stdint.h>

struct endless {
	uint32_t packets; /* each of which takes a buffer for good */
	uint32_t longest; /* bytes of a buffer that holds any */
};
/* Of rx_pcap=FILE,infinite_rx=1; reads the file. False: the device is none of these. */
bool pcap_endless(const char *dev, struct endless *out);

#endif
