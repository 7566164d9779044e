/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_tor.c - the names of a certificate as a relay of Tor has them, or as anybody likes. Input:
 * one byte, the subject's length; the subject; the issuer. */
#include <stdlib.h>

#include "../../lib/parser/tor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	struct sl_rd r = sl_rd(sl_span(data + 1, len - 1));
	size_t left = sl_rd_left(&r), n = data[0] < left ? data[0] : left;
	struct sl_span subject = sl_rd_take(&r, n), issuer = sl_rd_take(&r, left - n);
	if (tor_names(subject, issuer) && (subject.len < 8 || issuer.len < 8))
		abort();
	return 0;
}
