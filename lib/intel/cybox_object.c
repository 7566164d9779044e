/* SPDX-License-Identifier: BSD-3-Clause */
/* cybox_object.c - CybOX observables, compositions and objects become clues. Control threads. The
 * properties of one object hold together; of a file any one hash suffices, and what stands beside
 * it explains. Recursion is as deep as the XML, which is bounded. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cybox.h"

#define PATH_BYTES 512

/* One object on its way in. */
struct object {
	struct clues *k;
	char type[64]; /* "EmailMessage" */
	struct clue *all; /* its properties */
	struct clue *hashes; /* a file's that a network shows: any of them */
	struct clue *unknown; /* its others */
	char path[PATH_BYTES];
};

static void property(struct object *o, const struct xml_node *n);

bool operator_kind(const char *name, enum clue_kind *out)
{
	if (name != NULL && strcasecmp(name, "OR") == 0)
		*out = CLUE_ANY;
	else if (name != NULL && strcasecmp(name, "AND") == 0)
		*out = CLUE_ALL;
	else
		return false;
	return true;
}

struct clue *operator_unknown(struct clues *k, const char *name, uint64_t line)
{
	const char *say = name != NULL ? name : "no operator";
	return clue_test(k, CLUE_UNKNOWN_CONDITION, SL_TEST_EQUAL, say, strlen(say), line);
}

/* ---- Hashes ---- */

static const struct {
	const char *name;
	size_t digits;
	const char *path, *artifact;
} hashes[] = {
	{ "MD5", 32, "file:hashes.MD5", "artifact:hashes.MD5" },
	{ "SHA1", 40, "file:hashes.'SHA-1'", "artifact:hashes.'SHA-1'" },
	{ "SHA256", 64, "file:hashes.'SHA-256'", "artifact:hashes.'SHA-256'" },
};

/* "SHA-256", "sha256" and "SHA 256" are one. */
static bool same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == '-' || *a == '_' || *a == ' ')
			a++;
		if (toupper((unsigned char)*a) != *b)
			return false;
		if (*b == '\0')
			return true;
	}
}

/* NULL: none that is known on a network. */
static const char *hash_path(const struct object *o, const char *type, size_t digits)
{
	bool told = type != NULL && !same_name(type, "OTHER");
	bool artifact = strcmp(o->type, "Artifact") == 0;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (told ? same_name(type, hashes[i].name) : hashes[i].digits == digits)
			return artifact ? hashes[i].artifact : hashes[i].path;
	return NULL;
}

/* "file:hashes.'SSDEEP'". */
static const char *unknown_path(struct object *o, const char *type)
{
	char name[24], text[64];
	size_t used = 0;
	for (const char *t = type != NULL ? type : "unknown"; *t != '\0' && used < 20; t++)
		if (isalnum((unsigned char)*t))
			name[used++] = (char)toupper((unsigned char)*t);
	int len = snprintf(text, sizeof(text), "file:hashes.'%.*s'", (int)used, name);
	return clues_text(o->k, text, (size_t)len);
}

static void hash(struct object *o, const struct xml_node *n)
{
	const struct xml_node *value = xml_find(n, "Simple_Hash_Value");
	const char *type = xml_text(n, "Type");
	if (value == NULL || value->len == 0)
		value = xml_find(n, "Fuzzy_Hash_Value");
	if (value == NULL || value->len == 0)
		return;
	const char *path = hash_path(o, type, strcspn(value->text, "# \t,"));
	if (path == NULL || strcmp(value->name, "Fuzzy_Hash_Value") == 0) {
		path = unknown_path(o, type);
		if (path != NULL)
			clue_append(o->unknown, property_clue(o->k, value, HOW_TEXT, path));
		return;
	}
	struct clue *c = property_clue(o->k, value, HOW_TEXT, path);
	clue_append(c != NULL && c->kind == CLUE_NOT ? o->all : o->hashes, c);
}

/* ---- Properties ---- */

/* What nobody sees: named by its object and property, "mutex:name". */
static struct clue *unseen(struct object *o, const struct xml_node *n)
{
	char path[160];
	size_t used = 0;
	for (const char *t = o->type[0] ? o->type : "object"; *t != '\0' && used < 64; t++) {
		if (isupper((unsigned char)*t) && used > 0 && !isupper((unsigned char)t[-1]))
			path[used++] = '-';
		if (isalnum((unsigned char)*t))
			path[used++] = (char)tolower((unsigned char)*t);
	}
	if (used == 0 || isdigit((unsigned char)path[0]))
		path[used = 0] = 'x';
	used += used == 0;
	path[used++] = ':';
	for (const char *t = n->name; *t != '\0' && used < 140; t++)
		if (isalnum((unsigned char)*t) || *t == '_')
			path[used++] = (char)tolower((unsigned char)*t);
	path[used] = '\0';
	const char *kept = clues_text(o->k, path, used);
	return kept != NULL ? property_clue(o->k, n, HOW_UNSEEN, kept) : NULL;
}

static void leaf(struct object *o, const struct xml_node *n)
{
	const struct property_row *row = property_find(o->type, o->path);
	clue_append(o->all, row != NULL ? property_clue(o->k, n, row->how, row->to) : unseen(o, n));
}

/* An address and a port of one end; with conditions of their own they are tests of either end. */
static void socket_address(struct object *o, const struct xml_node *n)
{
	const struct xml_node *ip = xml_find(n, "IP_Address/Address_Value");
	const struct xml_node *port = xml_find(n, "Port/Port_Value");
	const struct xml_node *host = xml_find(n, "Hostname/Hostname_Value");
	const struct xml_node *l4 = xml_find(n, "Port/Layer4_Protocol");
	struct clue *a = ip != NULL ? property_clue(o->k, ip, HOW_ADDRESS, "") : NULL;
	bool number = port != NULL && port->len > 0 && port->len < 6 &&
		      strspn(port->text, "0123456789") == port->len &&
		      xml_attr(port, "apply_condition") == NULL;
	const char *cond = port != NULL ? xml_attr(port, "condition") : NULL;
	if (a != NULL && a->kind == CLUE_TEST && a->test == SL_TEST_EQUAL && number &&
		(cond == NULL || strcasecmp(cond, "Equals") == 0)) {
		a->kind = CLUE_SOCKET;
		a->port = clues_text(o->k, port->text, port->len);
		clue_append(o->all, a->port != NULL ? a : NULL);
	} else {
		clue_append(o->all, a);
		if (port != NULL)
			clue_append(o->all, property_clue(o->k, port, HOW_PORT, ""));
	}
	if (host != NULL)
		clue_append(o->all, property_clue(o->k, host, HOW_TEXT, "domain-name:value"));
	if (l4 != NULL)
		clue_append(
			o->all, property_clue(o->k, l4, HOW_PROTOCOL, "network-traffic:protocols"));
}

static void properties(struct object *o, const struct xml_node *n)
{
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		property(o, c);
}

/* Objects that stand where others have a property: their own rows count. */
static bool inner(struct object *o, const struct xml_node *n)
{
	static const struct {
		const char *name, *type;
	} kinds[] = {
		{ "HTTP_Session", "HTTPSession" },
		{ "DNS_Query", "DNSQuery" },
		{ "DNS_Record", "DNSRecord" },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(n->name, kinds[i].name) != 0)
			continue;
		struct object in = {
			.k = o->k, .all = o->all, .hashes = o->hashes, .unknown = o->unknown
		};
		snprintf(in.type, sizeof(in.type), "%s", kinds[i].type);
		properties(&in, n);
		return true;
	}
	if (strcmp(n->name, "Remote_Address") == 0 || strcmp(n->name, "Local_Address") == 0) {
		socket_address(o, n);
		return true;
	}
	return false;
}

static void property(struct object *o, const struct xml_node *n)
{
	const char *ref = xml_attr(n, "object_reference");
	if (strcmp(n->name, "Custom_Properties") == 0)
		return;
	if (ref != NULL && n->child == NULL) {
		clue_append(o->all, clue_reference(o->k, ref, n->line));
		return;
	}
	if (inner(o, n))
		return;
	size_t was = strlen(o->path);
	snprintf(o->path + was, sizeof(o->path) - was, "%s%s", was > 0 ? "/" : "", n->name);
	if (strcmp(o->path, "Hashes/Hash") == 0)
		hash(o, n);
	else if (n->child != NULL)
		properties(o, n);
	else if (n->len > 0)
		leaf(o, n);
	o->path[was] = '\0';
}

/* ---- Objects ---- */

/* "FileObj:WindowsExecutableFileObjectType" is a file. */
static void type_read(struct object *o, const struct xml_node *props)
{
	const char *type = xml_type(props);
	const char *end = strstr(type, "ObjectType");
	size_t len = end != NULL ? (size_t)(end - type) : strlen(type);
	if (len >= sizeof(o->type))
		len = sizeof(o->type) - 1;
	memcpy(o->type, type, len);
	o->type[len] = '\0';
	if (len > 4 && strcmp(o->type + len - 4, "File") == 0)
		snprintf(o->type, sizeof(o->type), "File");
	if (strcmp(o->type, "URL") == 0)
		snprintf(o->type, sizeof(o->type), "URI");
}

static struct clue *object_whole(struct object *o)
{
	if (o->hashes->child != NULL)
		return clue_whole(o->hashes);
	clue_append(o->all, clue_whole(o->unknown));
	return clue_whole(o->all);
}

/* What a mail contains, an attachment or a link, is part of what is looked for; what an object is
 * otherwise related to explains it. All are known by their ids. */
static void related(struct object *o, const struct xml_node *n)
{
	const struct xml_node *list = xml_child(n, "Related_Objects");
	for (const struct xml_node *c = list != NULL ? list->child : NULL; c != NULL; c = c->next) {
		struct clue *other = object_clue(o->k, c);
		const char *relation = xml_text(c, "Relationship");
		if (strcmp(o->type, "EmailMessage") == 0 && relation != NULL &&
			strcasecmp(relation, "Contains") == 0)
			clue_append(o->all, other);
	}
}

struct clue *object_clue(struct clues *k, const struct xml_node *n)
{
	const char *ref = xml_attr(n, "idref");
	const struct xml_node *props = xml_child(n, "Properties");
	struct object o = { .k = k };
	if (props == NULL)
		props = xml_child(n, "Defined_Object");
	if (props == NULL && ref != NULL)
		return clue_reference(k, ref, n->line);
	o.all = clue_new(k, CLUE_ALL, n->line);
	o.hashes = clue_new(k, CLUE_ANY, n->line);
	o.unknown = clue_new(k, CLUE_ANY, n->line);
	if (o.all == NULL || o.hashes == NULL || o.unknown == NULL)
		return NULL;
	if (props != NULL) {
		type_read(&o, props);
		if (strcmp(o.type, "SocketAddress") == 0)
			socket_address(&o, props);
		else
			properties(&o, props);
	}
	related(&o, n);
	struct clue *out = object_whole(&o);
	clues_define(k, xml_attr(n, "id"), out);
	return out;
}

/* ---- Observables ---- */

static struct clue *composition_clue(struct clues *k, const struct xml_node *n)
{
	enum clue_kind kind;
	const char *name = xml_attr(n, "operator");
	if (!operator_kind(name, &kind))
		return operator_unknown(k, name, n->line);
	struct clue *group = clue_new(k, kind, n->line);
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		if (strcmp(c->name, "Observable") == 0)
			clue_append(group, observable_clue(k, c));
	return clue_whole(group);
}

struct clue *observable_clue(struct clues *k, const struct xml_node *n)
{
	const struct xml_node *object = xml_child(n, "Object");
	const struct xml_node *composition = xml_child(n, "Observable_Composition");
	const struct xml_node *event = xml_child(n, "Event");
	const char *ref = xml_attr(n, "idref");
	struct clue *out = NULL;
	if (object == NULL)
		object = xml_child(n, "Stateful_Measure") != NULL
				 ? xml_find(n, "Stateful_Measure/Object")
				 : NULL;
	if (composition != NULL)
		out = composition_clue(k, composition);
	else if (object != NULL)
		out = object_clue(k, object);
	else if (event != NULL)
		out = clue_test(k, CLUE_UNKNOWN_CONDITION, SL_TEST_EQUAL, "Event", 5, n->line);
	else if (ref != NULL)
		out = clue_reference(k, ref, n->line);
	if (xml_true(n, "negate"))
		out = clue_negated(k, out);
	clues_define(k, xml_attr(n, "id"), out);
	return out;
}

void observables_define(struct clues *k, const struct xml_node *n)
{
	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		if (strcmp(c->name, "Observable") == 0)
			(void)observable_clue(k, c);
		else
			observables_define(k, c);
	}
}
