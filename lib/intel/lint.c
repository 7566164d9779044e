/* SPDX-License-Identifier: BSD-3-Clause */
/* lint.c - whether a value deserves to be armed: what is true of ordinary traffic by construction
 * is refused, what is on a list of what is ordinary is quiet or noted, and the operator has the
 * last word. Control threads. */
#include <stdio.h>
#include <string.h>

#include <sightline/lists.h>
#include <sightline/regex.h>

#include "lint.h"

#define YEAR_NS (UINT64_C(365) * 86400 * 1000000000)

static void say(
	struct judgement *out, enum sl_intel_verdict v, const char *code, const char *reason)
{
	*out = (struct judgement){ v, code, reason };
}

/* ---- Lists ---- */

/* By role: the verdict on what is listed. NOT_VALID: nothing is said. */
static const struct {
	const char *code;
	enum sl_intel_verdict verdict;
	const char *but; /* behind the sentence */
} at_rows[SL_ROLE_COUNT] = {
	[SL_ROLE_NONE] = { "", SL_NOT_VALID, "" },
	[SL_ROLE_EMPTY_FILE] = { "EMPTY_FILE_HASH", SL_REFUSED, "" },
	[SL_ROLE_SUFFIX] = { "PUBLIC_SUFFIX", SL_REFUSED, "" },
	[SL_ROLE_SINKHOLE] = { "SINKHOLE", SL_ARMED, "; a hit there is an infected host" },
	[SL_ROLE_RESOLVER] = { "PUBLIC_RESOLVER", SL_QUIET, "" },
	[SL_ROLE_CERT_STATUS] = { "CRL_OCSP", SL_QUIET, "" },
	[SL_ROLE_SHORTENER] = { "SHORTENER", SL_QUIET, "" },
	[SL_ROLE_CDN] = { "CDN_HOST", SL_QUIET, "" },
	[SL_ROLE_POPULAR] = { "POPULAR_NAME", SL_QUIET, "" },
	[SL_ROLE_SERVICE] = { "ORDINARY_SERVICE", SL_QUIET, "" },
	[SL_ROLE_KNOWN_FILE] = { "KNOWN_FILE", SL_QUIET, "" },
	[SL_ROLE_CLIENT] = { "ORDINARY_CLIENT", SL_QUIET, "" },
	[SL_ROLE_GENERIC] = { "LISTED", SL_QUIET, "" },
	[SL_ROLE_DYNAMIC_DNS] = { "DYNAMIC_DNS_ZONE", SL_QUIET, "" },
	[SL_ROLE_TOR] = { "TOR_NODE", SL_ARMED, ": policy, not malice" },
	[SL_ROLE_DOH] = { "DOH_SERVER", SL_ARMED, ": policy, not malice" },
	[SL_ROLE_SCANNER] = { "SCANNER", SL_ARMED, ": policy, not malice" },
	[SL_ROLE_CLOUD] = { "CLOUD_ADDRESS", SL_ARMED, ": it changes hands" },
	[SL_ROLE_NOTED] = { "LISTED_NOTE", SL_ARMED, "" },
};

/* Few sentences of many values: each stands once in the set. */
static const char *sentence(const struct reading *r, const struct sl_listed *l, enum sl_role role,
	const char *before, const char *but)
{
	char text[320];
	int n = snprintf(text, sizeof(text), "%s%s (%.120s)%s.", before, sl_role_what(role),
		sl_lists_title(r->o->lists, l->list[role]), but);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	const char *kept = sl_arena_intern(r->set->arena, text, len);
	return kept != NULL ? kept : "It is listed.";
}

/* The first role that lists it. */
static bool listed_at(const struct reading *r, const struct sl_listed *l, struct judgement *out)
{
	for (unsigned role = 1; role < SL_ROLE_COUNT; role++) {
		if (!(l->at >> role & 1) || at_rows[role].verdict == SL_NOT_VALID)
			continue;
		say(out, at_rows[role].verdict, at_rows[role].code,
			sentence(r, l, (enum sl_role)role, "It is ", at_rows[role].but));
		return true;
	}
	return false;
}

static void lint_listed(const struct reading *r, enum sl_listed_kind kind, const char *text,
	size_t len, struct judgement *out)
{
	struct sl_listed l;
	if (r->o->lists == NULL)
		return;
	sl_lists_ask(r->o->lists, kind, text, len, &l);
	listed_at(r, &l, out);
}

/* ---- Addresses ---- */

static bool in(const union sl_addr *a, const uint8_t *net, unsigned bits)
{
	if (memcmp(a->b, net, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (a->b[bits / 8] ^ net[bits / 8]) >> (8 - bits % 8) == 0;
}

/* IANA's special-purpose registries, and multicast. Documentation's are in no traffic, so that
 * they can do no harm. */
static const struct {
	uint8_t version, bits, net[16];
	enum sl_intel_verdict verdict;
	const char *code, *reason;
} special[] = {
#define PRIVATE SL_REFUSED, "PRIVATE_ADDRESS", "Private addresses are in use on every network."
#define RESERVED SL_REFUSED, "RESERVED_ADDRESS", "Reserved and multicast addresses are nobody's."
#define EXAMPLE                                                                                    \
	SL_ARMED, "DOCUMENTATION_ADDRESS", "Addresses of documentation are in no real traffic."
	{ 4, 8, { 0 }, RESERVED },
	{ 4, 8, { 10 }, PRIVATE },
	{ 4, 10, { 100, 64 }, PRIVATE },
	{ 4, 8, { 127 }, PRIVATE },
	{ 4, 16, { 169, 254 }, PRIVATE },
	{ 4, 12, { 172, 16 }, PRIVATE },
	{ 4, 16, { 192, 168 }, PRIVATE },
	{ 4, 24, { 192, 0, 0 }, RESERVED },
	{ 4, 24, { 192, 0, 2 }, EXAMPLE },
	{ 4, 15, { 198, 18 }, RESERVED },
	{ 4, 24, { 198, 51, 100 }, EXAMPLE },
	{ 4, 24, { 203, 0, 113 }, EXAMPLE },
	{ 4, 4, { 224 }, RESERVED },
	{ 4, 4, { 240 }, RESERVED },
	{ 6, 128, { [15] = 1 }, PRIVATE },
	{ 6, 7, { 0xfc }, PRIVATE },
	{ 6, 10, { 0xfe, 0x80 }, PRIVATE },
	{ 6, 32, { 0x20, 0x01, 0x0d, 0xb8 }, EXAMPLE },
	{ 6, 64, { 0x01 }, RESERVED },
	{ 6, 8, { 0xff }, RESERVED },
#undef PRIVATE
#undef RESERVED
#undef EXAMPLE
};

static bool lint_special(const union sl_addr *a, uint8_t version, struct judgement *out)
{
	for (size_t n = 0; n < sizeof(special) / sizeof(special[0]); n++)
		if (special[n].version == version && in(a, special[n].net, special[n].bits)) {
			say(out, special[n].verdict, special[n].code, special[n].reason);
			return true;
		}
	return false;
}

static bool old(const struct reading *r, const struct sl_indicator *i)
{
	return i->reported_ns != 0 && i->reported_ns < UINT64_MAX - YEAR_NS &&
	       reading_reached(r, i->reported_ns + YEAR_NS + 1);
}

static const char *undated(const struct reading *r, const char *reason)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "%s Its feed does not say when it was seen.", reason);
	const char *kept = n > 0 ? sl_arena_intern(r->set->arena, text, strlen(text)) : NULL;
	return kept != NULL ? kept : reason;
}

static void lint_address(
	const struct reading *r, const struct sl_indicator *i, struct judgement *out)
{
	struct sl_listed l;
	bool host = i->prefix_len == (i->version == 4 ? 32 : 128);
	if (r->o->home != NULL && sl_nets_has(r->o->home, &i->addr, i->version))
		say(out, SL_REFUSED, "OWN_ADDRESS", "It is one of your own addresses.");
	if (lint_special(&i->addr, i->version, out) && out->verdict == SL_REFUSED)
		return;
	if (i->prefix_len < (i->version == 4 ? 16 : 32)) {
		say(out, SL_REFUSED, "TOO_WIDE",
			"The network is wider than /16 (IPv4) or /32 (IPv6).");
		return;
	}
	if (out->verdict == SL_REFUSED || r->o->lists == NULL)
		return;
	sl_lists_ask_addr(r->o->lists, &i->addr, i->version, i->prefix_len, &l);
	if (!listed_at(r, &l, out) || strcmp(out->code, "CLOUD_ADDRESS") != 0)
		return;
	if (old(r, i) && i->port == 0)
		say(out, SL_QUIET, "OLD_CLOUD_ADDRESS",
			"A cloud or shared-hosting address that was reported over a year ago is "
			"somebody else's by now.");
	else if (!host)
		out->code = "CLOUD_RANGE";
	if (i->reported_ns == 0)
		out->reason = undated(r, out->reason);
}

/* ---- Names and URLs ---- */

void lint_name(const struct reading *r, const char *name, size_t len, struct judgement *out)
{
	struct sl_listed l;
	if (r->o->lists == NULL)
		return;
	enum sl_suffix suffix = sl_lists_suffix(r->o->lists, name);
	if (suffix == SL_SUFFIX_ITSELF) {
		say(out, SL_REFUSED, "PUBLIC_SUFFIX",
			"Anybody can register a name below this public suffix.");
		return;
	}
	sl_lists_ask(r->o->lists, SL_LISTED_NAME, name, len, &l);
	if (listed_at(r, &l, out))
		return;
	bool dynamic = l.above >> SL_ROLE_DYNAMIC_DNS & 1;
	if (dynamic || suffix == SL_SUFFIX_BELOW_PRIVATE) {
		say(out, SL_ARMED, dynamic ? "BELOW_DYNAMIC_DNS" : "BELOW_PRIVATE_SUFFIX",
			dynamic ? "A name below a dynamic DNS zone: it changes hands."
				: "A name below a suffix whose owner gives names to customers.");
		return;
	}
	for (unsigned role = 1; role < SL_ROLE_COUNT; role++) {
		if (!(l.above >> role & 1))
			continue;
		bool quiet = at_rows[role].verdict == SL_QUIET;
		const char *code = role == SL_ROLE_POPULAR ? "BELOW_POPULAR"
				   : quiet		   ? "BELOW_LISTED"
							   : at_rows[role].code;
		if (role != SL_ROLE_SUFFIX && role != SL_ROLE_EMPTY_FILE)
			say(out, quiet ? SL_QUIET : SL_ARMED, code,
				sentence(r, &l, (enum sl_role)role, "It is below ",
					at_rows[role].but));
		return;
	}
}

bool url_parts(const char *url, size_t len, struct url_parts *out)
{
	const char *end = url + len, *p = memmem(url, len, "//", 2);
	if (p == NULL)
		return false;
	out->https = len > 6 && memcmp(url, "https:", 6) == 0;
	p += 2;
	size_t n = 0;
	while (p + n < end && p[n] != '/' && p[n] != '?')
		n++;
	out->root = p + n == end || (p + n + 1 == end && p[n] == '/');
	const char *at = memrchr(p, '@', n);
	if (at != NULL) {
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	if (n > 1 && p[0] == '[') {
		const char *close = memchr(p, ']', n);
		p++;
		n = close != NULL ? (size_t)(close - p) : 0;
	} else {
		const char *colon = memchr(p, ':', n);
		n = colon != NULL ? (size_t)(colon - p) : n;
	}
	if (n == 0 || n >= sizeof(out->host))
		return false;
	memcpy(out->host, p, n);
	out->host[n] = '\0';
	out->host_len = n;
	return true;
}

static bool ends(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len > n && memcmp(name + len - n, end, n) == 0;
}

bool lint_private_host(const struct reading *r, const char *host, size_t len)
{
	static const char *const inside[] = { ".local", ".lan", ".internal", ".localdomain",
		".home.arpa", ".intranet", ".corp", ".localhost" };
	union sl_addr a;
	uint8_t version;
	struct judgement j = { SL_ARMED, "", "" };
	if (sl_addr_parse(host, len, &a, &version))
		return (r->o->home != NULL && sl_nets_has(r->o->home, &a, version)) ||
		       (lint_special(&a, version, &j) && j.verdict == SL_REFUSED);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (ends(host, len, inside[i]))
			return true;
	return memchr(host, '.', len) == NULL;
}

static void lint_url(const struct reading *r, const struct sl_indicator *i, struct judgement *out)
{
	struct url_parts u;
	if (!url_parts(i->value, i->value_len, &u))
		return;
	lint_listed(r, SL_LISTED_URL, i->value, i->value_len, out);
	if (lint_private_host(r, u.host, u.host_len)) {
		say(out, SL_QUIET, "URL_PRIVATE_HOST", "Its host is a private one.");
		return;
	}
	if (!u.root || out->verdict != SL_ARMED)
		return;
	/* A URL of nothing but its host is worth what the host is. */
	lint_name(r, u.host, u.host_len, out);
	if (out->verdict == SL_REFUSED)
		out->verdict = SL_QUIET;
}

/* ---- The rest ---- */

static void lint_hash(const struct reading *r, const struct sl_indicator *i, struct judgement *out)
{
	static const char *const empty[] = {
		"d41d8cd98f00b204e9800998ecf8427e",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};
	for (size_t n = 0; n < sizeof(empty) / sizeof(empty[0]); n++)
		if (i->type == SL_TYPE_FILE && strcmp(i->value, empty[n]) == 0) {
			say(out, SL_REFUSED, "EMPTY_FILE_HASH", "Every empty file has this hash.");
			return;
		}
	lint_listed(r, SL_LISTED_HASH, i->value, i->value_len, out);
}

static enum sl_listed_kind kind_of(const struct sl_indicator *i)
{
	const char *where = sl_wheres[i->where].name;
	if (i->type == SL_TYPE_EMAIL)
		return SL_LISTED_EMAIL;
	bool client = strncmp(where, "ja", 2) == 0 || strncmp(where, "ssh.hassh", 9) == 0;
	return client ? SL_LISTED_CLIENT : SL_LISTED_OTHER;
}

void lint_value(const struct reading *r, const struct sl_indicator *i, struct judgement *out)
{
	say(out, SL_ARMED, "", "");
	switch (i->type) {
	case SL_TYPE_IPV4:
	case SL_TYPE_IPV6:
		lint_address(r, i, out);
		break;
	case SL_TYPE_DOMAIN:
		lint_name(r, i->value, strlen(i->value), out);
		break;
	case SL_TYPE_URL:
		lint_url(r, i, out);
		break;
	case SL_TYPE_FILE:
	case SL_TYPE_CERT:
		lint_hash(r, i, out);
		break;
	default:
		lint_listed(r, kind_of(i), i->value, strlen(i->value), out);
		break;
	}
}

/* ---- Patterns ---- */

/* Searched for anywhere, so that what matches no character, or one, matches nearly all. */
static bool matches_little(const struct sl_regex *re)
{
	struct sl_regex_room *room;
	if (sl_regex_shortest(re) >= 2 || sl_regex_room_new(&room) < 0)
		return false;
	bool yes = sl_regex_search(re, room, "", 0) == 1;
	for (int c = ' '; !yes && c < 0x7f; c++) {
		char one = (char)c;
		yes = sl_regex_search(re, room, &one, 1) == 1;
	}
	sl_regex_room_free(room);
	return yes;
}

void lint_pattern(const struct reading *r, const struct sl_node *test, struct judgement *out)
{
	say(out, SL_ARMED, "", "");
	if (test->constants == 0 || test->constant[0].text == NULL) {
		say(out, SL_REFUSED, "BAD_EXPRESSION", "This is compared with a text.");
		return;
	}
	struct sl_regex *re;
	struct sl_pattern_error err = { .reason = "" };
	int rc = sl_regex_of_test(&re, test->test, test->constant[0].text, test->constant[0].len,
		SL_REGEX_CASELESS, &err);
	if (rc < 0) {
		const char *why = sl_arena_intern(r->set->arena, err.reason, strlen(err.reason));
		say(out, SL_REFUSED, "BAD_EXPRESSION",
			why != NULL && *why ? why : "This is no regular expression.");
		return;
	}
	if (matches_little(re))
		say(out, SL_REFUSED, "MATCHES_ALL",
			"It matches the empty text or one character, and so nearly everything.");
	sl_regex_free(re);
}

/* ---- The operator's word ---- */

void lint_decide(const struct reading *r, const struct draft *d,
	const struct sl_source_policy *policy, struct judgement *j)
{
	const struct sl_policy *p = r->o->policy;
	const char *source = d->source != NULL && d->source[0] ? d->source : r->name, *why;
	if (sl_policy_empty(p))
		return;
	int by_code = j->code[0] ? sl_policy_of_code(p, source, r->path, j->code) : -1;
	if (by_code >= 0)
		j->verdict = (enum sl_intel_verdict)by_code;
	if (j->verdict == SL_ARMED && policy->confidence > 0 &&
		d->confidence != SL_CONFIDENCE_NONE && d->confidence < policy->confidence)
		say(j, SL_QUIET, "LOW_CONFIDENCE",
			"Its confidence is below what its source is asked for.");
	if (j->verdict == SL_ARMED && policy->quiet)
		say(j, SL_QUIET, "SOURCE_QUIET", "All of this source is quiet.");
	if (j->verdict == SL_ARMED && policy->probation && j->code[0] == '\0')
		say(j, SL_ARMED, "PROBATION", "Its source is on probation.");
	int by_id = sl_policy_of_id(p, d->id, &why);
	if (by_id < 0)
		return;
	char text[320];
	int n = snprintf(text, sizeof(text), "The configuration says so%s%.160s%s%s.",
		why[0] ? ": " : "", why, j->code[0] ? "; by itself it is " : "", j->code);
	const char *kept = sl_arena_intern(r->set->arena, text, n > 0 ? strlen(text) : 0);
	say(j, (enum sl_intel_verdict)by_id, "OVERRIDDEN",
		kept != NULL ? kept : "The configuration says so.");
}
