/* SPDX-License-Identifier: BSD-3-Clause */
/* shape.c - what a value says of itself, where nothing else does. Pure; each test is linear. */
#include <string.h>
#include <strings.h>

#include "reading.h"

static bool all_in(const char *p, size_t len, const char *set)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] == '\0' || strchr(set, p[i]) == NULL)
			return false;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_port(const char *p, size_t len)
{
	unsigned v = 0;
	if (len < 1 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(p[i]))
			return false;
		v = v * 10 + (unsigned)(p[i] - '0');
	}
	return v > 0 && v < 65536;
}

/* Letters, digits, '-', '_' and bytes beyond ASCII in labels; at least two of them, the last no
 * number and no file's ending. A wildcard or a dot may lead. */
static bool is_domain(const char *p, size_t len)
{
	if (len > 2 && p[0] == '*' && p[1] == '.') {
		p += 2;
		len -= 2;
	} else if (len > 1 && p[0] == '.') {
		p++;
		len--;
	}
	if (len > 0 && p[len - 1] == '.')
		len--;
	size_t label = 0, labels = 1;
	bool letters = false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			letters = false;
			labels++;
			continue;
		}
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (!letter && !is_digit(p[i]) && c != '-' && c != '_' && c < 0x80)
			return false;
		letters |= letter || c >= 0x80;
		label++;
	}
	return labels >= 2 && label > 0 && letters && len <= 1024;
}

static bool is_addr(const char *p, size_t len)
{
	union sl_addr a;
	uint8_t v;
	return sl_addr_parse(p, len, &a, &v);
}

static bool is_prefix(const char *p, size_t len)
{
	union sl_addr a;
	uint8_t v, bits;
	return sl_prefix_parse(p, len, &a, &v, &bits);
}

static bool is_email(const char *p, size_t len)
{
	const char *at = memchr(p, '@', len);
	if (at == NULL || at == p)
		return false;
	size_t rest = len - (size_t)(at - p) - 1;
	return memchr(at + 1, '@', rest) == NULL && is_domain(at + 1, rest) && at[1] != '*' &&
	       at[1] != '.' && memchr(p, ' ', len) == NULL && memchr(p, '/', len) == NULL;
}

static bool is_mac(const char *p, size_t len)
{
	if (len != 17 || (p[2] != ':' && p[2] != '-'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (i % 3 == 2 ? p[i] != p[2] : !all_in(p + i, 1, "0123456789abcdefABCDEF"))
			return false;
	return true;
}

static bool is_hash(const char *p, size_t len)
{
	return (len == 32 || len == 40 || len == 64) && all_in(p, len, "0123456789abcdefABCDEF");
}

/* host:port, address:port or [address]:port. */
static enum shape with_port(const char *p, size_t len)
{
	const char *colon = memrchr(p, ':', len);
	if (colon == NULL || !is_port(colon + 1, len - (size_t)(colon - p) - 1))
		return SHAPE_NONE;
	size_t n = (size_t)(colon - p);
	if (n > 2 && p[0] == '[' && p[n - 1] == ']')
		return is_addr(p + 1, n - 2) ? SHAPE_ADDR_PORT : SHAPE_NONE;
	if (memchr(p, ':', n) != NULL)
		return SHAPE_NONE;
	return is_addr(p, n) ? SHAPE_ADDR_PORT : is_domain(p, n) ? SHAPE_DOMAIN_PORT : SHAPE_NONE;
}

bool has_scheme(const char *p, size_t len)
{
	size_t i = 0;
	while (i < len && ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'z'))
		i++;
	return i > 1 && len - i >= 3 && memcmp(p + i, "://", 3) == 0;
}

static enum shape url_shape(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] < 0x21)
			return SHAPE_NONE;
	if (has_scheme(p, len))
		return SHAPE_URL;
	if (len > 2 && p[0] == '/' && p[1] == '/') {
		p += 2;
		len -= 2;
	}
	size_t host = 0;
	while (host < len && p[host] != '/' && p[host] != '?')
		host++;
	if (host == len || p[0] == '*' || p[0] == '.')
		return SHAPE_NONE;
	bool ok = is_addr(p, host) || is_domain(p, host) || with_port(p, host) != SHAPE_NONE;
	return ok ? SHAPE_URL : SHAPE_NONE;
}

enum shape shape_of(const char *p, size_t len)
{
	if (len == 0 || len > SL_VALUE_MAX)
		return SHAPE_NONE;
	if (is_addr(p, len))
		return SHAPE_ADDR;
	if (is_prefix(p, len))
		return SHAPE_PREFIX;
	if (is_hash(p, len))
		return SHAPE_HASH;
	if (is_mac(p, len))
		return SHAPE_MAC;
	if (is_domain(p, len))
		return SHAPE_DOMAIN;
	if (is_email(p, len))
		return SHAPE_EMAIL;
	enum shape s = with_port(p, len);
	return s != SHAPE_NONE ? s : url_shape(p, len);
}

bool looks_like_regex(const char *p, size_t len)
{
	static const char *const signs[] = { "\\.", "\\d", "\\w", ".*", ".+", "[0-9", "[a-z",
		"[A-Z", "(?", "[^" };
	if (has_scheme(p, len))
		return false;
	if (len > 1 && (p[0] == '^' || p[len - 1] == '$'))
		return true;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (memmem(p, len, signs[i], strlen(signs[i])) != NULL)
			return true;
	return false;
}

bool says_no_port(const char *text)
{
	static const char *const words[] = { "", "0", "-", "*", "any", "all", "none", "null", "n/a",
		"unknown" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}
