/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_pop3.c - the pop3 parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("pop3", 110, data, len);
}
