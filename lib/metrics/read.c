/* SPDX-License-Identifier: BSD-3-Clause */
/* read.c - samples out of exposition text, and text out of an HTTP answer. Pure functions of bytes
 * that anybody may have written. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/metrics.h>

#include "where.h"

#define SAMPLES_MAX 65536
#define VALUE_MAX 64 /* characters of a number */

struct sl_metrics {
	char *text; /* a copy; keys point into it */
	struct sl_metric *sample;
	size_t count, cap;
	uint64_t unreadable;
};

void sl_metrics_free(struct sl_metrics *m)
{
	if (m == NULL)
		return;
	free(m->sample);
	free(m->text);
	free(m);
}

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == ':';
}

/* Behind the key's last byte; NULL: the line has none. Labels may hold any byte but a bare quote.
 */
static const char *key_end(const char *p, const char *end)
{
	const char *begin = p;
	while (p < end && name_byte(*p))
		p++;
	if (p == begin || p == end)
		return NULL;
	if (*p != '{')
		return p;
	bool quoted = false;
	for (p++; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '}' && !quoted)
			return p + 1;
	}
	return NULL;
}

/* A number, and perhaps a time stamp behind it, which nobody here needs. */
static bool value_of(const char *p, const char *end, double *out)
{
	char text[VALUE_MAX];
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	size_t n = 0;
	while (p + n < end && p[n] != ' ' && p[n] != '\t')
		n++;
	if (n == 0 || n >= sizeof(text) || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(text, p, n);
	text[n] = '\0';
	char *rest;
	*out = strtod(text, &rest);
	return *rest == '\0' && !isnan(*out);
}

static int keep(struct sl_metrics *m, char *key, double value)
{
	if (m->count == SAMPLES_MAX)
		return -E2BIG;
	if (m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 256;
		struct sl_metric *more = reallocarray(m->sample, cap, sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		m->sample = more;
		m->cap = cap;
	}
	m->sample[m->count++] = (struct sl_metric){ key, value };
	return 0;
}

static int take_line(struct sl_metrics *m, char *p, char *end)
{
	double value;
	if (end > p && end[-1] == '\r')
		end--;
	if (p == end || *p == '#')
		return 0;
	const char *behind = key_end(p, end);
	if (behind == NULL || (*behind != ' ' && *behind != '\t') ||
		memchr(p, '\0', (size_t)(end - p)) != NULL || !value_of(behind, end, &value)) {
		m->unreadable++;
		return 0;
	}
	p[behind - p] = '\0';
	return keep(m, p, value);
}

int sl_metrics_parse(struct sl_metrics **out, const char *text, size_t len)
{
	struct sl_metrics *m = calloc(1, sizeof(*m));
	if (m == NULL || (m->text = malloc(len + 1)) == NULL) {
		sl_metrics_free(m);
		return -ENOMEM;
	}
	memcpy(m->text, text, len);
	m->text[len] = '\n';
	int rc = 0;
	for (size_t at = 0; rc == 0 && at < len;) {
		char *end = memchr(m->text + at, '\n', len + 1 - at);
		rc = take_line(m, m->text + at, end);
		at = (size_t)(end - m->text) + 1;
	}
	if (rc < 0)
		sl_metrics_free(m);
	else
		*out = m;
	return rc;
}

/* RFC 9112, section 4: HTTP-version SP status-code SP; section 2.2: an empty line ends the head. */
const char *http_body(const char *http, size_t len)
{
	static const char begin[] = "HTTP/1.";
	size_t n = sizeof(begin) - 1;
	if (len < n + 6 || memcmp(http, begin, n) != 0 || memcmp(http + n + 1, " 200 ", 5) != 0)
		return NULL;
	const char *body = memmem(http, len, "\r\n\r\n", 4);
	return body != NULL ? body + 4 : NULL;
}

int sl_metrics_answer(struct sl_metrics **out, const char *http, size_t len)
{
	const char *body = http_body(http, len);
	return body != NULL ? sl_metrics_parse(out, body, len - (size_t)(body - http)) : -EPROTO;
}

const struct sl_metric *sl_metrics_all(const struct sl_metrics *m, size_t *count)
{
	*count = m->count;
	return m->sample;
}

uint64_t sl_metrics_unreadable(const struct sl_metrics *m)
{
	return m->unreadable;
}

bool sl_metrics_get(const struct sl_metrics *m, const char *key, double *value)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->sample[i].key, key) != 0)
			continue;
		*value = m->sample[i].value;
		return true;
	}
	return false;
}

bool sl_metric_is(const struct sl_metric *s, const char *name)
{
	size_t n = strlen(name);
	return strncmp(s->key, name, n) == 0 && (s->key[n] == '\0' || s->key[n] == '{');
}

/* Copies up to the closing quote; false: too long, or there is no quote. */
static bool unescape(const char *p, char *out, size_t cap)
{
	size_t n = 0;
	for (; *p != '\0' && *p != '"'; p++) {
		char c = *p;
		if (c == '\\' && p[1] != '\0')
			c = *++p == 'n' ? '\n' : *p;
		if (n + 1 >= cap)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return *p == '"';
}

/* Behind the quote that ends a value which begins at p. */
static const char *value_end(const char *p)
{
	for (; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : p;
}

bool sl_metric_label(const struct sl_metric *s, const char *label, char *out, size_t cap)
{
	size_t n = strlen(label);
	const char *p = strchr(s->key, '{');
	while (p != NULL && *p != '\0' && *p != '}') {
		p++; /* over the brace or the comma */
		const char *sign = strstr(p, "=\"");
		if (sign == NULL)
			return false;
		if ((size_t)(sign - p) == n && memcmp(p, label, n) == 0)
			return unescape(sign + 2, out, cap);
		p = value_end(sign + 2);
	}
	return false;
}
