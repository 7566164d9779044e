/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_smtp.c - the smtp parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("smtp", 25, data, len);
}
