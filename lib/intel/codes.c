/* SPDX-License-Identifier: BSD-3-Clause */
/* codes.c - every code that the checker says, in one list: `sightline intel check --codes` prints
 * it, the manual holds it, and the configuration may give another verdict by code. Codes are for
 * machines: one that was said is never renamed. Constant. */
#include <stdio.h>

#include <sightline/intel.h>

static const struct sl_intel_code codes[] = {
	/* Alone it is true of ordinary traffic. */
	{ "OWN_ADDRESS", SL_REFUSED, "alone: an address in home_net" },
	{ "PRIVATE_ADDRESS", SL_REFUSED, "alone: a private, loopback or link-local address" },
	{ "RESERVED_ADDRESS", SL_REFUSED, "alone: a reserved or multicast address" },
	{ "LONE_PORT", SL_REFUSED, "alone: a port" },
	{ "PUBLIC_SUFFIX", SL_REFUSED, "a name below which anybody registers: com, co.uk" },
	{ "TOO_WIDE", SL_REFUSED,
		"a network wider than /16 (IPv4) or /32 (IPv6); a whole "
		"top-level domain" },
	{ "EMPTY_FILE_HASH", SL_REFUSED, "the hash of the empty file" },
	{ "MATCHES_ALL", SL_REFUSED, "a pattern that matches the empty text or one character" },
	{ "TRUE_OF_MOST", SL_REFUSED, "alone: a test that most traffic passes" },
	{ "NEGATIVE_ONLY", SL_REFUSED, "true of all that lacks something" },
	{ "CONTRADICTORY", SL_REFUSED,
		"it can't be true: two values of one property, or a validity "
		"that ends before it begins" },
	{ "NEVER_TOGETHER", SL_REFUSED, "an AND of what no one observation can hold" },
	{ "EXPIRED", SL_NOT_VALID,
		"its validity has ended (armed where validity goes by packet "
		"time)" },
	{ "NOT_YET_VALID", SL_NOT_VALID, "its validity has not begun" },
	/* Nothing that can be read, or seen. */
	{ "EMPTY", SL_REFUSED, "there is no value" },
	{ "BAD_ADDRESS", SL_REFUSED, "no IPv4 or IPv6 address or prefix" },
	{ "BAD_DOMAIN", SL_REFUSED, "no domain name" },
	{ "BAD_URL", SL_REFUSED, "no URL with a host" },
	{ "BAD_HASH", SL_REFUSED, "no hash of the kind that its place holds" },
	{ "BAD_EMAIL", SL_REFUSED, "no mail address" },
	{ "BAD_MAC", SL_REFUSED, "no MAC address" },
	{ "BAD_VALUE", SL_REFUSED, "no value for its place" },
	{ "BAD_MATCH", SL_REFUSED, "a match that its type does not have" },
	{ "BAD_TIME", SL_REFUSED, "no time" },
	{ "BAD_EXPRESSION", SL_REFUSED, "no regular expression" },
	{ "VALUE_TOO_LONG", SL_REFUSED, "longer than any value that can be seen" },
	{ "UNKNOWN_TYPE", SL_REFUSED, "no type of this name, or none that the value tells" },
	{ "BARE_TRAFFIC", SL_REFUSED, "network-traffic without the place to look at" },
	{ "NOT_EVALUABLE", SL_REFUSED, "no network shows it, or this sensor doesn't look there" },
	{ "TOO_COMPLEX", SL_REFUSED, "more parts than are evaluated" },
	{ "PATTERN_SYNTAX", SL_REFUSED, "not of the STIX pattern language" },
	{ "PATTERN_NOT_SUPPORTED", SL_REFUSED, "a pattern where a plain value is read" },
	{ "PATTERN_TYPE", SL_REFUSED, "a pattern in another language than STIX" },
	{ "INCOMPLETE", SL_REFUSED, "an indicator without its pattern or value" },
	{ "REVOKED", SL_REFUSED, "its author took it back" },
	{ "BAD_KEY", SL_REFUSED, "a key whose value can't be used" },
	{ "BAD_JSON", SL_REFUSED, "no JSON" },
	{ "NOT_AN_OBJECT", SL_REFUSED, "JSON, but no object" },
	{ "LINE_TOO_LONG", SL_REFUSED,
		"a line of more than 64 KiB, or a quote in it that nothing ends" },
	{ "UNBALANCED", SL_REFUSED, "a parenthesis that nothing closes" },
	{ "TOO_LARGE", SL_REFUSED, "an object of more than 4 MiB" },
	/* It matches and is counted, and never published. */
	{ "PUBLIC_RESOLVER", SL_QUIET, "a listed public DNS resolver, or root server" },
	{ "POPULAR_NAME", SL_QUIET, "a listed popular name" },
	{ "BELOW_POPULAR", SL_QUIET,
		"below a listed popular name whose owner gives none to "
		"customers" },
	{ "CDN_HOST", SL_QUIET, "a listed host of a content delivery network" },
	{ "SHORTENER", SL_QUIET, "a listed URL shortener" },
	{ "CRL_OCSP", SL_QUIET, "a listed CRL or OCSP server" },
	{ "ORDINARY_SERVICE", SL_QUIET, "listed as what ordinary software asks" },
	{ "ORDINARY_CLIENT", SL_QUIET, "a listed fingerprint of ordinary software" },
	{ "KNOWN_FILE", SL_QUIET, "a listed harmless file or certificate" },
	{ "DYNAMIC_DNS_ZONE", SL_QUIET, "a dynamic DNS zone itself" },
	{ "LISTED", SL_QUIET, "on a list of known false positives" },
	{ "BELOW_LISTED", SL_QUIET, "below a name on such a list" },
	{ "URL_PRIVATE_HOST", SL_QUIET, "a URL on a private host" },
	{ "URL_HOST_ONLY", SL_QUIET,
		"the host of an https URL, whose path is hidden; refused where "
		"the host is an ordinary one" },
	{ "OLD_CLOUD_ADDRESS", SL_QUIET,
		"a cloud or shared-hosting address that is all there is, "
		"reported over a year ago" },
	{ "AGED", SL_QUIET,
		"reported longer ago than its source's max_age, and nothing says how long "
		"it is good for" },
	{ "ORDINARY_HOST", SL_QUIET,
		"an address that this network was given for a listed ordinary name" },
	{ "HIGH_IMPACT", SL_QUIET, "it would have fired on too many of this network's hosts" },
	{ "QUIET", SL_QUIET, "a tree of which the best part is quiet" },
	{ "LOW_CONFIDENCE", SL_QUIET, "less sure than its source is asked for" },
	{ "SOURCE_QUIET", SL_QUIET, "its source is quiet" },
	/* Armed, and worth a note. */
	{ "BELOW_DYNAMIC_DNS", SL_ARMED, "below a dynamic DNS zone" },
	{ "BELOW_PRIVATE_SUFFIX", SL_ARMED, "below a suffix whose owner gives names to customers" },
	{ "CLOUD_ADDRESS", SL_ARMED, "one cloud or shared-hosting address" },
	{ "CLOUD_RANGE", SL_ARMED, "a range of a cloud" },
	{ "SINKHOLE", SL_ARMED, "a sinkhole: a hit there is an infected host" },
	{ "TOR_NODE", SL_ARMED, "a Tor node: policy, not malice" },
	{ "DOH_SERVER", SL_ARMED, "a DNS-over-HTTPS server: policy, not malice" },
	{ "SCANNER", SL_ARMED, "a scanner: policy, not malice" },
	{ "LISTED_NOTE", SL_ARMED, "on a list that is worth a note" },
	{ "DOCUMENTATION_ADDRESS", SL_ARMED, "an address of documentation, in no real traffic" },
	{ "WHOLE_NAME", SL_ARMED, "`contains` of a whole name: it also holds of longer ones" },
	{ "MIXED_AND", SL_ARMED,
		"an AND over different objects in one [ ], read as one "
		"observation" },
	{ "PREFIX_IS_SUBSET", SL_ARMED, "= with a prefix length, read as ISSUBSET" },
	{ "QUOTED_INTEGER", SL_ARMED, "a number in quotes, read as the number" },
	{ "KEY_SPELLING", SL_ARMED, "the name of a hash or header in another spelling" },
	{ "TYPE_MENDED", SL_ARMED,
		"a value of another type than its path says, read as what it is" },
	{ "PARTS", SL_ARMED, "a tree of which some parts only are armed" },
	{ "GRANULAR_MARKING", SL_ARMED,
		"a marking of some of its properties, taken for the whole" },
	{ "HOST_BITS", SL_ARMED, "bits beyond the prefix length were cleared" },
	{ "PROBATION", SL_ARMED, "its source is on probation; so its label says" },
	{ "SEEN", SL_ARMED, "it would have fired on what this network did before" },
	{ "UNDATED", SL_ARMED, "its source sets max_age, and nothing says when it is from" },
	{ "OVERRIDDEN", SL_ARMED, "the configuration has another verdict on this indicator" },
	/* Explains, and is nothing to look for. */
	{ "CONTEXT", SL_CONTEXT, "a type that explains" },
	{ "NO_INDICATOR", SL_CONTEXT, "an object that is no indicator" },
	{ "OBSERVABLE", SL_CONTEXT, "a bare observable, armed by `arm_observables` only" },
	{ "NOT_FOR_DETECTION", SL_CONTEXT, "its author means it to explain" },
	{ "DUPLICATE", SL_CONTEXT, "the same version of it was read before" },
	{ "OLDER_VERSION", SL_CONTEXT, "a newer version of it was read" },
	{ "RULE_KEPT", SL_CONTEXT, "a rule of another language, kept for its reader" },
	{ "UNKNOWN_KEY", SL_CONTEXT, "a key that is not read; its entry is used" },
	{ "BENIGN", SL_CONTEXT, "benign: hits of its own source on it are undone" },
	{ "WARNINGLIST", SL_CONTEXT, "a file that lists what is ordinary" },
	/* Of readers and trees. */
	{ "QUIET_PART", SL_QUIET, "it stands beside something stronger" },
	{ "VALUE_IN_ID", SL_ARMED, "an empty text, whose value stands in the item's id" },
	{ "REF_UNKNOWN", SL_REFUSED, "it refers to what is not in its file" },
	{ "CONDITION_NOT_SUPPORTED", SL_REFUSED, "a comparison that is not evaluated" },
	{ "RULE_IN_AND", SL_REFUSED, "a rule that is one part of an AND" },
	{ "RULE_NOT_SUPPORTED", SL_REFUSED, "a rule of a language that is not read" },
	{ "NOT_SUPPORTED", SL_REFUSED, "a directive that is not followed" },
	{ "PARTIAL_FILE", SL_REFUSED, "the hash of a part of a file" },
	{ "DELETED", SL_CONTEXT, "its author deleted it" },
	{ "PROPOSAL", SL_CONTEXT, "a proposal to its author" },
	{ "EXCEPTION", SL_CONTEXT, "an exception to a block list" },
	{ "PAGE_RULE", SL_CONTEXT, "a rule about parts of web pages" },
	{ "NOT_BLOCKED", SL_CONTEXT, "a record that lets through" },
	{ "NO_SCORE", SL_CONTEXT, "a reputation of zero" },
	{ "MANIFEST", SL_CONTEXT, "the list of a feed's files" },
	{ "HASH_CACHE", SL_CONTEXT, "a feed's index of hashes, which is no list" },
	{ "CATEGORIES", SL_CONTEXT, "the names of a list's categories" },
	{ "HEADER", SL_CONTEXT, "a header of a table that the configuration describes" },
	{ "BAD_XML", SL_REFUSED, "malformed XML" },
	{ "XML_DTD", SL_REFUSED, "XML with a document type, which is never read" },
	{ "XML_ENCODING", SL_REFUSED, "XML in an encoding that is not read" },
	{ "TOO_DEEP", SL_REFUSED, "nested deeper than is read" },
	{ "TOO_MANY_NAMES", SL_REFUSED, "more different names than are read" },
	{ "NESTED", SL_REFUSED, "an archive in an archive" },
	{ "ENCRYPTED", SL_REFUSED, "an encrypted member of an archive" },
	{ "METHOD", SL_REFUSED, "a member of an archive that is packed in an unknown way" },
	/* Of a whole file. */
	{ "NO_INTEL", SL_REFUSED, "no intelligence was recognised (context in a folder)" },
	{ "EMPTY_FILE", SL_REFUSED, "an empty file (context in a folder)" },
	{ "DAMAGED", SL_REFUSED, "a compressed file that ends early" },
	{ "TOO_MANY", SL_REFUSED, "more indicators than are allowed" },
	{ "UNREADABLE", SL_REFUSED, "a file that can't be read" },
};

const struct sl_intel_code *sl_intel_codes(size_t *count)
{
	*count = sizeof(codes) / sizeof(codes[0]);
	return codes;
}

void sl_intel_codes_print(FILE *out, bool markdown)
{
	if (markdown)
		fputs("| code | verdict | for |\n|---|---|---|\n", out);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *verdict = codes[i].verdict == SL_NOT_VALID
					      ? "not valid"
					      : sl_intel_verdict_text(codes[i].verdict);
		fprintf(out, markdown ? "| `%s` | %s | %s |\n" : "%-22s %-9s  %s\n", codes[i].code,
			verdict, codes[i].meaning);
	}
}
