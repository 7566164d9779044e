/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_tls.c - the tls parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("tls", 443, data, len);
}
