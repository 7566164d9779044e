/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_quic.c - the quic parser on hostile datagrams, most of which won't open; what is inside
 * those that do is fuzz_quic_frames.c's. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("quic", 443, data, len);
}
