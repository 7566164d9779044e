/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_rpc.c - the rpc parser on hostile pieces; however the bytes are cut, the same comes out.
 */
#define FUZZ_STREAM true
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("rpc", 2049, data, len);
}
