/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_radius.c - the radius parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("radius", 1812, data, len);
}
