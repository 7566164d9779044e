/* SPDX-License-Identifier: BSD-3-Clause */
/* stix1.h - what the tests of STIX 1 share: a package around some elements, in either family of
 * namespaces. */
#ifndef TESTS_INTEL_STIX1_H
#define TESTS_INTEL_STIX1_H

#include <stdlib.h>

#include "reading.h"

#define HEAD                                                                                       \
	"<stix:STIX_Package xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""               \
	" xmlns:stix=\"http://stix.mitre.org/stix-1\" "                                            \
	"xmlns:i=\"http://stix.mitre.org/Indicator-2\""                                            \
	" xmlns:cybox=\"http://cybox.mitre.org/cybox-2\" "                                         \
	"xmlns:c=\"http://stix.mitre.org/common-1\""                                               \
	" xmlns:o=\"http://cybox.mitre.org/objects#X\" xmlns:m=\"http://marking/\" id=\"p:1\">\n"
#define TAIL "</stix:STIX_Package>\n"
#define INDICATOR(id, body) "<stix:Indicator id=\"" id "\">" body "</stix:Indicator>\n"
#define OBSERVABLE(id, object) "<i:Observable id=\"" id "\">" object "</i:Observable>"
#define OBJECT(type, body)                                                                         \
	"<cybox:Object><cybox:Properties xsi:type=\"o:" type "ObjectType\">" body                  \
	"</cybox:Properties></cybox:Object>"
#define DOMAIN(attrs, text) OBJECT("DomainName", "<o:Value " attrs ">" text "</o:Value>")
#define ADDRESS(text) OBJECT("Address", "<o:Address_Value>" text "</o:Address_Value>")

/* The text of the i-th indicator: its tree, or its value. */
static inline const char *value_of(const struct read *r, size_t i)
{
	assert_true(i < r->count);
	return r->ind[i].value;
}

/* The only tree of what was read, as a pattern. */
static inline const char *tree_of(const struct read *r)
{
	const char *out = NULL;
	for (size_t i = 0; i < r->count; i++)
		if (r->ind[i].match == SL_MATCH_TREE) {
			assert_null(out);
			out = r->ind[i].value;
		}
	assert_non_null(out);
	return out;
}

#endif
