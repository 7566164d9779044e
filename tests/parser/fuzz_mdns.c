/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_mdns.c - multicast DNS on hostile datagrams: whose name a record is. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("mdns", 5353, data, len);
}
