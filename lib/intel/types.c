/* SPDX-License-Identifier: BSD-3-Clause */
/* types.c - the names that feeds use for types, and the type and place that each stands for. Pure.
 */
#include <string.h>
#include <strings.h>

#include "reading.h"

/* NONE: told from the value. A place that no row of the vocabulary has yet is what makes a value
 * "not evaluable". */
static const struct type_name rows[] = {
	{ "ipv4-addr", SL_TYPE_IPV4, NULL, false },
	{ "ipv6-addr", SL_TYPE_IPV6, NULL, false },
	{ "mac-addr", SL_TYPE_MAC, NULL, false },
	{ "domain-name", SL_TYPE_DOMAIN, NULL, false },
	{ "url", SL_TYPE_URL, NULL, false },
	{ "email-addr", SL_TYPE_EMAIL, NULL, false },
	{ "file", SL_TYPE_FILE, NULL, false },
	{ "x509-certificate", SL_TYPE_CERT, NULL, false },
	{ "network-traffic", SL_TYPE_TRAFFIC, NULL, false },
	{ "user-agent", SL_TYPE_USER_AGENT, NULL, false },
	{ "software", SL_TYPE_SOFTWARE, NULL, false },
	{ "artifact", SL_TYPE_ARTIFACT, NULL, false },
	{ "email-message", SL_TYPE_EMAIL_MESSAGE, NULL, false },
	{ "ip", SL_TYPE_IPV4, NULL, false },
	{ "ipv4", SL_TYPE_IPV4, NULL, false },
	{ "ipv6", SL_TYPE_IPV6, NULL, false },
	{ "ip address", SL_TYPE_IPV4, NULL, false },
	{ "ip-address", SL_TYPE_IPV4, NULL, false },
	{ "ip_address", SL_TYPE_IPV4, NULL, false },
	{ "address", SL_TYPE_IPV4, NULL, false },
	{ "addr", SL_TYPE_IPV4, NULL, false },
	{ "ip-src", SL_TYPE_IPV4, NULL, false },
	{ "ip-dst", SL_TYPE_IPV4, NULL, false },
	{ "ip:port", SL_TYPE_IPV4, NULL, false },
	{ "cidr", SL_TYPE_IPV4, NULL, false },
	{ "subnet", SL_TYPE_IPV4, NULL, false },
	{ "netblock", SL_TYPE_IPV4, NULL, false },
	{ "host", SL_TYPE_NONE, NULL, false },
	{ "hostname", SL_TYPE_DOMAIN, NULL, false },
	{ "domain", SL_TYPE_DOMAIN, NULL, false },
	{ "domain name", SL_TYPE_DOMAIN, NULL, false },
	{ "domain_name", SL_TYPE_DOMAIN, NULL, false },
	{ "fqdn", SL_TYPE_DOMAIN, NULL, false },
	{ "dns", SL_TYPE_DOMAIN, NULL, false },
	{ "uri", SL_TYPE_URL, NULL, false },
	{ "link", SL_TYPE_URL, NULL, false },
	{ "email", SL_TYPE_EMAIL, NULL, false },
	{ "e-mail", SL_TYPE_EMAIL, NULL, false },
	{ "email-src", SL_TYPE_EMAIL, NULL, false },
	{ "email-dst", SL_TYPE_EMAIL, NULL, false },
	{ "mac", SL_TYPE_MAC, NULL, false },
	{ "hash", SL_TYPE_FILE, NULL, false },
	{ "filehash", SL_TYPE_FILE, NULL, false },
	{ "file hash", SL_TYPE_FILE, NULL, false },
	{ "md5", SL_TYPE_FILE, "file.md5", false },
	{ "md5sum", SL_TYPE_FILE, "file.md5", false },
	{ "filehash-md5", SL_TYPE_FILE, "file.md5", false },
	{ "sha1", SL_TYPE_FILE, "file.sha1", false },
	{ "sha-1", SL_TYPE_FILE, "file.sha1", false },
	{ "sha1sum", SL_TYPE_FILE, "file.sha1", false },
	{ "filehash-sha1", SL_TYPE_FILE, "file.sha1", false },
	{ "sha256", SL_TYPE_FILE, "file.sha256", false },
	{ "sha-256", SL_TYPE_FILE, "file.sha256", false },
	{ "sha256sum", SL_TYPE_FILE, "file.sha256", false },
	{ "filehash-sha256", SL_TYPE_FILE, "file.sha256", false },
	{ "filename", SL_TYPE_FILE, "file.name", false },
	{ "cert-sha1", SL_TYPE_CERT, "tls.cert_sha1", false },
	{ "x509-fingerprint-sha1", SL_TYPE_CERT, "tls.cert_sha1", false },
	{ "cert-sha256", SL_TYPE_CERT, "tls.cert_sha256", false },
	{ "x509-fingerprint-sha256", SL_TYPE_CERT, "tls.cert_sha256", false },
	{ "ja3", SL_TYPE_TRAFFIC, "ja3.hash", false },
	{ "ja3-fingerprint-md5", SL_TYPE_TRAFFIC, "ja3.hash", false },
	{ "ja3s", SL_TYPE_TRAFFIC, "ja3s.hash", false },
	{ "ja4", SL_TYPE_TRAFFIC, "ja4.hash", false },
	{ "hassh-md5", SL_TYPE_SOFTWARE, "ssh.hassh", false },
	{ "useragent", SL_TYPE_USER_AGENT, NULL, false },
	{ "user_agent", SL_TYPE_USER_AGENT, NULL, false },
	{ "user agent", SL_TYPE_USER_AGENT, NULL, false },
	{ "Intel::ADDR", SL_TYPE_IPV4, NULL, false },
	{ "Intel::SUBNET", SL_TYPE_IPV4, NULL, false },
	{ "Intel::DOMAIN", SL_TYPE_DOMAIN, NULL, false },
	{ "Intel::URL", SL_TYPE_URL, NULL, false },
	{ "Intel::EMAIL", SL_TYPE_EMAIL, NULL, false },
	{ "Intel::FILE_HASH", SL_TYPE_FILE, NULL, false },
	{ "Intel::FILE_NAME", SL_TYPE_FILE, "file.name", false },
	{ "Intel::CERT_HASH", SL_TYPE_CERT, NULL, false },
	{ "Intel::SOFTWARE", SL_TYPE_SOFTWARE, NULL, false },
	{ "text", SL_TYPE_NONE, NULL, true },
	{ "comment", SL_TYPE_NONE, NULL, true },
	{ "other", SL_TYPE_NONE, NULL, true },
	{ "vulnerability", SL_TYPE_NONE, NULL, true },
	{ "cve", SL_TYPE_NONE, NULL, true },
};

const struct type_name *type_name_find(const char *text)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(rows[i].text, text) == 0)
			return &rows[i];
	return NULL;
}
