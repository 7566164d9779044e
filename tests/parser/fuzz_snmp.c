/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_snmp.c - the snmp parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("snmp", 161, data, len);
}
