/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern.c - a STIX pattern on its way in: 2.1, or 2.0 where it differs; and what is a pattern
 * although its feed writes a value. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

int network_port_add(struct reading *r, const struct draft *d, unsigned port)
{
	struct draft meta = *d;
	struct sl_pattern *p;
	struct sl_constant net = {
		.kind = SL_CONSTANT_TEXT, .text = d->value, .len = d->value_len
	};
	struct sl_constant number = {
		.kind = SL_CONSTANT_INTEGER, .integer = port, .number = (double)port
	};
	bool six = memchr(d->value, ':', d->value_len) != NULL;
	int rc = sl_pattern_new(&p);
	if (rc < 0)
		return rc;
	struct sl_node *all = sl_pattern_group(p, SL_NODE_ALL);
	struct sl_node *a = sl_pattern_test(
		p, six ? "ipv6-addr:value" : "ipv4-addr:value", SL_TEST_SUBSET, &net, 1);
	struct sl_node *b = sl_pattern_test(p, "network-traffic:x_port", SL_TEST_EQUAL, &number, 1);
	meta.value = "";
	meta.value_len = 0;
	if (all != NULL && a != NULL && b != NULL) {
		sl_pattern_append(all, a);
		sl_pattern_append(all, b);
		sl_pattern_root_set(p, all);
		rc = composite_add(r, &meta, p);
	} else {
		rc = -ENOMEM;
	}
	sl_pattern_free(p);
	return rc;
}
