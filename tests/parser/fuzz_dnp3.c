/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_dnp3.c - the dnp3 parser on hostile pieces of a stream, however they are cut, and on hostile
 * datagrams. */
#include <stdbool.h>

static bool stream;
#define FUZZ_STREAM stream
#include "fuzz_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	stream = true;
	(void)fuzz_cut("dnp3", 20000, data, len);
	stream = false;
	return fuzz_parser("dnp3", 20000, data, len);
}
