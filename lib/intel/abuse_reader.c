/* SPDX-License-Identifier: BSD-3-Clause */
/* abuse_reader.c - JSON as abuse.ch publishes it: ThreatFox, URLhaus, Feodo Tracker and
 * MalwareBazaar, from their exports and interfaces, and lists of JA3 fingerprints in JSON lines.
 * Control threads. Their tables are read as any other (csv_columns.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

#define ROW_BYTES ((size_t)1 << 20)
#define LABELS_BYTES 1024
#define TRIALS_MAX 32

/* The values of a row: the member that has it, its type or the member that names it, and one that
 * has to be beside it. */
static const struct kind {
	const char *value, *type, *type_member, *beside;
} kinds[] = {
	{ "ioc_value", NULL, "ioc_type", "ioc_type" },
	{ "ioc", NULL, "ioc_type", "ioc_type" },
	{ "url", "url", NULL, "url_status" },
	{ "ip_address", "ip", NULL, "last_online" },
	{ "sha256_hash", "sha256", NULL, "signature" },
	{ "ja3_hash", "ja3", NULL, "desc" },
};

/* A row of URLhaus beside its number, of an array, of an answer, or one behind the other. */
static const char *const paths[] = { "+/*", "*", "data/*", "", NULL };

static const char *text_of(const struct sl_json *row, const char *key)
{
	const struct sl_json *v = sl_json_get(row, key);
	return v != NULL && v->text != NULL && v->len > 0 ? v->text : NULL;
}

static const struct kind *kind_of(const struct sl_json *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (text_of(row, kinds[i].value) != NULL &&
			sl_json_get(row, kinds[i].beside) != NULL)
			return &kinds[i];
	return NULL;
}

static const char *first_of(const struct sl_json *row, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (text_of(row, *keys) != NULL)
			return text_of(row, *keys);
	return NULL;
}

struct abuse {
	struct reading *r;
	int stop;
};

static int row_read(void *arg, const struct sl_json *row)
{
	static const char *const names[] = { "malware_printable", "malware", "signature", "threat",
		"desc", NULL };
	static const char *const firsts[] = { "first_seen_utc", "first_seen", NULL };
	static const char *const lasts[] = { "last_seen_utc", "last_seen", "last_online", NULL };
	struct abuse *a = arg;
	char labels[LABELS_BYTES], with_port[SL_VALUE_MAX];
	const struct kind *k = kind_of(row);
	const char *value = k != NULL ? text_of(row, k->value) : NULL;
	if (value == NULL)
		return 0;
	struct draft d = { .line = row->line,
		.value = value,
		.type = k->type_member != NULL ? text_of(row, k->type_member) : k->type,
		.name = first_of(row, names),
		.id = text_of(row, "id"),
		.first_seen = first_of(row, firsts),
		.last_seen = first_of(row, lasts),
		.written = text_of(row, "dateadded"),
		.below = SL_BELOW_MARKED,
		.labels = labels,
		.confidence = SL_CONFIDENCE_NONE };
	labels_join(sl_json_get(row, "tags"), labels, sizeof(labels));
	const struct sl_json *c = sl_json_get(row, "confidence_level"),
			     *port = sl_json_get(row, "port");
	if (c != NULL && c->kind == SL_JSON_NUMBER && c->integer >= 0 && c->integer <= 100)
		d.confidence = (uint8_t)c->integer;
	if (strcmp(k->value, "ip_address") == 0 && port != NULL && port->text != NULL) {
		bool six = strchr(d.value, ':') != NULL;
		int n = snprintf(with_port, sizeof(with_port), six ? "[%s]:%s" : "%s:%s", d.value,
			port->text);
		if (n > 0 && (size_t)n < sizeof(with_port))
			d.value = with_port;
	}
	d.value_len = strlen(d.value);
	return a->stop = draft_add(a->r, &d);
}

struct trial {
	unsigned tried;
	bool found;
};

static int trial_row(void *arg, const struct sl_json *row)
{
	struct trial *t = arg;
	t->found = kind_of(row) != NULL;
	return t->found || ++t->tried == TRIALS_MAX;
}

static const char *path_of(const char *head, size_t len)
{
	struct sl_json_limits limits = { ROW_BYTES, 0 };
	for (size_t i = 0; paths[i] != NULL; i++) {
		struct trial t = { 0 };
		struct sl_json_in *in;
		if (sl_json_in_new(&in, paths[i], &limits, trial_row, &t) < 0)
			return NULL;
		sl_json_in_feed(in, head, len);
		sl_json_in_free(in);
		if (t.found)
			return paths[i];
	}
	return NULL;
}

bool abuse_recognise(const char *head, size_t len, bool whole)
{
	return path_of(head, len) != NULL;
}

int abuse_read(struct reading *r)
{
	struct abuse a = { .r = r };
	struct sl_json_limits limits = { ROW_BYTES, 0 };
	struct sl_json_in *in = NULL;
	size_t got = 0;
	char *buf = malloc(PEEK_BYTES);
	int rc = buf != NULL ? sl_input_peek(r->in, buf, PEEK_BYTES, &got) : -ENOMEM;
	const char *path = rc == 0 ? path_of(buf, got) : NULL;
	if (path != NULL)
		rc = sl_json_in_new(&in, path, &limits, row_read, &a);
	if (rc == 0 && in != NULL)
		rc = reading_json(r, in, buf, &a.stop);
	sl_json_in_free(in);
	free(buf);
	return rc;
}
