/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_nbns.c - the NetBIOS name service on hostile datagrams; its parser is DNS's with another
 * reading of names. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("nbns", 137, data, len);
}
