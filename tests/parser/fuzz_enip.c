/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_enip.c - the enip parser on hostile pieces of a stream, however they are cut, and on hostile
 * datagrams. */
#include <stdbool.h>

static bool stream;
#define FUZZ_STREAM stream
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	stream = true;
	(void)fuzz_cut("enip", 44818, data, len);
	stream = false;
	return fuzz_parser("enip", 44818, data, len);
}
