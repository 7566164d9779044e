/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dns_tcp.c - the dns parser on hostile pieces of a stream. */
#define FUZZ_STREAM true
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("dns", 53, data, len);
}
