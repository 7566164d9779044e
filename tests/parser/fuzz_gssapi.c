/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_gssapi.c - who authenticates in any security blob: the same is said whatever room the batch
 * has, and nothing where the blob is said to tell nothing. */
#include "told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct feed *all = feed_new("kerberos", 0), *few = feed_new("kerberos", 1 + len % 4);
	bool tells = told(all, sl_span(data, len));
	(void)told(few, sl_span(data, len));
	if (strcmp(all->log, few->log) != 0 || (!tells && all->log_len > 0))
		abort();
	feed_free(all);
	feed_free(few);
	return 0;
}
