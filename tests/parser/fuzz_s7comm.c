/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_s7comm.c - the s7comm parser on hostile pieces; however the bytes are cut, the same comes
 * out. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	(void)fuzz_cut("s7comm_plus", 102, data, len);
	return fuzz_cut("s7comm", 102, data, len);
}
