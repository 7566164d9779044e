/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_pattern.c - any text as a pattern; what parses prints, and parses again to the same text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/pattern.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char once[300000], twice[300000];
	struct sl_pattern *p;
	struct sl_pattern_error err;
	if (len == 0 || len > 65536)
		return 0;
	enum sl_pattern_version v = data[0] & 1 ? SL_PATTERN_21 : SL_PATTERN_20;
	if (sl_pattern_parse(&p, (const char *)data + 1, len - 1, v, &err) < 0)
		return 0;
	size_t n = sl_pattern_text(sl_pattern_root(p), false, once, sizeof(once));
	sl_pattern_free(p);
	if (n >= 65536)
		return 0;
	int rc = sl_pattern_parse(&p, once, n, SL_PATTERN_21, &err);
	if (rc == -EBADMSG)
		abort();
	if (rc < 0)
		return 0;
	if (sl_pattern_text(sl_pattern_root(p), false, twice, sizeof(twice)) != n ||
		memcmp(once, twice, n) != 0)
		abort();
	sl_pattern_free(p);
	return 0;
}
