/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_websocket.c - the websocket parser on hostile pieces. */
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_cut("websocket", 80, data, len);
}
