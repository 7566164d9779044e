/* SPDX-License-Identifier: BSD-3-Clause */
/* adblock_reader.c - AdBlock lists, as far as they block whole names: "||evil.example^". Control
 * threads. What depends on a page (third parties, elements, regular expressions) is named and
 * passed over. */
#include <string.h>
#include <strings.h>

#include "reading.h"

enum rule {
	RULE_NONE, /* comment, blank */
	RULE_NAME, /* a name and all below it */
	RULE_ADDRESS,
	RULE_PLAIN, /* a bare name, or a line of a hosts file */
	RULE_EXCEPTION,
	RULE_PAGE, /* of parts of pages */
	RULE_REGEX,
	RULE_OTHER,
};

struct parsed {
	enum rule rule;
	const char *value;
	size_t len;
};

/* Options that leave the rule one of a whole name. */
static bool options_whole(const char *p, size_t len)
{
	static const char *const rows[] = { "important", "all", "document", "doc", "popup" };
	while (len > 0) {
		const char *comma = memchr(p, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - p) : len;
		bool known = false;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			known |= strlen(rows[i]) == n && strncasecmp(rows[i], p, n) == 0;
		if (!known)
			return false;
		n += comma != NULL;
		p += n;
		len -= n;
	}
	return true;
}

/* "evil.example^", "evil.example^$important" behind "||". */
static struct parsed anchored(const char *p, size_t len)
{
	const char *options = memchr(p, '$', len);
	size_t body = options != NULL ? (size_t)(options - p) : len;
	if (options != NULL && !options_whole(options + 1, len - body - 1))
		return (struct parsed){ RULE_PAGE, p, len };
	if (body > 0 && p[body - 1] == '|')
		body--;
	if (body > 0 && p[body - 1] == '^')
		body--;
	enum shape s = shape_of(p, body);
	if (s == SHAPE_DOMAIN)
		return (struct parsed){ RULE_NAME, p, body };
	if (s == SHAPE_ADDR)
		return (struct parsed){ RULE_ADDRESS, p, body };
	return (struct parsed){ RULE_OTHER, p, len };
}

/* "example.com##.banner", in all its kinds */
static bool of_elements(const char *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] != '#')
			continue;
		if (p[i + 1] == '#')
			return true;
		if (i + 2 < len && p[i + 2] == '#' && strchr("@?$%", p[i + 1]) != NULL &&
			p[i + 1] != '\0')
			return true;
	}
	return false;
}

static struct parsed rule_read(const char *p, size_t len)
{
	while (len > 0 && (p[0] == ' ' || p[0] == '\t')) {
		p++;
		len--;
	}
	if (len == 0 || p[0] == '!' || (p[0] == '[' && p[len - 1] == ']'))
		return (struct parsed){ RULE_NONE, p, len };
	if (len > 2 && memcmp(p, "@@", 2) == 0)
		return (struct parsed){ RULE_EXCEPTION, p, len };
	if (of_elements(p, len))
		return (struct parsed){ RULE_PAGE, p, len };
	if (p[0] == '#')
		return (struct parsed){ RULE_NONE, p, len };
	if (len > 2 && memcmp(p, "||", 2) == 0)
		return anchored(p + 2, len - 2);
	if (len > 1 && p[0] == '/' && p[len - 1] == '/')
		return (struct parsed){ RULE_REGEX, p, len };
	const char *value;
	size_t n = list_value(p, len, &value);
	if (n > 0 && shape_of(value, n) == SHAPE_DOMAIN)
		return (struct parsed){ RULE_PLAIN, value, n };
	return (struct parsed){ RULE_OTHER, p, len };
}

struct tally {
	size_t lines, rules;
	bool title;
};

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct parsed x = rule_read(line, len);
	t->title |= len > 8 && line[0] == '[' && strncasecmp(line + 1, "adblock", 7) == 0;
	if (x.rule == RULE_NONE)
		return;
	t->lines++;
	t->rules += (len > 4 && memcmp(line, "||", 2) == 0) || x.rule == RULE_EXCEPTION;
}

bool adblock_recognise(const char *head, size_t len, bool whole)
{
	struct tally t = { 0 };
	head_lines(head, len, whole, tally_line, &t);
	return t.title || (t.rules > 0 && t.rules * 2 >= t.lines);
}

static int line_read(struct reading *r, uint64_t number, const char *line, size_t len)
{
	static const struct {
		enum sl_intel_verdict verdict;
		const char *code, *reason;
	} said[] = {
		[RULE_EXCEPTION] = { SL_CONTEXT, "EXCEPTION", "The list lets this pass." },
		[RULE_PAGE] = { SL_CONTEXT, "PAGE_RULE",
			"It is about parts of pages, or who asks for them: no packet shows that." },
		[RULE_REGEX] = { SL_REFUSED, "PATTERN_NOT_SUPPORTED",
			"Regular expressions of AdBlock lists are not read." },
		[RULE_OTHER] = { SL_REFUSED, "RULE_NOT_SUPPORTED",
			"Only rules of whole names are read, such as ||evil.example^." },
	};
	struct parsed x = rule_read(line, len);
	char part[256];
	struct draft d = { .line = number,
		.type = x.rule == RULE_ADDRESS ? "ipv4-addr" : "domain-name",
		.match = x.rule == RULE_NAME ? "suffix" : NULL,
		.value = x.value,
		.value_len = x.len,
		.below = SL_BELOW_NO,
		.confidence = SL_CONFIDENCE_NONE };
	if (x.rule == RULE_NONE)
		return 0;
	if (x.rule <= RULE_PLAIN)
		return draft_add(r, &d);
	size_t n = x.len < sizeof(part) ? x.len : sizeof(part) - 1;
	memcpy(part, x.value, n);
	part[n] = '\0';
	struct sl_finding f = { .line = number,
		.verdict = said[x.rule].verdict,
		.code = said[x.rule].code,
		.reason = said[x.rule].reason,
		.part = part };
	reading_tell(r, &f);
	return 0;
}

int adblock_read(struct reading *r)
{
	return lines_each(r, line_read);
}
