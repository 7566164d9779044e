/* SPDX-License-Identifier: BSD-3-Clause */
/* past_line.c - questions about the past and their answers, as lines: a sensor is asked over its
 * metrics port. Either side may be anybody. Control threads. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/past.h>

#define WORD_MAX 64

/* ---- Questions ---- */

size_t sl_past_question(const struct sl_indicator *i, char *out, size_t cap)
{
	if (i->value_len == 0 || memchr(i->value, '\n', i->value_len) != NULL ||
		memchr(i->value, '\0', i->value_len) != NULL)
		return 0;
	int n = snprintf(out, cap, "%s %s %u %s %u %.*s\n", sl_type_text(i->type),
		sl_match_text(i->match), i->below,
		i->where != SL_WHERE_NONE ? sl_wheres[i->where].name : "-", i->port,
		(int)i->value_len, i->value);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

/* The next word of a line, which a space ends; false: there is none. */
static bool word(const char **p, const char *end, char out[WORD_MAX])
{
	const char *space = memchr(*p, ' ', (size_t)(end - *p));
	size_t len = space != NULL ? (size_t)(space - *p) : (size_t)(end - *p);
	if (len == 0 || len >= WORD_MAX || memchr(*p, '\0', len) != NULL)
		return false;
	memcpy(out, *p, len);
	out[len] = '\0';
	*p = space != NULL ? space + 1 : end;
	return true;
}

static bool number(const char **p, const char *end, uint64_t most, uint64_t *out)
{
	char text[WORD_MAX], *rest;
	if (!word(p, end, text) || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &rest, 10);
	return errno == 0 && *rest == '\0' && *out <= most;
}

static bool match_read(const char *text, uint8_t *out)
{
	for (unsigned m = 0; m < SL_MATCH_COUNT; m++) {
		*out = (uint8_t)m;
		if (strcmp(sl_match_text((enum sl_match_kind)m), text) == 0)
			return true;
	}
	return false;
}

static bool value_read_line(const char *p, const char *end, struct sl_indicator *out)
{
	out->value = p;
	out->value_len = (uint32_t)(end - p);
	if (p == end || end - p > SL_VALUE_MAX)
		return false;
	if (out->type != SL_TYPE_IPV4 && out->type != SL_TYPE_IPV6)
		return true;
	if (!sl_prefix_parse(p, out->value_len, &out->addr, &out->version, &out->prefix_len)) {
		if (!sl_addr_parse(p, out->value_len, &out->addr, &out->version))
			return false;
		out->prefix_len = out->version == 4 ? 32 : 128;
	}
	return (out->version == 4) == (out->type == SL_TYPE_IPV4);
}

bool sl_past_question_read(const char *line, size_t len, struct sl_indicator *out)
{
	char text[WORD_MAX];
	const char *p = line, *end = line + len;
	uint64_t below, port;
	*out = (struct sl_indicator){ .id = "" };
	if (!word(&p, end, text) || (out->type = (uint8_t)sl_type_find(text, strlen(text))) == 0 ||
		!word(&p, end, text) || !match_read(text, &out->match) ||
		!number(&p, end, SL_BELOW_YES, &below) || !word(&p, end, text))
		return false;
	out->where = (uint16_t)sl_where_find(text, strlen(text));
	if ((out->where == SL_WHERE_NONE && strcmp(text, "-") != 0) ||
		!number(&p, end, UINT16_MAX, &port))
		return false;
	out->below = (uint8_t)below;
	out->port = (uint16_t)port;
	return value_read_line(p, end, out);
}

/* ---- Answers ---- */

static void reply_put(FILE *to, const struct sl_witness *w, const char *line, size_t len)
{
	struct sl_indicator i;
	struct sl_past_answer a;
	if (sl_past_question_read(line, len, &i) && w->ask(w->arg, &i, &a))
		fprintf(to, "%" PRIu64 " %" PRIu32 " %u\n", a.count, a.hosts, a.at_most);
	else
		fputs("-\n", to);
}

int sl_past_reply(
	const struct sl_witness *w, const char *text, size_t len, char **out, size_t *out_len)
{
	struct sl_past_sum s;
	FILE *to = open_memstream(out, out_len);
	if (to == NULL)
		return -ENOMEM;
	w->sum(w->arg, &s);
	fprintf(to,
		"memory %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		s.hours, s.hosts, s.observables, s.left_out, s.first_ns, s.last_ns);
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - text) - at : len - at;
		reply_put(to, w, text + at, n);
		at += n + 1;
	}
	if (fclose(to) == 0)
		return 0;
	free(*out);
	return -ENOMEM;
}

static bool sum_read(const char *p, const char *end, struct sl_past_sum *s)
{
	char text[WORD_MAX];
	uint64_t hours, hosts;
	*s = (struct sl_past_sum){ 0 };
	if (!word(&p, end, text) || strcmp(text, "memory") != 0 ||
		!number(&p, end, UINT32_MAX, &hours) || !number(&p, end, UINT32_MAX, &hosts) ||
		!number(&p, end, UINT64_MAX, &s->observables) ||
		!number(&p, end, UINT64_MAX, &s->left_out) ||
		!number(&p, end, UINT64_MAX, &s->first_ns) ||
		!number(&p, end, UINT64_MAX, &s->last_ns) || p != end)
		return false;
	s->hours = (uint32_t)hours;
	s->hosts = (uint32_t)hosts;
	return true;
}

static bool answer_read(const char *p, const char *end, struct sl_past_reply *out)
{
	uint64_t hosts, at_most;
	*out = (struct sl_past_reply){ .known = false };
	if (end - p == 1 && *p == '-')
		return true;
	if (!number(&p, end, UINT64_MAX, &out->count) || !number(&p, end, UINT32_MAX, &hosts) ||
		!number(&p, end, 1, &at_most) || p != end)
		return false;
	out->known = true;
	out->hosts = (uint32_t)hosts;
	out->at_most = at_most == 1;
	return true;
}

int sl_past_reply_read(const char *text, size_t len, struct sl_past_sum *sum,
	struct sl_past_reply *answer, size_t count)
{
	size_t n = 0, line = 0;
	for (size_t at = 0; at < len; line++) {
		const char *p = text + at, *end = memchr(p, '\n', len - at);
		if (end == NULL || (line > 0 && n == count))
			return -EPROTO;
		if (line == 0 ? !sum_read(p, end, sum) : !answer_read(p, end, &answer[n++]))
			return -EPROTO;
		at = (size_t)(end - text) + 1;
	}
	return line == count + 1 ? 0 : -EPROTO;
}
