/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_object.c - one object of a MISP event: what its template says that its attributes mean
 * together. Control threads.
 *
 * What is on the wire at once (a connection, a request, a mail) is an AND; attributes of one
 * relation are an OR inside of it. Ports, protocols and methods narrow it whether or not they are
 * for detection by themselves: an object is never flattened to its parts. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "misp.h"

#define MEMBERS_MAX 1000 /* far below what a tree may hold, so that no part of it is lost */

enum object_kind {
	OBJECT_EACH, /* attributes stand for themselves */
	OBJECT_AND,
	OBJECT_FILE, /* any one hash; without one, the rest together */
	OBJECT_CERT, /* the same of fingerprints */
	OBJECT_URL, /* the URL; its parts repeat it */
	OBJECT_DOMAIN_IP,
	OBJECT_PARTIAL, /* a part of a file: its hashes are of no whole file */
	OBJECT_HOST, /* of a host, or inside of a file */
};

static const struct {
	const char *name;
	enum object_kind kind;
} objects[] = {
	{ "network-connection", OBJECT_AND },
	{ "network-socket", OBJECT_AND },
	{ "network-traffic", OBJECT_AND },
	{ "netflow", OBJECT_AND },
	{ "ip-port", OBJECT_AND },
	{ "http-request", OBJECT_AND },
	{ "email", OBJECT_AND },
	{ "ja3", OBJECT_AND },
	{ "ja3s", OBJECT_AND },
	{ "ja4-plus", OBJECT_AND },
	{ "file", OBJECT_FILE },
	{ "malware", OBJECT_FILE },
	{ "x509", OBJECT_CERT },
	{ "url", OBJECT_URL },
	{ "domain-ip", OBJECT_DOMAIN_IP },
	{ "pe-section", OBJECT_PARTIAL },
	{ "elf-section", OBJECT_PARTIAL },
	{ "macho-section", OBJECT_PARTIAL },
	{ "pe", OBJECT_HOST },
	{ "elf", OBJECT_HOST },
	{ "macho", OBJECT_HOST },
	{ "process", OBJECT_HOST },
	{ "registry-key", OBJECT_HOST },
	{ "registry-key-value", OBJECT_HOST },
};

static enum object_kind kind_of(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strcmp(objects[i].name, name) == 0)
			return objects[i].kind;
	return OBJECT_EACH;
}

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

static const char *relation_name(const struct sl_json *a)
{
	const char *name = sl_json_get_text(a, "object_relation");
	return name != NULL ? name : "";
}

static const char *value_of(const struct sl_json *a)
{
	const struct sl_json *v = sl_json_get(a, "value");
	return v != NULL && v->text != NULL && v->len > 0 ? v->text : NULL;
}

static const struct sl_json *members(const struct sl_json *o)
{
	const struct sl_json *list = sl_json_get(o, "Attribute");
	return list != NULL && list->kind == SL_JSON_ARRAY ? list->child : NULL;
}

/* Present and not taken back. */
static bool stands(const struct sl_json *a)
{
	return value_of(a) != NULL && !misp_yes(a, "deleted");
}

static bool armed(const struct sl_json *a)
{
	return stands(a) && misp_yes(a, "to_ids");
}

static const struct relation *relation_find(const char *object, const struct sl_json *a)
{
	const char *name = relation_name(a);
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if ((relations[i].object == NULL || strcmp(relations[i].object, object) == 0) &&
			strcmp(relations[i].name, name) == 0)
			return &relations[i];
	return NULL;
}

/* ---- Leaves ---- */

static struct sl_node *port_leaf(struct sl_pattern *p, const char *path, const char *text)
{
	char *end;
	struct sl_constant c = { .kind = SL_CONSTANT_INTEGER };
	c.integer = strtol(text, &end, 10);
	c.number = (double)c.integer;
	return *end == '\0' && c.integer > 0 && c.integer < 65536
		       ? sl_pattern_test(p, path, SL_TEST_EQUAL, &c, 1)
		       : NULL;
}

/* "TCP", "HTTP"; "IP" says nothing, and what is said of HTTPS is seen as TLS. */
static struct sl_node *protocol_leaf(struct sl_pattern *p, const char *path, const char *text)
{
	char low[32];
	size_t n = 0;
	for (; text[n] != '\0' && n + 1 < sizeof(low); n++)
		low[n] = (char)tolower((unsigned char)text[n]);
	low[n] = '\0';
	if (strcmp(low, "ip") == 0 || text[n] != '\0')
		return NULL;
	const char *known = strcmp(low, "https") == 0 || strcmp(low, "ssl") == 0 ? "tls" : low;
	return sl_pattern_equal(p, path, known, strlen(known));
}

static struct sl_node *leaf(
	struct sl_pattern *p, const struct relation *rel, const struct sl_json *a)
{
	char below[SL_VALUE_MAX];
	const char *text = value_of(a);
	size_t len = strlen(text);
	switch (rel->as) {
	case AS_PORT:
		return port_leaf(p, rel->path, text);
	case AS_PROTOCOL:
		return protocol_leaf(p, rel->path, text);
	case AS_ADDRESS:
		return sl_pattern_equal(p,
			strchr(text, ':') != NULL ? "ipv6-addr:value" : "ipv4-addr:value", text,
			len);
	case AS_SUFFIX:
		if (len + 3 > sizeof(below))
			return NULL;
		memcpy(below, "*.", 2);
		memcpy(below + 2, text, len + 1);
		return sl_pattern_equal(p, rel->path, below, len + 2);
	case AS_TEXT:
		break;
	}
	return sl_pattern_equal(p, rel->path, text, len);
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
		if (relation_find(b->object, x) != rel || !stands(x) ||
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
	for (const struct sl_json *a = members(o); a != NULL; a = a->next) {
		const struct relation *rel = relation_find(b->object, a);
		if (rel == NULL || !(armed(a) || (rel->narrows && stands(a))))
			misp_context(b->m, a, "CONTEXT",
				"It explains the object, or no packet shows it.");
		else if (first_of_relation(b, rel))
			relation_add(b, rel, a, rel->narrows);
	}
}

static int object_and(struct misp *m, const struct sl_json *o, const char *name)
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

/* ---- The others ---- */

/* Attributes that `is` is true of stand for themselves, the others explain them; where there is
 * none for detection, what is left together. */
static int evidence_or_and(struct misp *m, const struct sl_json *o, const char *as,
	bool (*is)(const char *type), const char *reason)
{
	bool any = false;
	int rc = 0;
	for (const struct sl_json *a = members(o); a != NULL; a = a->next) {
		const char *type = sl_json_get_text(a, "type");
		any |= armed(a) && type != NULL && is(type);
	}
	if (!any)
		return object_and(m, o, as);
	for (const struct sl_json *a = members(o); rc == 0 && a != NULL; a = a->next) {
		const char *type = sl_json_get_text(a, "type");
		if (type != NULL && is(type))
			rc = misp_attribute(m, a);
		else
			misp_context(m, a, "CONTEXT", reason);
	}
	return rc;
}

static bool is_fingerprint(const char *type)
{
	return strncmp(type, "x509-fingerprint-", 17) == 0;
}

static bool is_url(const char *type)
{
	return strcmp(type, "url") == 0;
}

static const char *only(const struct sl_json *o, const char *relation, bool any)
{
	for (const struct sl_json *a = members(o); a != NULL; a = a->next)
		if (strcmp(relation_name(a), relation) == 0 && (any ? stands(a) : armed(a)))
			return value_of(a);
	return NULL;
}

/* The names of one object lead to its addresses. The first of each make the tree of both. */
static int object_domain_ip(struct misp *m, const struct sl_json *o)
{
	char labels[MISP_LABELS_BYTES];
	struct draft meta;
	const char *domain = only(o, "domain", false), *host = only(o, "hostname", false),
		   *ip = only(o, "ip", false), *port = only(o, "port", true);
	const char *name = domain != NULL ? domain : host;
	misp_draft(m, o, labels, &meta);
	int rc = 0;
	bool named = only(o, "domain", true) != NULL || only(o, "hostname", true) != NULL;
	bool paired = ip != NULL && named; /* else each for itself */
	if (paired)
		rc = misp_domain_ip(m, &meta, name, domain == NULL, ip, port);
	for (const struct sl_json *a = members(o); rc == 0 && a != NULL; a = a->next) {
		const char *value = value_of(a), *relation = relation_name(a);
		if (armed(a) && paired && (value == name || value == ip))
			continue;
		if (armed(a) && paired && strcmp(relation, "ip") == 0)
			rc = misp_domain_ip(m, &meta, NULL, false, value, port);
		else
			rc = misp_attribute(m, a);
	}
	return rc;
}

static int each(struct misp *m, const struct sl_json *o)
{
	int rc = 0;
	for (const struct sl_json *a = members(o); rc == 0 && a != NULL; a = a->next)
		rc = misp_attribute(m, a);
	return rc;
}

static int unseen(struct misp *m, const struct sl_json *o, const char *code, const char *reason)
{
	for (const struct sl_json *a = members(o); a != NULL; a = a->next) {
		if (armed(a))
			misp_refuse(m, a, code, reason, value_of(a));
		else
			misp_context(
				m, a, "NOT_FOR_DETECTION", "The feed says so (to_ids is not set).");
	}
	return 0;
}

int misp_object(struct misp *m, const struct sl_json *o)
{
	const char *name = sl_json_get_text(o, "name");
	if (misp_yes(o, "deleted")) {
		misp_context(m, o, "DELETED", "Its author took it back.");
		return 0;
	}
	switch (kind_of(name)) {
	case OBJECT_AND:
		return object_and(m, o, name);
	case OBJECT_FILE:
		return evidence_or_and(
			m, o, "file", misp_is_hash, "Beside a hash, it explains the file.");
	case OBJECT_CERT:
		return evidence_or_and(m, o, "x509", is_fingerprint,
			"Beside a fingerprint, it explains the certificate.");
	case OBJECT_URL:
		return evidence_or_and(m, o, "url", is_url, "It is a part of the URL beside it.");
	case OBJECT_DOMAIN_IP:
		return object_domain_ip(m, o);
	case OBJECT_PARTIAL:
		return unseen(m, o, "PARTIAL_FILE",
			"It is of a part of a file; only whole files are looked for.");
	case OBJECT_HOST:
		return unseen(m, o, "NOT_EVALUABLE",
			"It is of a host or inside of a file: no packet shows it.");
	case OBJECT_EACH:
		return each(m, o);
	}
	return 0;
}
