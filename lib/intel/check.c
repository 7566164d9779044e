/* SPDX-License-Identifier: BSD-3-Clause */
/* check.c - says for each indicator what the sensor would do with it, by the sensor's own reading.
 * Control threads; writes to the stream that it is given. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/clock.h>
#include <sightline/past.h>

#include "reading.h"
#include "report.h"

struct check {
	FILE *out;
	struct report *report; /* NULL: none */
	struct sl_json_out *json; /* NULL: lines for people */
	struct sl_past_sum sum; /* of the past that it is asked about */
};

/* What a feed says goes to a terminal: control bytes are made visible. */
static void put_plain(FILE *out, const char *text, size_t most)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];
		if (i == most) {
			fputs("...", out);
			return;
		}
		unsigned char next = (unsigned char)text[i + 1];
		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0) /* C1, as UTF-8 writes it */
			fprintf(out, "\\x%02x", (unsigned char)text[++i]);
		else
			fputc(c, out);
	}
}

static const char *verdict_word(enum sl_intel_verdict v)
{
	return v == SL_NOT_VALID ? "refused" : sl_intel_verdict_text(v);
}

static void put_past(struct check *c, const struct sl_past_answer *past)
{
	if (past == NULL || past->count == 0)
		return;
	fprintf(c->out, "; %s%llu time%s", past->at_most ? "at most " : "would have fired ",
		(unsigned long long)past->count, past->count == 1 ? "" : "s");
	if (c->sum.hours > 0)
		fprintf(c->out, " in the last %u h", c->sum.hours);
	fprintf(c->out, " on %u of %u hosts", past->hosts, c->sum.hosts);
}

static void json_past(struct check *c, const struct sl_past_answer *past)
{
	struct sl_json_out *j = c->json;
	if (past == NULL)
		return;
	sl_json_object(j, "past");
	sl_json_u64(j, "count", past->count);
	sl_json_u64(j, "hosts", past->hosts);
	sl_json_u64(j, "of_hosts", c->sum.hosts);
	if (c->sum.hours > 0)
		sl_json_u64(j, "hours", c->sum.hours);
	sl_json_bool(j, "at_most", past->at_most);
	sl_json_array(j, "names");
	for (uint32_t i = 0; i < past->name_count; i++)
		sl_json_str(j, NULL, past->name[i]);
	sl_json_array_end(j);
	sl_json_bool(j, "more_names", past->more_names);
	sl_json_object_end(j);
}

static void tell_line(struct check *c, const struct sl_finding *f)
{
	if (f->verdict == SL_ARMED && f->code[0] == '\0')
		return;
	put_plain(c->out, f->file, 4096);
	fprintf(c->out, ":%llu ", (unsigned long long)f->line);
	put_plain(c->out, f->id[0] ? f->id : "-", 200);
	fprintf(c->out, " %s %s %s", verdict_word(f->verdict), f->code, f->reason);
	if (f->part[0] != '\0') {
		fputs(" (", c->out);
		put_plain(c->out, f->part, 200);
		fputc(')', c->out);
	}
	if (f->scope[0] != '\0')
		fprintf(c->out, ", scope %s", f->scope);
	if (f->suggestion[0] != '\0') {
		fputs("; instead: ", c->out);
		put_plain(c->out, f->suggestion, 65536); /* whole: it is there to be copied */
	}
	put_past(c, f->past);
	fputc('\n', c->out);
}

static void tell_json(struct check *c, const struct sl_finding *f)
{
	const char *p;
	size_t len;
	struct sl_json_out *j = c->json;
	sl_json_object(j, NULL);
	sl_json_str(j, "file", f->file);
	sl_json_u64(j, "line", f->line);
	sl_json_str(j, "id", f->id);
	sl_json_str(j, "verdict", verdict_word(f->verdict));
	sl_json_str(j, "code", f->code);
	sl_json_str(j, "reason", f->reason);
	sl_json_str(j, "part", f->part);
	sl_json_str(j, "suggestion", f->suggestion);
	sl_json_str(j, "scope", f->scope);
	json_past(c, f->past);
	sl_json_object_end(j);
	if (sl_json_line(j, &p, &len) == 0)
		fwrite(p, 1, len, c->out);
}

static void tell(void *arg, const struct sl_finding *f)
{
	struct check *c = arg;
	if (c->report != NULL)
		report_finding(c->report, f);
	if (c->json != NULL)
		tell_json(c, f);
	else if (f->verdict != SL_CONTEXT || f->line == 0)
		tell_line(c, f);
}

static void summary(struct check *c, const struct sl_intel_source *s)
{
	put_plain(c->out, s->path, 4096);
	fprintf(c->out, ": %s%s%llu armed, %llu quiet, %llu refused, %llu context", s->format,
		s->format[0] ? ": " : "", (unsigned long long)s->count[SL_ARMED],
		(unsigned long long)s->count[SL_QUIET], (unsigned long long)s->count[SL_REFUSED],
		(unsigned long long)s->count[SL_CONTEXT]);
	if (s->count[SL_NOT_VALID] > 0)
		fprintf(c->out, ", %llu not valid now", (unsigned long long)s->count[SL_NOT_VALID]);
	if (s->in_part > 0)
		fprintf(c->out, ", %llu of these in part only", (unsigned long long)s->in_part);
	if (s->rules > 0)
		fprintf(c->out, ", %llu rules kept", (unsigned long long)s->rules);
	fputc('\n', c->out);
}

static void past_summary(struct check *c)
{
	const struct sl_past_sum *sum = &c->sum;
	char first[SL_TIME_TEXT], last[SL_TIME_TEXT];
	sl_time_text(sum->first_ns, first);
	sl_time_text(sum->last_ns, last);
	fprintf(c->out, "asked about %llu observables of %u hosts, %.16sZ to %.16sZ",
		(unsigned long long)sum->observables, sum->hosts, first, last);
	if (sum->hours > 0)
		fprintf(c->out, "; the last %u h are remembered", sum->hours);
	if (sum->left_out > 0)
		fprintf(c->out, "; no room for %llu of them: counts are too low",
			(unsigned long long)sum->left_out);
	fputc('\n', c->out);
}

int sl_intel_check(const char *const *paths, size_t n, bool json, FILE *out)
{
	struct sl_intel_check_options how = { .json = json };
	return sl_intel_check_by(paths, n, &how, out);
}

int sl_intel_check_by(
	const char *const *paths, size_t n, const struct sl_intel_check_options *how, FILE *out)
{
	struct report report;
	struct check c = { .out = out, .report = how->report != NULL ? &report : NULL };
	struct sl_intel *set;
	bool json = how->json;
	struct sl_intel_options o = { .validity = SL_VALID_PACKET,
		.lists = how->lists,
		.policy = how->policy,
		.home = how->home,
		.past = how->past,
		.impact_hosts = how->impact_hosts,
		.impact_percent = how->impact_percent,
		.finding = tell,
		.arg = &c,
		.propose = true,
		.tell_all = json };
	int status = 0;
	o.now_ns = sl_clock_wall_ns();
	if (how->past != NULL)
		how->past->sum(how->past->arg, &c.sum);
	if (sl_intel_new(&set) < 0)
		return 2;
	if (json && sl_json_out_new(&c.json) < 0)
		status = 2;
	if (c.report != NULL)
		report_begin(&report, how->report);
	for (size_t i = 0; i < n && (status == 0 || c.json != NULL || !json); i++)
		if (sl_intel_read(set, paths[i], &o) < 0)
			status = 2;
	for (size_t i = 0; i < set->source_count; i++) {
		const struct sl_intel_source *s = &set->sources[i];
		if (!json)
			summary(&c, s);
		if (status == 0 && s->count[SL_QUIET] + s->count[SL_REFUSED] + s->in_part > 0)
			status = 1;
	}
	if (how->past != NULL && !json)
		past_summary(&c);
	if (c.report != NULL)
		report_end(&report, set->sources, set->source_count);
	sl_json_out_free(c.json);
	sl_intel_free(set);
	return status;
}
