/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dns.c - the dns parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("dns", 53, data, len);
}
