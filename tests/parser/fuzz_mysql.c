/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_mysql.c - the mysql parser on hostile pieces; however the bytes are cut, the same comes out.
 */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("mysql", 3306, data, len);
}
