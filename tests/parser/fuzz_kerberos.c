/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_kerberos.c - the kerberos parser on hostile pieces; however the bytes are cut, the same
 * comes out. */
#define FUZZ_STREAM true
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("kerberos", 88, data, len);
}
