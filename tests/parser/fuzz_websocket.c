/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_websocket.c - the websocket parser on hostile pieces. All that is said is the parser's of
 * the stream inside, which may go by where pieces begin (HTTP, lost), so they are not cut anew. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("websocket", 80, data, len);
}
