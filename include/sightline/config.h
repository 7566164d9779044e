/* SPDX-License-Identifier: BSD-3-Clause */
/* config.h - options and configuration from one table: it makes the command line, --help, the man
 * page, the checks of a YAML file and the effective print-out of -T. Later sources win: default,
 * file, command line. Main thread, at start; the process runs on the frozen result. The one door to
 * the YAML library. */
#ifndef SIGHTLINE_CONFIG_H
#define SIGHTLINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum sl_opt_kind {
	SL_OPT_FLAG, /* true or false; without argument on the command line */
	SL_OPT_U64, /* whole number within [min, max] */
	SL_OPT_DOUBLE, /* number within [min, max] */
	SL_OPT_SIZE, /* bytes: 512MiB, 2GB, 4096 */
	SL_OPT_DURATION, /* 30s, 5m, 2h, 500ms; value in nanoseconds */
	SL_OPT_TEXT,
	SL_OPT_LIST, /* texts: repeated on the command line, a sequence (or one text) in YAML;
			`comma` splits */
	SL_OPT_CHOICE, /* one of `choices`, separated by '|' */
};

struct sl_opt {
	const char *key; /* path in YAML: "flow.max_flows"; NULL: command line only */
	const char *flag; /* long option without dashes, or NULL: configuration only */
	char letter; /* short option, or 0 */
	enum sl_opt_kind kind;
	const char *arg; /* word for its argument in --help: "FILE" */
	const char *def; /* default as text, NULL: none */
	double min, max; /* of the value in its own unit (bytes, nanoseconds); both 0: no bounds */
	const char *choices; /* CHOICE; for LIST the allowed words, or NULL: any */
	bool comma; /* LIST: "a,b" is two */
	const char
		*missing; /* not built yet: giving it is refused with this sentence and status 2 */
	const char *help; /* one line or more; NULL: not listed */
};

struct sl_program {
	const char *name; /* "sightline-sensor" */
	const char *usage; /* behind the name */
	const char *about; /* one paragraph */
	const struct sl_opt *opts; /* -h, -V, -c, -T are added */
	size_t count;
	bool shares_file; /* its file is another program's: keys that it lacks are passed over */
};

struct sl_config;
/* Reads the command line and the file it names. 0: go on. 1: --help, --version (or --man, the man
 * page's source) was answered on stdout, exit 0. -EINVAL: err holds one line that names file, line,
 * key and fix; exit 2. -ENOMEM: err says so. Operands are kept, in argv. argv[0] is skipped. Texts
 * of a list accumulate within the file and within the line; the line's replace the file's. */
int sl_config_load(struct sl_config **out, const struct sl_program *p, int argc, char **argv,
	char *err, size_t err_len);
void sl_config_free(struct sl_config *c);
/* By key or by flag. A name that the table lacks aborts: it is a mistake of
 * the program. */
bool sl_config_flag(const struct sl_config *c, const char *name);
uint64_t sl_config_u64(const struct sl_config *c, const char *name); /* U64, SIZE, DURATION */
double sl_config_double(const struct sl_config *c, const char *name);
const char *sl_config_text(const struct sl_config *c, const char *name); /* NULL: not given */
const char *const *sl_config_list(const struct sl_config *c, const char *name, size_t *count);
bool sl_config_given(const struct sl_config *c, const char *name);
bool sl_config_test(const struct sl_config *c); /* -T */
char *const *sl_config_operands(const struct sl_config *c, size_t *count);
/* A size or a duration within a text of the program's own, as an option of that kind takes it. */
bool sl_config_size(const char *text, uint64_t *out);
bool sl_config_duration(const char *text, uint64_t *out);
/* The effective configuration as YAML, with where each value came from as a comment. */
void sl_config_print(const struct sl_config *c, FILE *to);
/* The OPTIONS and CONFIGURATION parts of a man page (man(7) source), from the table. */
void sl_config_man(const struct sl_program *p, FILE *to);

/* "0.1.0 (x86-64-v3, release, LTO, gcc 12.2.0, DPDK 22.11.11, Hyperscan 5.4.0)": what was built and
 * how; --version puts the program's name before it. */
const char *sl_version_text(void);

#endif
