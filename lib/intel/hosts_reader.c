/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts_reader.c - hosts files that send names nowhere: "0.0.0.0 evil.example other.example".
 * Control threads. A name stands for itself only. */
#include <string.h>
#include <strings.h>

#include "reading.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line; 0: there is none, or a comment begins. */
static size_t word_next(const char **at, const char *end)
{
	while (*at < end && is_blank(**at))
		(*at)++;
	size_t n = 0;
	while (*at + n < end && !is_blank((*at)[n]) && (*at)[n] != '#')
		n++;
	return n;
}

static bool nowhere(const char *p, size_t len)
{
	static const char *const rows[] = { "0.0.0.0", "127.0.0.1", "::", "::1", "0", "::0" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i]) == len && memcmp(rows[i], p, len) == 0)
			return true;
	return false;
}

/* Every hosts file has these for the machine itself. */
static bool of_the_machine(const char *p, size_t len)
{
	static const char *const rows[] = { "localhost", "localhost.localdomain", "local",
		"broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix",
		"ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i]) == len && strncasecmp(rows[i], p, len) == 0)
			return true;
	return false;
}

struct tally {
	size_t lines, hosts, names;
};

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	const char *at = line, *end = line + len;
	union sl_addr a;
	uint8_t v;
	size_t n = word_next(&at, end);
	if (n == 0)
		return;
	t->lines++;
	if (!sl_addr_parse(at, n, &a, &v) && !nowhere(at, n))
		return;
	bool none = nowhere(at, n);
	at += n;
	n = word_next(&at, end);
	bool machine = of_the_machine(at, n);
	t->hosts += n > 0 && (machine || shape_of(at, n) == SHAPE_DOMAIN);
	t->names += none && n > 0 && !machine && shape_of(at, n) == SHAPE_DOMAIN;
}

bool hosts_recognise(const char *head, size_t len, bool whole)
{
	struct tally t = { 0 };
	head_lines(head, len, whole, tally_line, &t);
	return t.names > 0 && t.hosts * 10 >= t.lines * 8;
}

static void context(struct reading *r, uint64_t line, const char *code, const char *reason)
{
	struct sl_finding f = {
		.line = line, .verdict = SL_CONTEXT, .code = code, .reason = reason
	};
	reading_tell(r, &f);
}

static int line_read(struct reading *r, uint64_t number, const char *line, size_t len)
{
	const char *at = line, *end = line + len;
	size_t n = word_next(&at, end);
	int rc = 0;
	if (n == 0)
		return 0;
	if (!nowhere(at, n)) {
		context(r, number, "NOT_BLOCKED", "The line sends no name nowhere: it maps one.");
		return 0;
	}
	while (rc == 0 && (at += n, n = word_next(&at, end)) > 0) {
		struct draft d = { .line = number,
			.type = "domain-name",
			.value = at,
			.value_len = n,
			.below = SL_BELOW_NO,
			.confidence = SL_CONFIDENCE_NONE };
		if (!of_the_machine(at, n))
			rc = draft_add(r, &d);
	}
	return rc;
}

int hosts_read(struct reading *r)
{
	return lines_each(r, line_read);
}
