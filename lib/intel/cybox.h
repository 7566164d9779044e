/* SPDX-License-Identifier: BSD-3-Clause */
/* cybox.h - private to lib/intel: CybOX 2 as STIX 1 carries it, read into clues. The namespaces of
 * mitre.org and docs.oasis-open.org differ in nothing but their names, so that names without them
 * are looked at. Control threads. */
#ifndef SL_INTEL_CYBOX_H
#define SL_INTEL_CYBOX_H

#include "clue.h"
#include "xml.h"

/* How a property's value is taken. */
enum property_how {
	HOW_TEXT,
	HOW_NUMBER,
	HOW_CONTEXT, /* explains */
	HOW_ADDRESS, /* what the row says, else by the category beside it, else by its look */
	HOW_URI,
	HOW_PORT, /* of either end */
	HOW_PROTOCOL,
	HOW_RULE,
	HOW_UNSEEN,
};

struct property_row {
	const char *object; /* "EmailMessage" */
	const char *path; /* of elements below Properties: "Header/Subject" */
	enum property_how how;
	const char *to; /* the object path that it is */
};
/* NULL: nobody sees it on a network. */
const struct property_row *property_find(const char *object, const char *path);

/* One comparison as CybOX and OpenIOC write it. */
struct comparison {
	enum property_how how;
	const char *to;
	enum sl_test test;
	bool negated; /* what can't be seen stays unknown */
	bool caseless; /* for contains and its kin, at places that keep case */
	const char *category; /* of an address; NULL: by its look */
	enum { END_EITHER, END_SOURCE, END_DESTINATION } end; /* of an address */
	uint64_t line;
};
struct clue *comparison_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len);

/* A condition of CybOX, in any letter case. */
struct condition {
	const char *name;
	enum sl_test test;
	bool negated;
	enum { CONDITION_ONE, CONDITION_BETWEEN, CONDITION_REFUSED } kind;
	enum sl_test low, high; /* BETWEEN */
};
const struct condition *condition_find(const char *name);

/* A property with its condition, its list and its apply_condition. */
struct clue *property_clue(
	struct clues *k, const struct xml_node *n, enum property_how how, const char *to);

/* Trees of elements; those with an id are known by it from then on. NULL: says nothing. */
struct clue *observable_clue(struct clues *k, const struct xml_node *n);
struct clue *object_clue(struct clues *k, const struct xml_node *n);
/* All observables that stand below an element. */
void observables_define(struct clues *k, const struct xml_node *n);

/* "AND", "OR": the group they are. False: another operator, or none, which is refused by name. */
bool operator_kind(const char *name, enum clue_kind *out);
struct clue *operator_unknown(struct clues *k, const char *name, uint64_t line);

/* OpenIOC's definition, also inside a test mechanism: its Indicator elements. */
struct clue *openioc_clue(struct clues *k, const struct xml_node *n);

#endif
