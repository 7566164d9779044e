/* SPDX-License-Identifier: BSD-3-Clause */
/* ldap_filter.c - a search filter of LDAP as text (RFC 4515). Worker; pure; each byte is looked at
 * once for each of a bounded number of levels. */
#include "ldap.h"
#include "der.h"
#include <sightline/hot.h>

#define LEVELS 16

enum kind { AND, OR, NOT, EQUAL, SUBSTRINGS, GREATER, LESS, PRESENT, APPROX, EXTENSIBLE };

struct text {
	size_t len;
	uint8_t *p;
};

static void put(struct text *t, const void *p, size_t n)
{
	size_t room = LDAP_FILTER_MAX - t->len;
	n = n < room ? n : room;
	if (n > 0)
		memcpy(t->p + t->len, p, n);
	t->len += n;
}

static void put_char(struct text *t, char c)
{
	put(t, &c, 1);
}

/* RFC 4515 3: what means something in a filter, and what is no text, is written as hex. */
static void put_value(struct text *t, struct sl_span v)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < v.len && t->len < LDAP_FILTER_MAX; i++) {
		uint8_t c = v.p[i];
		if (c < ' ' || c == 0x7f || c == '*' || c == '(' || c == ')' || c == '\\') {
			put_char(t, '\\');
			put_char(t, digit[c >> 4]);
			put_char(t, digit[c & 15]);
		} else {
			put_char(t, (char)c);
		}
	}
}

static void put_pair(struct text *t, struct sl_rd r, const char *between)
{
	struct der type, value;
	if (!der_next(&r, &type) || !der_next(&r, &value))
		return;
	put(t, type.body.p, type.body.len);
	put(t, between, strlen(between));
	put_value(t, value.body);
}

static void put_substrings(struct text *t, struct sl_rd r)
{
	struct der type, part;
	struct sl_rd parts;
	if (!der_next(&r, &type) || !der_enter(&r, DER_SEQUENCE, &parts))
		return;
	put(t, type.body.p, type.body.len);
	put_char(t, '=');
	bool star = false;
	while (der_next(&parts, &part)) {
		bool initial = part.tag == DER_CONTEXT;
		if (!initial && !star)
			put_char(t, '*');
		put_value(t, part.body);
		star = part.tag != (DER_CONTEXT | 2);
		if (star)
			put_char(t, '*');
	}
}

/* RFC 4515 3: attr [":dn"] [":" rule] ":=" value */
static void put_extensible(struct text *t, struct sl_rd r)
{
	struct der e, part[5] = { { .tag = 0 } };
	while (der_next(&r, &e))
		if (e.tag > DER_CONTEXT && e.tag <= (DER_CONTEXT | 4))
			part[e.tag - DER_CONTEXT] = e;
	put(t, part[2].body.p, part[2].body.len);
	if (part[4].body.len == 1 && part[4].body.p[0] != 0)
		put(t, ":dn", 3);
	if (part[1].body.len > 0)
		put_char(t, ':');
	put(t, part[1].body.p, part[1].body.len);
	put(t, ":=", 2);
	put_value(t, part[3].body);
}

static void put_item(struct text *t, uint8_t tag, struct sl_rd r)
{
	static const char *const between[] = {
		[EQUAL] = "=", [GREATER] = ">=", [LESS] = "<=", [APPROX] = "~="
	};
	unsigned kind = tag & 0x1f;
	if (kind == PRESENT) {
		put(t, r.p, sl_rd_left(&r));
		put(t, "=*", 2);
	} else if (kind == SUBSTRINGS) {
		put_substrings(t, r);
	} else if (kind == EXTENSIBLE) {
		put_extensible(t, r);
	} else if (kind <= APPROX && between[kind] != NULL) {
		put_pair(t, r, between[kind]);
	}
}

size_t ldap_filter_text(struct sl_span filter, uint8_t out[LDAP_FILTER_MAX])
{
	struct text t = { .p = out };
	struct sl_rd level[LEVELS] = { sl_rd(filter) };
	unsigned depth = 0;
	struct der e;
	for (bool first = true; t.len < LDAP_FILTER_MAX; first = false) {
		bool more = (depth > 0 || first) && der_next(&level[depth], &e);
		if (!more && depth == 0)
			break;
		if (!more) {
			put_char(&t, ')');
			depth--;
			continue;
		}
		put_char(&t, '(');
		unsigned kind = e.tag & 0x1f;
		if (kind <= NOT && depth + 1 < LEVELS) {
			put_char(&t, "&|!"[kind]);
			level[++depth] = sl_rd(e.body);
		} else {
			put_item(&t, e.tag, sl_rd(e.body));
			put_char(&t, ')');
		}
	}
	return t.len;
}
