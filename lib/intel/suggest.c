/* SPDX-License-Identifier: BSD-3-Clause */
/* suggest.c - what an author could write instead, as a complete pattern that is judged like any
 * other before it is shown. Where branches of an OR are sound, it is them; where nothing sound is
 * left and the parts are ends of one flow, it is their AND: the OR was a slip. Control threads. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#define ENDS_MAX 4
#define TEXT_BYTES 2048
#define PART_BYTES ((size_t)64 << 10)

/* The parts of one flow, collected from the branches. */
struct ends {
	const char *inner[ENDS_MAX], *outer[ENDS_MAX];
	size_t inners, outers, ports;
	int64_t port[2];
};

static bool text_put(const char **to, size_t *n, const char *text)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(to[i], text) == 0)
			return true;
	if (*n == ENDS_MAX || strpbrk(text, "'\\/") != NULL)
		return false;
	to[(*n)++] = text;
	return true;
}

static bool port_put(struct ends *e, const struct sl_constant *c)
{
	int64_t v = c->kind == SL_CONSTANT_INTEGER ? c->integer : -1;
	char *end;
	if (c->kind == SL_CONSTANT_TEXT && c->len > 0 && c->len < 6) {
		v = strtoll(c->text, &end, 10);
		v = *end == '\0' ? v : -1;
	}
	if (v < 1 || v > 65535)
		return false;
	for (size_t i = 0; i < e->ports; i++)
		if (e->port[i] == v)
			return true;
	if (e->ports == 2)
		return false;
	e->port[e->ports++] = v;
	return true;
}

/* False: a part that is no end of a flow. */
static bool branch_put(struct ends *e, const struct twig *w)
{
	w = w->kind == SL_NODE_OBSERVATION ? w->child : w;
	if (w->kind != SL_NODE_TEST || w->negative || w->node->test != SL_TEST_EQUAL ||
		w->node->constants != 1)
		return false;
	const struct sl_constant *c = &w->node->constant[0];
	if (w->row->kind == PATH_FIELD)
		return w->row->field <= SL_FIELD_ANY_PORT && port_put(e, c);
	bool address = w->row->kind == PATH_VALUE && w->row->type != NULL &&
		       strncmp(w->row->type, "ipv", 3) == 0 && !w->name &&
		       c->kind == SL_CONSTANT_TEXT && w->worth >= WORTH_WEAK;
	return address && (twig_is_private(w) ? text_put(e->inner, &e->inners, c->text)
					      : text_put(e->outer, &e->outers, c->text));
}

static size_t put(char *out, size_t used, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static size_t put(char *out, size_t used, const char *format, ...)
{
	va_list args;
	if (used >= TEXT_BYTES)
		return used;
	va_start(args, format);
	int n = vsnprintf(out + used, TEXT_BYTES - used, format, args);
	va_end(args);
	return n < 0 ? TEXT_BYTES : used + (size_t)n;
}

static size_t addresses(char *out, size_t used, const char *path, const char *const *list, size_t n)
{
	used = put(out, used, "%s", n > 1 ? "(" : "");
	for (size_t i = 0; i < n; i++)
		used = put(out, used, "%s%s = '%s'", i > 0 ? " OR " : "", path, list[i]);
	return put(out, used, "%s", n > 1 ? ")" : "");
}

/* The service's port is the lower one; which end it is at is not known, so both orders. */
static size_t ports(char *out, size_t used, const struct ends *e)
{
	long long low = (long long)e->port[0], high = (long long)e->port[e->ports - 1];
	if (low > high) {
		long long swap = low;
		low = high;
		high = swap;
	}
	if (e->ports == 1)
		return put(out, used,
			" AND (network-traffic:src_port = %lld OR network-traffic:dst_port = "
			"%lld)",
			low, low);
	return put(out, used,
		" AND (network-traffic:src_port = %lld AND network-traffic:dst_port = %lld OR "
		"network-traffic:src_port = %lld AND network-traffic:dst_port = %lld)",
		high, low, low, high);
}

/* The AND of what stands in an OR, as one flow. False: there is none. */
static bool joined(const struct twig *const *branch, size_t n, char out[TEXT_BYTES])
{
	struct ends e = { .inners = 0 };
	for (size_t i = 0; i < n; i++)
		if (!branch_put(&e, branch[i]))
			return false;
	if (e.ports == 0 || e.outers == 0 || e.inners + e.outers < 2)
		return false;
	const char *const *src = e.inners > 0 ? e.inner : e.outer;
	const char *const *dst = e.inners > 0 ? e.outer : e.outer + 1;
	size_t srcs = e.inners > 0 ? e.inners : 1, dsts = e.inners > 0 ? e.outers : e.outers - 1;
	size_t used = put(out, 0, "[");
	used = addresses(out, used, "network-traffic:src_ref.value", src, srcs);
	used = put(out, used, " AND ");
	used = addresses(out, used, "network-traffic:dst_ref.value", dst, dsts);
	used = ports(out, used, &e);
	return put(out, used, "]") < TEXT_BYTES;
}

static const char *suggest_join(struct tree *t, const struct twig *const *branch, size_t n)
{
	char text[TEXT_BYTES];
	if (n < 2 || !joined(branch, n, text) || !tree_accepts(t, text))
		return "";
	const char *kept = sl_arena_text(t->arena, text, strlen(text));
	return kept != NULL ? kept : "";
}

/* What stays when all that is refused is taken out: the pattern to use instead. */
static const char *kept_text(struct tree *t, const struct twig *const *branch, size_t n)
{
	const struct twig *why;
	size_t len = 0;
	char *out = sl_arena_take(t->arena, PART_BYTES);
	for (size_t i = 0; out != NULL && i < n; i++) {
		if (worth_of(branch[i], &why) != WORTH_ARMED)
			continue;
		bool loose = branch[i]->kind == SL_NODE_FOLLOWED; /* binds less than OR */
		int more = snprintf(out + len, PART_BYTES - len, "%s%s%s%s", len > 0 ? " OR " : "",
			loose ? "(" : "", text_of(t, branch[i]), loose ? ")" : "");
		if (more < 0 || (size_t)more >= PART_BYTES - len)
			return "";
		len += (size_t)more;
	}
	return out != NULL ? out : "";
}

/* As the standard has it, where it can be said so. */
static const char *mended_text(struct tree *t, const char *text)
{
	struct sl_pattern *p;
	struct sl_pattern_error err;
	if (sl_pattern_parse(&p, text, strlen(text), SL_PATTERN_21, &err) < 0)
		return "";
	const char *mended = repair_text(t, sl_pattern_root(p));
	sl_pattern_free(p);
	return mended[0] != '\0' ? mended : tree_accepts(t, text) ? text : "";
}

const char *suggest(struct tree *t, const struct twig *const *branch, size_t n, bool *is_join)
{
	const char *text = kept_text(t, branch, n);
	*is_join = false;
	if (text[0] != '\0')
		return mended_text(t, text);
	text = suggest_join(t, branch, n);
	*is_join = text[0] != '\0';
	return text;
}
