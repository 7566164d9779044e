/* SPDX-License-Identifier: BSD-3-Clause */
/* json_text.c - an input that is JSON, to its end or to what is wrong with it. Control threads. */
#include <errno.h>

#include "reading.h"

int reading_json(struct reading *r, struct sl_json_in *in, char *buf, const int *stop)
{
	size_t got = 0;
	int rc;
	while ((rc = sl_input_read(r->in, buf, PEEK_BYTES, &got)) == 0 && got > 0)
		if (sl_json_in_feed(in, buf, got) != 0)
			break;
	int json = rc == 0 ? sl_json_in_end(in) : 0;
	if (*stop < 0 || rc < 0 || json == 0)
		return *stop < 0 ? *stop : rc;
	uint64_t line;
	const char *what = sl_json_in_error(in, &line);
	reading_refuse(r, line, "", json == -E2BIG ? "TOO_LARGE" : "BAD_JSON", what, "");
	return 0;
}
