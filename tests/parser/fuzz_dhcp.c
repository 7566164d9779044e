/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dhcp.c - the dhcp parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("dhcp", 67, data, len);
}
