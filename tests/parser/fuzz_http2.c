/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_http2.c - the http2 parser on hostile pieces. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("http2", 80, data, len);
}
