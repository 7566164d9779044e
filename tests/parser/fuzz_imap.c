/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_imap.c - the imap parser on hostile pieces. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("imap", 143, data, len);
}
