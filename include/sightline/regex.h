/* SPDX-License-Identifier: BSD-3-Clause */
/* regex.h - regular expressions as intelligence writes them (MATCHES of STIX: Perl's, searched for
 * anywhere in the value), and the tests that are spelled as one (LIKE, CONTAINS, STARTS, ENDS). The
 * door to PCRE2. Expressions are made on control threads; a search may run on a worker: it works in
 * a room that was made at start, and its time and memory are bounded whatever the expression and
 * the value are. */
#ifndef SIGHTLINE_REGEX_H
#define SIGHTLINE_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/pattern.h>

enum {
	SL_REGEX_CASELESS = 1,
	SL_REGEX_DOTALL = 2, /* a dot is a line's end, too */
	SL_REGEX_BYTES = 4, /* of binary values: no UTF-8 */
};

struct sl_regex;
/* 0; -EBADMSG: no regular expression, or one that asks for more than is given (*err says why);
 * -ENOMEM. Up to 16 KiB of text. */
int sl_regex_new(struct sl_regex **out, const char *text, size_t len, unsigned flags,
	struct sl_pattern_error *err);
/* The expression of a test: MATCHES as it is, LIKE (% any characters, _ one), CONTAINS, STARTS and
 * ENDS over their plain text. Others: -EINVAL. */
int sl_regex_of_test(struct sl_regex **out, enum sl_test test, const char *text, size_t len,
	unsigned flags, struct sl_pattern_error *err);
void sl_regex_free(struct sl_regex *re);
/* Bytes of the shortest value that can match; a lower bound. */
size_t sl_regex_shortest(const struct sl_regex *re);
size_t sl_regex_bytes(const struct sl_regex *re);

/* What a search works in. One thread at a time; any expression. */
struct sl_regex_room;
int sl_regex_room_new(struct sl_regex_room **out);
void sl_regex_room_free(struct sl_regex_room *room);
/* 1: found; 0: not; -E2BIG: more work or memory than is given (then nothing is known). Allocates
 * nothing, locks nothing. */
int sl_regex_search(
	const struct sl_regex *re, struct sl_regex_room *room, const void *value, size_t len);

/* LIKE, CONTAINS, STARTS and ENDS as the text of an expression over bytes, one that other engines
 * read as well. The length, or 0: another test, or longer than cap. */
size_t sl_regex_spell(enum sl_test test, const char *text, size_t len, char *out, size_t cap);

#endif
