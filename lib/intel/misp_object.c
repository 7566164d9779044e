/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_object.c - one object of a MISP event: what its template says that its attributes mean
 * together. Control threads. */
#include <errno.h>
#include <string.h>

#include "misp.h"

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

static bool is_fingerprint(const char *type)
{
	return strncmp(type, "x509-fingerprint-", 17) == 0;
}

static bool is_url(const char *type)
{
	return strcmp(type, "url") == 0;
}

/* Attributes that `is` is true of stand for themselves, the others explain them; where there is
 * none for detection, what is left together, as the object `as`. */
static const struct evidence {
	const char *as;
	bool (*is)(const char *type);
	const char *reason;
} evidence[] = {
	[OBJECT_FILE] = { "file", misp_is_hash, "Beside a hash, it explains the file." },
	[OBJECT_CERT] = { "x509", is_fingerprint,
		"Beside a fingerprint, it explains the certificate." },
	[OBJECT_URL] = { "url", is_url, "It is a part of the URL beside it." },
};

static bool has_evidence(const struct sl_json *o, const struct evidence *e)
{
	for (const struct sl_json *a = misp_members(o); a != NULL; a = a->next) {
		const char *type = sl_json_get_text(a, "type");
		if (misp_armed(a) && type != NULL && e->is(type))
			return true;
	}
	return false;
}

static int evidence_each(struct misp *m, const struct sl_json *o, const struct evidence *e)
{
	int rc = 0;
	for (const struct sl_json *a = misp_members(o); rc == 0 && a != NULL; a = a->next) {
		const char *type = sl_json_get_text(a, "type");
		if (type != NULL && e->is(type))
			rc = misp_attribute(m, a);
		else
			misp_context(m, a, "CONTEXT", e->reason);
	}
	return rc;
}

static const char *only(const struct sl_json *o, const char *relation, bool any)
{
	for (const struct sl_json *a = misp_members(o); a != NULL; a = a->next)
		if (strcmp(misp_relation(a), relation) == 0 &&
			(any ? misp_stands(a) : misp_armed(a)))
			return misp_value(a);
	return NULL;
}

/* The names of one object lead to its addresses. The first of each make the tree of both; without
 * one of them, each attribute stands for itself. */
struct pair {
	const char *name, *ip;
	bool paired, exact;
};

static struct pair pair_of(const struct sl_json *o)
{
	const char *domain = only(o, "domain", false), *host = only(o, "hostname", false),
		   *ip = only(o, "ip", false);
	bool named = only(o, "domain", true) != NULL || only(o, "hostname", true) != NULL;
	return (struct pair){ domain != NULL ? domain : host, ip, ip != NULL && named,
		domain == NULL };
}

static bool other_address(const struct pair *p, const struct sl_json *a)
{
	return p->paired && misp_armed(a) && misp_value(a) != p->ip &&
	       strcmp(misp_relation(a), "ip") == 0;
}

static int pair_own(struct misp *m, const struct sl_json *o)
{
	char labels[MISP_LABELS_BYTES];
	struct draft meta;
	struct pair p = pair_of(o);
	const char *port = only(o, "port", true);
	misp_draft(m, o, labels, &meta);
	int rc = p.paired ? misp_domain_ip(m, &meta, p.name, p.exact, p.ip, port) : 0;
	for (const struct sl_json *a = misp_members(o); rc == 0 && a != NULL; a = a->next)
		if (other_address(&p, a))
			rc = misp_domain_ip(m, &meta, NULL, false, misp_value(a), port);
	return rc;
}

static int pair_each(struct misp *m, const struct sl_json *o)
{
	struct pair p = pair_of(o);
	int rc = 0;
	for (const struct sl_json *a = misp_members(o); rc == 0 && a != NULL; a = a->next) {
		const char *value = misp_value(a);
		bool own = p.paired && misp_armed(a) && (value == p.name || value == p.ip);
		if (!own && !other_address(&p, a))
			rc = misp_attribute(m, a);
	}
	return rc;
}

static int unseen(struct misp *m, const struct sl_json *o, const char *code, const char *reason)
{
	for (const struct sl_json *a = misp_members(o); a != NULL; a = a->next) {
		if (misp_armed(a))
			misp_refuse(m, a, code, reason, misp_value(a));
		else
			misp_context(
				m, a, "NOT_FOR_DETECTION", "The feed says so (to_ids is not set).");
	}
	return 0;
}

/* ---- Whole ---- */

/* What is told under the object's own id. */
static int own_use(struct misp *m, const struct sl_json *o, enum object_kind kind)
{
	switch (kind) {
	case OBJECT_AND:
		return misp_object_and(m, o, sl_json_get_text(o, "name"));
	case OBJECT_FILE:
	case OBJECT_CERT:
	case OBJECT_URL:
		return has_evidence(o, &evidence[kind]) ? 0
							: misp_object_and(m, o, evidence[kind].as);
	case OBJECT_DOMAIN_IP:
		return pair_own(m, o);
	case OBJECT_PARTIAL:
		return unseen(m, o, "PARTIAL_FILE",
			"It is of a part of a file; only whole files are looked for.");
	case OBJECT_HOST:
		return unseen(m, o, "NOT_EVALUABLE",
			"It is of a host or inside of a file: no packet shows it.");
	case OBJECT_EACH:
		break;
	}
	return 0;
}

/* Attributes that stand for themselves, which have versions of their own. */
static int members_use(struct misp *m, const struct sl_json *o, enum object_kind kind)
{
	int rc = 0;
	switch (kind) {
	case OBJECT_FILE:
	case OBJECT_CERT:
	case OBJECT_URL:
		return has_evidence(o, &evidence[kind]) ? evidence_each(m, o, &evidence[kind]) : 0;
	case OBJECT_DOMAIN_IP:
		return pair_each(m, o);
	case OBJECT_EACH:
		for (const struct sl_json *a = misp_members(o); rc == 0 && a != NULL; a = a->next)
			rc = misp_attribute(m, a);
		return rc;
	case OBJECT_AND:
	case OBJECT_PARTIAL:
	case OBJECT_HOST:
		break;
	}
	return 0;
}

static int members_gone(struct misp *m, const struct sl_json *o, uint64_t gone_ns)
{
	int rc = 0;
	for (const struct sl_json *a = misp_members(o); rc == 0 && a != NULL; a = a->next)
		rc = misp_gone(m, a, gone_ns);
	return rc;
}

/* An attribute may be changed without its object. */
static uint64_t object_changed_ns(const struct sl_json *o)
{
	uint64_t last = misp_changed_ns(o);
	for (const struct sl_json *a = misp_members(o); a != NULL; a = a->next) {
		uint64_t each = misp_changed_ns(a);
		last = each > last ? each : last;
	}
	return last;
}

int misp_object(struct misp *m, const struct sl_json *o)
{
	enum object_kind kind = kind_of(sl_json_get_text(o, "name"));
	struct version v = { .revoked = misp_yes(o, "deleted"),
		.modified_ns = object_changed_ns(o) };
	if (!misp_counts(m, o, &v))
		return 0;
	int rc = 0;
	if (v.revoked)
		misp_context(m, o, "DELETED", "Its author took it back.");
	else
		rc = own_use(m, o, kind);
	int kept = version_end(m->r, &v);
	if (rc < 0 || kept < 0)
		return rc < 0 ? rc : kept;
	return v.revoked ? members_gone(m, o, v.modified_ns) : members_use(m, o, kind);
}
