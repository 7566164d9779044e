/* SPDX-License-Identifier: BSD-3-Clause */
/* past.h - what the tests of what was seen share: a past, fed by hand, and indicators asked. */
#ifndef TESTS_INTEL_PAST_H
#define TESTS_INTEL_PAST_H

#include <stdio.h>

#include <sightline/clock.h>
#include <sightline/intel.h>
#include <sightline/lists.h>
#include <sightline/past.h>
#include <sightline/policy.h>

#include "test.h"

#define SAID 32

struct said {
	struct sl_intel *set;
	size_t n;
	enum sl_intel_verdict verdict[SAID];
	char code[SAID][32], reason[SAID][512];
	struct sl_past_answer past[SAID];
	bool asked[SAID];
};

static struct sl_nets *home;
static struct sl_lists *lists;
static uint32_t message;

static inline void hear(void *arg, const struct sl_finding *f)
{
	struct said *s = arg;
	assert_true(s->n < SAID);
	s->verdict[s->n] = f->verdict;
	snprintf(s->code[s->n], sizeof(s->code[0]), "%s", f->code);
	snprintf(s->reason[s->n], sizeof(s->reason[0]), "%s", f->reason);
	s->asked[s->n] = f->past != NULL;
	if (f->past != NULL)
		s->past[s->n] = *f->past;
	s->n++;
}

static inline struct sl_past *past_new(void)
{
	struct sl_past_options o = { .home = home };
	struct sl_past *p;
	assert_int_equal(sl_past_new(&p, &o), 0);
	return p;
}

/* One observable of the flow src:sport -> dst:dport. */
static inline void see(struct sl_past *p, const char *where, const char *value, const char *src,
	const char *dst, uint16_t dport)
{
	struct sl_past_observed o = { .where = sl_where_find(where, strlen(where)),
		.value = value,
		.len = strlen(value),
		.sport = 40000,
		.dport = dport,
		.message = message,
		.ts_ns = 1 };
	union sl_addr a;
	uint8_t version;
	assert_true(o.where != SL_WHERE_NONE);
	o.type = sl_wheres[o.where].type;
	if (sl_wheres[o.where].form == SL_FORM_ADDR && sl_addr_parse(value, o.len, &a, &version))
		o.type = version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6;
	assert_true(sl_addr_parse(src, strlen(src), &o.src, &o.src_version));
	assert_true(sl_addr_parse(dst, strlen(dst), &o.dst, &o.dst_version));
	o.flow = (uint64_t)o.src.v4_be << 32 ^ o.dst.v4_be ^ dport;
	assert_int_equal(sl_past_add(p, &o), 0);
}

static inline void connect_to(struct sl_past *p, const char *src, const char *dst)
{
	message = 0;
	see(p, "ip.src", src, src, dst, 443);
	see(p, "ip.dst", dst, src, dst, 443);
}

static inline void ask_for(
	struct sl_past *p, const char *src, const char *name, const char *address)
{
	message++;
	see(p, "dns.query", name, src, "10.0.0.53", 53);
	see(p, "dns.query", name, src, "10.0.0.53", 53);
	see(p, "dns.answer.name", name, src, "10.0.0.53", 53);
	see(p, "dns.answer.ip", address, src, "10.0.0.53", 53);
}

static inline void check(
	struct said *s, struct sl_past *p, const char *csv, const struct sl_policy *policy)
{
	struct sl_witness witness = sl_past_witness(p);
	struct sl_intel_options o = { .validity = SL_VALID_PACKET,
		.lists = lists,
		.home = home,
		.policy = policy,
		.past = &witness,
		.finding = hear,
		.arg = s,
		.tell_all = true };
	memset(s, 0, sizeof(*s));
	assert_true(sl_time_parse("2026-06-01", 10, &o.now_ns));
	assert_int_equal(sl_intel_new(&s->set), 0);
	assert_int_equal(sl_intel_read_bytes(s->set, "f", csv, strlen(csv), &o), 0);
	sl_intel_free(s->set);
}

/* What one line of our own form was answered. */
static inline void counts(struct sl_past *p, const char *json, uint64_t count, uint32_t hosts)
{
	struct said s;
	check(&s, p, json, NULL);
	assert_int_equal(s.n, 1);
	assert_true(s.asked[0]);
	assert_int_equal(s.past[0].count, count);
	assert_int_equal(s.past[0].hosts, hosts);
}

static inline int make(void **state)
{
	assert_int_equal(sl_lists_new(&lists), 0);
	assert_int_equal(sl_nets_new(&home), 0);
	return sl_nets_add(home, "10.0.0.0/8", 10);
}

static inline int clean(void **state)
{
	sl_lists_free(lists);
	sl_nets_free(home);
	return 0;
}

#define IP(value, more) "{\"type\":\"ipv4-addr\",\"value\":\"" value "\"" more "}\n"
#define NAME(value, more) "{\"type\":\"domain-name\",\"value\":\"" value "\"" more "}\n"

#endif
