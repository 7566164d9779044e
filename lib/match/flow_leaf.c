/* SPDX-License-Identifier: BSD-3-Clause */
/* flow_leaf.c - leaves over what every flow has: ports, protocols, sizes, times. Worker. While a
 * flow goes on, what its growth may still change is unknown. */
#include <sightline/parser.h>

#include "trees.h"

/* Above hot.h, which poisons the member's name. */
static int instant_order(uint64_t ns, const struct sl_constant *c)
{
	int64_t seconds = (int64_t)(ns / UINT64_C(1000000000));
	uint32_t rest = (uint32_t)(ns % UINT64_C(1000000000));
	if (seconds != c->time.seconds)
		return seconds < c->time.seconds ? -1 : 1;
	return rest < c->time.nanoseconds ? -1 : rest > c->time.nanoseconds;
}

#include <sightline/hot.h>

/* ---- Numbers ---- */

static int number_order(uint64_t v, const struct sl_constant *c)
{
	if (c->kind == SL_CONSTANT_TIME)
		return instant_order(v, c);
	if (c->kind == SL_CONSTANT_FLOAT)
		return (double)v < c->number ? -1 : (double)v > c->number;
	if (c->integer < 0)
		return 1;
	return v < (uint64_t)c->integer ? -1 : v > (uint64_t)c->integer;
}

static bool comparable(const struct sl_constant *c)
{
	return c->kind == SL_CONSTANT_INTEGER || c->kind == SL_CONSTANT_FLOAT ||
	       c->kind == SL_CONSTANT_TIME || c->kind == SL_CONSTANT_BOOLEAN;
}

static bool number_holds(uint64_t v, const struct sl_leaf *l)
{
	bool any = false;
	if (l->test == SL_TEST_EXISTS)
		return true;
	for (size_t i = 0; i < l->constants && !any; i++) {
		if (!comparable(&l->constant[i]))
			continue;
		int d = number_order(v, &l->constant[i]);
		switch (l->test) {
		case SL_TEST_EQUAL:
		case SL_TEST_IN:
			any = d == 0;
			break;
		case SL_TEST_UNEQUAL:
			any = d != 0;
			break;
		case SL_TEST_LESS:
			any = d < 0;
			break;
		case SL_TEST_LESS_EQUAL:
			any = d <= 0;
			break;
		case SL_TEST_GREATER:
			any = d > 0;
			break;
		case SL_TEST_GREATER_EQUAL:
			any = d >= 0;
			break;
		default:
			return false;
		}
	}
	return any;
}

static enum kleene told(bool is)
{
	return is ? YES : NO;
}

static enum kleene number_leaf(uint64_t v, const struct sl_leaf *l)
{
	return told(number_holds(v, l) != l->negated);
}

/* A number that grows is known when it has grown: a burst is counted before it is read, so that
 * what it is in the middle depends on how packets fell into bursts. */
static enum kleene grown_leaf(uint64_t v, const struct sl_leaf *l, bool ended)
{
	return ended ? number_leaf(v, l) : UNKNOWN;
}

/* ---- Protocols ---- */

static const char *transport(uint8_t proto)
{
	switch (proto) {
	case 1:
		return "icmp";
	case 2:
		return "igmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 47:
		return "gre";
	case 50:
		return "esp";
	case 58:
		return "icmpv6";
	case 132:
		return "sctp";
	default:
		return NULL;
	}
}

/* `spoken`: its parser's names, too. */
static unsigned protocols(const struct sl_flow *f, bool spoken, const char *out[PROTOCOLS_MAX])
{
	unsigned n = 0;
	const char *over = transport(f->proto);
	out[n++] = f->version == 4 ? "ipv4" : "ipv6";
	out[n++] = "ip";
	if (over != NULL)
		out[n++] = over;
	if (f->proto == 58)
		out[n++] = "ipv6-icmp";
	if (!spoken || f->parser == NULL)
		return n;
	out[n++] = f->parser->name;
	if (strcmp(f->parser->name, "tls") == 0) {
		out[n++] = "ssl";
		if (f->dport == 443)
			out[n++] = "https";
	}
	return n;
}

static bool same_word(const char *word, const char *text, size_t len)
{
	size_t i = 0;
	for (; i < len && word[i] != '\0'; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
		if (c != word[i])
			return false;
	}
	return i == len && word[i] == '\0';
}

static bool protocol_is(
	const struct sl_leaf *l, const struct sl_regex *re, struct room *room, const char *word)
{
	if (l->test == SL_TEST_EXISTS)
		return true;
	if (re != NULL)
		return sl_regex_search(re, room->regex, word, strlen(word)) == 1;
	for (size_t i = 0; i < l->constants; i++)
		if (l->constant[i].text != NULL &&
			same_word(word, l->constant[i].text, l->constant[i].len))
			return true;
	return false;
}

/* The list as a whole: under NOT none of it may be the one. What is spoken is known of what a
 * parser said, and at the end: before, it would depend on how packets fell into bursts. */
static enum kleene protocols_leaf(const struct sl_leaf *l, const struct sl_regex *re,
	struct room *room, const struct sl_flow *f, bool spoken)
{
	const char *word[PROTOCOLS_MAX];
	if (pattern_test(l->test) && re == NULL)
		return UNKNOWN;
	unsigned n = protocols(f, spoken, word);
	bool is = false;
	for (unsigned i = 0; i < n && !is; i++)
		is = protocol_is(l, re, room, word[i]);
	bool negative = l->negated != (l->test == SL_TEST_UNEQUAL);
	if (is)
		return told(!negative);
	return spoken ? told(negative) : UNKNOWN;
}

/* ---- Fields ---- */

static enum kleene any_of(const uint16_t *v, unsigned n, const struct sl_leaf *l)
{
	for (unsigned i = 0; i < n; i++)
		if (number_leaf(v[i], l) == YES)
			return YES;
	return NO;
}

/* A port that no format bound to an end: under NOT neither may be it. */
static enum kleene either_port(const struct sl_flow *f, const struct sl_leaf *l)
{
	enum kleene src = number_leaf(f->sport, l);
	enum kleene dst = number_leaf(f->dport, l);
	bool negative = l->negated != (l->test == SL_TEST_UNEQUAL);
	return told(negative ? src == YES && dst == YES : src == YES || dst == YES);
}

static bool has_ports(const struct sl_flow *f)
{
	return f->proto == 6 || f->proto == 17 || f->proto == 132;
}

enum kleene flow_leaf(const struct trees *t, struct room *room, struct leaf_ref ref,
	const struct sl_flow *f, bool spoken, bool ended)
{
	const struct sl_leaf *l = &t->detection[ref.detection].leaf[ref.leaf];
	struct sl_regex **re = t->flow_regex != NULL ? t->flow_regex[ref.detection] : NULL;
	switch ((enum sl_flow_field)l->field) {
	case SL_FIELD_SRC_PORT:
		return has_ports(f) ? number_leaf(f->sport, l) : NO;
	case SL_FIELD_DST_PORT:
		return has_ports(f) ? number_leaf(f->dport, l) : NO;
	case SL_FIELD_ANY_PORT:
		return has_ports(f) ? either_port(f, l) : NO;
	case SL_FIELD_PROTOCOLS:
		return protocols_leaf(l, re != NULL ? re[ref.leaf] : NULL, room, f, spoken);
	case SL_FIELD_SRC_BYTES:
		return grown_leaf(f->bytes[SL_TO_SERVER], l, ended);
	case SL_FIELD_DST_BYTES:
		return grown_leaf(f->bytes[SL_TO_CLIENT], l, ended);
	case SL_FIELD_SRC_PACKETS:
		return grown_leaf(f->packets[SL_TO_SERVER], l, ended);
	case SL_FIELD_DST_PACKETS:
		return grown_leaf(f->packets[SL_TO_CLIENT], l, ended);
	case SL_FIELD_START:
		return number_leaf(f->first_ns, l);
	case SL_FIELD_END:
		return grown_leaf(f->last_ns, l, ended);
	case SL_FIELD_IS_ACTIVE:
		return number_leaf(ended ? 0 : 1, l);
	case SL_FIELD_VLAN:
		return any_of(f->vlan, f->vlan_count, l);
	}
	return NO;
}
