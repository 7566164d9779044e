/* SPDX-License-Identifier: BSD-3-Clause */
/* xml.c - libxml2's stream of events made into small trees. Control threads. libxml2 reads from us,
 * so that it never holds more than its window; a document type declaration ends the reading, which
 * is what expands entities and fetches files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "xml.h"

#define BLOCK_BYTES ((size_t)256 << 10)
/* libxml2 takes time that grows with the square of these. */
#define NAMES_MAX 20000
#define ATTRS_MAX 4096
#define XSI "http://www.w3.org/2001/XMLSchema-instance"

struct block {
	struct block *next;
	size_t used, room;
	_Alignas(16) char bytes[];
};

struct xml {
	xmlParserCtxtPtr ctxt;
	struct sl_input *in;
	const struct xml_events *events;
	void *arg;
	struct xml_fault *fault;
	struct block *blocks; /* of the tree in hand; the first stays */
	size_t tree_bytes;
	struct xml_node *now; /* the innermost element of the tree in hand; NULL: none is taken */
	unsigned depth;
	unsigned lost; /* elements that are open and found no room */
	bool cut;
	char *text; /* of the innermost element, as long as it has no elements */
	size_t len;
	bool text_cut;
	size_t quotes; /* that followed '=' since the last '<': attributes, more or less */
	char before; /* the byte before */
	int rc;
	int input; /* of a read that failed */
};

/* ---- Memory of one tree ---- */

static void *take(struct xml *x, size_t bytes)
{
	bytes = (bytes + 15) & ~(size_t)15;
	struct block *b = x->blocks;
	if (b == NULL || b->room - b->used < bytes) {
		size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		if (x->tree_bytes + room > XML_TREE_MAX) {
			x->cut = true;
			return NULL;
		}
		b = malloc(sizeof(*b) + room);
		if (b == NULL) {
			x->rc = -ENOMEM;
			return NULL;
		}
		*b = (struct block){ .next = x->blocks, .room = room };
		x->blocks = b;
		x->tree_bytes += room;
	}
	void *p = b->bytes + b->used;
	b->used += bytes;
	return memset(p, 0, bytes);
}

static void blocks_drop(struct xml *x, bool all)
{
	while (x->blocks != NULL && (all || x->blocks->next != NULL)) {
		struct block *b = x->blocks;
		x->blocks = b->next;
		x->tree_bytes -= b->room;
		free(b);
	}
	if (x->blocks != NULL)
		x->blocks->used = 0;
}

static const char *text_take(struct xml *x, const char *p, size_t len)
{
	char *out = take(x, len + 1);
	if (out == NULL)
		return "";
	memcpy(out, p, len);
	return out;
}

/* ---- Events of libxml2 ---- */

static void fault_set(struct xml *x, const char *code, const char *reason)
{
	if (x->fault->code != NULL)
		return;
	x->fault->code = code;
	snprintf(x->fault->reason, sizeof(x->fault->reason), "%s", reason);
	x->fault->line = (uint64_t)xmlSAX2GetLineNumber(x->ctxt);
}

static void stop(struct xml *x, const char *code, const char *reason)
{
	fault_set(x, code, reason);
	xmlStopParser(x->ctxt);
}

static const struct xml_attr *attrs_take(struct xml *x, int count, const xmlChar **a)
{
	const struct xml_attr *out = NULL;
	for (int i = 0; i < count; i++, a += 5) {
		struct xml_attr *attr = take(x, sizeof(*attr));
		if (attr == NULL)
			return out;
		const char *name = (const char *)a[0];
		bool xsi = a[2] != NULL && strcmp((const char *)a[2], XSI) == 0;
		attr->name = xsi && strcmp(name, "type") == 0 ? "xsi:type" : name;
		attr->value = text_take(x, (const char *)a[3], (size_t)(a[4] - a[3]));
		attr->next = out;
		out = attr;
	}
	return out;
}

static struct xml_node *node_take(
	struct xml *x, const xmlChar *name, const xmlChar *ns, int attrs, const xmlChar **a)
{
	struct xml_node *n = x->cut ? NULL : take(x, sizeof(*n));
	if (n == NULL)
		return NULL;
	/* Names are in the parser's dictionary, which is bounded and outlives the tree. */
	n->name = (const char *)name;
	n->ns = ns != NULL ? (const char *)ns : "";
	n->text = "";
	n->line = (uint64_t)xmlSAX2GetLineNumber(x->ctxt);
	n->attrs = attrs_take(x, attrs, a);
	return n;
}

static void on_open(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns,
	int namespaces, const xmlChar **declared, int attrs, int defaulted, const xmlChar **a)
{
	struct xml *x = arg;
	(void)prefix;
	(void)namespaces;
	(void)declared;
	(void)defaulted;
	x->len = 0;
	x->text_cut = false;
	if (++x->depth > XML_DEPTH_MAX) {
		stop(x, "TOO_DEEP", "Elements are nested deeper than 128 levels.");
		return;
	}
	if (xmlDictSize(x->ctxt->dict) > NAMES_MAX) {
		stop(x, "TOO_MANY_NAMES", "It has more than 20,000 different names.");
		return;
	}
	bool inside = x->now != NULL;
	if (!inside)
		x->cut = false;
	struct xml_node *n = node_take(x, name, ns, attrs, a);
	if (x->rc < 0) {
		xmlStopParser(x->ctxt);
		return;
	}
	if (n == NULL) {
		x->lost += inside;
		return;
	}
	if (inside) {
		n->parent = x->now;
		*(x->now->last != NULL ? &x->now->last->next : &x->now->child) = n;
		x->now->last = n;
		x->now = n;
		return;
	}
	if (x->events->open(x->arg, n) == XML_TAKE)
		x->now = n;
	else
		blocks_drop(x, false);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void node_text(struct xml *x, struct xml_node *n)
{
	const char *p = x->text;
	size_t len = x->len;
	while (len > 0 && blank(p[0])) {
		p++;
		len--;
	}
	while (len > 0 && blank(p[len - 1]))
		len--;
	n->cut = x->text_cut;
	n->text = text_take(x, p, len);
	n->len = n->text[0] != '\0' ? len : 0;
}

static void on_close(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
	struct xml *x = arg;
	(void)prefix;
	(void)ns;
	x->depth--;
	if (x->now == NULL) {
		if (x->events->close != NULL)
			x->events->close(x->arg, (const char *)name);
		return;
	}
	if (x->lost > 0) {
		x->lost--;
		return;
	}
	struct xml_node *n = x->now;
	if (n->child == NULL && !x->cut)
		node_text(x, n);
	x->len = 0;
	x->text_cut = false;
	x->now = n->parent;
	if (x->now != NULL)
		return;
	if (x->rc == 0)
		x->rc = x->events->taken(x->arg, n, x->cut);
	blocks_drop(x, false);
	if (x->rc < 0)
		xmlStopParser(x->ctxt);
}

static void on_text(void *arg, const xmlChar *p, int len)
{
	struct xml *x = arg;
	if (x->now == NULL || x->now->child != NULL || x->lost > 0)
		return;
	size_t n = (size_t)len, room = XML_TEXT_MAX - x->len;
	x->text_cut |= n > room;
	if (n > room)
		n = room;
	memcpy(x->text + x->len, p, n);
	x->len += n;
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *public, const xmlChar *system)
{
	(void)name;
	(void)public;
	(void)system;
	stop(arg, "XML_DTD",
		"Documents with a DOCTYPE are not read: it can expand without end; remove it.");
}

static void on_error(void *arg, xmlErrorPtr e)
{
	struct xml *x = arg;
	if (e->level != XML_ERR_FATAL || x->fault->code != NULL)
		return;
	const char *text = e->message != NULL ? e->message : "not well-formed";
	size_t len = strcspn(text, "\r\n");
	x->fault->code = "BAD_XML";
	x->fault->line = e->line > 0 ? (uint64_t)e->line : 0;
	snprintf(x->fault->reason, sizeof(x->fault->reason),
		"This is no well-formed XML: %.*s; what came before it is used.",
		len < 120 ? (int)len : 120, text);
	for (char *c = x->fault->reason; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
}

/* A tag with very many attributes costs its square before we hear of it. '<' never stands in an
 * attribute's value, so that counting from there misses none. */
static bool overloaded(struct xml *x, const char *p, size_t len)
{
	if (x->quotes > ATTRS_MAX)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '<')
			x->quotes = 0;
		else if ((p[i] == '"' || p[i] == '\'') && x->before == '=')
			x->quotes++;
		if (!blank(p[i]))
			x->before = p[i];
		if (x->quotes > ATTRS_MAX)
			return true;
	}
	return false;
}

static int on_read(void *arg, char *buf, int cap)
{
	struct xml *x = arg;
	size_t got = 0;
	int rc = cap > 0 ? sl_input_read(x->in, buf, (size_t)cap, &got) : 0;
	if (rc < 0)
		x->input = rc;
	if (rc == 0 && overloaded(x, buf, got)) {
		/* libxml2 can't be stopped from here: it sees the end */
		fault_set(x, "TOO_MANY_NAMES", "An element has more than 4,096 attributes.");
		got = 0;
	}
	/* A damaged input ends there: what was read of it is used. */
	return rc < 0 ? 0 : (int)got;
}

/* ---- Reading ---- */

/* Encodings whose first half is ASCII; what the bytes of others mean can't be told while they are
 * read. */
static bool encoding_known(struct sl_input *in)
{
	static const char *const names[] = { "UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-",
		"ISO8859-", "LATIN1", "WINDOWS-125", "CP125" };
	char head[512] = "";
	size_t got = 0;
	if (sl_input_peek(in, head, sizeof(head) - 1, &got) < 0 && got == 0)
		return true;
	const char *end = memmem(head, got, "?>", 2);
	const char *at = end != NULL ? memmem(head, (size_t)(end - head), "encoding", 8) : NULL;
	at = at != NULL ? strpbrk(at, "\"'") : NULL;
	if (at == NULL)
		return end != NULL || memmem(head, got, "encoding", 8) == NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncasecmp(at + 1, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

int xml_read(
	struct sl_input *in, const struct xml_events *events, void *arg, struct xml_fault *fault)
{
	xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC,
		.internalSubset = on_doctype,
		.startElementNs = on_open,
		.endElementNs = on_close,
		.characters = on_text,
		.cdataBlock = on_text,
		.serror = on_error };
	struct xml x = { .in = in, .events = events, .arg = arg, .fault = fault };
	*fault = (struct xml_fault){ 0 };
	if (!encoding_known(in)) {
		fault->code = "XML_ENCODING";
		fault->line = 1;
		snprintf(fault->reason, sizeof(fault->reason),
			"Only UTF-8, ASCII, ISO-8859 and Windows code pages are read; convert it.");
		return -EBADMSG;
	}
	x.text = malloc(XML_TEXT_MAX);
	if (x.text == NULL)
		return -ENOMEM;
	xmlInitParser();
	x.ctxt = xmlCreateIOParserCtxt(&sax, &x, on_read, NULL, &x, XML_CHAR_ENCODING_NONE);
	if (x.ctxt == NULL) {
		free(x.text);
		return -ENOMEM;
	}
	xmlCtxtUseOptions(x.ctxt, XML_PARSE_NONET);
	xmlParseDocument(x.ctxt);
	if (x.rc == 0 && fault->code == NULL && !x.ctxt->wellFormed)
		stop(&x, "BAD_XML", "This is no well-formed XML; what came before it is used.");
	xmlFreeDoc(x.ctxt->myDoc);
	xmlFreeParserCtxt(x.ctxt);
	blocks_drop(&x, true);
	free(x.text);
	if (x.rc == 0 && x.input < 0)
		x.rc = x.input;
	if (x.rc < 0) {
		fault->code = NULL;
		return x.rc;
	}
	return fault->code != NULL ? -EBADMSG : 0;
}

/* ---- Recognising ---- */

/* Where the prologue's next piece ends; NULL: not in sight. */
static const char *piece_end(const char *p, const char *end)
{
	const char *close = p[1] == '?' ? "?>" : "-->";
	size_t n = strlen(close);
	const char *at;
	if (p[1] == '!' && (end - p < 4 || p[2] != '-')) {
		/* a document type declaration, with its internal part */
		at = memchr(p, '>', (size_t)(end - p));
		const char *part = memchr(p, '[', (size_t)(end - p));
		if (part == NULL || at == NULL || part > at)
			return at != NULL ? at + 1 : NULL;
		at = memmem(part, (size_t)(end - part), "]>", 2);
		return at != NULL ? at + 2 : NULL;
	}
	at = memmem(p, (size_t)(end - p), close, n);
	return at != NULL ? at + n : NULL;
}

bool xml_root(const char *head, size_t len, char *name, size_t cap)
{
	const char *p = head, *end = head + len;
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (;;) {
		while (p < end && blank(*p))
			p++;
		if (end - p < 2 || *p != '<')
			return false;
		if (p[1] != '?' && p[1] != '!')
			break;
		p = piece_end(p, end);
		if (p == NULL)
			return false;
	}
	const char *from = ++p;
	for (; p < end && !blank(*p) && *p != '>' && *p != '/'; p++)
		if (*p == ':')
			from = p + 1;
	size_t n = (size_t)(p - from);
	if (p == end || n == 0 || n >= cap)
		return false;
	memcpy(name, from, n);
	name[n] = '\0';
	return true;
}

/* ---- Looking at a tree ---- */

const char *xml_attr(const struct xml_node *n, const char *name)
{
	for (const struct xml_attr *a = n->attrs; a != NULL; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a->value;
	return NULL;
}

const char *xml_type(const struct xml_node *n)
{
	const char *type = xml_attr(n, "xsi:type");
	if (type == NULL)
		return "";
	const char *colon = strrchr(type, ':');
	return colon != NULL ? colon + 1 : type;
}

bool xml_true(const struct xml_node *n, const char *attr)
{
	const char *v = xml_attr(n, attr);
	return v != NULL && (strcasecmp(v, "true") == 0 || strcmp(v, "1") == 0);
}

const struct xml_node *xml_child(const struct xml_node *n, const char *name)
{
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

const struct xml_node *xml_find(const struct xml_node *n, const char *path)
{
	while (n != NULL && *path != '\0') {
		size_t len = strcspn(path, "/");
		const struct xml_node *c = n->child;
		while (c != NULL && (strncmp(c->name, path, len) != 0 || c->name[len] != '\0'))
			c = c->next;
		n = c;
		path += len;
		path += *path == '/';
	}
	return n;
}

const char *xml_text(const struct xml_node *n, const char *path)
{
	const struct xml_node *at = xml_find(n, path);
	return at != NULL && at->len > 0 ? at->text : NULL;
}
