/* SPDX-License-Identifier: BSD-3-Clause */
/* xml.h - private to lib/intel: XML read as a stream, the one door to libxml2. A reader says of
 * each element whether it goes into it or takes it whole, as a small tree that lives for one call.
 * No document type declaration, so no entities but the five that XML has; bounded depth, text and
 * tree. Control threads. */
#ifndef SL_INTEL_XML_H
#define SL_INTEL_XML_H

#include <sightline/compress.h>

#define XML_DEPTH_MAX 128
#define XML_TEXT_MAX ((size_t)64 << 10)
#define XML_TREE_MAX ((size_t)64 << 20)

struct xml_attr {
	const char *name; /* without its prefix, but "xsi:type" */
	const char *value;
	const struct xml_attr *next;
};

struct xml_node {
	const char *name, *ns; /* name without its prefix; ns "" where there is none */
	const struct xml_attr *attrs;
	const char *text; /* of an element without elements, white space around it off; else "" */
	size_t len;
	bool cut; /* the text was longer than is kept */
	uint64_t line;
	struct xml_node *parent, *child, *last, *next;
};

enum xml_want { XML_INTO, XML_TAKE };

struct xml_events {
	/* e has no children and no text yet. */
	enum xml_want (*open)(void *arg, const struct xml_node *e);
	/* A tree that was asked for; cut: it was too large, the rest of it is missing. Negative:
	 * stop. */
	int (*taken)(void *arg, const struct xml_node *tree, bool cut);
	/* The end of an element that was gone into. NULL: not asked for. */
	void (*close)(void *arg, const char *name);
};

struct xml_fault {
	const char *code; /* BAD_XML, XML_DTD, XML_ENCODING, TOO_DEEP, TOO_MANY_NAMES */
	char reason[200]; /* a plain sentence */
	uint64_t line;
};

/* 0; -EBADMSG with a code in *fault, which says what is wrong: what came before it was given;
 * -errno of the input or of a callback, without a code. */
int xml_read(
	struct sl_input *in, const struct xml_events *events, void *arg, struct xml_fault *fault);

/* The name of the first element, without its prefix, from the first bytes of a text. False: it is
 * no XML, or the element is not among them. */
bool xml_root(const char *head, size_t len, char *name, size_t cap);

/* NULL: none. */
const char *xml_attr(const struct xml_node *n, const char *name);
/* Of xsi:type, what stands behind the prefix; "" without one. */
const char *xml_type(const struct xml_node *n);
bool xml_true(const struct xml_node *n, const char *attr);
const struct xml_node *xml_child(const struct xml_node *n, const char *name);
/* "Identity/Name": the first of each. NULL: none. */
const struct xml_node *xml_find(const struct xml_node *n, const char *path);
/* The text of it; NULL where there is none or it is empty. */
const char *xml_text(const struct xml_node *n, const char *path);

#endif
