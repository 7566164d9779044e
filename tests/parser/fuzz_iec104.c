/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_iec104.c - the iec104 parser on hostile pieces; however the bytes are cut, the same comes
 * out. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("iec104", 2404, data, len);
}
