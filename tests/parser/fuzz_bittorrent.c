/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_bittorrent.c - the bittorrent parser on hostile pieces: the first byte's highest bit chooses
 * between datagrams and a stream, of which the same comes out however it is cut. */
#define FUZZ_STREAM (data[0] & 0x80)
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 0 && FUZZ_STREAM)
		return fuzz_cut("bittorrent", 6881, data, len);
	return fuzz_parser("bittorrent", 6881, data, len);
}
