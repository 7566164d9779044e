/* SPDX-License-Identifier: BSD-3-Clause */
/* supply.c - what a port gives to who does nothing with it: the sensor's own port, of which one
 * worker receives bursts and gives them back, until the standard input ends. Each line there is
 * answered by "packets N", how many so far.
 *
 *   bench-supply DEV */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include <sightline/packet.h>
#include <sightline/source.h>

static struct sl_source *source;
static _Atomic uint64_t packets;

static int run(void *arg)
{
	static struct sl_packet pkt[SL_BURST];
	(void)arg;
	for (;;) {
		uint16_t n = 0;
		enum sl_rx rx = source->ops->rx_burst(source, 0, pkt, SL_BURST, &n);
		if (rx == SL_RX_END)
			return 0;
		source->ops->release(source, 0, pkt, n);
		atomic_store_explicit(&packets,
			atomic_load_explicit(&packets, memory_order_relaxed) + n,
			memory_order_relaxed);
	}
}

int main(int argc, char **argv)
{
	char err[256] = "usage: bench-supply DEV", line[16];
	unsigned workers;
	const char *const *devs = (const char *const *)argv + 1;
	struct sl_threads t = { .workers = 1, .ports = devs, .port_count = 1 };
	struct sl_ports_options o = { .devs = devs, .dev_count = 1, .queues = 1 };
	int rc = argc == 2 ? sl_threads_start(&t, &workers, err, sizeof(err)) : -1;
	if (rc == 0)
		rc = sl_ports_open(&source, &o, err, sizeof(err));
	if (rc == 0)
		rc = sl_threads_launch(0, run, NULL);
	if (rc == 0)
		rc = source->ops->start(source);
	if (rc < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		printf("packets %" PRIu64 "\n", atomic_load(&packets));
		fflush(stdout);
	}
	source->ops->stop(source);
	(void)sl_threads_wait(0);
	source->ops->close(source);
	sl_threads_stop();
	return 0;
}
