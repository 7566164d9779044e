/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_http.c - the http parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("http", 80, data, len);
}
