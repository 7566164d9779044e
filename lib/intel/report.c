/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - what the checker found, as a letter to a feed's author, in Markdown: each indicator
 * that would not do its work, why, and the pattern to use instead. What the feed says stands in
 * code, where nothing of it is markup. Control threads; writes to the stream that it is given. */
#include <string.h>

#include "report.h"

#define SHOWN 2000 /* bytes of a value; a suggestion is never cut */

/* One line of text: control bytes and what would end a line are made visible. */
static void put(FILE *out, const char *text, size_t most, bool code)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];
		if (i == most) {
			fputs("...", out);
			return;
		}
		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else if (!code && strchr("\\`*_{}[]<>#|!&~", c) != NULL)
			fprintf(out, "\\%c", c);
		else
			fputc(c, out);
	}
}

/* A block that is indented: nothing inside can end it. */
static void put_code(FILE *out, const char *title, const char *text, size_t most)
{
	if (text[0] == '\0')
		return;
	fprintf(out, "\n  %s:\n\n      ", title);
	put(out, text, most, true);
	fputc('\n', out);
}

void report_begin(struct report *r, FILE *out)
{
	*r = (struct report){ .out = out };
	fputs("# Check of indicators\n\n"
	      "Each indicator below would not be armed as it stands, or is worth a note. Where a "
	      "pattern is given it is complete (STIX 2.1), and was accepted by the same check.\n",
		out);
}

/* What a network saw is not the author's to know: the names in it are what its people read, the
 * counts how many they are. */
static const char *reason_of(const struct sl_finding *f)
{
	size_t n;
	const struct sl_intel_code *code = sl_intel_codes(&n);
	if (strcmp(f->code, "ORDINARY_HOST") != 0 && strcmp(f->code, "HIGH_IMPACT") != 0)
		return f->reason;
	while (n > 1 && strcmp(code->code, f->code) != 0) {
		code++;
		n--;
	}
	return code->meaning;
}

void report_finding(struct report *r, const struct sl_finding *f)
{
	char id[sizeof(r->id)];
	if (f->code[0] == '\0' || strcmp(f->code, "SEEN") == 0 ||
		(f->verdict == SL_CONTEXT && f->line > 0))
		return;
	r->told++;
	if (strncmp(r->file, f->file, sizeof(r->file) - 1) != 0) {
		snprintf(r->file, sizeof(r->file), "%s", f->file);
		r->id[0] = '\0';
		fputs("\n## ", r->out);
		put(r->out, f->file, SHOWN, false);
		fputc('\n', r->out);
	}
	snprintf(id, sizeof(id), "%llu %s", (unsigned long long)f->line, f->id);
	if (strcmp(r->id, id) != 0) {
		memcpy(r->id, id, sizeof(id));
		fputs("\n### ", r->out);
		put(r->out, f->id[0] ? f->id : "(no id)", 200, false);
		fprintf(r->out, ", line %llu\n", (unsigned long long)f->line);
	}
	fprintf(r->out, "\n- **%s** `%s`: ",
		f->verdict == SL_NOT_VALID ? "refused" : sl_intel_verdict_text(f->verdict),
		f->code);
	put(r->out, reason_of(f), SHOWN, false);
	fputc('\n', r->out);
	put_code(r->out, "Part", f->part, SHOWN);
	put_code(r->out, "Use instead", f->suggestion, SIZE_MAX);
}

void report_end(struct report *r, const struct sl_intel_source *source, size_t n)
{
	if (r->told == 0)
		fputs("\nNothing was found.\n", r->out);
	fputs("\n## Summary\n\n| file | format | armed | quiet | refused | context | not valid now "
	      "|\n|---|---|---|---|---|---|---|\n",
		r->out);
	for (size_t i = 0; i < n; i++) {
		const uint64_t *c = source[i].count;
		fputs("| ", r->out);
		put(r->out, source[i].path, SHOWN, false);
		fprintf(r->out, " | %s | %llu | %llu | %llu | %llu | %llu |\n", source[i].format,
			(unsigned long long)c[SL_ARMED], (unsigned long long)c[SL_QUIET],
			(unsigned long long)c[SL_REFUSED], (unsigned long long)c[SL_CONTEXT],
			(unsigned long long)c[SL_NOT_VALID]);
	}
	fputs("\n## Codes\n\n", r->out);
	sl_intel_codes_print(r->out, true);
}
