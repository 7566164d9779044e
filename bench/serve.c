/* SPDX-License-Identifier: BSD-3-Clause */
/* serve.c - answers the driver. One thread. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "serve.h"

double bench_measured(bench_side side, void *arg);

__attribute__((noinline, noclone, used, externally_visible)) double bench_measured(
	bench_side side, void *arg)
{
	double cost = side(arg);
	__asm__ volatile("" ::: "memory"); /* no tail call: what is counted ends here */
	return cost;
}

static void pair(const struct bench *b)
{
	static bool turn; /* who goes first, by turns */
	double ours = 0, base = 1;
	if (!turn)
		ours = b->ours(b->arg);
	if (b->baseline != NULL)
		base = b->baseline(b->arg);
	if (turn)
		ours = b->ours(b->arg);
	turn = !turn;
	printf("pair %.4f %.4f\n", ours, base);
}

int bench_serve(const struct bench *b)
{
	char line[16];
	(void)b->ours(b->arg); /* what is touched for the first time is not measured */
	if (b->baseline != NULL)
		(void)b->baseline(b->arg);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strcmp(line, "count\n") == 0) {
			(void)bench_measured(b->ours, b->arg);
			printf("count %" PRIu64 "\n", b->units);
		} else {
			pair(b);
		}
		fflush(stdout);
	}
	return 0;
}
