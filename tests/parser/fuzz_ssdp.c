/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ssdp.c - the ssdp parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("ssdp", 1900, data, len);
}
