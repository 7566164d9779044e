/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern_cases.c - answers cases for tests/system/patterns.py: each line of standard input is an
 * object with `pattern`, `stix_version` and, where it is to be evaluated, `observed`; each line out
 * is valid, match, nomatch, or error and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/pattern.h>

static const char *held(
	const struct sl_pattern *p, const struct sl_json *observed, struct sl_pattern_error *err)
{
	const struct sl_json *list[256];
	size_t n = 0;
	bool holds;
	for (const struct sl_json *j = observed->child; j != NULL && n < 256; j = j->next)
		list[n++] = j;
	int rc = sl_pattern_holds(p, list, n, &holds, err);
	return rc == -E2BIG ? "work" : rc < 0 ? "error" : holds ? "match" : "nomatch";
}

static int answer(void *arg, const struct sl_json *line)
{
	struct sl_pattern_error err;
	struct sl_pattern *p;
	const struct sl_json *text = sl_json_get(line, "pattern"),
			     *observed = sl_json_get(line, "observed");
	const char *version = sl_json_get_text(line, "stix_version"), *said = "valid";
	(void)arg;
	if (text == NULL || text->kind != SL_JSON_STRING || version == NULL)
		return -EINVAL;
	err.reason[0] = '\0';
	if (sl_pattern_parse(&p, text->text, text->len,
		    strcmp(version, "2.0") == 0 ? SL_PATTERN_20 : SL_PATTERN_21, &err) < 0) {
		printf("error %zu: %s\n", err.at, err.reason);
		return 0;
	}
	if (observed != NULL)
		said = held(p, observed, &err);
	printf("%s %s\n", said, err.reason);
	sl_pattern_free(p);
	return 0;
}

int main(void)
{
	static char piece[65536];
	struct sl_json_in *in;
	size_t n;
	static const struct sl_json_limits usual;
	int rc = sl_json_in_new(&in, "", &usual, answer, NULL);
	while (rc == 0 && (n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		rc = sl_json_in_feed(in, piece, n);
	if (rc == 0)
		rc = sl_json_in_end(in);
	sl_json_in_free(in);
	return rc == 0 ? 0 : 1;
}
