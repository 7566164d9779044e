/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_smb.c - the smb parser on hostile pieces; the first byte chooses their size, and however the
 * bytes are cut, the same comes out. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("smb", 445, data, len);
}
