/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_bacnet.c - the bacnet parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("bacnet", 47808, data, len);
}
