/* SPDX-License-Identifier: BSD-3-Clause */
/* words.h - private to lib/pattern: a pattern's text cut into words, and the memory of a tree. */
#ifndef SL_PATTERN_WORDS_H
#define SL_PATTERN_WORDS_H

#include <sightline/mem.h>
#include <sightline/pattern.h>

#define TEXT_MAX ((size_t)64 << 10)
#define DEPTH_MAX 64
#define NODES_MAX 4096
#define CONSTANTS_MAX 16384
#define STEPS_MAX 64
#define NUMBER_MAX 800 /* characters; any double that is written out has fewer */

struct sl_pattern {
	struct sl_arena *arena;
	struct sl_node *root;
	size_t nodes, constants;
};

enum word {
	WORD_END,
	WORD_NAME, /* an identifier, with hyphens where it has some; keywords too */
	WORD_CONSTANT,
	WORD_OPERATOR, /* = == != <> < <= > >= */
	WORD_MARK, /* one of []().,:* */
	WORD_BAD,
};

struct words {
	struct sl_pattern *p; /* whose arena texts come from */
	const char *text;
	size_t len, at; /* at: behind the word in hand */
	enum word word;
	size_t from; /* where the word in hand begins */
	char mark; /* MARK */
	bool hyphen; /* NAME */
	enum sl_test test; /* OPERATOR */
	struct sl_constant constant; /* CONSTANT */
	bool no_memory;
};

/* Reads the next word into hand. */
void words_next(struct words *w);
/* Whether the word in hand is this name. */
bool words_named(const struct words *w, const char *name);
/* A word of the language, which names no type, and no property but in quotes. */
bool words_keyword(const char *text, size_t len);
bool words_at(const struct words *w, char mark);

/* A path from the word in hand on; false: it is none, the word in hand is where. */
bool path_read(struct words *w, struct sl_path *out);

/* Decoding; room for len bytes at out. False: not of the encoding. */
bool hex_undo(const char *in, size_t len, char *out, size_t *n);
bool base64_undo(const char *in, size_t len, char *out, size_t *n);

/* -1, 0, 1. */
static inline int instant_order(const struct sl_instant *a, const struct sl_instant *b)
{
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return (a->nanoseconds > b->nanoseconds) - (a->nanoseconds < b->nanoseconds);
}

#endif
