/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_attribute.c - one attribute of a MISP event. Control threads.
 *
 * first_seen and last_seen are when somebody saw it, not how long it is good for, so that they are
 * no bounds of its validity but its age. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "misp.h"

bool misp_yes(const struct sl_json *a, const char *key)
{
	const struct sl_json *v = sl_json_get(a, key);
	if (v == NULL)
		return false;
	return (v->kind == SL_JSON_BOOL && v->boolean) ||
	       (v->kind == SL_JSON_NUMBER && v->number != 0) ||
	       (v->kind == SL_JSON_STRING &&
		       (strcmp(v->text, "1") == 0 || strcasecmp(v->text, "true") == 0));
}

static void label_add(char *labels, const char *text)
{
	size_t used = strlen(labels), n = strlen(text);
	if (used + n + 2 > MISP_LABELS_BYTES)
		return;
	if (used > 0)
		labels[used++] = ',';
	memcpy(labels + used, text, n + 1);
}

/* The predicates of MISP's own taxonomy. */
static uint8_t confidence_of(const char *tag)
{
	static const struct {
		const char *level;
		uint8_t value;
	} rows[] = {
		{ "completely-confident", 100 },
		{ "usually-confident", 75 },
		{ "fairly-confident", 50 },
		{ "rarely-confident", 25 },
		{ "unconfident", 0 },
	};
	static const char begin[] = "misp:confidence-level=\"";
	size_t n = sizeof(begin) - 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(tag, begin, n) == 0 &&
			strncmp(tag + n, rows[i].level, strlen(rows[i].level)) == 0)
			return rows[i].value;
	return SL_CONFIDENCE_NONE;
}

void misp_tags(const struct sl_json *of, char *labels, enum sl_tlp *tlp, uint8_t *confidence)
{
	const struct sl_json *tags = sl_json_get(of, "Tag");
	for (const struct sl_json *t = tags != NULL ? tags->child : NULL; t != NULL; t = t->next) {
		const char *name = sl_json_get_text(t, "name");
		if (name == NULL)
			continue;
		if (strncasecmp(name, "tlp:", 4) == 0) {
			enum sl_tlp one = tlp_of_text(name);
			/* What isn't understood is kept close. */
			one = one == SL_TLP_NONE ? SL_TLP_AMBER_STRICT : one;
			*tlp = one > *tlp ? one : *tlp;
			continue;
		}
		uint8_t said = confidence_of(name);
		if (said != SL_CONFIDENCE_NONE)
			*confidence = said;
		label_add(labels, name);
	}
}

void misp_draft(const struct misp *m, const struct sl_json *a, char *labels, struct draft *out)
{
	*out = (struct draft){ .line = a->line,
		.id = sl_json_get_text(a, "uuid"),
		.source = m->source,
		.labels = labels,
		.first_seen = sl_json_get_text(a, "first_seen"),
		.last_seen = sl_json_get_text(a, "last_seen"),
		.below = SL_BELOW_NO,
		.confidence = SL_CONFIDENCE_NONE };
	const struct sl_json *changed = sl_json_get(a, "timestamp");
	if (changed != NULL && (changed->kind == SL_JSON_NUMBER || changed->kind == SL_JSON_STRING))
		out->written = changed->text;
	labels[0] = '\0';
	misp_tags(a, labels, &out->tlp, &out->confidence);
}

void misp_context(struct misp *m, const struct sl_json *a, const char *code, const char *reason)
{
	struct reading *r = m->r;
	struct sl_finding f = { .line = a->line,
		.id = sl_json_get_text(a, "uuid"),
		.verdict = SL_CONTEXT,
		.code = code,
		.part = sl_json_get_text(a, "value"),
		.reason = reason };
	if (f.part == NULL)
		f.part = sl_json_get_text(a, "name");
	if (r->o->tell_all)
		reading_tell(r, &f);
	else
		r->set->sources[r->source].count[SL_CONTEXT]++;
}

void misp_refuse(struct misp *m, const struct sl_json *a, const char *code, const char *reason,
	const char *part)
{
	reading_refuse(m->r, a->line, sl_json_get_text(a, "uuid"), code, reason, part);
}

/* One test, for what stands at several places. */
static int path_add(struct misp *m, const struct draft *d, const char *path)
{
	struct sl_pattern *p;
	int rc = sl_pattern_new(&p);
	if (rc < 0)
		return rc;
	struct sl_node *test = sl_pattern_equal(p, path, d->value, d->value_len);
	sl_pattern_root_set(p, test);
	struct draft meta = *d;
	meta.value = "";
	meta.value_len = 0;
	rc = test != NULL ? composite_add(m->r, &meta, p) : -ENOMEM;
	sl_pattern_free(p);
	return rc;
}

static int plain_add(struct misp *m, struct draft *d, const char *type, bool suffix)
{
	d->type = type;
	d->match = suffix ? "suffix" : NULL;
	return draft_add(m->r, d);
}

/* A name and an address on one message: the name asked for and in the answer, or of the flow. */
static int both_add(struct misp *m, const struct draft *meta, const char *name, bool exact,
	const char *address, const char *port)
{
	struct sl_pattern *p;
	char below[SL_VALUE_MAX];
	struct sl_constant number = { .kind = SL_CONSTANT_INTEGER };
	int rc = sl_pattern_new(&p);
	if (rc < 0)
		return rc;
	snprintf(below, sizeof(below), "%s%s", exact ? "" : "*.", name);
	const char *path = strchr(address, ':') ? "ipv6-addr:value" : "ipv4-addr:value";
	struct sl_node *all = sl_pattern_group(p, SL_NODE_ALL);
	enum sl_test test = strchr(address, '/') != NULL ? SL_TEST_SUBSET : SL_TEST_EQUAL;
	struct sl_constant net = {
		.kind = SL_CONSTANT_TEXT, .text = address, .len = strlen(address)
	};
	struct sl_node *a = sl_pattern_equal(p, "domain-name:value", below, strlen(below)),
		       *b = sl_pattern_test(p, path, test, &net, 1), *c = NULL;
	number.integer = port != NULL ? strtol(port, NULL, 10) : 0;
	number.number = (double)number.integer;
	if (port != NULL)
		c = sl_pattern_test(p, "network-traffic:x_port", SL_TEST_EQUAL, &number, 1);
	if (all == NULL || a == NULL || b == NULL || (port != NULL && c == NULL)) {
		sl_pattern_free(p);
		return -ENOMEM;
	}
	sl_pattern_append(all, a);
	sl_pattern_append(all, b);
	if (c != NULL)
		sl_pattern_append(all, c);
	sl_pattern_root_set(p, all);
	rc = composite_add(m->r, meta, p);
	sl_pattern_free(p);
	return rc;
}

static int one_end(struct misp *m, const struct draft *meta, const char *type, const char *value,
	const char *port, bool suffix, const char *quiet)
{
	char with[SL_VALUE_MAX];
	struct draft d = *meta;
	bool six = port != NULL && strchr(value, ':') != NULL && value[0] != '[';
	int n = snprintf(with, sizeof(with), six ? "[%s]" : "%s", value);
	if (port != NULL && n > 0 && (size_t)n < sizeof(with))
		n += snprintf(with + n, sizeof(with) - (size_t)n, ":%s", port);
	d.value = with;
	d.value_len = n > 0 && (size_t)n < sizeof(with) ? (size_t)n : SL_VALUE_MAX + 1;
	d.quiet = quiet;
	if (d.value_len > SL_VALUE_MAX) {
		reading_refuse(m->r, d.line, d.id, "VALUE_TOO_LONG",
			"The value is longer than any that can be seen.", "");
		return 0;
	}
	return plain_add(m, &d, type, suffix);
}

int misp_domain_ip(struct misp *m, const struct draft *meta, const char *name, bool exact,
	const char *address, const char *port)
{
	int rc = 0;
	if (name != NULL)
		rc = one_end(m, meta, "domain-name", name, port, !exact, NULL);
	if (rc == 0 && address != NULL)
		rc = one_end(m, meta, "ipv4-addr", address, port, false,
			"Only the address of a name that is armed beside it, which others may "
			"share.");
	if (rc == 0 && name != NULL && address != NULL)
		rc = both_add(m, meta, name, exact, address, port);
	return rc;
}

/* The two halves of "a|b", cut in a copy. */
static bool halves(const struct draft *d, char *copy, size_t cap, char **a, char **b)
{
	if (d->value_len >= cap)
		return false;
	memcpy(copy, d->value, d->value_len);
	copy[d->value_len] = '\0';
	char *bar = strrchr(copy, '|');
	if (bar == NULL)
		return false;
	*bar = '\0';
	*a = copy;
	*b = bar + 1;
	return true;
}

static int port_add(struct misp *m, struct draft *d, const char *type)
{
	char copy[SL_VALUE_MAX], *host, *port;
	const char *as = strncmp(type, "ip-", 3) == 0 ? "ipv4-addr" : "domain-name";
	if (!halves(d, copy, sizeof(copy), &host, &port)) {
		if (memchr(d->value, ':', d->value_len) != NULL) /* "host:port" is met too */
			return plain_add(m, d, as, false);
		reading_refuse(m->r, d->line, d->id, "BAD_VALUE",
			"The value has to be a host, '|' and a port.", d->value);
		return 0;
	}
	char *end;
	unsigned long number = strtoul(port, &end, 10);
	if (end == port || *end != '\0' || number == 0 || number > 65535) {
		reading_refuse(
			m->r, d->line, d->id, "BAD_VALUE", "This is no port (1 to 65535).", port);
		return 0;
	}
	if (shape_of(host, strlen(host)) == SHAPE_PREFIX) {
		struct draft net = *d;
		net.value = host;
		net.value_len = strlen(host);
		return network_port_add(m->r, &net, (unsigned)number);
	}
	return one_end(m, d, as, host, port, false, NULL);
}

/* "name|hash": the name is context. */
static int file_add(struct misp *m, struct draft *d, const char *type)
{
	char copy[SL_VALUE_MAX * 2], *name, *hash;
	const char *as = strchr(type, '|') != NULL ? strchr(type, '|') + 1 : "md5";
	if (!halves(d, copy, sizeof(copy), &name, &hash)) {
		reading_refuse(m->r, d->line, d->id, "BAD_VALUE",
			"The value has to be a file's name, '|' and its hash.", d->value);
		return 0;
	}
	d->value = hash;
	d->value_len = strlen(hash);
	return plain_add(m, d, as, false);
}

static int domain_ip_add(struct misp *m, struct draft *d)
{
	char copy[SL_VALUE_MAX], *name, *address;
	if (halves(d, copy, sizeof(copy), &name, &address))
		return misp_domain_ip(m, d, name, false, address, NULL);
	reading_refuse(m->r, d->line, d->id, "BAD_VALUE",
		"The value has to be a name, '|' and an address.", d->value);
	return 0;
}

static int by_kind(
	struct misp *m, const struct sl_json *a, const struct misp_type *t, struct draft *d)
{
	const char *type = sl_json_get_text(a, "type");
	switch (t->kind) {
	case MISP_PLAIN:
	case MISP_SUFFIX:
		return plain_add(m, d, t->as, t->kind == MISP_SUFFIX);
	case MISP_URI:
		if (d->value_len > 1 && d->value[0] == '/' && d->value[1] != '/')
			return plain_add(m, d, "http-uri", false);
		return plain_add(m, d, "url", false);
	case MISP_PATH:
		return path_add(m, d, t->path);
	case MISP_PORT:
		return port_add(m, d, type);
	case MISP_FILE:
		return file_add(m, d, type);
	case MISP_DOMAIN_IP:
		return domain_ip_add(m, d);
	case MISP_PATTERN: {
		struct draft meta = *d;
		meta.value = "";
		meta.value_len = 0;
		return pattern_add(m->r, &meta, d->value, d->value_len);
	}
	case MISP_RULE:
		return reading_rule(m->r, d->line, d->id, d->value);
	case MISP_LANGUAGE:
		misp_refuse(m, a, "PATTERN_TYPE", "Patterns of this kind are not read.", type);
		return 0;
	case MISP_WEAK:
		misp_refuse(m, a, "TRUE_OF_MOST",
			"Alone it is true of ordinary traffic; put what you know beside it.",
			d->value);
		return 0;
	case MISP_UNSEEN:
		misp_refuse(m, a, "NOT_EVALUABLE", "What this type names is not seen in packets.",
			type);
		return 0;
	case MISP_CONTEXT:
		misp_context(m, a, "CONTEXT", "This type explains, and is nothing to look for.");
		return 0;
	}
	return 0;
}

/* One that counts, and was not taken back. */
static int attribute_use(struct misp *m, const struct sl_json *a)
{
	char labels[MISP_LABELS_BYTES];
	struct draft d;
	const char *type = sl_json_get_text(a, "type");
	const struct sl_json *value = sl_json_get(a, "value");
	if (!misp_yes(a, "to_ids")) {
		misp_context(m, a, "NOT_FOR_DETECTION", "The feed says so (to_ids is not set).");
		return 0;
	}
	if (type == NULL || value == NULL || value->text == NULL) {
		misp_refuse(m, a, "INCOMPLETE", "An attribute needs a type and a value.", "");
		return 0;
	}
	const struct misp_type *t = misp_type_find(type);
	if (t == NULL) {
		misp_refuse(m, a, "UNKNOWN_TYPE", "MISP has no type of this name.", type);
		return 0;
	}
	misp_draft(m, a, labels, &d);
	d.value = value->text;
	d.value_len = value->len;
	return by_kind(m, a, t, &d);
}

uint64_t misp_changed_ns(const struct sl_json *of)
{
	const struct sl_json *t = sl_json_get(of, "timestamp");
	bool said = t != NULL && (t->kind == SL_JSON_NUMBER || t->kind == SL_JSON_STRING);
	uint64_t seconds = said ? strtoull(t->text, NULL, 10) : 0;
	return seconds < UINT64_C(1) << 33 ? seconds * UINT64_C(1000000000) : 0;
}

/* Who may take back what this file says. */
static const char *owner(const struct misp *m)
{
	return m->source != NULL ? m->source : m->r->path;
}

int misp_gone(struct misp *m, const struct sl_json *of, uint64_t gone_ns)
{
	const char *uuid = sl_json_get_text(of, "uuid");
	uint64_t changed = misp_changed_ns(of), at = changed > gone_ns ? changed : gone_ns;
	return uuid != NULL ? version_revoke(m->r, owner(m), uuid, at) : 0;
}

bool misp_counts(struct misp *m, const struct sl_json *of, struct version *v)
{
	const char *uuid = sl_json_get_text(of, "uuid");
	v->line = of->line;
	version_name(m->r, v, owner(m), uuid != NULL ? uuid : "");
	switch (version_begin(m->r, v)) {
	case VERSION_OLDER:
		misp_context(m, of, "OLDER_VERSION", "A newer version of it was read.");
		return false;
	case VERSION_SAME:
		misp_context(m, of, "DUPLICATE", "The same version of it was read before.");
		return false;
	case VERSION_COUNTS:
		break;
	}
	return true;
}

int misp_attribute(struct misp *m, const struct sl_json *a)
{
	struct version v = { .revoked = misp_yes(a, "deleted"), .modified_ns = misp_changed_ns(a) };
	if (!misp_counts(m, a, &v))
		return 0;
	int rc = 0;
	if (v.revoked)
		misp_context(m, a, "DELETED", "Its author took it back.");
	else
		rc = attribute_use(m, a);
	int kept = version_end(m->r, &v);
	return rc < 0 ? rc : kept;
}
