/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dhcpv6.c - the dhcpv6 parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("dhcpv6", 547, data, len);
}
