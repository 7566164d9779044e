/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts_told.h - what hosts are told, and asked, in a test. */
#ifndef SL_TEST_HOSTS_TOLD_H
#define SL_TEST_HOSTS_TOLD_H

#include <errno.h>
#include <stdio.h>

#include "test.h"

#include <sightline/clock.h>
#include <sightline/hosts.h>

#define T0 (UINT64_C(1700000000) * SL_SECOND)
#define MINUTE (60 * SL_SECOND)

struct made_fact {
	struct sl_record_fact r;
	uint8_t room[1024];
};

struct fixture {
	struct sl_nets *home;
	struct sl_counters counters;
	struct sl_hosts *h;
	struct sl_hosts_answer a;
};

static void hosts_begin(struct fixture *f, size_t memory)
{
	struct sl_hosts_options o = { .home = f->home, .memory = memory, .counters = &f->counters };
	sl_hosts_free(f->h);
	assert_int_equal(sl_hosts_new(&f->h, &o), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	hosts_begin(f, 1 << 22);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_hosts_free(f->h);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

static union sl_addr addr(const char *text)
{
	union sl_addr a;
	uint8_t version;
	assert_true(sl_addr_parse(text, strlen(text), &a, &version));
	return a;
}

/* 10.0.0.n */
static union sl_addr own(unsigned n)
{
	union sl_addr a = { .b = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
	return a;
}

static struct made_fact fact(enum sl_fact kind, uint8_t via, const char *src, const char *dst,
	uint64_t ts_ns, const char *name)
{
	struct made_fact m = { .r = { .kind = SL_REC_FACT,
				       .fact = (uint8_t)kind,
				       .via = via,
				       .version = 4,
				       .ts_ns = ts_ns,
				       .src = addr(src),
				       .dst = addr(dst),
				       .name_len = (uint16_t)strlen(name) } };
	memcpy(m.r.tail, name, strlen(name));
	return m;
}

static void tell(struct fixture *f, const struct made_fact *m)
{
	size_t len = sizeof(m->r) + m->r.addresses * sizeof(struct sl_fact_address) + m->r.name_len;
	assert_int_equal(sl_hosts_tell(f->h, &m->r, len), 0);
}

static void asked(struct fixture *f, const char *src, uint64_t ts_ns, const char *name)
{
	struct made_fact m = fact(SL_FACT_ASKED, SL_VIA_DNS, src, "10.0.0.53", ts_ns, name);
	tell(f, &m);
}

static void answered(struct fixture *f, const char *src, const char *dst, uint64_t ts_ns,
	const char *name, const char *address)
{
	struct made_fact m = fact(SL_FACT_ANSWERED, SL_VIA_DNS, src, dst, ts_ns, "");
	struct sl_fact_address a = { address != NULL ? addr(address) : own(0), 4 };
	m.r.addresses = address != NULL;
	m.r.name_len = (uint16_t)strlen(name);
	memcpy(m.r.tail, &a, sizeof(a));
	memcpy(m.r.tail + m.r.addresses * sizeof(a), name, strlen(name));
	tell(f, &m);
}

static bool ask(
	struct fixture *f, const char *src, const char *dst, uint64_t ts_ns, const char *name)
{
	struct sl_hosts_question q = {
		.ts_ns = ts_ns, .src = addr(src), .dst = addr(dst), .version = 4
	};
	sl_hosts_about(f->h, &q, sl_span_str(name));
	return sl_hosts_ask(f->h, &q, &f->a);
}

static const char *asker(const struct fixture *f, unsigned i)
{
	static char text[SL_ADDR_TEXT];
	sl_addr_text(&f->a.asked_by[i], f->a.asked_version[i], text);
	return text;
}

#endif
