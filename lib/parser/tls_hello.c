/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_hello.c - reads the lists of a ClientHello or ServerHello. Worker; pure, one pass. */
#include <sightline/digest.h>

#include "tls_hello.h"
#include <sightline/hot.h>

enum {
	EXT_SERVER_NAME = 0,
	EXT_GROUPS = 10,
	EXT_FORMATS = 11,
	EXT_SIGNATURES = 13,
	EXT_ALPN = 16,
	EXT_VERSIONS = 43,
	EXT_ECH = 0xfe0d,
};

/* The list behind a length of `bytes` bytes; where the length lies, what there is. The first
 * that holds something counts. */
static void keep_list(struct sl_span *to, struct sl_span ext, unsigned bytes)
{
	struct sl_rd r = sl_rd(ext);
	size_t len = bytes == 1 ? sl_rd8(&r) : sl_rd16(&r), left = sl_rd_left(&r);
	if (to->len == 0)
		*to = sl_rd_take(&r, len < left ? len : left);
}

static void keep_client(struct tls_hello *h, uint16_t type, struct sl_span ext)
{
	switch (type) {
	case EXT_SERVER_NAME:
		h->has_server_name = true;
		keep_list(&h->server_names, ext, 2);
		break;
	case EXT_GROUPS:
		keep_list(&h->groups, ext, 2);
		break;
	case EXT_FORMATS:
		keep_list(&h->formats, ext, 1);
		break;
	case EXT_SIGNATURES:
		keep_list(&h->signatures, ext, 2);
		break;
	case EXT_ALPN:
		keep_list(&h->alpn, ext, 2);
		break;
	case EXT_VERSIONS:
		keep_list(&h->versions, ext, 1);
		break;
	case EXT_ECH:
		h->ech = ext;
		break;
	default:
		break;
	}
}

/* The list of extensions is optional (RFC 5246 7.4.1.2). One that is cut is kept up to the cut. */
static void read_extensions(struct sl_rd *r, struct tls_hello *h, bool client)
{
	if (r->bad || sl_rd_left(r) == 0)
		return;
	size_t all = sl_rd16(r);
	h->cut |= r->bad || all > sl_rd_left(r);
	h->extensions = sl_rd_take(r, all < sl_rd_left(r) ? all : sl_rd_left(r));
	struct sl_rd e = sl_rd(h->extensions);
	while (!e.bad && sl_rd_left(&e)) {
		uint16_t type = sl_rd16(&e);
		struct sl_span ext = sl_rd_take(&e, sl_rd16(&e));
		if (e.bad)
			break;
		if (client)
			keep_client(h, type, ext);
		else if (type == EXT_ALPN)
			keep_list(&h->alpn, ext, 2);
	}
	h->cut |= e.bad;
}

/* Every list empty, and version read. */
static void begin(struct sl_rd *r, struct tls_hello *h)
{
	struct sl_span none = sl_span(r->p, 0);
	*h = (struct tls_hello){ .ciphers = none,
		.extensions = none,
		.server_names = none,
		.alpn = none,
		.groups = none,
		.formats = none,
		.versions = none,
		.signatures = none,
		.ech = none };
	h->version = sl_rd16(r);
}

bool tls_client_hello_read(struct sl_span body, struct tls_hello *h)
{
	struct sl_rd r = sl_rd(body);
	begin(&r, h);
	/* 0x0100: what OpenSSL said before DTLS had a number. */
	h->dtls = h->version >> 8 == 0xfe || h->version == 0x0100;
	sl_rd_skip(&r, 32); /* random */
	sl_rd_skip(&r, sl_rd8(&r)); /* session */
	if (h->dtls)
		sl_rd_skip(&r, sl_rd8(&r)); /* cookie (RFC 6347 4.2.1) */
	h->ciphers = sl_rd_take(&r, sl_rd16(&r));
	sl_rd_skip(&r, sl_rd8(&r)); /* compression */
	h->cut |= r.bad;
	read_extensions(&r, h, true);
	return h->ciphers.len > 0;
}

bool tls_server_hello_read(struct sl_span body, struct tls_hello *h)
{
	struct sl_rd r = sl_rd(body);
	begin(&r, h);
	sl_rd_skip(&r, 32);
	/* The drafts of TLS 1.3 up to 21 had neither session nor compression. */
	bool draft = h->version >> 8 == 0x7f;
	if (!draft)
		sl_rd_skip(&r, sl_rd8(&r));
	h->ciphers = sl_rd_take(&r, 2);
	if (!draft)
		sl_rd_skip(&r, 1);
	h->cut |= r.bad;
	read_extensions(&r, h, false);
	return h->ciphers.len > 0;
}

bool tls_server_name_next(struct sl_rd *r, struct sl_span *name)
{
	while (!r->bad && sl_rd_left(r)) {
		uint8_t type = sl_rd8(r);
		*name = sl_rd_take(r, sl_rd16(r));
		if (!r->bad && type == 0 && name->len)
			return true;
	}
	return false;
}

bool tls_alpn_next(struct sl_rd *r, struct sl_span *name)
{
	while (!r->bad && sl_rd_left(r)) {
		*name = sl_rd_take(r, sl_rd8(r));
		if (!r->bad && name->len)
			return true;
	}
	return false;
}

bool tls_ech(const struct tls_hello *h, char out[TLS_ECH_TEXT])
{
	struct sl_rd r = sl_rd(h->ech);
	uint8_t type = sl_rd8(&r); /* 0: outer */
	struct sl_span kdf = sl_rd_take(&r, 2), aead = sl_rd_take(&r, 2), id = sl_rd_take(&r, 1);
	if (r.bad || type != 0)
		return false;
	sl_hex(kdf.p, 2, out);
	sl_hex(aead.p, 2, out + 5);
	sl_hex(id.p, 1, out + 10);
	out[4] = out[9] = '-';
	return true;
}
