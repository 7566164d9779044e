/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ntp.c - the ntp parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("ntp", 123, data, len);
}
