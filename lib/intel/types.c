/* SPDX-License-Identifier: BSD-3-Clause */
/* types.c - the names that feeds use for types, and the type and place that each stands for. Pure.
 */
#include <ctype.h>
#include <string.h>

#include "reading.h"

/* NONE: told from the value. A place that no row of the vocabulary has yet is what makes a value
 * "not evaluable". */
static const struct type_name rows[] = {
	{ "ipv4-addr", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ipv6-addr", SL_TYPE_IPV6, NULL, TYPE_SEEN },
	{ "mac-addr", SL_TYPE_MAC, NULL, TYPE_SEEN },
	{ "domain-name", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "url", SL_TYPE_URL, NULL, TYPE_SEEN },
	{ "email-addr", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "file", SL_TYPE_FILE, NULL, TYPE_SEEN },
	{ "x509-certificate", SL_TYPE_CERT, NULL, TYPE_SEEN },
	{ "network-traffic", SL_TYPE_TRAFFIC, NULL, TYPE_SEEN },
	{ "user-agent", SL_TYPE_USER_AGENT, NULL, TYPE_SEEN },
	{ "software", SL_TYPE_SOFTWARE, NULL, TYPE_SEEN },
	{ "artifact", SL_TYPE_ARTIFACT, NULL, TYPE_SEEN },
	{ "email-message", SL_TYPE_EMAIL_MESSAGE, NULL, TYPE_SEEN },
	{ "ip", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ipv4", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ip-address", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "address", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "addr", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ip-src", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "dst-ip", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ip-dst", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ip:port", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ip-port", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "cidr", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "subnet", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "netblock", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "Intel::ADDR", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "Intel::SUBNET", SL_TYPE_IPV4, NULL, TYPE_SEEN },
	{ "ipv6", SL_TYPE_IPV6, NULL, TYPE_SEEN },
	{ "host", SL_TYPE_NONE, NULL, TYPE_SEEN },
	{ "hostname", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "domain", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "domain-port", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "fqdn", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "dns", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "Intel::DOMAIN", SL_TYPE_DOMAIN, NULL, TYPE_SEEN },
	{ "uri", SL_TYPE_URL, NULL, TYPE_SEEN },
	{ "link", SL_TYPE_URL, NULL, TYPE_SEEN },
	{ "Intel::URL", SL_TYPE_URL, NULL, TYPE_SEEN },
	{ "email", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "email-src", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "email-dst", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "email-address", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "Intel::EMAIL", SL_TYPE_EMAIL, NULL, TYPE_SEEN },
	{ "mac", SL_TYPE_MAC, NULL, TYPE_SEEN },
	{ "mac-address", SL_TYPE_MAC, NULL, TYPE_SEEN },
	{ "hash", SL_TYPE_FILE, NULL, TYPE_SEEN },
	{ "filehash", SL_TYPE_FILE, NULL, TYPE_SEEN },
	{ "Intel::FILE_HASH", SL_TYPE_FILE, NULL, TYPE_SEEN },
	{ "md5", SL_TYPE_FILE, "file.md5", TYPE_SEEN },
	{ "md5sum", SL_TYPE_FILE, "file.md5", TYPE_SEEN },
	{ "md5-hash", SL_TYPE_FILE, "file.md5", TYPE_SEEN },
	{ "sha1-hash", SL_TYPE_FILE, "file.sha1", TYPE_SEEN },
	{ "sha256-hash", SL_TYPE_FILE, "file.sha256", TYPE_SEEN },
	{ "filehash-md5", SL_TYPE_FILE, "file.md5", TYPE_SEEN },
	{ "sha1", SL_TYPE_FILE, "file.sha1", TYPE_SEEN },
	{ "sha1sum", SL_TYPE_FILE, "file.sha1", TYPE_SEEN },
	{ "filehash-sha1", SL_TYPE_FILE, "file.sha1", TYPE_SEEN },
	{ "sha256", SL_TYPE_FILE, "file.sha256", TYPE_SEEN },
	{ "sha256sum", SL_TYPE_FILE, "file.sha256", TYPE_SEEN },
	{ "filehash-sha256", SL_TYPE_FILE, "file.sha256", TYPE_SEEN },
	{ "filename", SL_TYPE_FILE, "file.name", TYPE_SEEN },
	{ "Intel::FILE_NAME", SL_TYPE_FILE, "file.name", TYPE_SEEN },
	{ "file-size", SL_TYPE_FILE, "file.size", TYPE_SEEN },
	{ "size-in-bytes", SL_TYPE_FILE, "file.size", TYPE_SEEN },
	{ "file-type", SL_TYPE_FILE, "file.type", TYPE_SEEN },
	{ "mime-type", SL_TYPE_FILE, "file.type", TYPE_SEEN },
	{ "certificate-subject", SL_TYPE_CERT, "tls.cert_subject", TYPE_SEEN },
	{ "certificate-issuer", SL_TYPE_CERT, "tls.cert_issuer", TYPE_SEEN },
	{ "http-method", SL_TYPE_ARTIFACT, "http.method", TYPE_SEEN },
	{ "http-uri", SL_TYPE_ARTIFACT, "http.uri", TYPE_SEEN },
	{ "http-cookie", SL_TYPE_ARTIFACT, "http.cookie", TYPE_SEEN },
	{ "Intel::CERT_HASH", SL_TYPE_CERT, NULL, TYPE_SEEN },
	{ "cert-sha1", SL_TYPE_CERT, "tls.cert_sha1", TYPE_SEEN },
	{ "x509-fingerprint-sha1", SL_TYPE_CERT, "tls.cert_sha1", TYPE_SEEN },
	{ "cert-sha256", SL_TYPE_CERT, "tls.cert_sha256", TYPE_SEEN },
	{ "x509-fingerprint-sha256", SL_TYPE_CERT, "tls.cert_sha256", TYPE_SEEN },
	{ "certificate-serial", SL_TYPE_CERT, "tls.cert_serial", TYPE_SEEN },
	{ "ssl-certificate-serial", SL_TYPE_CERT, "tls.cert_serial", TYPE_SEEN },
	{ "ja3", SL_TYPE_TRAFFIC, "ja3.hash", TYPE_SEEN },
	{ "ja3-md5", SL_TYPE_TRAFFIC, "ja3.hash", TYPE_SEEN },
	{ "ja3-hash", SL_TYPE_TRAFFIC, "ja3.hash", TYPE_SEEN },
	{ "ja3-fingerprint-md5", SL_TYPE_TRAFFIC, "ja3.hash", TYPE_SEEN },
	{ "ja3s", SL_TYPE_TRAFFIC, "ja3s.hash", TYPE_SEEN },
	{ "ja4", SL_TYPE_TRAFFIC, "ja4.hash", TYPE_SEEN },
	{ "hassh-md5", SL_TYPE_SOFTWARE, "ssh.hassh", TYPE_SEEN },
	{ "hasshserver-md5", SL_TYPE_SOFTWARE, "ssh.hasshserver", TYPE_SEEN },
	{ "Intel::SOFTWARE", SL_TYPE_SOFTWARE, NULL, TYPE_SEEN },
	{ "Intel::USER_NAME", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "Intel::PUBKEY_HASH", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "text", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "comment", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "other", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "description", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "information", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "note", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "info", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "vulnerability", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "registrar", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "tool", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "cve", SL_TYPE_NONE, NULL, TYPE_CONTEXT },
	{ "regkey", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "registry-path", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "registry-path-key", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "mutex", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "guid", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "pdb", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "yara", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "file-path", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "filepath", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "file-path-name", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "path", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "command-line", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "command-line-parameter", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "url-path", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "asn", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "sha512", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "sha3-384-hash", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "sha384", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "sha224", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "ssdeep", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "imphash", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
	{ "tlsh", SL_TYPE_NONE, NULL, TYPE_UNSEEN },
};

const char *type_by_path(const char *path, const char *value, size_t len)
{
	if (len != 32 || shape_of(value, len) != SHAPE_HASH)
		return NULL;
	/* the file's name, and that of its folder */
	const char *from = strrchr(path, '/');
	while (from != NULL && from > path && from[-1] != '/')
		from--;
	from = from != NULL ? from : path;
	if (strcasestr(from, "ja3s") != NULL)
		return "ja3s";
	return strcasestr(from, "ja3") != NULL ? "ja3" : NULL;
}

static bool is_joint(char c)
{
	return c == '-' || c == '_' || c == ' ' || c == '\t';
}

/* Whatever case and whatever joins the words: "IP Address", "ip_address". */
static bool same(const char *a, const char *b)
{
	for (;;) {
		while (is_joint(*a))
			a++;
		while (is_joint(*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

const struct type_name *type_name_find(const char *text)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (same(rows[i].text, text))
			return &rows[i];
	return NULL;
}
