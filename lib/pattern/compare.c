/* SPDX-License-Identifier: BSD-3-Clause */
/* compare.c - one test against one object of observed data: the path followed through lists,
 * dictionaries and references (STIX 2.1 9.7), and each value found compared (9.6). A path that
 * leads nowhere makes the test false, NOT before its operator or not; a value of another type
 * equals nothing. Control threads. */
#include <errno.h>
#include <string.h>

#include <sightline/addr.h>

#include "truth.h"
#include "words.h"

enum { LESS = -1, SAME, MORE, APART }; /* APART: of types that don't compare */

enum value_kind { VALUE_OTHER, VALUE_BOOLEAN, VALUE_NUMBER, VALUE_TEXT, VALUE_BYTES };
struct value {
	enum value_kind kind;
	const struct sl_json *json;
	const char *p;
	size_t len;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n > m && strcmp(text + n - m, end) == 0;
}

/* ---- Values ---- */

/* Hexadecimal and base64 by the name of their property (STIX 2.1 2.1 and 2.8). What does not
 * decode is of no type. */
static bool value_decode(struct truth *t, struct value *v, bool hex)
{
	v->kind = VALUE_OTHER;
	if (!scratch_room(&t->value, v->len))
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	size_t n = 0;
	if (hex ? hex_undo(v->p, v->len, t->value.p, &n)
		: base64_undo(v->p, v->len, t->value.p, &n)) {
		v->kind = VALUE_BYTES;
		v->p = t->value.p;
		v->len = n;
	}
	return true;
}

static bool value_of(struct truth *t, const struct sl_json *j, const char *key, struct value *v)
{
	*v = (struct value){ .json = j };
	if (j->kind == SL_JSON_BOOL)
		v->kind = VALUE_BOOLEAN;
	if (j->kind == SL_JSON_NUMBER)
		v->kind = VALUE_NUMBER;
	if (j->kind != SL_JSON_STRING)
		return true;
	v->kind = VALUE_TEXT;
	v->p = j->text;
	v->len = j->len;
	if (!truth_spend(t, v->len))
		return false;
	if (ends_with(key, "_hex") || ends_with(key, "_bin"))
		return value_decode(t, v, ends_with(key, "_hex"));
	return true;
}

/* Text as octets, one a code point (STIX 2.1 9.6.4). False: a code point above U+00FF, which no
 * octet equals; or text that is no UTF-8. */
static bool octets(struct scratch *into, const char *text, size_t len, size_t *n)
{
	*n = 0;
	if (!scratch_room(into, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x80) {
			if ((c & 0xfe) != 0xc2 || i + 1 == len || (text[i + 1] & 0xc0) != 0x80)
				return false;
			c = (unsigned char)(c << 6 | ((unsigned char)text[++i] & 0x3f));
		}
		into->p[(*n)++] = (char)c;
	}
	return true;
}

/* ---- Order ---- */

/* Octets as unsigned ones (STIX 2.1 9.6.3); UTF-8 stands in the order of its code points (9.6.2).
 */
static int order_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int cmp = n ? memcmp(a, b, n) : 0;
	if (cmp == 0)
		cmp = (a_len > b_len) - (a_len < b_len);
	return cmp < 0 ? LESS : cmp > 0 ? MORE : SAME;
}

static int order_text(struct truth *t, const struct value *v, const struct sl_constant *c)
{
	size_t n;
	if (!truth_spend(t, v->len + c->len))
		return APART;
	if (v->kind == VALUE_TEXT && c->kind == SL_CONSTANT_TEXT)
		return order_of(v->p, v->len, c->text, c->len);
	if (v->kind == VALUE_TEXT)
		return octets(&t->value, v->p, v->len, &n)
			       ? order_of(t->value.p, n, c->text, c->len)
			       : APART;
	if (v->kind != VALUE_BYTES)
		return APART;
	if (c->kind != SL_CONSTANT_TEXT)
		return order_of(v->p, v->len, c->text, c->len);
	return octets(&t->constant, c->text, c->len, &n) ? order_of(v->p, v->len, t->constant.p, n)
							 : APART;
}

static int order_number(const struct value *v, const struct sl_constant *c)
{
	if (v->kind != VALUE_NUMBER)
		return APART;
	if (v->json->is_integer && c->kind == SL_CONSTANT_INTEGER)
		return (v->json->integer > c->integer) - (v->json->integer < c->integer);
	return (v->json->number > c->number) - (v->json->number < c->number);
}

/* Text that is compared with a time has to be one (STIX 2.1 9.2: as the literal is written). */
static int order_time(
	struct truth *t, const struct value *v, const struct sl_constant *c, size_t at)
{
	struct sl_instant when;
	if (v->kind != VALUE_TEXT)
		return APART;
	if (!sl_instant_read(v->p, v->len, &when)) {
		truth_fail(t, -EBADMSG, at,
			"A property that is compared with a time is no time as STIX writes it.");
		return APART;
	}
	return instant_order(&when, &c->time);
}

static int order(struct truth *t, const struct value *v, const struct sl_constant *c, size_t at)
{
	switch (c->kind) {
	case SL_CONSTANT_TEXT:
	case SL_CONSTANT_HEX:
	case SL_CONSTANT_BASE64:
		return order_text(t, v, c);
	case SL_CONSTANT_INTEGER:
	case SL_CONSTANT_FLOAT:
		return order_number(v, c);
	case SL_CONSTANT_BOOLEAN:
		if (v->kind != VALUE_BOOLEAN)
			return APART;
		return v->json->boolean == (c->integer != 0) ? SAME : MORE;
	case SL_CONSTANT_TIME:
		return order_time(t, v, c, at);
	}
	return APART;
}

/* All of the set are compared: one that can't be is an error wherever it stands. */
static bool is_in(struct truth *t, const struct value *v, const struct sl_node *n)
{
	bool found = false;
	for (size_t i = 0; i < n->constants; i++) {
		if (!truth_spend(t, 1))
			return false;
		found |= order(t, v, &n->constant[i], n->at) == SAME;
	}
	return found;
}

/* ---- Addresses ---- */

static bool network(
	const char *text, size_t len, union sl_addr *a, uint8_t *version, uint8_t *prefix)
{
	if (sl_prefix_parse(text, len, a, version, prefix))
		return true;
	if (!sl_addr_parse(text, len, a, version))
		return false;
	*prefix = *version == 4 ? 32 : 128;
	return true;
}

static bool same_bits(const union sl_addr *a, const union sl_addr *b, uint8_t bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	return memcmp(a->b, b->b, whole) == 0 &&
	       (rest == 0 || ((a->b[whole] ^ b->b[whole]) >> (8 - rest)) == 0);
}

static bool is_subset(const struct value *v, const struct sl_constant *c, bool superset)
{
	union sl_addr mine, other;
	uint8_t version, other_version, prefix, other_prefix;
	if (v->kind != VALUE_TEXT || !network(v->p, v->len, &mine, &version, &prefix) ||
		!network(c->text, c->len, &other, &other_version, &other_prefix) ||
		version != other_version)
		return false;
	uint8_t wide = superset ? prefix : other_prefix, narrow = superset ? other_prefix : prefix;
	return wide <= narrow && same_bits(&mine, &other, wide);
}

/* ---- LIKE and MATCHES ---- */

/* Bytes of the character at p. */
static size_t character(const char *p, size_t len, bool bytes)
{
	unsigned char c = (unsigned char)p[0];
	size_t n = bytes || c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	return n < len ? n : len;
}

/* % any characters, _ one; the last % alone is ever gone back to, so that the work is at most the
 * product of both lengths. */
static bool is_like(struct truth *t, const char *text, size_t len, const char *like,
	size_t like_len, bool bytes)
{
	size_t i = 0, j = 0, star = SIZE_MAX, from = 0;
	while (i < len && truth_spend(t, 1)) {
		if (j < like_len && like[j] == '%') {
			star = ++j;
			from = i;
		} else if (j < like_len && like[j] == '_') {
			i += character(text + i, len - i, bytes);
			j++;
		} else if (j < like_len && like[j] == text[i]) {
			i++;
			j++;
		} else if (star != SIZE_MAX) {
			from += character(text + from, len - from, bytes);
			i = from;
			j = star;
		} else {
			return false;
		}
	}
	while (j < like_len && like[j] == '%')
		j++;
	return i == len && j == like_len;
}

static bool like(struct truth *t, const struct value *v, const struct sl_constant *c)
{
	const char *p = v->p, *pattern = c->text;
	size_t len = v->len, pattern_len = c->len;
	bool bytes = v->kind == VALUE_BYTES;
	if (bytes) {
		if (!octets(&t->constant, c->text, c->len, &pattern_len))
			return false;
		pattern = t->constant.p;
	} else if (normal_text(&t->constant, &pattern, &pattern_len) < 0 ||
		   normal_text(&t->value, &p, &len) < 0) {
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	}
	return is_like(t, p, len, pattern, pattern_len, bytes);
}

static struct sl_regex *expression(struct truth *t, struct leaf *leaf, bool bytes)
{
	struct sl_regex **at = bytes ? &leaf->of_bytes : &leaf->of_text;
	const struct sl_constant *c = leaf->n->constant;
	const char *text = c->text;
	size_t len = c->len;
	struct sl_pattern_error err;
	if (*at != NULL)
		return *at;
	if (!bytes && normal_text(&t->constant, &text, &len) < 0)
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it."), NULL;
	if (bytes) {
		if (!octets(&t->constant, c->text, c->len, &len))
			return NULL;
		text = t->constant.p;
	}
	int rc = sl_regex_new(at, text, len, bytes ? SL_REGEX_BYTES : 0, &err);
	if (rc < 0)
		truth_fail(t, rc, leaf->n->at, err.reason);
	return *at;
}

static bool matches(struct truth *t, struct leaf *leaf, const struct value *v)
{
	const char *p = v->p;
	size_t len = v->len;
	bool bytes = v->kind == VALUE_BYTES;
	struct sl_regex *re = expression(t, leaf, bytes);
	if (re == NULL || !truth_spend(t, 1000 + len))
		return false;
	if (t->room == NULL && sl_regex_room_new(&t->room) < 0)
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	if (!bytes && normal_text(&t->value, &p, &len) < 0)
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	int rc = sl_regex_search(re, t->room, p, len);
	if (rc < 0)
		return truth_fail(
			t, -E2BIG, leaf->n->at, "A regular expression takes too many steps.");
	return rc == 1;
}

/* Of other formats: plain bytes at a place. */
static bool holds_text(
	struct truth *t, const struct value *v, const struct sl_constant *c, enum sl_test test)
{
	if (!truth_spend(t, v->len + c->len) || c->len > v->len)
		return false;
	if (test == SL_TEST_CONTAINS)
		return c->len == 0 || memmem(v->p, v->len, c->text, c->len) != NULL;
	return memcmp(v->p + (test == SL_TEST_STARTS ? 0 : v->len - c->len), c->text, c->len) == 0;
}

/* ---- A test ---- */

static bool of_text(struct truth *t, struct leaf *leaf, const struct value *v)
{
	const struct sl_node *n = leaf->n;
	if (v->kind != VALUE_TEXT && v->kind != VALUE_BYTES)
		return false;
	if (n->constants == 0 || n->constant->kind != SL_CONSTANT_TEXT)
		return false;
	switch (n->test) {
	case SL_TEST_LIKE:
		return like(t, v, n->constant);
	case SL_TEST_MATCHES:
		return matches(t, leaf, v);
	case SL_TEST_SUBSET:
	case SL_TEST_SUPERSET:
		return is_subset(v, n->constant, n->test == SL_TEST_SUPERSET);
	default:
		return holds_text(t, v, n->constant, n->test);
	}
}

bool value_passes(struct truth *t, struct leaf *leaf, const struct sl_json *value, const char *key)
{
	const struct sl_node *n = leaf->n;
	struct value v;
	if (n->test == SL_TEST_EXISTS)
		return true;
	if (!value_of(t, value, key, &v))
		return false;
	if (n->test == SL_TEST_IN)
		return is_in(t, &v, n);
	if (n->test > SL_TEST_IN)
		return of_text(t, leaf, &v);
	int o = n->constants ? order(t, &v, n->constant, n->at) : APART;
	switch (n->test) {
	case SL_TEST_UNEQUAL:
		return o != SAME;
	case SL_TEST_LESS:
		return o == LESS;
	case SL_TEST_LESS_EQUAL:
		return o == LESS || o == SAME;
	case SL_TEST_GREATER:
		return o == MORE;
	case SL_TEST_GREATER_EQUAL:
		return o == MORE || o == SAME;
	default:
		return o == SAME;
	}
}
