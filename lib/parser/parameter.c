/* SPDX-License-Identifier: BSD-3-Clause */
/* parameter.c - reads parameters of header fields. Worker; pure; linear in its input. */
#include <strings.h>

#include "parameter.h"
#include <sightline/hot.h>

/* What the attribute in front of a value makes of it. */
struct attribute {
	bool mine;
	bool extended; /* name*= or name*0*= */
	bool section; /* name*0 */
	unsigned number;
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t over_blanks(struct sl_span s, size_t at)
{
	while (at < s.len && blank(s.p[at]))
		at++;
	return at;
}

/* Behind the quoted string that begins at `at`. */
static size_t over_quoted(struct sl_span s, size_t at)
{
	while (++at < s.len && s.p[at] != '"')
		at += s.p[at] == '\\';
	return at < s.len ? at + 1 : s.len;
}

/* Behind a value, quoted or not. */
static size_t over_value(struct sl_span s, size_t at)
{
	if (at < s.len && s.p[at] == '"')
		return over_quoted(s, at);
	while (at < s.len && s.p[at] != ';')
		at++;
	return at;
}

static struct attribute attribute_of(struct sl_span a, const char *name)
{
	struct attribute r = { .mine = false };
	size_t n = strlen(name);
	while (a.len && blank(a.p[a.len - 1]))
		a.len--;
	if (a.len < n || strncasecmp((const char *)a.p, name, n) != 0)
		return r;
	a = sl_span_from(a, n);
	if (a.len && a.p[a.len - 1] == '*') {
		r.extended = true;
		a.len--;
	}
	r.mine = a.len == 0;
	if (a.len < 2 || a.p[0] != '*' || a.len > 4)
		return r;
	for (size_t i = 1; i < a.len; i++) {
		if (a.p[i] < '0' || a.p[i] > '9')
			return r;
		r.number = r.number * 10 + (unsigned)(a.p[i] - '0');
	}
	r.mine = r.section = true;
	return r;
}

static int digit(uint8_t c)
{
	uint8_t low = c | 32;
	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

size_t parameter_unescape(struct sl_span in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len && n < cap; i++) {
		int hi = in.p[i] == '%' && in.len - i > 2 ? digit(in.p[i + 1]) : -1;
		int lo = hi >= 0 ? digit(in.p[i + 2]) : -1;
		out[n++] = lo >= 0 ? (uint8_t)(hi * 16 + lo) : in.p[i];
		i += lo >= 0 ? 2 : 0;
	}
	return n;
}

/* A value without its quotes. A backslash stands for itself unless it escapes what has to be: it
 * divides folders in names that some clients send. */
static size_t unquote(struct sl_span v, uint8_t *out, size_t cap)
{
	size_t n = 0;
	bool quoted = v.len && v.p[0] == '"';
	while (!quoted && v.len && blank(v.p[v.len - 1]))
		v.len--;
	for (size_t i = quoted; i < v.len && n < cap; i++) {
		if (quoted && v.p[i] == '"')
			break;
		if (v.p[i] == '\r' || v.p[i] == '\n')
			continue;
		if (quoted && v.p[i] == '\\' && v.len - i > 1 &&
			(v.p[i + 1] == '"' || v.p[i + 1] == '\\'))
			i++;
		out[n++] = v.p[i];
	}
	return n;
}

/* charset'language'value: the charset is taken for UTF-8, which RFC 8187 asks for. */
static size_t extended(struct sl_span v, bool first, uint8_t *out, size_t cap)
{
	size_t n = unquote(v, out, cap), at = 0;
	const uint8_t *mark = first && n ? memchr(out, '\'', n) : NULL;
	if (mark != NULL) {
		size_t from = (size_t)(mark - out) + 1;
		mark = memchr(out + from, '\'', n - from);
		at = mark != NULL ? (size_t)(mark - out) + 1 : 0;
	}
	return parameter_unescape(sl_span(out + at, n - at), out, cap);
}

size_t parameter(struct sl_span field, const char *name, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned sections = 0;
	bool ext = false;
	size_t at = over_value(field, 0);
	while (at < field.len) {
		at = over_blanks(field, at + (field.p[at] == ';'));
		size_t from = at;
		while (at < field.len && field.p[at] != '=' && field.p[at] != ';')
			at++;
		if (at == field.len || field.p[at] == ';')
			continue;
		struct attribute a = attribute_of(sl_span(field.p + from, at - from), name);
		from = over_blanks(field, at + 1);
		at = over_value(field, from);
		struct sl_span v = sl_span(field.p + from, at - from);
		/* What stands between a quoted value and the next semicolon is nothing. */
		while (at < field.len && field.p[at] != ';')
			at++;
		if (!a.mine || (ext && !a.extended && !a.section))
			continue;
		if (a.section && a.number != sections)
			continue;
		size_t keep = a.section && a.number ? n : 0;
		n = keep + (a.extended ? extended(v, keep == 0, out + keep, cap - keep)
				       : unquote(v, out + keep, cap - keep));
		sections += a.section;
		ext |= a.extended || a.section;
	}
	return n;
}
