/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_types.c - the types of MISP's attributes (its describeTypes.json), and what each is here.
 * Constant. */
#include <string.h>

#include "misp.h"

#define PLAIN(name, as, path)                                                                      \
	{                                                                                          \
		name, MISP_PLAIN, as, path                                                         \
	}
#define AT(name, path)                                                                             \
	{                                                                                          \
		name, MISP_PATH, NULL, path                                                        \
	}
#define KIND(name, kind)                                                                           \
	{                                                                                          \
		name, MISP_##kind, NULL, NULL                                                      \
	}

static const struct misp_type types[] = {
	/* What is looked for. */
	PLAIN("md5", "md5", "file:hashes.MD5"),
	PLAIN("sha1", "sha1", "file:hashes.'SHA-1'"),
	PLAIN("sha256", "sha256", "file:hashes.'SHA-256'"),
	PLAIN("filename", "filename", "file:name"),
	PLAIN("ip-src", "ipv4-addr", "ipv4-addr:value"),
	PLAIN("ip-dst", "ipv4-addr", "ipv4-addr:value"),
	PLAIN("hostname", "domain-name", "domain-name:value"),
	PLAIN("onion-address", "domain-name", "domain-name:value"),
	{ "domain", MISP_SUFFIX, "domain-name", "domain-name:value" },
	KIND("domain|ip", DOMAIN_IP),
	KIND("ip-src|port", PORT),
	KIND("ip-dst|port", PORT),
	KIND("hostname|port", PORT),
	PLAIN("url", "url", "url:value"),
	KIND("uri", URI),
	PLAIN("email", "email-addr", "email-addr:value"),
	AT("email-src", "email-message:from_ref.value"),
	AT("email-dst", "email-message:to_refs.value"),
	AT("email-subject", "email-message:subject"),
	AT("email-message-id", "email-message:message_id"),
	AT("email-attachment", "email-message:body_multipart[*].body_raw_ref.name"),
	PLAIN("user-agent", "user-agent", "user-agent:value"),
	PLAIN("cookie", "http-cookie",
		"network-traffic:extensions.'http-request-ext'.request_header.Cookie"),
	PLAIN("mac-address", "mac-addr", "mac-addr:value"),
	PLAIN("ja3-fingerprint-md5", "ja3", "network-traffic:extensions.'tls-ext'.ja3"),
	PLAIN("hassh-md5", "hassh-md5", "network-traffic:extensions.'ssh-ext'.hassh"),
	PLAIN("hasshserver-md5", "hasshserver-md5", NULL),
	PLAIN("x509-fingerprint-sha1", "cert-sha1", "x509-certificate:hashes.'SHA-1'"),
	PLAIN("x509-fingerprint-sha256", "cert-sha256", "x509-certificate:hashes.'SHA-256'"),
	KIND("filename|md5", FILE),
	KIND("filename|sha1", FILE),
	KIND("filename|sha256", FILE),
	KIND("malware-sample", FILE),
	KIND("stix2-pattern", PATTERN),
	/* True of ordinary traffic: they narrow what stands beside them in an object. */
	KIND("http-method", WEAK),
	KIND("mime-type", WEAK),
	KIND("size-in-bytes", WEAK),
	AT("port", "network-traffic:x_port"),
	/* Rules and patterns in other languages. */
	KIND("snort", RULE),
	KIND("suricata", RULE),
	KIND("bro", LANGUAGE),
	KIND("zeek", LANGUAGE),
	KIND("yara", LANGUAGE),
	KIND("sigma", LANGUAGE),
	KIND("kusto-query", LANGUAGE),
	KIND("gene", LANGUAGE),
	KIND("pattern-in-file", LANGUAGE),
	KIND("pattern-in-traffic", LANGUAGE),
	KIND("pattern-in-memory", LANGUAGE),
	KIND("filename-pattern", LANGUAGE),
	/* Of a host, or of a packet but not looked at. */
	KIND("AS", UNSEEN),
	KIND("jarm-fingerprint", UNSEEN),
	KIND("favicon-mmh3", UNSEEN),
	KIND("dom-hash", UNSEEN),
	KIND("community-id", UNSEEN),
	KIND("x509-fingerprint-md5", UNSEEN),
	KIND("ssh-fingerprint", UNSEEN),
	KIND("mac-eui-64", UNSEEN),
	KIND("pdb", UNSEEN),
	KIND("regkey", UNSEEN),
	KIND("regkey|value", UNSEEN),
	KIND("named pipe", UNSEEN),
	KIND("mutex", UNSEEN),
	KIND("process-state", UNSEEN),
	KIND("windows-scheduled-task", UNSEEN),
	KIND("windows-service-name", UNSEEN),
	KIND("windows-service-displayname", UNSEEN),
	KIND("mobile-application-id", UNSEEN),
	KIND("azure-application-id", UNSEEN),
	KIND("chrome-extension-id", UNSEEN),
	KIND("edge-extension-id", UNSEEN),
	KIND("email-body", UNSEEN),
	KIND("email-header", UNSEEN),
	KIND("email-reply-to", UNSEEN),
	KIND("email-x-mailer", UNSEEN),
	KIND("email-mime-boundary", UNSEEN),
	KIND("email-thread-index", UNSEEN),
	KIND("email-dst-display-name", UNSEEN),
	KIND("email-src-display-name", UNSEEN),
	KIND("dns-soa-email", UNSEEN),
	KIND("dkim", UNSEEN),
	KIND("dkim-signature", UNSEEN),
	KIND("eppn", UNSEEN),
	KIND("authentihash", UNSEEN),
	KIND("vhash", UNSEEN),
	KIND("ssdeep", UNSEEN),
	KIND("imphash", UNSEEN),
	KIND("telfhash", UNSEEN),
	KIND("pehash", UNSEEN),
	KIND("impfuzzy", UNSEEN),
	KIND("sha224", UNSEEN),
	KIND("sha384", UNSEEN),
	KIND("sha512", UNSEEN),
	KIND("sha512/224", UNSEEN),
	KIND("sha512/256", UNSEEN),
	KIND("sha3-224", UNSEEN),
	KIND("sha3-256", UNSEEN),
	KIND("sha3-384", UNSEEN),
	KIND("sha3-512", UNSEEN),
	KIND("tlsh", UNSEEN),
	KIND("cdhash", UNSEEN),
	KIND("git-commit-id", UNSEEN),
	KIND("hex", UNSEEN),
	KIND("bin", UNSEEN),
	KIND("pgp-public-key", UNSEEN),
	KIND("pgp-private-key", UNSEEN),
};

/* The rest explains: people, places, money, papers, notes. */
static const char *const explain[] = { "float", "identity-card-number", "vulnerability", "cpe",
	"weakness", "attachment", "link", "comment", "text", "other", "target-user", "target-email",
	"target-machine", "target-org", "target-location", "target-external", "btc", "dash", "xmr",
	"iban", "bic", "bank-account-nr", "aba-rtn", "cc-number", "prtn", "phone-number",
	"threat-actor", "campaign-name", "campaign-id", "malware-type", "whois-registrant-email",
	"whois-registrant-phone", "whois-registrant-name", "whois-registrant-org",
	"whois-registrar", "whois-creation-date", "counter", "integer", "datetime",
	"github-username", "github-repository", "github-organisation", "jabber-id", "twitter-id",
	"first-name", "middle-name", "last-name", "full-name", "date-of-birth", "place-of-birth",
	"gender", "passport-number", "passport-country", "passport-expiration", "redress-number",
	"nationality", "visa-number", "issue-date-of-the-visa", "primary-residence",
	"country-of-residence", "special-service-request", "frequent-flyer-number",
	"travel-details", "payment-details", "place-port-of-original-embarkation",
	"place-port-of-clearance", "place-port-of-onward-foreign-destination",
	"passenger-name-record-locator-number", "cortex", "boolean", "uuid", "anonymised" };

static const struct misp_type context = { "", MISP_CONTEXT, NULL, NULL },
			      unseen = { "", MISP_UNSEEN, NULL, NULL };

const struct misp_type *misp_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	for (size_t i = 0; i < sizeof(explain) / sizeof(explain[0]); i++)
		if (strcmp(explain[i], name) == 0)
			return &context;
	/* "filename|ssdeep" and its kind */
	return strncmp(name, "filename|", 9) == 0 ? &unseen : NULL;
}

bool misp_is_hash(const char *type)
{
	static const char *const rows[] = { "md5", "authentihash", "vhash", "ssdeep", "imphash",
		"telfhash", "pehash", "impfuzzy", "tlsh", "cdhash", "malware-sample" };
	if (strncmp(type, "sha", 3) == 0 || strncmp(type, "filename|", 9) == 0)
		return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i], type) == 0)
			return true;
	return false;
}
