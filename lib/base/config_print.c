/* SPDX-License-Identifier: BSD-3-Clause */
/* config_print.c - what the option table says to people: --help, the man page, and the effective
 * configuration as YAML that can be read back. Main thread. */
#include <string.h>
#include <unistd.h>

#include "config_value.h"

#define HELP_COLUMN 26
#define HELP_WIDTH 96

/* Words of `text` between `column` and HELP_WIDTH; the cursor stands at `at`. */
static void wrap(FILE *to, const char *text, int column, int at)
{
	bool first = true;
	if (at > 0 && at > column - 2) {
		fputc('\n', to);
		at = 0;
	}
	fprintf(to, "%*s", column - at, "");
	at = column;
	for (const char *p = text; *p != '\0';) {
		int len = (int)strcspn(p, " \n");
		if (!first && at + 1 + len > HELP_WIDTH) {
			fprintf(to, "\n%*s", column, "");
			at = column;
			first = true;
		}
		at += fprintf(to, "%s%.*s", first ? "" : " ", len, p);
		first = false;
		p += len;
		p += strspn(p, " \n");
	}
	fputc('\n', to);
}

static const char *arg_of(const struct sl_opt *o)
{
	return o->kind == SL_OPT_FLAG ? NULL : o->arg != NULL ? o->arg : "VALUE";
}

/* The help line with what is allowed, the default and the key behind it. */
static void describe(const struct sl_opt *o, bool with_key, char *out, size_t len)
{
	int at = snprintf(out, len, "%s", o->help);
	bool bounds = o->choices != NULL || o->min > 0 || o->max > 0;
	char allowed[SL_WHY];
	if (bounds && (size_t)at < len) {
		sl_value_allowed(o, allowed, sizeof(allowed));
		at += snprintf(out + at, len - (size_t)at, " (%s)", allowed);
	}
	if (o->def != NULL && o->kind != SL_OPT_FLAG && (size_t)at < len)
		at += snprintf(out + at, len - (size_t)at, " [default: %s]", o->def);
	if (with_key && o->key != NULL && (size_t)at < len)
		snprintf(out + at, len - (size_t)at, " {%s}", o->key);
}

static void help_row(const struct sl_opt *o, FILE *to)
{
	char head[128], text[1024];
	const char *arg = arg_of(o);
	char letter[5] = "    ";
	if (o->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	int at = snprintf(head, sizeof(head), "  %s--%s%s%s", letter, o->flag,
		arg != NULL ? " " : "", arg != NULL ? arg : "");
	fputs(head, to);
	describe(o, false, text, sizeof(text));
	wrap(to, text, HELP_COLUMN, at);
}

static bool shown(const struct sl_opt *o)
{
	return o->help != NULL && o->missing == NULL;
}

void sl_config_help(const struct sl_config *c, FILE *to)
{
	bool keys = false;
	char text[1024];
	fprintf(to, "Usage: %s %s\n\n", c->program->name, c->program->usage);
	wrap(to, c->program->about, 0, 0);
	fputs("\nOptions:\n", to);
	for (size_t i = 0; i < c->count; i++) {
		if (shown(&c->table[i]) && c->table[i].flag != NULL)
			help_row(&c->table[i], to);
		keys |= shown(&c->table[i]) && c->table[i].flag == NULL;
	}
	if (!keys)
		return;
	fputs("\nIn the configuration file only (section.key):\n", to);
	for (size_t i = 0; i < c->own; i++) {
		const struct sl_opt *o = &c->table[i];
		if (!shown(o) || o->flag != NULL)
			continue;
		int at = fprintf(to, "  %s", o->key);
		describe(o, false, text, sizeof(text));
		wrap(to, text, HELP_COLUMN, at);
	}
}

/* Text for man(7): nothing in it is taken for a request or an escape. */
static void roff(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else if (*text == ',' && text[1] != ' ')
			fputs(",\\:", to); /* a line may break here */
		else
			fputc(*text == '\n' ? ' ' : *text, to);
	}
}

static void man_row(const struct sl_opt *o, FILE *to)
{
	char text[1024];
	const char *arg = arg_of(o);
	fputs(".TP\n", to);
	if (o->letter != '\0')
		fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB", to);
	if (o->flag != NULL)
		fputs("\\-\\-", to);
	roff(to, o->flag != NULL ? o->flag : o->key);
	fputs("\\fR", to);
	if (arg != NULL && o->flag != NULL) {
		fputs(" \\fI", to);
		roff(to, arg);
		fputs("\\fR", to);
	}
	fputc('\n', to);
	describe(o, o->flag != NULL, text, sizeof(text));
	roff(to, text);
	fputc('\n', to);
}

void sl_config_man(const struct sl_program *p, FILE *to)
{
	fputs(".SH OPTIONS\n", to);
	for (size_t i = 0; i < p->count; i++)
		if (shown(&p->opts[i]) && p->opts[i].flag != NULL)
			man_row(&p->opts[i], to);
	for (size_t i = 0; i < sl_config_shared_count; i++)
		if (shown(&sl_config_shared[i]))
			man_row(&sl_config_shared[i], to);
	fputs(".SH CONFIGURATION\nThe file is YAML. A dot in a key stands for a section: its keys\n"
	      "stand below it, indented. The key of an option that the command line has too "
	      "stands\n"
	      "in braces above. An unknown key is refused.\n",
		to);
	for (size_t i = 0; i < p->count; i++)
		if (shown(&p->opts[i]) && p->opts[i].flag == NULL)
			man_row(&p->opts[i], to);
}

void sl_config_man_page(const struct sl_program *p, FILE *to)
{
	size_t first = strcspn(p->about, ".\n");
	fputs(".TH \"", to);
	for (const char *n = p->name; *n != '\0'; n++)
		fputc(*n >= 'a' && *n <= 'z' ? *n - 32 : *n, to);
	fputs("\" 1\n.ad l\n.nh\n.SH NAME\n", to);
	roff(to, p->name);
	fputs(" \\- ", to);
	char line[256];
	snprintf(line, sizeof(line), "%.*s", (int)first, p->about);
	roff(to, line);
	fputs("\n.SH SYNOPSIS\n\\fB", to);
	roff(to, p->name);
	fputs("\\fR ", to);
	roff(to, p->usage);
	fputs("\n.SH DESCRIPTION\n", to);
	roff(to, p->about);
	fputc('\n', to);
	sl_config_man(p, to);
}

/* A YAML scalar: plain where nothing in it could be taken for syntax, else in double quotes. */
static void yaml_text(FILE *to, const char *text)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
	bool plain = *text != '\0' && *text != '-' && strspn(text, safe) == strlen(text) &&
		     strcmp(text, "null") != 0;
	if (plain) {
		fputs(text, to);
		return;
	}
	fputc('"', to);
	for (; *text != '\0'; text++) {
		unsigned char b = (unsigned char)*text;
		if (b == '"' || b == '\\')
			fprintf(to, "\\%c", b);
		else if (b < 0x20 || b == 0x7f)
			fprintf(to, "\\x%02X", b);
		else
			fputc(b, to);
	}
	fputc('"', to);
}

static void origin(const struct sl_config *c, const struct value *v, FILE *to)
{
	if (v->from != FROM_FILE) {
		fputs(v->from == FROM_DEFAULT ? " # default\n" : " # command line\n", to);
		return;
	}
	fputs(" # ", to);
	for (const char *p = c->file; *p != '\0'; p++) /* a comment ends at a newline */
		fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, to);
	fprintf(to, ":%u\n", v->line);
}

static void print_leaf(
	const struct sl_config *c, const struct value *v, const char *name, int indent, FILE *to)
{
	char text[64];
	bool unset = v->from == FROM_DEFAULT && v->opt->def == NULL;
	if (unset && v->opt->kind != SL_OPT_FLAG) {
		fprintf(to, "%*s# %s: not set\n", indent, "", name);
		return;
	}
	fprintf(to, "%*s%s: ", indent, "", name);
	if (v->opt->kind == SL_OPT_LIST) {
		fputc('[', to);
		for (size_t i = 0; i < v->count; i++) {
			fputs(i > 0 ? ", " : "", to);
			yaml_text(to, v->list[i]);
		}
		fputc(']', to);
	} else if (v->opt->kind == SL_OPT_TEXT || v->opt->kind == SL_OPT_CHOICE) {
		yaml_text(to, v->text);
	} else {
		sl_setting_text(v, text, sizeof(text));
		fputs(text, to);
	}
	origin(c, v, to);
}

/* The key of row i behind `prefix`, or NULL where it does not lie in that section. */
static const char *rest_of(const struct sl_config *c, size_t i, const char *prefix, size_t len)
{
	const char *key = c->table[i].key;
	if (key == NULL || c->table[i].missing != NULL || strncmp(key, prefix, len) != 0)
		return NULL;
	return key + len;
}

/* Whether row i is the first of its section below `prefix`. */
static bool opens_section(
	const struct sl_config *c, size_t i, const char *prefix, size_t len, size_t word)
{
	for (size_t j = 0; j < i; j++) {
		const char *rest = rest_of(c, j, prefix, len);
		if (rest != NULL && strncmp(rest, rest_of(c, i, prefix, len), word + 1) == 0)
			return false;
	}
	return true;
}

static void print_section(
	const struct sl_config *c, const char *prefix, size_t len, int indent, FILE *to)
{
	for (size_t i = 0; i < c->own; i++) {
		const char *rest = rest_of(c, i, prefix, len);
		if (rest == NULL)
			continue;
		size_t word = strcspn(rest, ".");
		if (rest[word] == '\0') {
			print_leaf(c, &c->values[i], rest, indent, to);
		} else if (opens_section(c, i, prefix, len, word)) {
			fprintf(to, "%*s%.*s:\n", indent, "", (int)word, rest);
			print_section(c, c->table[i].key, len + word + 1, indent + 2, to);
		}
	}
}

void sl_config_print(const struct sl_config *c, FILE *to)
{
	print_section(c, "", 0, 0, to);
}
