/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_sip.c - the sip parser on hostile streams; however the bytes are cut, the same comes out. */
#define FUZZ_STREAM true
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("sip", 5060, data, len);
}
