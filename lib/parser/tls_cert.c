/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_cert.c - hashes, subject, issuer, serial number and DNS names of a certificate. Worker; pure,
 * each byte is looked at a fixed number of times for each reading. Nothing is verified: what is
 * said is what stands there. */
#include "tls_cert.h"
#include "der.h"
#include "tor.h"
#include <sightline/hot.h>

#define TOR_CERT_MAX 2048u /* a relay's has 500 */

struct cert {
	struct sl_span serial, issuer, subject; /* bodies; of Names their RDNs */
	struct sl_rd names; /* GeneralNames */
	bool sound;
};

void cert_digests_begin(struct cert_digests *d)
{
	sl_digest_begin(&d->sha1, SL_SHA1);
	sl_digest_begin(&d->sha256, SL_SHA256);
}

void cert_digests_add(struct cert_digests *d, struct sl_span in)
{
	sl_digest_add(&d->sha1, in.p, in.len);
	sl_digest_add(&d->sha256, in.p, in.len);
}

/* ---- Names ---- */

/* Raw text of a name; one byte more than a value may have, so that a longer one is seen to be cut.
 */
struct text {
	size_t len;
	uint8_t p[SL_VALUE_MAX + 1];
};

static void put(struct text *t, const void *p, size_t n)
{
	size_t room = sizeof(t->p) - t->len;
	n = n < room ? n : room;
	if (n > 0)
		memcpy(t->p + t->len, p, n);
	t->len += n;
}

/* The short names of RFC 4514 3 and of common use; what has none is written as its number. */
static void put_attribute(struct text *t, struct sl_span oid)
{
	static const struct {
		const char *oid, *name;
	} rows[] = {
		{ "\x55\x04\x03", "CN" },
		{ "\x55\x04\x04", "SN" },
		{ "\x55\x04\x05", "serialNumber" },
		{ "\x55\x04\x06", "C" },
		{ "\x55\x04\x07", "L" },
		{ "\x55\x04\x08", "ST" },
		{ "\x55\x04\x09", "street" },
		{ "\x55\x04\x0a", "O" },
		{ "\x55\x04\x0b", "OU" },
		{ "\x55\x04\x0c", "title" },
		{ "\x55\x04\x0d", "description" },
		{ "\x55\x04\x0f", "businessCategory" },
		{ "\x55\x04\x11", "postalCode" },
		{ "\x55\x04\x29", "name" },
		{ "\x55\x04\x2a", "GN" },
		{ "\x55\x04\x2e", "dnQualifier" },
		{ "\x55\x04\x61", "organizationIdentifier" },
		{ "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress" },
		{ "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02", "unstructuredName" },
		{ "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID" },
		{ "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (sl_span_eq(oid, sl_span_str(rows[i].oid))) {
			put(t, rows[i].name, strlen(rows[i].name));
			return;
		}
	char number[64];
	put(t, number, der_oid_text(oid, number, sizeof(number)));
}

/* A string of two or four bytes a character (X.690 8.23), as UTF-8. A surrogate stands for itself
 * in neither: it is written as three bytes that are no UTF-8, and so escaped. */
static void put_wide(struct text *t, struct sl_span s, unsigned width)
{
	for (size_t i = 0; i + width <= s.len; i += width) {
		uint32_t c = 0;
		for (unsigned k = 0; k < width; k++)
			c = c << 8 | s.p[i + k];
		uint8_t out[4];
		size_t n = 0;
		if (c < 0x80) {
			out[n++] = (uint8_t)c;
		} else if (c < 0x800) {
			out[n++] = (uint8_t)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			out[n++] = (uint8_t)(0xe0 | c >> 12);
			out[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		} else {
			out[n++] = (uint8_t)(0xf0 | (c >> 18 & 0x0f));
			out[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
			out[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		}
		if (c >= 0x80)
			out[n++] = (uint8_t)(0x80 | (c & 0x3f));
		put(t, out, n);
	}
}

static void put_value(struct text *t, const struct der *v)
{
	if (v->tag == DER_BMP_STRING)
		put_wide(t, v->body, 2);
	else if (v->tag == DER_UNIVERSAL_STRING)
		put_wide(t, v->body, 4);
	else
		put(t, v->body.p, v->body.len);
}

/* RFC 5280 4.1.2.4: a sequence of sets of (attribute, value), written in this order. False: it does
 * not read to its end. */
static bool name_text(struct sl_span name, struct text *t)
{
	struct sl_rd r = sl_rd(name), set, pair;
	t->len = 0;
	while (sl_rd_left(&r) && t->len < sizeof(t->p)) {
		if (!der_enter(&r, DER_SET, &set))
			return false;
		while (sl_rd_left(&set) && t->len < sizeof(t->p)) {
			struct der oid, value;
			if (!der_enter(&set, DER_SEQUENCE, &pair) || !der_next(&pair, &oid) ||
				oid.tag != DER_OID || !der_next(&pair, &value))
				return false;
			if (t->len)
				put(t, ", ", 2);
			put_attribute(t, oid.body);
			put(t, "=", 1);
			put_value(t, &value);
		}
	}
	return true;
}

/* ---- The certificate ---- */

/* RFC 5280 4.2.1.6, inside the extensions of version 3. */
static bool find_names(struct sl_rd *tbs, struct cert *c)
{
	struct sl_rd outer, list, ext, value;
	struct der id;
	/* the key, and the two unique identifiers that nobody uses */
	while (sl_rd_left(tbs) && tbs->p[0] != (DER_CONTEXT | DER_CONSTRUCTED | 3))
		if (!der_next(tbs, &id))
			return false;
	if (sl_rd_left(tbs) == 0)
		return true;
	if (!der_enter(tbs, DER_CONTEXT | DER_CONSTRUCTED | 3, &outer) ||
		!der_enter(&outer, DER_SEQUENCE, &list))
		return false;
	while (sl_rd_left(&list)) {
		if (!der_enter(&list, DER_SEQUENCE, &ext) || !der_next(&ext, &id))
			return false;
		if (!sl_span_eq(id.body, sl_span("\x55\x1d\x11", 3)))
			continue;
		if (sl_rd_left(&ext) && ext.p[0] == DER_BOOLEAN && !der_next(&ext, &id))
			return false;
		return der_enter(&ext, DER_OCTET_STRING, &value) &&
		       der_enter(&value, DER_SEQUENCE, &c->names);
	}
	return true;
}

/* RFC 5280 4.1; false: not even its subject can be read. */
static bool cert_read(struct sl_span der, struct cert *c)
{
	struct sl_rd r = sl_rd(der), outer, tbs;
	struct der e;
	*c = (struct cert){ .sound = false };
	c->names = sl_rd(sl_span(der.p, 0));
	if (!der_enter(&r, DER_SEQUENCE, &outer) || !der_enter(&outer, DER_SEQUENCE, &tbs))
		return false;
	if (sl_rd_left(&tbs) && tbs.p[0] == (DER_CONTEXT | DER_CONSTRUCTED))
		(void)der_next(&tbs, &e); /* version */
	if (!der_next(&tbs, &e) || e.tag != DER_INTEGER)
		return false;
	c->serial = e.body;
	if (!der_next(&tbs, &e) || !der_next(&tbs, &e)) /* signature, issuer */
		return false;
	c->issuer = e.body;
	if (!der_next(&tbs, &e) || !der_next(&tbs, &e)) /* validity, subject */
		return false;
	c->subject = e.body;
	c->sound = find_names(&tbs, c);
	return true;
}

/* ---- Saying it ---- */

static bool say_hashes(struct say *s, struct sl_span der, const struct cert_digests *d)
{
	struct cert_digests sum;
	uint8_t bytes[SL_DIGEST_MAX];
	char hex[2 * SL_DIGEST_MAX + 1];
	bool wanted = sl_batch_wants(s->b, SL_WHERE_TLS_CERT_SHA1) ||
		      sl_batch_wants(s->b, SL_WHERE_TLS_CERT_SHA256);
	cert_digests_begin(&sum);
	if (d != NULL)
		sum = *d;
	else if (wanted && s->at + 2 > *s->said)
		cert_digests_add(&sum, der);
	if (say_needs(s, SL_WHERE_TLS_CERT_SHA1)) {
		sl_hex(bytes, sl_digest_end(&sum.sha1, bytes), hex);
		if (!say_raw(s, SL_WHERE_TLS_CERT_SHA1, sl_span_str(hex)))
			return false;
	}
	if (say_needs(s, SL_WHERE_TLS_CERT_SHA256)) {
		sl_hex(bytes, sl_digest_end(&sum.sha256, bytes), hex);
		if (!say_raw(s, SL_WHERE_TLS_CERT_SHA256, sl_span_str(hex)))
			return false;
	}
	return true;
}

static bool say_name(struct say *s, enum sl_where w, struct sl_span name)
{
	struct text t;
	return !say_needs(s, w) || (name_text(name, &t), say_raw(s, w, sl_span(t.p, t.len)));
}

/* RFC 5280 4.1.2.2: 20 bytes at most, of which a sender may make what it likes. */
static bool say_serial(struct say *s, struct sl_span serial)
{
	char hex[2 * 64 + 1];
	while (serial.len > 1 && serial.p[0] == 0)
		serial = sl_span_from(serial, 1);
	if (!say_needs(s, SL_WHERE_TLS_CERT_SERIAL))
		return true;
	sl_hex(serial.p, serial.len < 64 ? serial.len : 64, hex);
	return say_raw(s, SL_WHERE_TLS_CERT_SERIAL, sl_span_str(hex));
}

static bool say_dns_names(struct say *s, struct sl_rd names, bool *sound)
{
	struct der e;
	while (der_next(&names, &e))
		if (e.tag == (DER_CONTEXT | 2) && !say_plain(s, SL_WHERE_TLS_CERT_SAN, e.body))
			return false;
	*sound &= !names.bad;
	return true;
}

bool cert_say(struct say *s, struct sl_span der, const struct cert_digests *d, bool *sound)
{
	struct cert c;
	bool found = cert_read(sl_span(der.p, der.len < CERT_READ ? der.len : CERT_READ), &c);
	*sound = found && c.sound;
	if (!say_hashes(s, der, d))
		return false;
	if (!found)
		return true;
	return say_name(s, SL_WHERE_TLS_CERT_SUBJECT, c.subject) &&
	       say_name(s, SL_WHERE_TLS_CERT_ISSUER, c.issuer) && say_serial(s, c.serial) &&
	       say_dns_names(s, c.names, sound);
}

bool cert_is_tor(struct sl_span der)
{
	struct cert c;
	return der.len < TOR_CERT_MAX && cert_read(der, &c) && tor_names(c.subject, c.issuer);
}
