/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ssl2.c - the SSL 2.0 parser on hostile pieces; however the bytes are cut, the same comes
 * out. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("ssl2", 443, data, len);
}
