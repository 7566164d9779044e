/* SPDX-License-Identifier: BSD-3-Clause */
/* exclude.c - what the operator excludes: its text, and whether a packet is of it. A handful of
 * rules is asked one by one. Text is control's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "sieve.h"

#define PARTS_MAX 8

struct sl_exclusions {
	uint32_t count;
	struct rule rule[SL_EXCLUSIONS_MAX];
};

int sl_exclusions_new(struct sl_exclusions **out)
{
	struct sl_exclusions *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	*out = e;
	return 0;
}

void sl_exclusions_free(struct sl_exclusions *e)
{
	free(e);
}

/* A whole number up to max; *at goes behind it. */
static bool number(const char **at, const char *end, uint32_t max, uint32_t *out)
{
	const char *p = *at;
	uint32_t v = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint32_t)(*p - '0');
		if (v > max)
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*out = v;
	return true;
}

static bool ports(const char *p, const char *end, struct rule *r)
{
	uint32_t from, to;
	if (!number(&p, end, UINT16_MAX, &from))
		return false;
	to = from;
	if (p < end && *p++ == '-' && (!number(&p, end, UINT16_MAX, &to) || to < from))
		return false;
	r->port_from = (uint16_t)from;
	r->port_to = (uint16_t)to;
	r->has |= RULE_PORT;
	return p == end;
}

static bool tag(const char *p, const char *end, struct rule *r)
{
	uint32_t v;
	if (!number(&p, end, 4095, &v) || p != end)
		return false;
	r->vlan = (uint16_t)v;
	r->has |= RULE_VLAN;
	return true;
}

static bool protocol(const char *p, const char *end, struct rule *r)
{
	uint32_t v;
	if (!number(&p, end, UINT8_MAX, &v) || p != end)
		return false;
	r->proto = (uint8_t)v;
	r->has |= RULE_PROTO;
	return true;
}

static bool protocol_name(const char *p, size_t len, struct rule *r)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} names[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
		{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != len || memcmp(names[i].name, p, len) != 0)
			continue;
		r->proto = names[i].proto;
		r->has |= RULE_PROTO;
		return true;
	}
	return false;
}

static bool network(const char *p, size_t len, struct rule *r)
{
	uint8_t bits;
	if (!sl_prefix_parse(p, len, &r->net, &r->version, &bits)) {
		if (!sl_addr_parse(p, len, &r->net, &r->version))
			return false;
		bits = r->version == 4 ? 32 : 128;
	}
	for (unsigned i = 0; i < 16; i++)
		r->mask.b[i] = bits >= (i + 1) * 8 ? 0xff
			       : bits > i * 8	   ? (uint8_t)(0xff00 >> (bits - i * 8))
						   : 0;
	r->has |= RULE_NET;
	return true;
}

static bool part(const char *p, size_t len, struct rule *r)
{
	static const struct {
		const char *word;
		bool (*read)(const char *p, const char *end, struct rule *r);
	} words[] = { { "port:", ports }, { "vlan:", tag }, { "proto:", protocol } };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		if (len >= n && memcmp(p, words[i].word, n) == 0)
			return words[i].read(p + n, p + len, r);
	}
	return protocol_name(p, len, r) || network(p, len, r);
}

int sl_exclusions_add(struct sl_exclusions *e, const char *text, size_t len)
{
	struct rule r = { .has = 0 };
	const char *end = text + len;
	if (e->count == SL_EXCLUSIONS_MAX)
		return -E2BIG;
	for (unsigned n = 0;; n++) {
		const char *plus = memchr(text, '+', (size_t)(end - text));
		const char *to = plus != NULL ? plus : end;
		uint8_t had = r.has;
		if (n == PARTS_MAX || !part(text, (size_t)(to - text), &r) || r.has == had)
			return -EINVAL; /* of a kind one part alone, or none could be true */
		if (plus == NULL)
			break;
		text = plus + 1;
	}
	e->rule[e->count++] = r;
	return 0;
}

#include <sightline/hot.h>

static bool inside(const struct rule *r, uint8_t version, const union sl_addr *a)
{
	return version == r->version && ((a->q[0] ^ r->net.q[0]) & r->mask.q[0]) == 0 &&
	       ((a->q[1] ^ r->net.q[1]) & r->mask.q[1]) == 0;
}

static bool any_inside(const struct rule *r, const struct sl_packet *p)
{
	bool yes = inside(r, p->version, &p->src) || inside(r, p->version, &p->dst);
	for (unsigned i = 0; !yes && i < p->outer_count; i++)
		yes = inside(r, p->outer[i].version, &p->outer[i].src) ||
		      inside(r, p->outer[i].version, &p->outer[i].dst);
	return yes;
}

/* Type and code of ICMP are no ports. */
static bool port_is(const struct rule *r, const struct sl_packet *p)
{
	if (!(p->flags & SL_PKT_L4) || p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return false;
	return (p->sport >= r->port_from && p->sport <= r->port_to) ||
	       (p->dport >= r->port_from && p->dport <= r->port_to);
}

static bool has_tag(const struct rule *r, const struct sl_packet *p)
{
	for (unsigned i = 0; i < p->vlan_count; i++)
		if (p->vlan[i] == r->vlan)
			return true;
	return false;
}

static bool is_true(const struct rule *r, const struct sl_packet *p)
{
	if ((r->has & RULE_PROTO) && r->proto != p->proto)
		return false;
	if ((r->has & RULE_PORT) && !port_is(r, p))
		return false;
	if ((r->has & RULE_VLAN) && !has_tag(r, p))
		return false;
	return !(r->has & RULE_NET) || any_inside(r, p);
}

bool excluded(const struct sl_exclusions *e, const struct sl_packet *p)
{
	for (uint32_t i = 0; i < e->count; i++)
		if (is_true(&e->rule[i], p))
			return true;
	return false;
}
