/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_take.c - what comes from a collector: messages one after another, each behind its length in
 * two bytes, numbered as answers to the last question where their own number is 1. Whatever comes,
 * the set in force is a set. */
#include <string.h>

#include "../test.h"

#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(struct sl_taker *t, const uint8_t *p, size_t len)
{
	Sightline__V1__IntelAnswer *a = sl_wire_intel_answer(p, len);
	Sightline__V1__IntelRequest q;
	struct sl_taken taken;
	if (a == NULL)
		return;
	sl_taker_question(t, &q);
	if (a->number == 1)
		a->number = q.number;
	if (sl_taker_answer(t, a) == SL_TAKE_READY && sl_taker_staged(t, &taken))
		(void)sl_taker_settle(t, taken.lines % 2 == 0);
	sightline__v1__intel_answer__free_unpacked(a, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct made m = { .g = NULL };
	char err[256];
	struct sl_taken taken;
	made_dirs(&m);
	if (sl_taker_open(&m.t, m.here, err, sizeof(err)) < 0)
		abort();
	for (size_t at = 0; at + 2 <= size;) {
		size_t len = (size_t)data[at] << 8 | data[at + 1];
		at += 2;
		len = len < size - at ? len : size - at;
		give(m.t, data + at, len);
		at += len;
	}
	bool any = sl_taker_current(m.t, &taken);
	sl_taker_close(m.t);
	if (sl_taker_open(&m.t, m.here, err, sizeof(err)) < 0 || err[0] != '\0' ||
		any != sl_taker_current(m.t, &taken))
		abort();
	made_clean(&m);
	return 0;
}
