/* SPDX-License-Identifier: BSD-3-Clause */
/* paths.c - object paths (STIX 2.1 part 6, and those that are in use beside it), and what of a
 * network each stands for. The manual lists this table. Constant. */
#include <string.h>
#include <strings.h>

#include "paths.h"

#define VALUE(p, t, w)                                                                             \
	{                                                                                          \
		.path = (p), .kind = PATH_VALUE, .type = (t), .wheres = (w)                        \
	}
#define NAMED(p, t, w)                                                                             \
	{                                                                                          \
		.path = (p), .kind = PATH_VALUE, .type = (t), .wheres = (w), .name_too = true      \
	}
#define WEAK(p, t, w)                                                                              \
	{                                                                                          \
		.path = (p), .kind = PATH_VALUE, .type = (t), .wheres = (w), .weak = true          \
	}
#define FIELD(p, f)                                                                                \
	{                                                                                          \
		.path = (p), .kind = PATH_FIELD, .field = (f)                                      \
	}
#define CONTEXT(p)                                                                                 \
	{                                                                                          \
		.path = (p), .kind = PATH_CONTEXT                                                  \
	}
#define UNSEEN(p, why)                                                                             \
	{                                                                                          \
		.path = (p), .kind = PATH_UNSEEN, .reason = (why)                                  \
	}
#define KIND "Hashes of this kind are not made of what is seen; give MD5, SHA-1 or SHA-256."
#define REQUEST "network-traffic:extensions.http-request-ext."

const struct path_row path_rows[] = {
	VALUE("ipv4-addr:value", "ipv4-addr", NULL),
	VALUE("ipv6-addr:value", "ipv6-addr", NULL),
	VALUE("ipv4-addr:resolves_to_refs.value", "mac-addr", NULL),
	VALUE("ipv6-addr:resolves_to_refs.value", "mac-addr", NULL),
	VALUE("mac-addr:value", "mac-addr", NULL),
	VALUE("domain-name:value", "domain-name", NULL),
	NAMED("domain-name:resolves_to_refs.value", "ipv4-addr", "dns.answer.ip"),
	VALUE("url:value", "url", NULL),
	VALUE("email-addr:value", "email-addr", NULL),
	VALUE("email-message:from_ref.value", "email-addr", "email.from smtp.mail_from"),
	VALUE("email-message:sender_ref.value", "email-addr", "email.from smtp.mail_from"),
	VALUE("email-message:to_refs.value", "email-addr", "email.to smtp.rcpt_to"),
	VALUE("email-message:cc_refs.value", "email-addr", "email.to smtp.rcpt_to"),
	VALUE("email-message:bcc_refs.value", "email-addr", "email.to smtp.rcpt_to"),
	VALUE("email-message:subject", "email-message", "email.subject"),
	VALUE("email-message:message_id", "email-message", "email.message_id"),
	VALUE("email-message:body_multipart.body_raw_ref.name", "filename", "file.name"),
	CONTEXT("email-message:is_multipart"),
	VALUE("file:hashes.MD5", "md5", "file.md5"),
	VALUE("file:hashes.SHA-1", "sha1", "file.sha1"),
	VALUE("file:hashes.SHA-256", "sha256", "file.sha256"),
	UNSEEN("file:hashes.SHA-512", KIND),
	UNSEEN("file:hashes.SHA3-256", KIND),
	UNSEEN("file:hashes.SHA3-512", KIND),
	UNSEEN("file:hashes.SSDEEP", KIND),
	UNSEEN("file:hashes.TLSH", KIND),
	UNSEEN("file:hashes.imphash", KIND),
	VALUE("file:name", "filename", "file.name"),
	WEAK("file:size", "file-size", "file.size"),
	WEAK("file:mime_type", "file-type", "file.type"),
	VALUE("artifact:hashes.MD5", "md5", "file.md5"),
	VALUE("artifact:hashes.SHA-1", "sha1", "file.sha1"),
	VALUE("artifact:hashes.SHA-256", "sha256", "file.sha256"),
	WEAK("artifact:mime_type", "file-type", "file.type"),
	VALUE("artifact:url", "url", NULL),
	VALUE("x509-certificate:hashes.SHA-1", "cert-sha1", "tls.cert_sha1"),
	VALUE("x509-certificate:hashes.SHA-256", "cert-sha256", "tls.cert_sha256"),
	VALUE("x509-certificate:serial_number", "certificate-serial", "tls.cert_serial"),
	VALUE("x509-certificate:subject", "certificate-subject", "tls.cert_subject"),
	VALUE("x509-certificate:issuer", "certificate-issuer", "tls.cert_issuer"),
	VALUE("x509-certificate:x509_v3_extensions.subject_alternative_name", "domain-name",
		"tls.cert_san"),
	VALUE("software:name", "software", NULL),
	WEAK("software:version", "software", NULL),
	NAMED("network-traffic:src_ref.value", "ipv4-addr", "ip.src"),
	NAMED("network-traffic:dst_ref.value", "ipv4-addr", "ip.dst"),
	NAMED("network-traffic:src_ip", "ipv4-addr", "ip.src"),
	NAMED("network-traffic:dst_ip", "ipv4-addr", "ip.dst"),
	CONTEXT("network-traffic:src_ref.type"),
	CONTEXT("network-traffic:dst_ref.type"),
	FIELD("network-traffic:src_port", SL_FIELD_SRC_PORT),
	FIELD("network-traffic:dst_port", SL_FIELD_DST_PORT),
	FIELD("network-traffic:x_port", SL_FIELD_ANY_PORT),
	FIELD("network-traffic:protocols", SL_FIELD_PROTOCOLS),
	FIELD("network-traffic:src_byte_count", SL_FIELD_SRC_BYTES),
	FIELD("network-traffic:dst_byte_count", SL_FIELD_DST_BYTES),
	FIELD("network-traffic:src_packets", SL_FIELD_SRC_PACKETS),
	FIELD("network-traffic:dst_packets", SL_FIELD_DST_PACKETS),
	FIELD("network-traffic:start", SL_FIELD_START),
	FIELD("network-traffic:end", SL_FIELD_END),
	FIELD("network-traffic:is_active", SL_FIELD_IS_ACTIVE),
	FIELD("network-traffic:vlan_id", SL_FIELD_VLAN),
	WEAK(REQUEST "request_method", "http-method", "http.method"),
	VALUE(REQUEST "request_value", "http-uri", "http.uri"),
	CONTEXT(REQUEST "request_version"),
	VALUE(REQUEST "request_header.Host", "domain-name", "http.host"),
	VALUE(REQUEST "request_header.User-Agent", "user-agent", "http.user_agent"),
	VALUE(REQUEST "request_header.Referer", "url", "http.referer"),
	VALUE(REQUEST "request_header.Cookie", "http-cookie", "http.cookie"),
	VALUE(REQUEST "request_header.X-Forwarded-For", "ipv4-addr", "http.xff"),
	VALUE("network-traffic:extensions.http-response-ext.response_header.Server", "software",
		"http.server"),
	VALUE("network-traffic:extensions.*.ja3", "ja3", "ja3.hash"),
	VALUE("network-traffic:extensions.*.ja3s", "ja3s", "ja3s.hash"),
	VALUE("network-traffic:extensions.*.ja4", "ja4", "ja4.hash"),
	VALUE("network-traffic:extensions.*.hassh", "hassh-md5", "ssh.hassh"),
	VALUE("network-traffic:extensions.*.server_name", "domain-name", "tls.sni quic.sni"),
	VALUE("network-traffic:extensions.*.hasshserver", "hassh-md5", "ssh.hasshserver"),
	VALUE("network-traffic:extensions.*.sni", "domain-name", "tls.sni quic.sni"),
	VALUE("network-traffic:extensions.dns-ext.question.domain_ref.value", "domain-name",
		"dns.query"),
	/* Old and common spellings. */
	VALUE("domain-name:name", "domain-name", NULL),
	VALUE("x509-certificate:hash.SHA-1", "cert-sha1", "tls.cert_sha1"),
	VALUE("user-agent:value", "user-agent", NULL),
	VALUE("file:hashes.SHA", "sha1", "file.sha1"),
	VALUE("http-request-ext:request_header.User-Agent", "user-agent", "http.user_agent"),
};
const size_t path_row_count = sizeof(path_rows) / sizeof(path_rows[0]);

/* Hash and header names in any spelling: letters and digits count, in any case. */
static bool same_key(const char *a, size_t len, const char *b)
{
	size_t i = 0;
	for (;; i++, b++) {
		while (i < len && (a[i] == '-' || a[i] == '_' || a[i] == ' '))
			i++;
		while (*b == '-' || *b == '_' || *b == ' ')
			b++;
		if (i >= len || *b == '\0')
			return i >= len && *b == '\0';
		if (strncasecmp(a + i, b, 1) != 0)
			return false;
	}
}

static bool row_is(const struct path_row *row, const struct sl_path *p)
{
	if ((p->object[0] | 32) != row->path[0]) /* most are told apart by it */
		return false;
	const char *at = strchr(row->path, ':');
	if (strlen(p->object) != (size_t)(at - row->path) ||
		strncasecmp(p->object, row->path, strlen(p->object)) != 0)
		return false;
	for (size_t i = 0; i < p->steps; i++) {
		if (p->step[i].kind != SL_STEP_KEY)
			continue;
		if (*at == '\0')
			return false;
		size_t n = strcspn(++at, ".");
		if (!(n == 1 && at[0] == '*') && !same_key(at, n, p->step[i].key))
			return false;
		at += n;
	}
	return *at == '\0';
}

static bool custom(const char *name)
{
	return strncasecmp(name, "x_", 2) == 0 || strncasecmp(name, "x-", 2) == 0;
}

const struct path_row *path_find(const struct sl_path *p)
{
	static const struct path_row unseen = { .kind = PATH_UNSEEN },
				     context = { .kind = PATH_CONTEXT };
	for (size_t i = 0; i < path_row_count; i++)
		if (row_is(&path_rows[i], p))
			return &path_rows[i];
	if (custom(p->object))
		return &context;
	for (size_t i = 0; i < p->steps; i++)
		if (p->step[i].kind == SL_STEP_KEY && custom(p->step[i].key))
			return &context;
	return &unseen;
}

static enum sl_type family_type(enum sl_type t)
{
	return t == SL_TYPE_IPV6 ? SL_TYPE_IPV4 : t;
}

void path_wheres(
	const struct path_row *row, enum sl_type type, uint64_t out[(SL_WHERE_COUNT + 63) / 64])
{
	memset(out, 0, sizeof(uint64_t) * ((SL_WHERE_COUNT + 63) / 64));
	for (unsigned w = 1; row->wheres == NULL && w < SL_WHERE_COUNT; w++)
		if (sl_wheres[w].type == family_type(type))
			out[w / 64] |= UINT64_C(1) << (w % 64);
	for (const char *at = row->wheres; at != NULL && *at != '\0';) {
		size_t n = strcspn(at, " ");
		enum sl_where w = sl_where_find(at, n);
		if (w != SL_WHERE_NONE)
			out[w / 64] |= UINT64_C(1) << (w % 64);
		at += n;
		at += *at == ' ';
	}
}

static const struct {
	const char *begin;
	unsigned families;
} places[] = {
	{ "ip.", FAMILY_FLOW },
	{ "mac.", FAMILY_FLOW },
	{ "icmp.", FAMILY_FLOW },
	{ "dns.", FAMILY_DNS },
	{ "mdns.", FAMILY_NAMES },
	{ "llmnr.", FAMILY_NAMES },
	{ "nbns.", FAMILY_NAMES },
	{ "http", FAMILY_HTTP },
	{ "ssdp.", FAMILY_SSDP },
	{ "tls.", FAMILY_TLS | FAMILY_QUIC },
	{ "ja3", FAMILY_TLS | FAMILY_QUIC },
	{ "ja4", FAMILY_TLS | FAMILY_QUIC },
	{ "quic.", FAMILY_QUIC },
	{ "ssh.", FAMILY_SSH },
	{ "smtp.", FAMILY_MAIL },
	{ "email.", FAMILY_MAIL },
	{ "ftp.", FAMILY_FTP },
	{ "tftp.", FAMILY_FTP },
	{ "smb.", FAMILY_SMB },
	{ "ntlm.", FAMILY_SMB | FAMILY_HTTP | FAMILY_MAIL },
	{ "file.", FAMILY_HTTP | FAMILY_MAIL | FAMILY_FTP | FAMILY_SMB },
};

static unsigned place_families(enum sl_where w)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strncmp(sl_wheres[w].name, places[i].begin, strlen(places[i].begin)) == 0)
			return places[i].families;
	return FAMILY_OTHER;
}

unsigned wheres_families(const uint64_t wheres[(SL_WHERE_COUNT + 63) / 64])
{
	unsigned out = 0;
	for (unsigned w = 1; w < SL_WHERE_COUNT; w++)
		if (wheres[w / 64] >> (w % 64) & 1)
			out |= place_families((enum sl_where)w);
	return out;
}

/* ---- Constants of a flow's numbers ---- */

static void number_unquote(struct sl_constant *c)
{
	int64_t v = 0;
	size_t i = c->len > 0 && c->text[0] == '-';
	if (c->len == i || c->len > 18)
		return;
	for (size_t k = i; k < c->len; k++) {
		if (c->text[k] < '0' || c->text[k] > '9')
			return;
		v = v * 10 + (c->text[k] - '0');
	}
	c->integer = i ? -v : v;
	c->number = (double)c->integer;
	c->kind = SL_CONSTANT_INTEGER;
}

/* Names that differ from those of the programs that tell them. */
static void protocol_name(struct sl_constant *c)
{
	static const struct {
		const char *given, *known;
	} rows[] = { { "ssl", "tls" }, { "tls1", "tls" }, { "tls1.1", "tls" }, { "tls1.2", "tls" },
		{ "tls1.3", "tls" }, { "tlsv1.2", "tls" }, { "tlsv1.3", "tls" }, { "ip4", "ipv4" },
		{ "ip6", "ipv6" }, { "icmp6", "icmpv6" } };
	char plain[16];
	size_t n = 0;
	for (size_t i = 0; i < c->len; i++) {
		char at = c->text[i];
		if (at == '-' || at == '_' || at == ' ')
			continue;
		if (n + 1 == sizeof(plain))
			return;
		plain[n++] = at >= 'A' && at <= 'Z' ? (char)(at | 32) : at;
	}
	plain[n] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].given, plain) != 0)
			continue;
		c->text = rows[i].known;
		c->len = strlen(c->text);
	}
}

void constant_for_field(enum sl_flow_field field, struct sl_constant *c)
{
	if (c->kind != SL_CONSTANT_TEXT)
		return;
	switch (field) {
	case SL_FIELD_PROTOCOLS:
		protocol_name(c);
		break;
	case SL_FIELD_START:
	case SL_FIELD_END:
		if (sl_instant_read(c->text, c->len, &c->time))
			c->kind = SL_CONSTANT_TIME;
		break;
	case SL_FIELD_IS_ACTIVE:
		c->integer = strcasecmp(c->text, "true") == 0;
		if (c->integer || strcasecmp(c->text, "false") == 0)
			c->kind = SL_CONSTANT_BOOLEAN;
		break;
	default:
		number_unquote(c);
	}
}
