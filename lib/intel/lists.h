/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.h - private to lib/intel: the lists of what is ordinary, as lists.c keeps them and
 * lists_read.c fills them. */
#ifndef SL_INTEL_LISTS_H
#define SL_INTEL_LISTS_H

#include <sightline/hash.h>
#include <sightline/lists.h>
#include <sightline/mem.h>
#include <sightline/regex.h>

/* How a list's entries are compared: MISP's five. */
enum list_match {
	LIST_STRING,
	LIST_HOSTNAME, /* the name, and all below it */
	LIST_CIDR,
	LIST_SUBSTRING,
	LIST_REGEX,
	LIST_MATCH_COUNT
};

struct list {
	const char *title;
	uint8_t role; /* enum sl_role */
	uint8_t match; /* enum list_match */
	uint8_t kinds; /* bits of enum sl_listed_kind */
};

/* Adds a list; entries go to it. -E2BIG: 65,535 of them. */
int list_new(struct sl_lists *l, const struct list *like, uint16_t *out);
/* An entry as its list compares it; what can't be one is passed over. 0, -ENOMEM, -E2BIG. */
int list_entry(struct sl_lists *l, uint16_t list, const char *text, size_t len);

/* lists_name.c: what a list stands for, told from its title and what it says of itself. */
enum sl_role list_role(const char *title, const char *about);
uint8_t list_kinds(const char *attribute);
bool list_match_of(const char *word, uint8_t *out);
/* The built-in set. */
int lists_builtin(struct sl_lists *l);

/* suffix.c: the door to libpsl. */
struct suffixes;
struct suffixes *suffixes_new(void); /* NULL: the system has none */
void suffixes_free(struct suffixes *s);
enum sl_suffix suffixes_of(const struct suffixes *s, const char *name);

#endif
