/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_observed.c - a pattern, a line's end, and JSON: its truth over each value of it. The same
 * twice, and within the bound on work whatever both are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/pattern.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int evaluate(void *arg, const struct sl_json *value)
{
	const struct sl_pattern *p = arg;
	struct sl_pattern_error err;
	bool once = false, twice = false;
	int rc = sl_pattern_holds(p, &value, 1, &once, &err);
	if (rc != 0 && rc != -EBADMSG && rc != -E2BIG)
		abort();
	if (sl_pattern_holds(p, &value, 1, &twice, &err) != rc || once != twice)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	struct sl_pattern *p;
	struct sl_pattern_error err;
	struct sl_json_in *in;
	if (end == NULL || len > 65536)
		return 0;
	size_t text = (size_t)(end - data);
	if (sl_pattern_parse(&p, (const char *)data, text, SL_PATTERN_20, &err) < 0 &&
		sl_pattern_parse(&p, (const char *)data, text, SL_PATTERN_21, &err) < 0)
		return 0;
	static const struct sl_json_limits usual;
	if (sl_json_in_new(&in, "", &usual, evaluate, p) == 0) {
		if (sl_json_in_feed(in, end + 1, len - text - 1) == 0)
			(void)sl_json_in_end(in);
		sl_json_in_free(in);
	}
	sl_pattern_free(p);
	return 0;
}
