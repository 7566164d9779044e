/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dtls.c - the dtls parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("dtls", 443, data, len);
}
