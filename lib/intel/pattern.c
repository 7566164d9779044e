/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern.c - STIX 2 patterns of one comparison: [type:path = 'value']. The whole text is cut into
 * words, so that a sound pattern that asks for more is told from a broken one. Pure. */
#include <string.h>
#include <strings.h>

#include <sightline/span.h>

#include "reading.h"

enum word {
	WORD_END,
	WORD_BAD,
	WORD_NAME, /* also with ':' and what an object path holds */
	WORD_TEXT,
	WORD_NUMBER,
	WORD_EQUAL,
	WORD_COMPARE,
	WORD_OPEN,
	WORD_CLOSE,
	WORD_PAREN_OPEN,
	WORD_PAREN_CLOSE,
	WORD_COMMA
};

static bool is_letter(uint8_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool name_byte(uint8_t c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

static enum word quoted(struct sl_rd *r)
{
	while (sl_rd_left(r) > 0) {
		uint8_t c = sl_rd8(r);
		if (c == '\\')
			sl_rd_skip(r, 1);
		else if (c == '\'')
			return r->bad ? WORD_BAD : WORD_TEXT;
	}
	return WORD_BAD;
}

/* A name, and where a ':' follows, the object path with its quoted keys, lists and references. */
static enum word name(struct sl_rd *r)
{
	bool path = false;
	while (sl_rd_left(r) > 0) {
		uint8_t c = r->p[0];
		if (c == ':')
			path = true;
		else if (path && c == '[') {
			const uint8_t *end = memchr(r->p, ']', sl_rd_left(r));
			if (end == NULL)
				return WORD_BAD;
			r->p = end;
		} else if (path && c == '\'') {
			sl_rd_skip(r, 1);
			if (quoted(r) == WORD_BAD)
				return WORD_BAD;
			continue;
		} else if (!name_byte(c) && !(path && c == '.'))
			break;
		sl_rd_skip(r, 1);
	}
	return WORD_NAME;
}

static enum word number(struct sl_rd *r)
{
	while (sl_rd_left(r) > 0 && (name_byte(r->p[0]) || r->p[0] == '.' || r->p[0] == '+'))
		sl_rd_skip(r, 1);
	return WORD_NUMBER;
}

static enum word compare(struct sl_rd *r, uint8_t c)
{
	if (sl_rd_left(r) > 0 && (r->p[0] == '=' || (c == '<' && r->p[0] == '>'))) {
		enum word w = c == '=' && r->p[0] == '=' ? WORD_EQUAL : WORD_COMPARE;
		sl_rd_skip(r, 1);
		return w;
	}
	return c == '=' ? WORD_EQUAL : c == '!' ? WORD_BAD : WORD_COMPARE;
}

static enum word next(struct sl_rd *r, struct sl_span *text)
{
	while (sl_rd_left(r) > 0 && memchr(" \t\r\n", r->p[0], 4) != NULL)
		sl_rd_skip(r, 1);
	const uint8_t *from = r->p;
	if (sl_rd_left(r) == 0)
		return WORD_END;
	uint8_t c = r->p[0];
	enum word w = WORD_BAD;
	if (is_letter(c) || c == '_') {
		w = name(r);
	} else if (is_digit(c) || c == '-' || c == '+') {
		w = number(r);
	} else {
		sl_rd_skip(r, 1);
		w = c == '\''			     ? quoted(r)
		    : c == '['			     ? WORD_OPEN
		    : c == ']'			     ? WORD_CLOSE
		    : c == '('			     ? WORD_PAREN_OPEN
		    : c == ')'			     ? WORD_PAREN_CLOSE
		    : c == ','			     ? WORD_COMMA
		    : strchr("=<>!", c) != NULL && c ? compare(r, c)
						     : WORD_BAD;
	}
	*text = sl_span(from, (size_t)(r->p - from));
	return w;
}

static bool refuse(struct fault *why, const char *code, const char *reason)
{
	*why = (struct fault){ code, reason, NULL, SL_REFUSED };
	return false;
}

/* Brackets in pairs, no unknown byte, no open quote, at least one comparison. */
static bool sound(struct sl_rd r)
{
	struct sl_span t;
	enum word w;
	int square = 0, round = 0;
	unsigned compared = 0;
	while ((w = next(&r, &t)) != WORD_END) {
		if (w == WORD_BAD)
			return false;
		square += w == WORD_OPEN ? 1 : w == WORD_CLOSE ? -1 : 0;
		round += w == WORD_PAREN_OPEN ? 1 : w == WORD_PAREN_CLOSE ? -1 : 0;
		compared += w == WORD_NAME && square == 1 && memchr(t.p, ':', t.len) != NULL;
		if (square < 0 || square > 1 || round < 0)
			return false;
	}
	return square == 0 && round == 0 && compared > 0;
}

static bool path_set(struct sl_span t, struct comparison *out)
{
	const uint8_t *colon = memchr(t.p, ':', t.len);
	if (colon == NULL)
		return false;
	size_t type = (size_t)(colon - t.p), path = t.len - type - 1;
	if (type >= sizeof(out->type) || path == 0 || path >= sizeof(out->path))
		return false;
	memcpy(out->type, t.p, type);
	out->type[type] = '\0';
	memcpy(out->path, colon + 1, path);
	out->path[path] = '\0';
	return true;
}

static bool text_set(struct sl_span t, struct comparison *out)
{
	size_t n = 0;
	for (size_t i = 1; i + 1 < t.len; i++) {
		if (t.p[i] == '\\' && i + 2 < t.len)
			i++;
		if (n == SL_VALUE_MAX)
			return false;
		out->value[n++] = (char)t.p[i];
	}
	out->value[n] = '\0';
	out->value_len = n;
	return true;
}

bool pattern_read(const char *text, size_t len, struct comparison *out, struct fault *why)
{
	static const enum word form[] = { WORD_OPEN, WORD_NAME, WORD_EQUAL, WORD_TEXT, WORD_CLOSE,
		WORD_END };
	struct sl_rd r = sl_rd(sl_span(text, len));
	struct sl_span t[6];
	if (!sound(r))
		return refuse(why, "PATTERN_SYNTAX", "This is no STIX pattern.");
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++)
		if (next(&r, &t[i]) != form[i])
			return refuse(why, "PATTERN_NOT_SUPPORTED",
				"Only patterns of one comparison with '=' and a text are read.");
	if (!path_set(t[1], out))
		return refuse(why, "PATTERN_SYNTAX", "The object path is none, or too long.");
	if (!text_set(t[3], out))
		return refuse(
			why, "VALUE_TOO_LONG", "The value is longer than any that can be seen.");
	return true;
}

/* The kind of hash or fingerprint that a path's last key names, however it is spelled. */
static bool last_key(const char *path, const char *want)
{
	const char *dot = strrchr(path, '.');
	const char *p = dot != NULL ? dot + 1 : path;
	for (; *p != '\0'; p++) {
		if (*p == '\'' || *p == '-' || *p == '_')
			continue;
		if (*want == '\0' || (*p | 32) != (*want | 32))
			return false;
		want++;
	}
	return *want == '\0';
}

const char *pattern_type(const struct comparison *c)
{
	static const struct {
		const char *type, *path; /* path's beginning; its last key is `key` where given */
		const char *key, *name;
	} rows[] = {
		{ "ipv4-addr", "value", NULL, "ipv4-addr" },
		{ "ipv6-addr", "value", NULL, "ipv6-addr" },
		{ "domain-name", "value", NULL, "domain-name" },
		{ "url", "value", NULL, "url" },
		{ "email-addr", "value", NULL, "email-addr" },
		{ "mac-addr", "value", NULL, "mac-addr" },
		{ "software", "name", NULL, "software" },
		{ "file", "name", NULL, "filename" },
		{ "file", "hashes.", "md5", "md5" },
		{ "file", "hashes.", "sha1", "sha1" },
		{ "file", "hashes.", "sha256", "sha256" },
		{ "x509-certificate", "hashes.", "sha1", "cert-sha1" },
		{ "x509-certificate", "hashes.", "sha256", "cert-sha256" },
		{ "network-traffic", "extensions.", "ja3", "ja3" },
		{ "network-traffic", "extensions.", "ja3s", "ja3s" },
		{ "network-traffic", "extensions.", "ja4", "ja4" },
		{ "network-traffic", "extensions.'http-request-ext'.request_header.", "useragent",
			"user-agent" },
		{ "user-agent", "value", NULL, "user-agent" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(c->type, rows[i].type) != 0)
			continue;
		if (rows[i].key == NULL
				? strcmp(c->path, rows[i].path) == 0
				: strncmp(c->path, rows[i].path, strlen(rows[i].path)) == 0 &&
					  last_key(c->path, rows[i].key))
			return rows[i].name;
	}
	return NULL;
}
