/* SPDX-License-Identifier: BSD-3-Clause */
/* words.c - the words of the pattern language (STIX 2.1 9.2 and 9.6, and the grammar that OASIS
 * published with it): names, constants, operators, marks; white space and comments between them.
 * Control threads. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool name_begin(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static size_t left(const struct words *w)
{
	return w->len - w->at;
}

static char peek(const struct words *w, size_t ahead)
{
	return ahead < left(w) ? w->text[w->at + ahead] : '\0';
}

static bool skip_comment(struct words *w)
{
	if (peek(w, 0) != '/' || (peek(w, 1) != '/' && peek(w, 1) != '*'))
		return false;
	bool line = peek(w, 1) == '/';
	size_t at = w->at + 2;
	while (at < w->len &&
		!(line ? w->text[at] == '\n' || w->text[at] == '\r'
		       : w->text[at] == '*' && at + 1 < w->len && w->text[at + 1] == '/'))
		at++;
	if (!line && at + 1 >= w->len)
		return false;
	w->at = at + (line ? 0 : 2);
	return true;
}

/* Bytes of the white space that stands here, of ASCII or not; 0: none. */
static size_t space(const struct words *w)
{
	static const char *const wide[] = { "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
		"\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
		"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80" };
	const char *at = w->text + w->at;
	if (memchr(" \t\r\n\v\f", *at, 6) != NULL)
		return 1;
	for (size_t i = 0; (unsigned char)*at >= 0xc2 && i < sizeof(wide) / sizeof(wide[0]); i++) {
		size_t n = strlen(wide[i]);
		if (left(w) >= n && memcmp(at, wide[i], n) == 0)
			return n;
	}
	return 0;
}

static void skip_space(struct words *w)
{
	while (left(w) > 0) {
		size_t n = space(w);
		w->at += n;
		if (n == 0 && !skip_comment(w))
			return;
	}
}

/* ---- Constants ---- */

static bool fail(struct words *w)
{
	w->word = WORD_BAD;
	return false;
}

/* The bytes between two quotes, \' and \\ undone; w->at stands at the first quote. */
static bool quoted(struct words *w, const char **text, size_t *len)
{
	size_t at = w->at + 1, n = 0;
	while (at < w->len && w->text[at] != '\'')
		at += w->text[at] == '\\' ? 2 : 1;
	if (at >= w->len)
		return fail(w);
	char *out = sl_arena_take(w->p->arena, at - w->at);
	if (out == NULL) {
		w->no_memory = true;
		return fail(w);
	}
	for (size_t i = w->at + 1; i < at; i++) {
		if (w->text[i] == '\\' && w->text[++i] != '\'' && w->text[i] != '\\')
			return fail(w);
		out[n++] = w->text[i];
	}
	w->at = at + 1;
	*text = out;
	*len = n;
	return true;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_undo(const char *in, size_t len, char *out, size_t *n)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		int high = hex_digit(in[i]), low = hex_digit(in[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (char)(high << 4 | low);
	}
	*n = len / 2;
	return len % 2 == 0;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 4648 4, padding and all. */
bool base64_undo(const char *in, size_t len, char *out, size_t *n)
{
	size_t pad = 0, done = 0;
	if (len % 4 != 0)
		return false;
	while (pad < 2 && pad < len && in[len - 1 - pad] == '=')
		pad++;
	uint32_t bits = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = i < len - pad ? base64_digit(in[i]) : 0;
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 3)
			continue;
		for (unsigned b = 0; b < 3 && done < len / 4 * 3 - pad; b++)
			out[done++] = (char)(bits >> (16 - 8 * b));
		bits = 0;
	}
	*n = done;
	return true;
}

static bool prefixed(struct words *w, char prefix)
{
	struct sl_constant *c = &w->constant;
	const char *text;
	size_t len;
	w->at++;
	if (!quoted(w, &text, &len))
		return false;
	if (prefix == 't') {
		c->kind = SL_CONSTANT_TIME;
		c->text = text;
		c->len = len;
		return sl_instant_read(text, len, &c->time) || fail(w);
	}
	char *out = sl_arena_take(w->p->arena, len + 1);
	if (out == NULL) {
		w->no_memory = true;
		return fail(w);
	}
	c->kind = prefix == 'h' ? SL_CONSTANT_HEX : SL_CONSTANT_BASE64;
	c->text = out;
	bool good = prefix == 'h' ? hex_undo(text, len, out, &c->len)
				  : base64_undo(text, len, out, &c->len);
	return good || fail(w);
}

/* [+-]? digits, with a point and digits behind it a float. A whole number begins with no 0 but
 * itself, and fits into 64 bits. */
static bool number(struct words *w)
{
	char text[NUMBER_MAX];
	size_t n = 0, digits = 0;
	bool point = false, sign = peek(w, 0) == '+' || peek(w, 0) == '-';
	for (; n < sizeof(text) - 1; n++) {
		char c = peek(w, n);
		if (is_digit(c))
			digits++;
		else if (c == '.' && !point && is_digit(peek(w, n + 1)))
			point = true;
		else if (!(sign && n == 0))
			break;
		text[n] = c;
	}
	text[n] = '\0';
	if (digits == 0 || n == sizeof(text) - 1 || name_begin(peek(w, n)) ||
		(!point && digits > 1 && text[sign] == '0'))
		return fail(w);
	w->at += n;
	struct sl_constant *c = &w->constant;
	c->kind = point ? SL_CONSTANT_FLOAT : SL_CONSTANT_INTEGER;
	c->number = strtod(text, NULL);
	errno = 0;
	c->integer = point ? 0 : strtoll(text, NULL, 10);
	return (errno == 0 && isfinite(c->number)) || fail(w);
}

static bool constant(struct words *w)
{
	char c = peek(w, 0);
	w->constant = (struct sl_constant){ .kind = SL_CONSTANT_TEXT };
	w->word = WORD_CONSTANT;
	if (c == '\'')
		return quoted(w, &w->constant.text, &w->constant.len);
	if (strchr("thb", c) != NULL && peek(w, 1) == '\'')
		return prefixed(w, c);
	return number(w);
}

/* ---- Words ---- */

static void name(struct words *w)
{
	w->word = WORD_NAME;
	w->hyphen = false;
	while (name_begin(peek(w, 0)) || is_digit(peek(w, 0)) || peek(w, 0) == '-') {
		w->hyphen |= peek(w, 0) == '-';
		w->at++;
	}
	bool yes = words_named(w, "true");
	if (!yes && !words_named(w, "false"))
		return;
	w->word = WORD_CONSTANT;
	w->constant = (struct sl_constant){ .kind = SL_CONSTANT_BOOLEAN, .integer = yes };
}

static const struct {
	char text[3];
	enum sl_test test;
} operators[] = {
	{ "==", SL_TEST_EQUAL },
	{ "!=", SL_TEST_UNEQUAL },
	{ "<>", SL_TEST_UNEQUAL },
	{ "<=", SL_TEST_LESS_EQUAL },
	{ ">=", SL_TEST_GREATER_EQUAL },
	{ "=", SL_TEST_EQUAL },
	{ "<", SL_TEST_LESS },
	{ ">", SL_TEST_GREATER },
};

static bool operator_word(struct words *w)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t n = strlen(operators[i].text);
		if (left(w) < n || memcmp(w->text + w->at, operators[i].text, n) != 0)
			continue;
		w->word = WORD_OPERATOR;
		w->test = operators[i].test;
		w->at += n;
		return true;
	}
	return false;
}

void words_next(struct words *w)
{
	skip_space(w);
	w->from = w->at;
	char c = peek(w, 0);
	if (left(w) == 0) {
		w->word = WORD_END;
	} else if (strchr("thb", c) != NULL && peek(w, 1) == '\'') {
		constant(w);
	} else if (name_begin(c)) {
		name(w);
	} else if (c == '\'' || is_digit(c) || c == '-' || c == '+' ||
		   (c == '.' && is_digit(peek(w, 1)))) {
		constant(w);
	} else if (c != '\0' && strchr("[]().,:*", c) != NULL) {
		w->word = WORD_MARK;
		w->mark = c;
		w->at++;
	} else if (!operator_word(w)) {
		w->word = WORD_BAD;
	}
}

bool words_named(const struct words *w, const char *text)
{
	size_t n = strlen(text);
	return w->word == WORD_NAME && w->at - w->from == n &&
	       memcmp(w->text + w->from, text, n) == 0;
}

bool words_keyword(const char *text, size_t len)
{
	static const char *const keywords[] = { "AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES",
		"ISSUPERSET", "ISSUBSET", "EXISTS", "LAST", "IN", "START", "STOP", "SECONDS",
		"true", "false", "WITHIN", "REPEATS", "TIMES" };
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i]) == len && memcmp(keywords[i], text, len) == 0)
			return true;
	return false;
}

bool words_at(const struct words *w, char mark)
{
	return w->word == WORD_MARK && w->mark == mark;
}

/* ---- Paths: type ':' key ('.' key | '[' number or '*' ']')* ---- */

static bool key(struct words *w, struct sl_step *out)
{
	*out = (struct sl_step){ .kind = SL_STEP_KEY };
	if (w->word == WORD_NAME && !w->hyphen &&
		!words_keyword(w->text + w->from, w->at - w->from))
		out->key = sl_arena_text(w->p->arena, w->text + w->from, w->at - w->from);
	else if (w->word == WORD_CONSTANT && w->constant.kind == SL_CONSTANT_TEXT &&
		 strlen(w->constant.text) == w->constant.len)
		out->key = w->constant.text;
	else
		return false;
	words_next(w);
	return out->key != NULL;
}

static bool index_step(struct words *w, struct sl_step *out)
{
	*out = (struct sl_step){ .kind = SL_STEP_ANY };
	if (w->word == WORD_CONSTANT && w->constant.kind == SL_CONSTANT_INTEGER)
		*out = (struct sl_step){ .kind = SL_STEP_INDEX, .index = w->constant.integer };
	else if (!words_at(w, '*'))
		return false;
	words_next(w);
	if (!words_at(w, ']'))
		return false;
	words_next(w);
	return true;
}

bool path_read(struct words *w, struct sl_path *out)
{
	struct sl_step step[STEPS_MAX];
	size_t n = 0;
	if (w->word != WORD_NAME || words_keyword(w->text + w->from, w->at - w->from))
		return false;
	out->object = sl_arena_text(w->p->arena, w->text + w->from, w->at - w->from);
	words_next(w);
	if (!words_at(w, ':') || out->object == NULL)
		return false;
	words_next(w);
	if (!key(w, &step[n++]))
		return false;
	while (n < STEPS_MAX && (words_at(w, '.') || words_at(w, '['))) {
		bool dot = words_at(w, '.');
		words_next(w);
		if (!(dot ? key(w, &step[n]) : index_step(w, &step[n])))
			return false;
		n++;
	}
	struct sl_step *kept = sl_arena_take(w->p->arena, n * sizeof(*step));
	if (kept == NULL)
		return false;
	memcpy(kept, step, n * sizeof(*step));
	out->step = kept;
	out->steps = n;
	return true;
}
