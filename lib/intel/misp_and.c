/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_and.c - an object of a MISP event that says its attributes together: a connection, a
 * request, a mail. Control threads.
 *
 * It is an AND; attributes of one relation are an OR inside of it. Ports, protocols and methods
 * narrow it whether or not they are for detection by themselves: an object is never flattened to
 * its parts. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "misp.h"

#define MEMBERS_MAX 1000 /* far below what a tree may hold, so that no part of it is lost */

#define REQUEST "network-traffic:extensions.'http-request-ext'."

/* What a relation says in an object that is an AND. */
static const struct relation {
	const char *object; /* NULL: in each */
	const char *name, *path;
	enum { AS_TEXT, AS_ADDRESS, AS_SUFFIX, AS_PORT, AS_PROTOCOL } as;
	bool narrows; /* also where it is not for detection by itself */
} relations[] = {
	{ NULL, "ip-src", "network-traffic:src_ref.value", AS_TEXT, false },
	{ NULL, "ip-dst", "network-traffic:dst_ref.value", AS_TEXT, false },
	{ NULL, "hostname-dst", "network-traffic:dst_ref.value", AS_TEXT, false },
	{ NULL, "src-port", "network-traffic:src_port", AS_PORT, true },
	{ NULL, "dst-port", "network-traffic:dst_port", AS_PORT, true },
	{ NULL, "port", "network-traffic:x_port", AS_PORT, true },
	{ NULL, "layer3-protocol", "network-traffic:protocols", AS_PROTOCOL, true },
	{ NULL, "layer4-protocol", "network-traffic:protocols", AS_PROTOCOL, true },
	{ NULL, "layer7-protocol", "network-traffic:protocols", AS_PROTOCOL, true },
	{ NULL, "protocol", "network-traffic:protocols", AS_PROTOCOL, true },
	{ NULL, "ip", NULL, AS_ADDRESS, false },
	{ NULL, "domain", "domain-name:value", AS_SUFFIX, false },
	{ NULL, "hostname", "domain-name:value", AS_TEXT, false },
	{ "http-request", "method", REQUEST "request_method", AS_TEXT, true },
	{ "http-request", "host", REQUEST "request_header.Host", AS_TEXT, false },
	{ "http-request", "uri", REQUEST "request_value", AS_TEXT, false },
	{ "http-request", "url", "url:value", AS_TEXT, false },
	{ "http-request", "user-agent", REQUEST "request_header.'User-Agent'", AS_TEXT, false },
	{ "http-request", "referer", REQUEST "request_header.Referer", AS_TEXT, false },
	{ "http-request", "cookie", REQUEST "request_header.Cookie", AS_TEXT, false },
	{ "email", "from", "email-message:from_ref.value", AS_TEXT, false },
	{ "email", "to", "email-message:to_refs.value", AS_TEXT, false },
	{ "email", "cc", "email-message:cc_refs.value", AS_TEXT, false },
	{ "email", "bcc", "email-message:bcc_refs.value", AS_TEXT, false },
	{ "email", "subject", "email-message:subject", AS_TEXT, false },
	{ "email", "message-id", "email-message:message_id", AS_TEXT, false },
	{ "email", "attachment", "email-message:body_multipart[*].body_raw_ref.name", AS_TEXT,
		false },
	{ "ja3", "ja3-fingerprint-md5", "network-traffic:extensions.'tls-ext'.ja3", AS_TEXT,
		false },
	{ "ja3s", "ja3-fingerprint-md5", "network-traffic:extensions.'tls-ext'.ja3s", AS_TEXT,
		false },
	{ "ja3s", "ja3s-fingerprint-md5", "network-traffic:extensions.'tls-ext'.ja3s", AS_TEXT,
		false },
	{ "ja4-plus", "ja4-fingerprint", "network-traffic:extensions.'tls-ext'.ja4", AS_TEXT,
		false },
	{ "file", "filename", "file:name", AS_TEXT, false },
	{ "file", "mimetype", "file:mime_type", AS_TEXT, true },
	{ "file", "size-in-bytes", "file:size", AS_TEXT, true },
	{ "x509", "serial-number", "x509-certificate:serial_number", AS_TEXT, false },
	{ "x509", "issuer", "x509-certificate:issuer", AS_TEXT, false },
	{ "x509", "subject", "x509-certificate:subject", AS_TEXT, false },
	{ "x509", "dns_names", "x509-certificate:x509_v3_extensions.subject_alternative_name",
		AS_TEXT, false },
};

_Static_assert(sizeof(relations) / sizeof(relations[0]) <= 64, "met has a bit for each");

const char *misp_relation(const struct sl_json *a)
{
	const char *name = sl_json_get_text(a, "object_relation");
	return name != NULL ? name : "";
}

const char *misp_value(const struct sl_json *a)
{
	const struct sl_json *v = sl_json_get(a, "value");
	return v != NULL && v->text != NULL && v->len > 0 ? v->text : NULL;
}

const struct sl_json *misp_members(const struct sl_json *o)
{
	const struct sl_json *list = sl_json_get(o, "Attribute");
	return list != NULL && list->kind == SL_JSON_ARRAY ? list->child : NULL;
}

/* Present and not taken back. */
bool misp_stands(const struct sl_json *a)
{
	return misp_value(a) != NULL && !misp_yes(a, "deleted");
}

bool misp_armed(const struct sl_json *a)
{
	return misp_stands(a) && misp_yes(a, "to_ids");
}

static const struct relation *relation_find(const char *object, const struct sl_json *a)
{
	const char *name = misp_relation(a);
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if ((relations[i].object == NULL || strcmp(relations[i].object, object) == 0) &&
			strcmp(relations[i].name, name) == 0)
			return &relations[i];
	return NULL;
}

/* ---- Leaves ---- */

/* What is no port is kept as it is, so that nothing is armed without it. */
static struct sl_node *port_leaf(struct sl_pattern *p, const char *path, const char *text)
{
	char *end;
	struct sl_constant c = { .kind = SL_CONSTANT_INTEGER };
	c.integer = strtol(text, &end, 10);
	c.number = (double)c.integer;
	if (says_no_port(text))
		return NULL;
	return *end == '\0' && c.integer > 0 && c.integer < 65536
		       ? sl_pattern_test(p, path, SL_TEST_EQUAL, &c, 1)
		       : sl_pattern_equal(p, path, text, strlen(text));
}

/* "TCP", "HTTP"; "IP" says nothing, and what is said of HTTPS is seen as TLS. */
static struct sl_node *protocol_leaf(struct sl_pattern *p, const char *path, const char *text)
{
	char low[32];
	size_t n = 0, len = strlen(text);
	if (len >= sizeof(low))
		return sl_pattern_equal(p, path, text, len);
	for (; n <= len; n++)
		low[n] = (char)tolower((unsigned char)text[n]);
	if (strcmp(low, "ip") == 0)
		return NULL;
	const char *known = strcmp(low, "https") == 0 || strcmp(low, "ssl") == 0 ? "tls" : low;
	return sl_pattern_equal(p, path, known, strlen(known));
}

/* NULL: it narrows nothing. */
static struct sl_node *leaf(
	struct sl_pattern *p, const struct relation *rel, const struct sl_json *a)
{
	char below[SL_VALUE_MAX];
	const char *text = misp_value(a);
	size_t len = strlen(text);
	bool room = len + 3 <= sizeof(below);
	if (rel->as == AS_PORT)
		return port_leaf(p, rel->path, text);
	if (rel->as == AS_PROTOCOL)
		return protocol_leaf(p, rel->path, text);
	if (rel->as == AS_ADDRESS)
		return sl_pattern_equal(p,
			strchr(text, ':') != NULL ? "ipv6-addr:value" : "ipv4-addr:value", text,
			len);
	if (rel->as == AS_TEXT || !room)
		return sl_pattern_equal(p, rel->path, text, len);
	snprintf(below, sizeof(below), "*.%s", text);
	return sl_pattern_equal(p, rel->path, below, len + 2);
}

/* ---- An object that is an AND ---- */

struct and_build {
	struct misp *m;
	const char *object;
	struct sl_pattern *p;
	struct sl_node *all;
	size_t evidence;
	uint64_t met; /* relations, by their row */
};

/* All attributes of the relation of `a`, which is the first of them. */
static void relation_add(
	struct and_build *b, const struct relation *rel, const struct sl_json *a, bool every)
{
	struct sl_node *any = sl_pattern_group(b->p, SL_NODE_ANY);
	for (const struct sl_json *x = a; any != NULL && x != NULL; x = x->next) {
		if (relation_find(b->object, x) != rel || !misp_stands(x) ||
			(!every && !misp_yes(x, "to_ids")))
			continue;
		struct sl_node *one = leaf(b->p, rel, x);
		if (one == NULL) {
			misp_context(b->m, x, "CONTEXT", "It narrows nothing that is seen.");
			continue;
		}
		one->line = x->line;
		sl_pattern_append(any, one);
	}
	if (any != NULL && any->child != NULL)
		sl_pattern_append(b->all, any->child->next != NULL ? any : any->child);
	b->evidence += any != NULL && any->child != NULL && !rel->narrows;
}

/* Whether the relation is met for the first time in this object. */
static bool first_of_relation(struct and_build *b, const struct relation *rel)
{
	uint64_t bit = UINT64_C(1) << (rel - relations);
	bool first = (b->met & bit) == 0;
	b->met |= bit;
	return first;
}

static void and_members(struct and_build *b, const struct sl_json *o)
{
	for (const struct sl_json *a = misp_members(o); a != NULL; a = a->next) {
		const struct relation *rel = relation_find(b->object, a);
		if (rel == NULL || !(misp_armed(a) || (rel->narrows && misp_stands(a))))
			misp_context(b->m, a, "CONTEXT",
				"It explains the object, or no packet shows it.");
		else if (first_of_relation(b, rel))
			relation_add(b, rel, a, rel->narrows);
	}
}

int misp_object_and(struct misp *m, const struct sl_json *o, const char *name)
{
	char labels[MISP_LABELS_BYTES];
	struct draft meta;
	struct and_build b = { .m = m, .object = name };
	const struct sl_json *list = sl_json_get(o, "Attribute");
	if (list != NULL && list->count > MEMBERS_MAX) {
		misp_refuse(m, o, "TOO_COMPLEX",
			"An object with more than 1,000 attributes is not evaluated; split it.",
			"");
		return 0;
	}
	int rc = sl_pattern_new(&b.p);
	if (rc < 0)
		return rc;
	misp_draft(m, o, labels, &meta);
	meta.value = "";
	b.all = sl_pattern_group(b.p, SL_NODE_ALL);
	sl_pattern_root_set(b.p, b.all);
	if (b.all != NULL)
		and_members(&b, o);
	if (b.all == NULL)
		rc = -ENOMEM;
	else if (b.evidence > 0)
		rc = composite_add(m->r, &meta, b.p);
	else
		misp_context(m, o, "NOT_FOR_DETECTION",
			"None of its attributes that are seen has to_ids set.");
	sl_pattern_free(b.p);
	return rc;
}
