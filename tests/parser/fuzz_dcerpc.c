/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dcerpc.c - the dcerpc parser on hostile pieces: of a stream, where cutting them makes no
 * difference, and as datagrams. */
#include <stdbool.h>

static bool stream;
#define FUZZ_STREAM stream
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	stream = true;
	(void)fuzz_cut("dcerpc", 135, data, len);
	stream = false;
	return fuzz_parser("dcerpc", 135, data, len);
}
