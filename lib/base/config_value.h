/* SPDX-License-Identifier: BSD-3-Clause */
/* config_value.h - one option's value, and the configuration under way: private to the config_*.c
 * files. Main thread, at start. */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include <sightline/config.h>
#include <sightline/mem.h>

enum origin { FROM_DEFAULT, FROM_FILE, FROM_COMMAND_LINE };

struct value {
	const struct sl_opt *opt;
	enum origin from;
	unsigned line; /* in the file */
	bool flag;
	uint64_t u64;
	double number;
	const char *text; /* NULL: not given, no default */
	const char **list;
	size_t count, cap;
};

struct sl_config {
	const struct sl_program *program;
	struct sl_opt *table; /* the program's options, then those that every program has */
	struct value *values; /* one for each row of the table */
	size_t count, own; /* rows in all; rows of the program */
	struct sl_arena *arena; /* owns every text and list */
	const char *file; /* NULL: none was given */
	bool test;
	char *const *operands;
	size_t operand_count;
	char *err; /* while loading: the caller's */
	size_t err_len;
};

/* Writes the one line of err, returns -EINVAL. */
int sl_config_refuse(struct sl_config *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads `text` as a value from `from`. A later origin replaces what an earlier one said; texts of a
 * list accumulate within one origin. `why` gets what is allowed. 0, -EINVAL, -ENOMEM. */
#define SL_WHY 256
int sl_value_set(
	struct sl_arena *a, struct value *v, const char *text, enum origin from, char why[SL_WHY]);
/* A sequence in a file that holds nothing. */
void sl_value_clear(struct value *v, enum origin from);
/* Canonical text of a number, size, duration, flag. */
void sl_setting_text(const struct value *v, char *out, size_t len);
/* What the kind takes: "a size such as 64MiB, from 1MiB to 1TiB". */
void sl_value_allowed(const struct sl_opt *o, char *out, size_t len);

/* Reads the YAML file into c. 0, -EINVAL (err is written), -ENOMEM. */
int sl_config_read(struct sl_config *c, const char *path);
/* The same for bytes in memory; `path` is for messages. */
int sl_config_read_bytes(struct sl_config *c, const char *path, const void *p, size_t len);

/* A configuration that holds the defaults only. 0, -ENOMEM. */
int sl_config_new(struct sl_config **out, const struct sl_program *p);

/* What a user may have meant: the candidate nearest to `word`, offered one by one. */
struct nearest {
	const char *word, *best;
	size_t word_len;
	unsigned distance;
};
void sl_nearest_offer(struct nearest *n, const char *candidate);

void sl_config_help(const struct sl_config *c, FILE *to);
void sl_config_man_page(const struct sl_program *p, FILE *to);
/* The rows that every program has. */
extern const struct sl_opt sl_config_shared[];
extern const size_t sl_config_shared_count;

#endif
