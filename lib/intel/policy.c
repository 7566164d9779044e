/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.c - what the operator says of a source or of one indicator: lines of the configuration,
 * kept in order, asked for each entry of a feed. Control threads. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/intel.h>
#include <sightline/mem.h>
#include <sightline/policy.h>

#include "csv.h"

struct code_rule {
	const char *code;
	enum sl_intel_verdict verdict;
	struct code_rule *next;
};

struct source_rule {
	const char *name;
	struct sl_source_policy says;
	bool url_host_given, stale_given;
	uint16_t ages_given; /* types, as bits */
	struct code_rule *codes;
	struct source_rule *next;
};

struct id_rule {
	const char *id, *why;
	enum sl_intel_verdict verdict;
};

struct sl_policy {
	struct sl_arena *arena;
	struct source_rule *sources, **sources_end;
	struct id_rule *ids;
	size_t id_count, id_cap;
	uint64_t *uses; /* apart, as who asks has a policy that is const */
};

int sl_policy_new(struct sl_policy **out)
{
	struct sl_policy *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	int rc = sl_arena_new(&p->arena);
	p->sources_end = &p->sources;
	p->uses = rc == 0 ? sl_arena_take(p->arena, sizeof(*p->uses)) : NULL;
	if (p->uses == NULL) {
		sl_policy_free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void sl_policy_free(struct sl_policy *p)
{
	if (p == NULL)
		return;
	sl_arena_free(p->arena);
	free(p->ids);
	free(p);
}

bool sl_policy_empty(const struct sl_policy *p)
{
	return p == NULL || (p->sources == NULL && p->id_count == 0);
}

uint64_t sl_policy_uses(const struct sl_policy *p)
{
	return p != NULL ? *p->uses : 0;
}

/* ---- Lines ---- */

/* The next word, or what stands in double quotes. NULL at the end; len 0 in *left. */
static const char *word(const char **at, size_t *len)
{
	const char *p = *at + strspn(*at, " \t");
	if (*p == '\0')
		return NULL;
	bool quoted = *p == '"';
	p += quoted;
	*len = strcspn(p, quoted ? "\"" : " \t");
	*at = p + *len + (quoted && p[*len] == '"');
	return p;
}

static bool verdict_of(const char *text, size_t len, enum sl_intel_verdict *out)
{
	for (int v = SL_ARMED; v <= SL_REFUSED; v++) {
		const char *name = sl_intel_verdict_text((enum sl_intel_verdict)v);
		if (strlen(name) == len && memcmp(name, text, len) == 0) {
			*out = (enum sl_intel_verdict)v;
			return true;
		}
	}
	return false;
}

static bool is(const char *text, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(text, name, len) == 0;
}

static int codes_read(struct sl_policy *p, struct source_rule *s, enum sl_intel_verdict verdict,
	const char *text, size_t len)
{
	while (len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - text) : len;
		struct code_rule *c = sl_arena_take(p->arena, sizeof(*c));
		if (c == NULL || (c->code = sl_arena_text(p->arena, text, n)) == NULL)
			return -ENOMEM;
		c->verdict = verdict;
		c->next = s->codes; /* the last word stands first */
		s->codes = c;
		n += comma != NULL;
		text += n;
		len -= n;
	}
	return 0;
}

static bool below_read(const char *text, size_t len, uint8_t *out)
{
	static const char *const words[] = {
		[SL_BELOW_NO] = "no", [SL_BELOW_MARKED] = "marked", [SL_BELOW_YES] = "yes"
	};
	for (uint8_t i = 0; i < 3; i++)
		if (is(text, len, words[i])) {
			*out = i;
			return true;
		}
	return false;
}

static bool confidence_read(const char *text, size_t len, uint8_t *out)
{
	unsigned v = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || v > 100)
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	*out = (uint8_t)v;
	return len > 0 && v <= 100;
}

/* "12h", "90d", "6w", "1y"; "none". */
static bool duration_read(const char *text, size_t len, uint64_t *out)
{
	uint64_t n = 0;
	*out = 0;
	if (is(text, len, "none"))
		return true;
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] < '0' || text[i] > '9' || n > 9999)
			return false;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	char unit = len > 1 ? text[len - 1] : '\0';
	uint64_t days = unit == 'd' ? 1 : unit == 'w' ? 7 : unit == 'y' ? 365 : 0;
	uint64_t hours = unit == 'h' ? n : n * days * 24;
	*out = hours * 3600 * SL_SECOND;
	return hours > 0 && hours < 100 * 365 * 24;
}

/* One AGE for all, or TYPE:AGE,... */
static bool ages_read(struct source_rule *s, const char *text, size_t len)
{
	for (const char *at = text, *end = text + len; at <= end;) {
		const char *stop = memchr(at, ',', (size_t)(end - at));
		stop = stop != NULL ? stop : end;
		const char *colon = memchr(at, ':', (size_t)(stop - at));
		const char *age = colon != NULL ? colon + 1 : at;
		enum sl_type type =
			colon != NULL ? sl_type_find(at, (size_t)(colon - at)) : SL_TYPE_NONE;
		uint64_t ns;
		if ((colon != NULL && type == SL_TYPE_NONE) ||
			!duration_read(age, (size_t)(stop - age), &ns))
			return false;
		for (unsigned t = 0; t < SL_TYPE_COUNT; t++) {
			if (colon != NULL && t != type)
				continue;
			s->says.max_age_ns[t] = ns;
			s->ages_given |= (uint16_t)(1u << t);
		}
		at = stop + 1;
	}
	return true;
}

static int header_read(struct sl_policy *p, struct source_rule *s, const char *text, size_t len,
	char *err, size_t err_len)
{
	struct table table;
	s->says.csv_header = sl_arena_text(p->arena, text, len);
	if (s->says.csv_header == NULL)
		return -ENOMEM;
	return csv_table_described(s->says.csv_header, &table, err, err_len) ? 0 : -EINVAL;
}

/* A word that says nothing of what is wrong with it leaves err empty. */
static int setting_read(struct sl_policy *p, struct source_rule *s, const char *text, size_t len,
	char *err, size_t err_len)
{
	const char *eq = memchr(text, '=', len);
	size_t key = eq != NULL ? (size_t)(eq - text) : len;
	const char *value = eq != NULL ? eq + 1 : "";
	size_t n = eq != NULL ? len - key - 1 : 0;
	enum sl_intel_verdict verdict;
	if (eq == NULL) {
		s->says.arm_observables |= is(text, len, "arm_observables");
		s->says.quiet |= is(text, len, "quiet");
		s->says.probation |= is(text, len, "probation");
		return is(text, len, "arm_observables") || is(text, len, "quiet") ||
				       is(text, len, "probation")
			       ? 0
			       : -EINVAL;
	}
	if (verdict_of(text, key, &verdict))
		return n > 0 ? codes_read(p, s, verdict, value, n) : -EINVAL;
	if (is(text, key, "below"))
		return below_read(value, n, &s->says.below) ? 0 : -EINVAL;
	if (is(text, key, "csv_header"))
		return header_read(p, s, value, n, err, err_len);
	if (is(text, key, "confidence"))
		return confidence_read(value, n, &s->says.confidence) ? 0 : -EINVAL;
	if (is(text, key, "max_age"))
		return ages_read(s, value, n) ? 0 : -EINVAL;
	if (is(text, key, "stale_after")) {
		s->stale_given = true;
		return duration_read(value, n, &s->says.stale_after_ns) ? 0 : -EINVAL;
	}
	if (is(text, key, "published"))
		return sl_time_parse(value, n, &s->says.published_ns) ? 0 : -EINVAL;
	if (is(text, key, "url")) {
		s->says.url_prefix = is(value, n, "prefix");
		return s->says.url_prefix || is(value, n, "exact") ? 0 : -EINVAL;
	}
	if (is(text, key, "url_host")) {
		s->says.url_host = is(value, n, "yes");
		s->url_host_given = true;
		return s->says.url_host || is(value, n, "no") ? 0 : -EINVAL;
	}
	return -EINVAL;
}

int sl_policy_source(struct sl_policy *p, const char *line, char *err, size_t err_len)
{
	size_t len;
	const char *at = line, *text = word(&at, &len);
	struct source_rule *s = sl_arena_take(p->arena, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->says.below = SL_POLICY_BELOW_DEFAULT;
	if (text == NULL || len == 0) {
		snprintf(err, err_len, "a source's name, then what holds for it");
		return -EINVAL;
	}
	s->name = sl_arena_text(p->arena, text, len);
	if (s->name == NULL)
		return -ENOMEM;
	while ((text = word(&at, &len)) != NULL) {
		err[0] = '\0';
		int rc = setting_read(p, s, text, len, err, err_len);
		if (rc == -EINVAL && err[0] == '\0')
			snprintf(err, err_len,
				"\"%.*s\" is none of arm_observables, below=no|marked|yes, "
				"url=exact|prefix, url_host=no, confidence=N, "
				"max_age=[TYPE:]AGE (such as ipv4-addr:90d, 1y, none), "
				"stale_after=AGE, published=YYYY-MM-DD, quiet, probation, "
				"csv_header=NAME,..., "
				"armed=CODE, quiet=CODE, refused=CODE",
				(int)(len < 80 ? len : 80), text);
		if (rc < 0)
			return rc;
	}
	*p->sources_end = s;
	p->sources_end = &s->next;
	return 0;
}

int sl_policy_override(struct sl_policy *p, const char *line, char *err, size_t err_len)
{
	size_t len, verdict_len = 0;
	const char *at = line, *id = word(&at, &len), *verdict = NULL;
	struct id_rule rule;
	if (id != NULL)
		verdict = word(&at, &verdict_len);
	if (verdict == NULL || !verdict_of(verdict, verdict_len, &rule.verdict)) {
		snprintf(err, err_len, "an indicator's id, then armed, quiet or refused, then why");
		return -EINVAL;
	}
	at += strspn(at, " \t");
	rule.id = sl_arena_text(p->arena, id, len);
	rule.why = sl_arena_text(p->arena, at, strlen(at));
	if (p->id_count == p->id_cap) {
		size_t cap = p->id_cap ? p->id_cap * 2 : 16;
		struct id_rule *more = realloc(p->ids, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		p->ids = more;
		p->id_cap = cap;
	}
	if (rule.id == NULL || rule.why == NULL)
		return -ENOMEM;
	/* In order of id, so that millions of indicators are looked up fast; the last word on one
	 * stands behind the others. */
	size_t to = p->id_count++;
	for (; to > 0 && strcmp(p->ids[to - 1].id, rule.id) > 0; to--)
		p->ids[to] = p->ids[to - 1];
	p->ids[to] = rule;
	return 0;
}

/* ---- Asking ---- */

static bool fits(const struct source_rule *s, const char *source, const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	return (source != NULL && fnmatch(s->name, source, 0) == 0) ||
	       (path != NULL && fnmatch(s->name, path, 0) == 0) ||
	       (slash != NULL && fnmatch(s->name, slash + 1, 0) == 0);
}

void sl_policy_of(const struct sl_policy *p, const char *source, const char *path,
	struct sl_source_policy *out)
{
	*out = (struct sl_source_policy){ .below = SL_POLICY_BELOW_DEFAULT, .url_host = true };
	for (const struct source_rule *s = p != NULL ? p->sources : NULL; s != NULL; s = s->next) {
		if (!fits(s, source, path))
			continue;
		out->arm_observables |= s->says.arm_observables;
		out->quiet |= s->says.quiet;
		out->probation |= s->says.probation;
		out->url_prefix |= s->says.url_prefix;
		if (s->url_host_given)
			out->url_host = s->says.url_host;
		if (s->says.below != SL_POLICY_BELOW_DEFAULT)
			out->below = s->says.below;
		if (s->says.csv_header != NULL)
			out->csv_header = s->says.csv_header;
		if (s->says.confidence > 0)
			out->confidence = s->says.confidence;
		if (s->stale_given)
			out->stale_after_ns = s->says.stale_after_ns;
		if (s->says.published_ns > 0)
			out->published_ns = s->says.published_ns;
		for (unsigned t = 0; t < SL_TYPE_COUNT; t++)
			if (s->ages_given >> t & 1)
				out->max_age_ns[t] = s->says.max_age_ns[t];
	}
}

int sl_policy_would(
	const struct sl_policy *p, const char *source, const char *path, const char *code)
{
	int verdict = -1;
	for (const struct source_rule *s = p != NULL ? p->sources : NULL; s != NULL; s = s->next) {
		if (s->codes == NULL || !fits(s, source, path))
			continue;
		for (const struct code_rule *c = s->codes; c != NULL; c = c->next)
			if (strcmp(c->code, code) == 0) {
				verdict = (int)c->verdict;
				break;
			}
	}
	return verdict;
}

int sl_policy_of_code(
	const struct sl_policy *p, const char *source, const char *path, const char *code)
{
	int verdict = sl_policy_would(p, source, path, code);
	if (verdict >= 0)
		++*p->uses;
	return verdict;
}

int sl_policy_of_id(const struct sl_policy *p, const char *id, const char **why)
{
	size_t low = 0, high = p != NULL && id != NULL ? p->id_count : 0;
	while (low < high) { /* the first behind all that are not greater */
		size_t middle = low + (high - low) / 2;
		if (strcmp(p->ids[middle].id, id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || strcmp(p->ids[low - 1].id, id) != 0)
		return -1;
	*why = p->ids[low - 1].why;
	++*p->uses;
	return (int)p->ids[low - 1].verdict;
}
