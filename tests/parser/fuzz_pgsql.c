/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_pgsql.c - the pgsql parser on hostile pieces; however the bytes are cut, the same comes out.
 */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("pgsql", 5432, data, len);
}
