/* SPDX-License-Identifier: BSD-3-Clause */
/* counted.c - see counted.h. */
#include <string.h>

#include "counted.h"

/* The slot of a host, or the free one where it belongs. */
static uint32_t slot_of(const struct half *h, uint64_t host)
{
	uint32_t i = (uint32_t)host & (COUNTED_SLOTS - 1);
	while (h->slot[i] != 0 && h->slot[i] != host)
		i = (i + 1) & (COUNTED_SLOTS - 1);
	return i;
}

static void registers_of(const struct half *h, uint8_t registers[SL_HLL_REGISTERS])
{
	if (h->estimated) {
		memcpy(registers, h->registers, SL_HLL_REGISTERS);
		return;
	}
	memset(registers, 0, SL_HLL_REGISTERS);
	for (uint32_t i = 0; i < COUNTED_SLOTS; i++)
		if (h->slot[i] != 0)
			(void)sl_hll_add(registers, h->slot[i]);
}

static bool exact_add(struct half *h, uint64_t host)
{
	uint32_t i = slot_of(h, host);
	if (h->slot[i] == host)
		return false;
	h->slot[i] = host;
	if (h->n++ == COUNTED_EXACT) {
		uint8_t registers[SL_HLL_REGISTERS];
		registers_of(h, registers);
		memcpy(h->registers, registers, sizeof(registers));
		h->estimated = true;
	}
	return true;
}

bool counted_add(struct counted *c, uint64_t number, uint64_t host)
{
	struct half *h = &c->half[number & 1];
	if (h->number > number)
		return false;
	if (h->number < number)
		*h = (struct half){ .number = number };
	return h->estimated ? sl_hll_add(h->registers, host) : exact_add(h, host);
}

uint64_t counted_hosts(const struct counted *c, uint64_t number)
{
	static const struct half none;
	const struct half *now = &c->half[number & 1], *before = &c->half[~number & 1];
	now = now->number == number ? now : &none;
	before = before->number + 1 == number ? before : &none;
	if (!now->estimated && !before->estimated) {
		uint64_t n = now->n;
		for (uint32_t i = 0; before->n > 0 && i < COUNTED_SLOTS; i++) {
			uint64_t host = before->slot[i];
			n += host != 0 && now->slot[slot_of(now, host)] != host;
		}
		return n;
	}
	uint8_t registers[SL_HLL_REGISTERS], other[SL_HLL_REGISTERS];
	registers_of(now, registers);
	registers_of(before, other);
	sl_hll_join(registers, other);
	uint64_t n = sl_hll_count(registers);
	return n > COUNTED_EXACT ? n : COUNTED_EXACT + 1;
}
