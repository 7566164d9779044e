/* SPDX-License-Identifier: BSD-3-Clause */
/* lint_tree.c - what is said of a tree rather than of one of its tests: what can't be true. Control
 * threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lint.h"
#include "tree.h"

#define AND_MAX 256 /* tests that are compared with each other; no longer AND is compiled */

/* ---- Contradictions ---- */

/* Rows of which one message or flow has one value. An address without a direction is not among
 * them: a flow has two. */
static bool single(const struct path_row *row)
{
	static const char *const paths[] = { "network-traffic:src_ref.value",
		"network-traffic:dst_ref.value", "file:hashes.MD5", "file:hashes.SHA-1",
		"file:hashes.SHA-256", "file:size", "x509-certificate:serial_number",
		"network-traffic:extensions.*.ja3", "network-traffic:extensions.*.ja4",
		"network-traffic:extensions.http-request-ext.request_method",
		"network-traffic:extensions.http-request-ext.request_value" };
	if (row->kind == PATH_FIELD)
		return row->field != SL_FIELD_ANY_PORT && row->field != SL_FIELD_PROTOCOLS;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (row->path != NULL && strcmp(row->path, paths[i]) == 0)
			return true;
	return false;
}

static bool says_equal(const struct twig *w)
{
	return w->kind == SL_NODE_TEST && w->node->test == SL_TEST_EQUAL && !w->negative &&
	       !w->name && w->node->constants == 1;
}

static size_t plain_text(const struct sl_constant *c, char *out, size_t cap)
{
	int n = c->kind == SL_CONSTANT_INTEGER
			? snprintf(out, cap, "%" PRId64, c->integer)
			: snprintf(out, cap, "%s", c->text != NULL ? c->text : "");
	return n > 0 ? (size_t)n : 0;
}

static bool differ(const struct sl_constant *a, const struct sl_constant *b)
{
	char x[256], y[256];
	size_t nx = plain_text(a, x, sizeof(x)), ny = plain_text(b, y, sizeof(y));
	bool told = nx > 0 && ny > 0 && nx < sizeof(x) && ny < sizeof(y);
	bool network = strchr(x, '/') != NULL || strchr(y, '/') != NULL;
	return told && !network && strcasecmp(x, y) != 0;
}

void twig_contradictions(struct twig *and)
{
	size_t n = 0;
	for (struct twig *a = and->child; a != NULL && n++ < AND_MAX; a = a->next) {
		if (!says_equal(a) || !single(a->row))
			continue;
		for (const struct twig *b = and->child; b != a; b = b->next) {
			if (!says_equal(b) || b->row != a->row ||
				!differ(&a->node->constant[0], &b->node->constant[0]))
				continue;
			a->worth = WORTH_NEVER;
			a->code = "CONTRADICTORY";
			a->reason = "It has to equal two different values at once, which nothing "
				    "does.";
		}
	}
}

bool twig_is_private(const struct twig *w)
{
	return w->code != NULL &&
	       (strcmp(w->code, "PRIVATE_ADDRESS") == 0 || strcmp(w->code, "OWN_ADDRESS") == 0);
}
