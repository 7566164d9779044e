/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern.c - a STIX pattern on its way in: 2.1, or 2.0 where it differs. Control threads. */
#include <errno.h>
#include <stdio.h>

#include "reading.h"

int pattern_add(struct reading *r, const struct draft *meta, const char *text, size_t len)
{
	struct sl_pattern *p;
	struct sl_pattern_error err, old;
	char reason[224];
	int rc = sl_pattern_parse(&p, text, len, SL_PATTERN_21, &err);
	if (rc == -EBADMSG)
		rc = sl_pattern_parse(&p, text, len, SL_PATTERN_20, &old);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		snprintf(reason, sizeof(reason), "%s (at character %zu of the pattern)", err.reason,
			err.at + 1);
		reading_refuse(r, meta->line, meta->id,
			rc == -E2BIG ? "TOO_COMPLEX" : "PATTERN_SYNTAX", reason, text);
		return 0;
	}
	rc = composite_add(r, meta, p);
	sl_pattern_free(p);
	return rc;
}
