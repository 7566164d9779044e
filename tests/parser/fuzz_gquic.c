/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_gquic.c - the gquic parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("gquic", 443, data, len);
}
