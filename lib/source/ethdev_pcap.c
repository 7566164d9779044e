/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_pcap.c - what DPDK's libpcap driver wants that gives a capture without end: it keeps a
 * buffer of the queue's pool for each packet of the file. Control thread. */
#include <string.h>

#include <sightline/capture.h>
#include <sightline/compress.h>

#include "ethdev.h"
#include "ethdev_pcap.h"

bool pcap_endless(const char *dev, struct endless *out)
{
	char path[512], yes[8];
	struct sl_input *in;
	struct sl_capture *c;
	struct sl_capture_damage damage;
	struct sl_capture_packet p;
	if (strncmp(dev, "net_pcap", 8) != 0 ||
		!ethdev_argument(dev, "infinite_rx", yes, sizeof(yes)) || yes[0] != '1' ||
		!ethdev_argument(dev, "rx_pcap", path, sizeof(path)) ||
		sl_input_open(&in, path) < 0)
		return false;
	*out = (struct endless){ 0, 0 };
	if (sl_capture_open(&c, in, &damage) == 0) {
		while (sl_capture_next(c, &p) == 1) {
			out->packets++;
			out->longest = p.len > out->longest ? p.len : out->longest;
		}
		sl_capture_close(c);
	}
	sl_input_close(in);
	return out->packets > 0;
}
