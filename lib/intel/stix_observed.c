/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_observed.c - what somebody observed: objects of the cyber-observable types, and STIX 2.0's
 * observed data with objects inside. It explains, unless its source says that what it observed is
 * what it warns of. Control threads. */
#include <string.h>

#include "stix.h"

static int value_add(
	struct stix *s, const struct draft *meta, const char *type, const char *value, bool *used)
{
	struct draft d = *meta;
	if (value == NULL)
		return 0;
	*used = true;
	d.type = type;
	d.value = value;
	d.value_len = strlen(value);
	return draft_add(s->r, &d);
}

/* Any one hash is the file; its name alone is none. */
static int file_add(struct stix *s, const struct draft *meta, const struct sl_json *o, bool *used)
{
	static const struct {
		const char *key, *type;
	} rows[] = { { "SHA-256", "sha256" }, { "SHA-1", "sha1" }, { "MD5", "md5" } };
	const struct sl_json *hashes = sl_json_get(o, "hashes");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		rc = value_add(s, meta, rows[i].type, sl_json_get_text(hashes, rows[i].key), used);
	return rc;
}

static int object_add(struct stix *s, const struct draft *meta, const struct sl_json *o, bool *used)
{
	static const char *const types[] = { "domain-name", "ipv4-addr", "ipv6-addr", "url",
		"email-addr", "mac-addr" };
	const char *type = sl_json_get_text(o, "type");
	if (type == NULL)
		return 0;
	if (strcmp(type, "file") == 0)
		return file_add(s, meta, o, used);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return value_add(s, meta, type, sl_json_get_text(o, "value"), used);
	return 0;
}

int stix_observed(struct stix *s, const struct sl_json *o, bool *used)
{
	const struct sl_json *inner = sl_json_get(o, "objects");
	struct markings wait;
	struct draft d = { .line = o->line,
		.id = sl_json_get_text(o, "id"),
		.source = sl_json_get_text(o, "created_by_ref"),
		.confidence = SL_CONFIDENCE_NONE,
		.below = SL_BELOW_MARKED };
	size_t first = s->r->set->book.count;
	int rc = stix_markings_read(s, o, &d, &wait);
	entry_open(s->r);
	if (rc == 0)
		rc = object_add(s, &d, o, used);
	entry_part(s->r);
	bool bag = inner != NULL && inner->kind == SL_JSON_OBJECT;
	for (const struct sl_json *m = bag ? inner->child : NULL; rc == 0 && m != NULL;
		m = m->next) {
		rc = object_add(s, &d, m, used);
		entry_part(s->r);
	}
	entry_close(s->r, &d);
	return rc == 0 ? stix_markings_wait(s, first, &wait) : rc;
}
