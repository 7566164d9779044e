/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_tds.c - the tds parser on hostile pieces; however the bytes are cut, the same comes out.
 */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("tds", 1433, data, len);
}
