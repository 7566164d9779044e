/* SPDX-License-Identifier: BSD-3-Clause */
/* value.c - from the value as a feed writes it to its normal form, or what is wrong with it.
 * Control threads; what is true of nothing or of everything is refused here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sightline/span.h>

#include "reading.h"

struct work {
	const struct draft *d;
	struct sl_indicator *out;
	struct value_text *t;
	struct fault *why;
	const char *plain;
	size_t len;
	const char *where; /* place that the type's name implies */
	bool suffix, prefix; /* as the draft asks */
};

static bool refuse(struct work *w, const char *code, const char *reason)
{
	w->why->verdict = SL_REFUSED;
	w->why->code = code;
	w->why->reason = reason;
	return false;
}

static void text_set(struct work *w, size_t len)
{
	w->out->value_len = (uint32_t)len;
	w->t->text[len] = '\0';
}

/* ---- addresses ---- */

/* ::ffff:a.b.c.d is the IPv4 address (RFC 4291 2.5.5.2). */
static void unmap(union sl_addr *a, uint8_t *version, uint8_t *bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (*version != 6 || *bits < 96 || memcmp(a->b, mapped, 12) != 0)
		return;
	memmove(a->b, a->b + 12, 4);
	memset(a->b + 4, 0, 12);
	*version = 4;
	*bits = (uint8_t)(*bits - 96);
}

static bool zero(const union sl_addr *a)
{
	return a->q[0] == 0 && a->q[1] == 0;
}

/* Splits "ADDRESS:PORT" and "[ADDRESS]:PORT"; leaves what has no port as it is. */
static void port_split(struct work *w)
{
	enum shape s = shape_of(w->plain, w->len);
	if (s == SHAPE_ADDR_PORT || s == SHAPE_DOMAIN_PORT) {
		const char *colon = memrchr(w->plain, ':', w->len);
		w->out->port = (uint16_t)strtoul(colon + 1, NULL, 10);
		w->len = (size_t)(colon - w->plain);
	}
	if (w->len > 2 && w->plain[0] == '[' && w->plain[w->len - 1] == ']') {
		w->plain++;
		w->len -= 2;
	}
}

static bool addr_read(struct work *w)
{
	struct sl_indicator *o = w->out;
	union sl_addr given;
	uint8_t version;
	port_split(w);
	if (sl_addr_parse(w->plain, w->len, &o->addr, &o->version)) {
		o->prefix_len = o->version == 4 ? 32 : 128;
	} else if (sl_prefix_parse(w->plain, w->len, &o->addr, &o->version, &o->prefix_len)) {
		size_t n = (size_t)((const char *)memchr(w->plain, '/', w->len) - w->plain);
		sl_addr_parse(w->plain, n, &given, &version);
		if (given.q[0] != o->addr.q[0] || given.q[1] != o->addr.q[1]) {
			w->t->note_code = "HOST_BITS";
			w->t->note = "The bits beyond the prefix length were cleared.";
		}
	} else {
		return refuse(w, "BAD_ADDRESS", "This is no IPv4 or IPv6 address or prefix.");
	}
	unmap(&o->addr, &o->version, &o->prefix_len);
	bool host = o->prefix_len == (o->version == 4 ? 32 : 128);
	if (o->prefix_len == 0)
		return refuse(w, "TOO_WIDE", "This prefix holds every address there is.");
	if (host && zero(&o->addr))
		return refuse(w, "BAD_ADDRESS", "The unspecified address is nobody's.");
	o->type = o->version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6;
	size_t len = sl_addr_text(&o->addr, o->version, w->t->text);
	if (!host)
		len += (size_t)snprintf(w->t->text + len, 8, "/%u", o->prefix_len);
	text_set(w, len);
	return true;
}

static bool mac_read(struct work *w)
{
	if (shape_of(w->plain, w->len) != SHAPE_MAC)
		return refuse(w, "BAD_MAC", "This is no MAC address (aa:bb:cc:dd:ee:ff).");
	for (size_t i = 0; i < w->len; i++) {
		char c = w->plain[i];
		w->t->text[i] = c == '-' ? ':' : c >= 'A' && c <= 'F' ? (char)(c | 32) : c;
	}
	text_set(w, w->len);
	return true;
}

/* ---- names and URLs ---- */

static bool domain_read(struct work *w)
{
	union sl_addr a;
	uint8_t v;
	port_split(w);
	if (w->len > 2 && w->plain[0] == '*' && w->plain[1] == '.') {
		w->suffix = true;
		w->plain += 2;
		w->len -= 2;
	} else if (w->len > 1 && w->plain[0] == '.') {
		w->suffix = true;
		w->plain++;
		w->len--;
	}
	if (sl_addr_parse(w->plain, w->len, &a, &v))
		return refuse(w, "BAD_DOMAIN", "This is an address, not a domain name.");
	if (sl_domain_from_text(w->plain, w->len, w->t->text, SL_VALUE_MAX) < 0)
		return refuse(w, "BAD_DOMAIN",
			"This is no domain name: an empty or overlong label, or a character that "
			"no "
			"name has.");
	if (w->suffix && strchr(w->t->text, '.') == NULL)
		return refuse(w, "TOO_WIDE", "This is a whole top-level domain.");
	text_set(w, strlen(w->t->text));
	return true;
}

/* Without a scheme the URL stands for any: it is read as one of http, whose word is taken off. */
static bool url_read(struct work *w)
{
	static const char any[] = "http:";
	char with[SL_VALUE_MAX + 16];
	bool bare = !has_scheme(w->plain, w->len);
	bool slashes = w->len > 1 && w->plain[0] == '/' && w->plain[1] == '/';
	int n = bare ? snprintf(with, sizeof(with), "http:%s%.*s", slashes ? "" : "//", (int)w->len,
			       w->plain)
		     : snprintf(with, sizeof(with), "%.*s", (int)w->len, w->plain);
	for (int i = 0; i < n; i++)
		if ((unsigned char)with[i] < 0x21)
			return refuse(
				w, "BAD_URL", "A URL has no white space or control characters.");
	size_t len = sl_norm_url(sl_span(with, (size_t)n), (uint8_t *)w->t->text, SL_VALUE_MAX);
	if (len == 0)
		return refuse(w, "BAD_URL", "This is no URL with a host.");
	if (bare) {
		len -= sizeof(any) - 1;
		memmove(w->t->text, w->t->text + sizeof(any) - 1, len);
	}
	text_set(w, len);
	return true;
}

/* ---- the rest ---- */

static bool hex_read(struct work *w)
{
	static const struct {
		size_t digits;
		const char *file, *cert;
	} rows[] = {
		{ 32, "file.md5", NULL },
		{ 40, "file.sha1", "tls.cert_sha1" },
		{ 64, "file.sha256", "tls.cert_sha256" },
	};
	char *to = w->t->text;
	for (size_t i = 0; i < w->len; i++) {
		char c = w->plain[i];
		if (w->out->type == SL_TYPE_CERT && c == ':')
			continue; /* as openssl prints a fingerprint */
		*to++ = c >= 'A' && c <= 'F' ? (char)(c | 32) : c;
	}
	text_set(w, (size_t)(to - w->t->text));
	if (shape_of(w->t->text, w->out->value_len) != SHAPE_HASH)
		return refuse(w, "BAD_HASH",
			"This is no MD5, SHA-1 or SHA-256 in hex (32, 40 or 64 digits).");
	for (size_t i = 0; i < 3; i++) {
		if (rows[i].digits != w->out->value_len)
			continue;
		const char *place = w->out->type == SL_TYPE_CERT ? rows[i].cert : rows[i].file;
		if (w->where != NULL && (place == NULL || strcmp(w->where, place) != 0))
			return refuse(
				w, "BAD_HASH", "The length is not that of the named kind of hash.");
		if (place == NULL)
			return refuse(
				w, "BAD_HASH", "Certificates are known by SHA-1 and SHA-256.");
		w->where = place;
	}
	return true;
}

/* A fingerprint that is an MD5: JA3, JA3S, HASSH. */
static bool fingerprint_read(struct work *w)
{
	size_t len = sl_norm_lower(sl_span(w->plain, w->len), (uint8_t *)w->t->text, SL_VALUE_MAX);
	text_set(w, len);
	if (len == 32 && shape_of(w->t->text, len) == SHAPE_HASH)
		return true;
	return refuse(w, "BAD_HASH", "This place holds an MD5 in hex (32 digits).");
}

static bool is_fingerprint(const char *where)
{
	return where != NULL &&
	       (strcmp(where, "ja3.hash") == 0 || strcmp(where, "ja3s.hash") == 0 ||
		       strncmp(where, "ssh.hassh", 9) == 0);
}

/* A serial number as its bytes are seen: however a feed writes it ("0A:BC", "00ABC", "0xabc"),
 * whole bytes, and none in front that only says that the number is positive. */
static bool serial_read(struct work *w)
{
	struct sl_span in = sl_span(w->plain, w->len);
	char *to = w->t->text + 1;
	size_t n = 0;
	if (in.len > 2 && in.p[0] == '0' && (in.p[1] | 32) == 'x')
		in = sl_span_from(in, 2);
	for (size_t i = 0; i < in.len; i++) {
		char c = (char)in.p[i], low = (char)(c | 32);
		if (c == ':' || c == ' ')
			continue;
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
			return refuse(w, "BAD_VALUE", "A serial number is written in hex.");
		if (n > 0 || c != '0')
			to[n++] = low >= 'a' ? low : c;
	}
	if (n == 0 || n % 2 == 1) {
		*--to = '0';
		n++;
	}
	if (n == 1)
		to[n++] = '0';
	memmove(w->t->text, to, n);
	text_set(w, n);
	return true;
}

static bool email_read(struct work *w)
{
	if (shape_of(w->plain, w->len) != SHAPE_EMAIL)
		return refuse(w, "BAD_EMAIL", "This is no mail address.");
	size_t len = sl_norm_lower(sl_span(w->plain, w->len), (uint8_t *)w->t->text, SL_VALUE_MAX);
	text_set(w, len);
	return len > 0;
}

static bool form_read(struct work *w, enum sl_form form)
{
	size_t len = sl_norm(form, sl_span(w->plain, w->len), (uint8_t *)w->t->text, SL_VALUE_MAX);
	if (len == 0)
		return refuse(w, "BAD_VALUE", "The value has no normal form at its place.");
	text_set(w, len);
	return true;
}

static bool is_hash_place(const char *where)
{
	return strcmp(where, "file.md5") == 0 || strncmp(where, "file.sha", 8) == 0;
}

static bool by_type(struct work *w)
{
	switch (w->out->type) {
	case SL_TYPE_IPV4:
	case SL_TYPE_IPV6:
		return addr_read(w);
	case SL_TYPE_MAC:
		return mac_read(w);
	case SL_TYPE_DOMAIN:
		return domain_read(w);
	case SL_TYPE_URL:
		return url_read(w);
	case SL_TYPE_EMAIL:
		return email_read(w);
	case SL_TYPE_FILE:
		if (w->where == NULL || is_hash_place(w->where))
			return hex_read(w);
		return form_read(
			w, strcmp(w->where, "file.type") == 0 ? SL_FORM_LOWER : SL_FORM_BYTES);
	case SL_TYPE_CERT:
		if (w->where == NULL || strncmp(w->where, "tls.cert_sha", 12) == 0)
			return hex_read(w);
		if (strcmp(w->where, "tls.cert_serial") == 0)
			return serial_read(w);
		return form_read(w, SL_FORM_BYTES);
	case SL_TYPE_TRAFFIC:
		if (w->where == NULL)
			return refuse(w, "BARE_TRAFFIC",
				"network-traffic says nothing alone; 'where' has to name the "
				"place.");
		if (is_fingerprint(w->where))
			return fingerprint_read(w);
		return form_read(w, SL_FORM_LOWER);
	default:
		if (is_fingerprint(w->where))
			return fingerprint_read(w);
		return form_read(w, w->out->where ? sl_wheres[w->out->where].form : SL_FORM_BYTES);
	}
}

/* ---- which type ---- */

static enum sl_type type_of_shape(enum shape s)
{
	static const enum sl_type types[] = {
		[SHAPE_NONE] = SL_TYPE_NONE,
		[SHAPE_ADDR] = SL_TYPE_IPV4,
		[SHAPE_PREFIX] = SL_TYPE_IPV4,
		[SHAPE_ADDR_PORT] = SL_TYPE_IPV4,
		[SHAPE_DOMAIN] = SL_TYPE_DOMAIN,
		[SHAPE_DOMAIN_PORT] = SL_TYPE_DOMAIN,
		[SHAPE_URL] = SL_TYPE_URL,
		[SHAPE_HASH] = SL_TYPE_FILE,
		[SHAPE_EMAIL] = SL_TYPE_EMAIL,
		[SHAPE_MAC] = SL_TYPE_MAC,
	};
	return types[s];
}

static bool type_guess(struct work *w)
{
	enum shape s = shape_of(w->plain, w->len);
	bool sure = s != SHAPE_NONE && s != SHAPE_URL;
	if (!sure && looks_like_regex(w->plain, w->len))
		return refuse(w, "PATTERN_NOT_SUPPORTED",
			"This looks like a regular expression; only plain values are read.");
	if (w->plain[0] == '[' && w->plain[w->len - 1] == ']' && memchr(w->plain, '=', w->len))
		return refuse(w, "PATTERN_NOT_SUPPORTED",
			"This looks like a pattern; only plain values are read here.");
	w->out->type = (uint8_t)type_of_shape(s);
	if (w->out->type != SL_TYPE_NONE)
		return true;
	if (w->plain[0] == '/')
		return refuse(w, "UNKNOWN_TYPE", "A path without its host is no indicator here.");
	return refuse(w, "UNKNOWN_TYPE",
		"The value says by itself neither address, domain, URL, hash nor mail address.");
}

static bool type_named(struct work *w)
{
	const struct type_name *n = type_name_find(w->d->type);
	if (n == NULL) {
		w->why->part = w->d->type;
		return refuse(w, "UNKNOWN_TYPE", "No type of this name is known.");
	}
	if (n->kind == TYPE_UNSEEN) {
		w->why->part = w->d->type;
		return refuse(w, "NOT_EVALUABLE", "What this type names is not seen in packets.");
	}
	if (n->kind == TYPE_CONTEXT) {
		refuse(w, "CONTEXT", "This type explains, and is nothing to look for.");
		w->why->verdict = SL_CONTEXT;
		return false;
	}
	w->where = n->where;
	w->out->type = (uint8_t)n->type;
	return n->type != SL_TYPE_NONE || type_guess(w);
}

static uint8_t family(uint8_t type)
{
	return type == SL_TYPE_IPV6 ? SL_TYPE_IPV4 : type;
}

static bool where_named(struct work *w)
{
	enum sl_where at = sl_where_find(w->d->where, strlen(w->d->where));
	if (at == SL_WHERE_NONE) {
		w->why->part = w->d->where;
		return refuse(w, "NOT_EVALUABLE", "This sensor does not look at that place.");
	}
	if (w->d->type != NULL && family(w->out->type) != sl_wheres[at].type) {
		w->why->part = w->d->where;
		return refuse(w, "UNKNOWN_TYPE", "Values at that place are not of this type.");
	}
	w->out->type = sl_wheres[at].type;
	w->out->where = (uint16_t)at;
	w->where = w->d->where;
	return true;
}

/* Evaluable is what the vocabulary has a row for. */
static bool evaluable(struct work *w)
{
	if (w->where != NULL) {
		w->out->where = (uint16_t)sl_where_find(w->where, strlen(w->where));
		if (w->out->where != SL_WHERE_NONE)
			return true;
		w->why->part = w->where;
		return refuse(w, "NOT_EVALUABLE", "This sensor does not look at that place.");
	}
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++)
		if (sl_wheres[i].type == family(w->out->type))
			return true;
	return refuse(w, "NOT_EVALUABLE", "This sensor sees no values of this type.");
}

static bool match_named(struct work *w)
{
	const char *m = w->d->match;
	w->suffix = m != NULL && strcmp(m, "suffix") == 0;
	w->prefix = m != NULL && strcmp(m, "prefix") == 0;
	if (m != NULL && !w->suffix && !w->prefix && strcmp(m, "exact") != 0) {
		w->why->part = m;
		return refuse(w, "BAD_MATCH", "A match is exact, suffix or prefix.");
	}
	return true;
}

static bool match_set(struct work *w)
{
	uint8_t type = w->out->type;
	if ((w->suffix && type != SL_TYPE_DOMAIN) || (w->prefix && type != SL_TYPE_URL)) {
		w->why->part = w->d->match;
		return refuse(w, "BAD_MATCH", "suffix is for domain names, prefix for URLs.");
	}
	w->out->match = w->suffix ? SL_MATCH_SUFFIX : w->prefix ? SL_MATCH_PREFIX : SL_MATCH_EXACT;
	return true;
}

/* Defanging is undone where the value is one that could be clicked on, never inside other text. */
static bool plain_read(struct work *w)
{
	bool changed;
	if (w->len > SL_VALUE_MAX)
		return refuse(
			w, "VALUE_TOO_LONG", "The value is longer than any that can be seen.");
	if (w->len == 0)
		return refuse(w, "EMPTY", "There is no value.");
	if (memchr(w->plain, '\0', w->len) != NULL)
		return refuse(w, "BAD_VALUE", "The value holds a zero byte.");
	size_t len = sl_refang(w->plain, w->len, w->t->plain, SL_VALUE_MAX, &changed);
	if (len == 0)
		return refuse(
			w, "VALUE_TOO_LONG", "The value is longer than any that can be seen.");
	w->t->plain[len] = '\0';
	w->plain = w->t->plain;
	w->len = len;
	return true;
}

static void trim(struct work *w)
{
	while (w->len > 0 && (unsigned char)w->plain[0] <= ' ') {
		w->plain++;
		w->len--;
	}
	while (w->len > 0 && (unsigned char)w->plain[w->len - 1] <= ' ')
		w->len--;
}

bool value_read(
	const struct draft *d, struct sl_indicator *out, struct value_text *t, struct fault *why)
{
	struct work w = {
		.d = d, .out = out, .t = t, .why = why, .plain = d->value, .len = d->value_len
	};
	why->part = NULL;
	t->note_code = NULL;
	trim(&w);
	const char *raw = w.plain;
	size_t raw_len = w.len;
	if (!plain_read(&w) || !match_named(&w))
		return false;
	if (d->type != NULL && !type_named(&w))
		return false;
	if (d->where != NULL && !where_named(&w))
		return false;
	if (d->type == NULL && d->where == NULL && !type_guess(&w))
		return false;
	if (out->type >= SL_TYPE_TRAFFIC) { /* free text keeps its brackets */
		w.plain = raw;
		w.len = raw_len;
	}
	return by_type(&w) && match_set(&w) && evaluable(&w);
}
