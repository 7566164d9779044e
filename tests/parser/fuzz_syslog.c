/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_syslog.c - the syslog parser on hostile datagrams. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_parser("syslog", 514, data, len);
}
