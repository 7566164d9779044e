/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_wireguard.c - the probe of wireguard on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("wireguard", 51820, data, len);
}
