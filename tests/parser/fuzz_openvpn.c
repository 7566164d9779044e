/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_openvpn.c - the probe of openvpn on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("openvpn", 1194, data, len);
}
