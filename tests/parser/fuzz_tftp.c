/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_tftp.c - the tftp parser on hostile datagrams, request and answer in one flow. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("tftp", 69, data, len);
}
