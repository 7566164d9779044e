/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ntlm.c - the user in any security blob: never more than the room. */
#include <stdlib.h>

#include "../../lib/parser/ntlm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *user = malloc(NTLM_USER_MAX);
	size_t n = ntlm_user(sl_span(data, len), user);
	if (n > NTLM_USER_MAX)
		abort();
	free(user);
	return 0;
}
