/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ftp.c - the ftp parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("ftp", 21, data, len);
}
