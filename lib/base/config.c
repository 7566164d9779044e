/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c - the command line, and the values by name. Main thread, at start; what it hands out is
 * never changed again, so that any thread may read it. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_value.h"

const struct sl_opt sl_config_shared[] = {
	{ .flag = "config",
		.letter = 'c',
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "read this configuration file (YAML); the command line wins over it" },
	{ .flag = "test",
		.letter = 'T',
		.kind = SL_OPT_FLAG,
		.help = "check everything, print the effective configuration and exit" },
	{ .flag = "help", .letter = 'h', .kind = SL_OPT_FLAG, .help = "show this help and exit" },
	{ .flag = "version",
		.letter = 'V',
		.kind = SL_OPT_FLAG,
		.help = "show what was built, and how, and exit" },
	{ .flag = "man", .kind = SL_OPT_FLAG }, /* for the build: without help it is not listed */
};
const size_t sl_config_shared_count = sizeof(sl_config_shared) / sizeof(sl_config_shared[0]);

int sl_config_refuse(struct sl_config *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(c->err, c->err_len, format, ap);
	va_end(ap);
	for (char *p = c->err; c->err_len > 0 && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' '; /* one line, and no terminal is told anything */
	return -EINVAL;
}

static const char *name_of(const struct sl_opt *o)
{
	return o->key != NULL ? o->key : o->flag;
}

static int defaults(struct sl_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct value *v = &c->values[i];
		char why[SL_WHY];
		v->opt = &c->table[i];
		if (v->opt->def == NULL)
			continue;
		int rc = sl_value_set(c->arena, v, v->opt->def, FROM_DEFAULT, why);
		if (rc == -EINVAL) {
			fprintf(stderr, "option table of %s: default of %s: allowed: %s\n",
				c->program->name, name_of(v->opt), why);
			abort();
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sl_config_new(struct sl_config **out, const struct sl_program *p)
{
	struct sl_config *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->program = p;
	c->own = p->count;
	c->count = p->count + sl_config_shared_count;
	c->table = calloc(c->count, sizeof(*c->table));
	c->values = calloc(c->count, sizeof(*c->values));
	int rc = c->table == NULL || c->values == NULL ? -ENOMEM : sl_arena_new(&c->arena);
	if (rc == 0) {
		if (p->count > 0)
			memcpy(c->table, p->opts, p->count * sizeof(*c->table));
		memcpy(c->table + p->count, sl_config_shared, sizeof(sl_config_shared));
		rc = defaults(c);
	}
	if (rc < 0) {
		sl_config_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void sl_config_free(struct sl_config *c)
{
	if (c == NULL)
		return;
	sl_arena_free(c->arena);
	free(c->values);
	free(c->table);
	free(c);
}

/* What getopt_long returns for the long option of row i: beyond any letter. */
#define ROW_CODE 1000

struct line {
	char letters[2 * 64 + 2];
	struct option *longs;
	struct given {
		size_t row;
		const char *text;
	} * given;
	size_t given_count;
};

static int line_prepare(struct line *l, const struct sl_config *c, int argc)
{
	size_t at = 0, n = 0;
	l->longs = calloc(c->count + 1, sizeof(*l->longs));
	l->given = calloc((size_t)argc + 1, sizeof(*l->given));
	if (l->longs == NULL || l->given == NULL)
		return -ENOMEM;
	l->letters[at++] = ':'; /* tells a missing argument from an unknown option */
	for (size_t i = 0; i < c->count; i++) {
		const struct sl_opt *o = &c->table[i];
		bool takes = o->kind != SL_OPT_FLAG;
		if (o->flag != NULL)
			l->longs[n++] = (struct option){ o->flag,
				takes ? required_argument : no_argument, NULL, ROW_CODE + (int)i };
		if (o->letter == '\0' || at + 3 > sizeof(l->letters))
			continue;
		l->letters[at++] = o->letter;
		if (takes)
			l->letters[at++] = ':';
	}
	l->letters[at] = '\0';
	return 0;
}

static int unknown_option(struct sl_config *c, const char *word)
{
	size_t len = strcspn(word, "=");
	if (optopt >= ROW_CODE)
		return sl_config_refuse(c, "--%s takes no value", c->table[optopt - ROW_CODE].flag);
	if (optopt != 0 || len < 2)
		return sl_config_refuse(
			c, "unknown option \"-%c\"; --help lists what there is", optopt);
	struct nearest n = { .word = word + 2, .word_len = len - 2 };
	for (size_t i = 0; i < c->count; i++) {
		const struct sl_opt *o = &c->table[i];
		if (o->flag != NULL && o->help != NULL && o->missing == NULL)
			sl_nearest_offer(&n, o->flag);
	}
	if (n.best != NULL)
		return sl_config_refuse(c, "unknown option \"%.*s\"; did you mean \"--%s\"?",
			(int)len, word, n.best);
	return sl_config_refuse(
		c, "unknown option \"%.*s\"; --help lists what there is", (int)len, word);
}

static size_t row_of(const struct sl_config *c, int code)
{
	if (code >= ROW_CODE)
		return (size_t)(code - ROW_CODE);
	size_t i = 0;
	while (i < c->count && c->table[i].letter != code)
		i++;
	return i;
}

static int answer(const struct sl_config *c, const struct sl_opt *o)
{
	if (o->letter == 'h')
		sl_config_help(c, stdout);
	else if (o->letter == 'V')
		printf("%s %s\n", c->program->name, sl_version_text());
	else if (strcmp(o->flag, "man") == 0)
		sl_config_man_page(c->program, stdout);
	else
		return 0;
	return 1;
}

/* Splits the command line into rows and texts; answers --help and its like at once. */
static int line_split(struct line *l, struct sl_config *c, int argc, char **argv)
{
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	for (;;) {
		int code = getopt_long(argc, argv, l->letters, l->longs, NULL);
		if (code < 0)
			break;
		if (code == '?')
			return unknown_option(c, argv[optind - 1]);
		size_t row = row_of(c, code == ':' ? optopt : code);
		if (row >= c->count)
			return sl_config_refuse(c, "unknown option \"-%c\"", optopt);
		const struct sl_opt *o = &c->table[row];
		if (o->missing != NULL)
			return sl_config_refuse(
				c, "--%s: %s", o->flag != NULL ? o->flag : o->key, o->missing);
		if (code == ':')
			return sl_config_refuse(c, "--%s needs a value: --%s %s", o->flag, o->flag,
				o->arg != NULL ? o->arg : "VALUE");
		if (row >= c->own && answer(c, o))
			return 1;
		l->given[l->given_count++] = (struct given){ row, optarg };
	}
	c->operands = argv + optind;
	c->operand_count = (size_t)(argc - optind);
	return 0;
}

static int line_apply(const struct line *l, struct sl_config *c)
{
	for (size_t i = 0; i < l->given_count; i++) {
		struct value *v = &c->values[l->given[i].row];
		const struct sl_opt *o = v->opt;
		const char *text = o->kind == SL_OPT_FLAG ? "true" : l->given[i].text;
		char why[SL_WHY];
		if (v->from == FROM_COMMAND_LINE && o->kind != SL_OPT_LIST &&
			o->kind != SL_OPT_FLAG)
			return sl_config_refuse(c, "--%s is given twice", o->flag);
		int rc = sl_value_set(c->arena, v, text, FROM_COMMAND_LINE, why);
		if (rc == -EINVAL)
			return sl_config_refuse(c, "--%s: \"%.64s\" is not usable; allowed: %s",
				o->flag, text, why);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The file is read before the line is applied, so that the line wins. */
static int load(struct sl_config *c, struct line *l, int argc, char **argv)
{
	int rc = line_prepare(l, c, argc);
	if (rc == 0)
		rc = line_split(l, c, argc, argv);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < l->given_count; i++) {
		if (c->table[l->given[i].row].letter != 'c' || l->given[i].row < c->own)
			continue;
		if (c->file != NULL)
			return sl_config_refuse(c, "--config is given twice");
		c->file = sl_arena_text(c->arena, l->given[i].text, strlen(l->given[i].text));
		if (c->file == NULL)
			return -ENOMEM;
	}
	if (c->file != NULL)
		rc = sl_config_read(c, c->file);
	if (rc == 0)
		rc = line_apply(l, c);
	if (rc == 0)
		c->test = sl_config_flag(c, "test");
	return rc;
}

int sl_config_load(struct sl_config **out, const struct sl_program *p, int argc, char **argv,
	char *err, size_t err_len)
{
	struct sl_config *c;
	struct line l = { .given = NULL };
	int rc = sl_config_new(&c, p);
	if (rc < 0) {
		snprintf(err, err_len, "no memory");
		return rc;
	}
	c->err = err;
	c->err_len = err_len;
	rc = load(c, &l, argc, argv);
	free(l.longs);
	free(l.given);
	c->err = NULL;
	c->err_len = 0;
	if (rc == -ENOMEM)
		snprintf(err, err_len, "no memory");
	if (rc != 0) {
		sl_config_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

static const struct value *find(const struct sl_config *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct sl_opt *o = &c->table[i];
		if ((o->key != NULL && strcmp(o->key, name) == 0) ||
			(o->flag != NULL && strcmp(o->flag, name) == 0))
			return &c->values[i];
	}
	fprintf(stderr, "option table of %s: no \"%s\"\n", c->program->name, name);
	abort();
}

bool sl_config_flag(const struct sl_config *c, const char *name)
{
	return find(c, name)->flag;
}

uint64_t sl_config_u64(const struct sl_config *c, const char *name)
{
	return find(c, name)->u64;
}

double sl_config_double(const struct sl_config *c, const char *name)
{
	return find(c, name)->number;
}

const char *sl_config_text(const struct sl_config *c, const char *name)
{
	return find(c, name)->text;
}

const char *const *sl_config_list(const struct sl_config *c, const char *name, size_t *count)
{
	const struct value *v = find(c, name);
	*count = v->count;
	return v->list;
}

bool sl_config_given(const struct sl_config *c, const char *name)
{
	return find(c, name)->from != FROM_DEFAULT;
}

bool sl_config_test(const struct sl_config *c)
{
	return c->test;
}

char *const *sl_config_operands(const struct sl_config *c, size_t *count)
{
	*count = c->operand_count;
	return c->operands;
}
