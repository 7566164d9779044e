/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts_test.c - roles, names and who asked: thresholds, times, bounds, odd facts, and that the
 * order in which facts are told makes no difference. */
#include "hosts_told.h"

/* ---- Roles ---- */

static void test_resolver_threshold(void **state)
{
	struct fixture *f = *state;
	const char *client[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3" };
	answered(f, "10.0.0.53", "192.0.2.1", T0, "a.example", NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 9 * MINUTE, "x.example"));
		for (unsigned again = 0; again < 3; again++)
			answered(f, client[i], "10.0.0.53", T0 + i * MINUTE + again, "a.example",
				NULL);
	}
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 2 * MINUTE, "x.example"));
	assert_int_equal(f->a.src.roles, 1 << SL_ROLE_RESOLVER);
	assert_int_equal(f->a.dst.roles, 0);
	/* Not before the third was answered, and not when the last is a day ago. */
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 2 * MINUTE - 1, "x.example"));
	assert_true(ask(f, "192.0.2.9", "10.0.0.53", T0 + SL_HOST_DAY_NS - 1, "x.example"));
	assert_int_equal(f->a.dst.roles, 1 << SL_ROLE_RESOLVER);
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + SL_HOST_DAY_NS, "x.example"));
	/* Who comes a day later takes the place of who was seen then. */
	for (unsigned i = 0; i < 3; i++)
		answered(f, (const char *[]){ "10.0.0.4", "10.0.0.5", "10.0.0.6" }[i], "10.0.0.53",
			T0 + 3 * SL_HOST_DAY_NS, "a.example", NULL);
	answered(f, "10.0.0.53", "192.0.2.1", T0 + 3 * SL_HOST_DAY_NS, "a.example", NULL);
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 3 * SL_HOST_DAY_NS, "x.example"));
}

/* Peers of the last hours count when those of the first are a day old; and what was known of the
 * first hours stays. */
static void test_resolver_all_day(void **state)
{
	struct fixture *f = *state;
	uint64_t hour = 60 * MINUTE;
	answered(f, "10.0.0.53", "192.0.2.1", T0 + 20 * hour, "a.example", NULL);
	for (unsigned i = 0; i < 60; i++) {
		char client[16];
		snprintf(client, sizeof(client), "10.0.0.%u", i + 60);
		answered(f, client, "10.0.0.53", T0 + i * hour / 3, "a.example", NULL);
	}
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 20 * hour, "x.example"));
	for (unsigned n = 20; n < 43; n++)
		assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + n * hour, "x.example"));
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 44 * hour, "x.example"));
}

static void flow(struct fixture *f, uint8_t via, uint8_t hops, const char *src, const char *dst)
{
	struct made_fact m = fact(SL_FACT_FLOW, via, src, dst, T0, "");
	m.r.hops = hops;
	tell(f, &m);
}

static void test_other_roles(void **state)
{
	struct fixture *f = *state;
	const char *site[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	for (unsigned i = 0; i < 3; i++) {
		char client[16];
		snprintf(client, sizeof(client), "10.0.0.%u", i + 1);
		struct made_fact m = fact(SL_FACT_ASKED, SL_VIA_PROXY, client, "10.0.0.80", T0, "");
		tell(f, &m);
		flow(f, SL_VIA_WEB, 64, "10.0.0.80", site[i]);
		flow(f, SL_VIA_MAIL, 0, site[i], "10.0.0.25"); /* also from outside */
		flow(f, SL_VIA_OTHER, 33, "10.0.0.9", site[i]);
		flow(f, SL_VIA_OTHER, 128, "10.0.0.9", site[i]);
		flow(f, SL_VIA_OTHER, 32, "10.0.0.8", site[i]); /* of neither */
		flow(f, SL_VIA_OTHER, 128, "10.0.0.8", site[i]);
	}
	flow(f, SL_VIA_MAIL, 0, "10.0.0.25", site[0]);
	assert_false(ask(f, "10.0.0.25", "192.0.2.1", T0, "x.example"));
	flow(f, SL_VIA_MAIL, 0, "10.0.0.25", site[1]);
	static const struct {
		const char *host;
		uint8_t roles;
	} row[] = { { "10.0.0.80", 1 << SL_ROLE_PROXY }, { "10.0.0.25", 1 << SL_ROLE_MAIL_RELAY },
		{ "10.0.0.9", 1 << SL_ROLE_NAT }, { "10.0.0.8", 0 }, { "192.0.2.1", 0 } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		(void)ask(f, row[i].host, "198.51.100.1", T0, "x.example");
		assert_int_equal(f->a.src.roles, row[i].roles);
	}
	assert_string_equal(sl_role_name(SL_ROLE_MAIL_RELAY), "mail-relay");
	assert_string_equal(sl_role_name(SL_ROLE_COUNT), "");
}

/* ---- Who asked, and what led there ---- */

static void test_who_asked(void **state)
{
	struct fixture *f = *state;
	asked(f, "10.0.0.1", T0, "a.example");
	asked(f, "10.0.0.2", T0 + SL_SECOND, "a.example");
	asked(f, "10.0.0.3", T0 + 2 * SL_SECOND, "b.example");
	asked(f, "192.0.2.7", T0, "a.example"); /* no own host */
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 3 * SL_SECOND, "a.example"));
	assert_int_equal(f->a.asked_count, 2);
	assert_string_equal(asker(f, 0), "10.0.0.2");
	assert_string_equal(asker(f, 1), "10.0.0.1");
	/* The initiator knows that it asked; nobody asked later than the time of the question. */
	assert_true(ask(f, "10.0.0.1", "192.0.2.1", T0 + 3 * SL_SECOND, "a.example"));
	assert_int_equal(f->a.asked_count, 1);
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0, "a.example"));
	assert_string_equal(asker(f, 0), "10.0.0.1");
	assert_int_equal(f->a.asked_count, 1);
	/* Later the first asks again: newest first at each time. */
	asked(f, "10.0.0.1", T0 + 5 * MINUTE, "a.example");
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 6 * MINUTE, "a.example"));
	assert_string_equal(asker(f, 0), "10.0.0.1");
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 3 * SL_SECOND, "a.example"));
	assert_string_equal(asker(f, 0), "10.0.0.2");
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 5 * MINUTE + SL_ASKED_NS, "a.example"));
}

static void test_many_asked(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 1; i <= 40; i++) {
		char client[16];
		snprintf(client, sizeof(client), "10.0.0.%u", i);
		asked(f, client, T0 + i, "a.example");
	}
	assert_true(ask(f, "10.0.0.99", "192.0.2.1", T0 + 99, "a.example"));
	assert_int_equal(f->a.asked_count, SL_ASKED_BY_MAX);
	assert_string_equal(asker(f, 0), "10.0.0.40");
	assert_string_equal(asker(f, 7), "10.0.0.33");
	assert_int_equal(f->counters.c[SL_C_ASKERS_FORGOTTEN], 24);
}

static void test_names_that_led(void **state)
{
	struct fixture *f = *state;
	answered(f, "10.0.0.1", "10.0.0.53", T0, "one.example", "192.0.2.1");
	answered(f, "10.0.0.2", "10.0.0.53", T0 + 1, "two.example", "192.0.2.1");
	answered(f, "10.0.0.2", "10.0.0.53", T0 + 2, "three.example", "192.0.2.1");
	assert_true(ask(f, "10.0.0.1", "192.0.2.1", T0 + 3, "192.0.2.1"));
	assert_int_equal(f->a.led_count, 1);
	assert_string_equal(f->a.led[0], "one.example");
	assert_int_equal(f->a.asked_count, 0);
	assert_true(ask(f, "10.0.0.9", "192.0.2.1", T0 + 3, "192.0.2.1"));
	assert_int_equal(f->a.led_count, 3);
	assert_string_equal(f->a.led[0], "three.example");
	assert_string_equal(f->a.led[2], "one.example");
	assert_int_equal(f->a.asked_count, 1); /* for the newest of them */
	assert_string_equal(asker(f, 0), "10.0.0.2");
	/* From outside: the address that matters is the initiator's. */
	assert_true(ask(f, "192.0.2.1", "10.0.0.7", T0 + 3, ""));
	assert_int_equal(f->a.led_count, 3);
	assert_false(ask(f, "10.0.0.1", "192.0.2.1", T0 - 1, "192.0.2.1"));
	assert_false(ask(f, "10.0.0.1", "192.0.2.1", T0 + 2 + SL_LED_NS, "192.0.2.1"));
	for (unsigned i = 0; i < 30; i++) {
		char name[32];
		snprintf(name, sizeof(name), "n%02u.example", i);
		answered(f, "10.0.0.1", "10.0.0.53", T0 + 10 + i, name, "192.0.2.1");
	}
	assert_true(ask(f, "10.0.0.1", "192.0.2.1", T0 + 99, "192.0.2.1"));
	assert_int_equal(f->a.led_count, SL_LED_MAX);
	assert_string_equal(f->a.led[0], "n29.example");
	assert_int_equal(f->counters.c[SL_C_ANSWERS_FORGOTTEN], 30 + 3 - 8);
}

/* ---- Names of hosts ---- */

static void named(struct fixture *f, enum sl_named_by by, uint8_t version, const char *src,
	uint64_t ts_ns, const char *name)
{
	struct made_fact m = fact(SL_FACT_NAMED, (uint8_t)by, src, "0.0.0.0", ts_ns, name);
	m.r.version = version;
	tell(f, &m);
}

static const char *name_of(struct fixture *f, const char *host, uint64_t ts_ns)
{
	(void)ask(f, host, "192.0.2.1", ts_ns, "");
	return f->a.src.name;
}

static void test_host_names(void **state)
{
	struct fixture *f = *state;
	named(f, SL_NAMED_NBNS, 4, "10.0.0.1", T0, "bios");
	assert_string_equal(name_of(f, "10.0.0.1", T0 - 1), "");
	assert_string_equal(name_of(f, "10.0.0.1", T0), "bios");
	named(f, SL_NAMED_MDNS, 4, "10.0.0.1", T0, "m.local");
	assert_string_equal(name_of(f, "10.0.0.1", T0), "m.local");
	/* A lease and a name meet by the hardware address, whichever comes first. */
	struct made_fact lease = fact(SL_FACT_LEASED, 0, "10.0.0.1", "2.0.0.1", T0 + SL_SECOND, "");
	tell(f, &lease);
	named(f, SL_NAMED_DHCP, 0, "2.0.0.1", T0 + SL_SECOND, "pc");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + SL_SECOND), "pc");
	assert_string_equal(name_of(f, "10.0.0.1", T0), "m.local");
	named(f, SL_NAMED_DHCP, 0, "2.0.0.1", T0 + 2 * SL_SECOND, "pc2");
	named(f, SL_NAMED_DHCP, 0, "2.0.0.1", T0 + SL_SECOND, "late");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 3 * SL_SECOND), "pc2");
	/* Said again, a name is known since it was said first; where it changes, so is the one
	 * before. */
	named(f, SL_NAMED_DHCP, 0, "2.0.0.1", T0 + 60 * SL_SECOND, "pc2");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 3 * SL_SECOND), "pc2");
	named(f, SL_NAMED_DHCP, 0, "2.0.0.1", T0 + 61 * SL_SECOND, "pc3");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 60 * SL_SECOND), "pc2");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 61 * SL_SECOND), "pc3");
	assert_int_equal(f->counters.c[SL_C_SAID_FORGOTTEN], 2);
	/* So for who had an address. */
	named(f, SL_NAMED_DHCP, 0, "2.0.0.2", T0, "other");
	lease = fact(SL_FACT_LEASED, 0, "10.0.0.1", "2.0.0.2", T0 + 70 * SL_SECOND, "");
	tell(f, &lease);
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 69 * SL_SECOND), "pc3");
	assert_string_equal(name_of(f, "10.0.0.1", T0 + 70 * SL_SECOND), "other");
	named(f, SL_NAMED_MDNS, 4, "192.0.2.5", T0, "outside.local");
	assert_string_equal(name_of(f, "192.0.2.5", T0), "");
}

static void test_odd_names(void **state)
{
	struct fixture *f = *state;
	char name[301];
	memset(name, 'a', 300);
	name[300] = '\0';
	memcpy(name + 63, "\xc3\xa9", 2); /* a character over the cut */
	named(f, SL_NAMED_MDNS, 4, "10.0.0.1", T0, name);
	assert_int_equal(strlen(name_of(f, "10.0.0.1", T0)), 63);
	assert_int_equal(f->counters.c[SL_C_FACTS_CUT], 1);
	asked(f, "10.0.0.1", T0, name); /* longer than any name */
	assert_int_equal(f->counters.c[SL_C_FACTS_CUT], 2);
	name[255] = '\0';
	asked(f, "10.0.0.1", T0, name);
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0, name));
	struct made_fact zero = fact(SL_FACT_ASKED, SL_VIA_DNS, "10.0.0.1", "10.0.0.53", T0, "a.b");
	zero.r.tail[1] = '\0';
	tell(f, &zero);
	zero.r.fact = SL_FACT_NAMED;
	tell(f, &zero);
	assert_int_equal(f->counters.c[SL_C_FACTS_CUT], 3);
}

static void test_odd_facts(void **state)
{
	struct fixture *f = *state;
	struct made_fact m = fact(SL_FACT_ASKED, SL_VIA_DNS, "10.0.0.1", "10.0.0.53", T0, "abc");
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m.r) + 2), -EINVAL);
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m.r) - 1), -EINVAL);
	m.r.addresses = 1;
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m.r) + 3), -EINVAL);
	m.r.addresses = SL_FACT_ADDRESSES + 1;
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m)), -EINVAL);
	m.r.addresses = 0;
	m.r.fact = 77;
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m)), -EINVAL);
	m.r.kind = SL_REC_HIT;
	assert_int_equal(sl_hosts_tell(f->h, &m.r, sizeof(m)), -EINVAL);
	assert_int_equal(sl_hosts_tell(NULL, &m.r, sizeof(m)), 0);
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0, "abc"));
	struct sl_hosts_question q = { .version = 0 };
	for (unsigned i = 0; i < 9; i++)
		sl_hosts_about(f->h, &q, sl_span_str("abc"));
	assert_int_equal(q.names, SL_HOSTS_NAMES);
	assert_false(sl_hosts_ask(f->h, &q, &f->a));
	assert_false(sl_hosts_ask(NULL, &q, &f->a));
}

/* ---- Bounds and order ---- */

static void test_what_is_oldest_goes(void **state)
{
	struct fixture *f = *state;
	char name[32];
	hosts_begin(f, 1); /* the least: 16 of each */
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%02u.example", i);
		asked(f, "10.0.0.1", T0 + i, name);
		asked(f, "10.0.0.1", T0 + i, "kept.example"); /* touched, so never the oldest */
	}
	assert_int_equal(f->counters.c[SL_C_NAMES_FORGOTTEN], 100 + 1 - 16);
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 99, "n85.example"));
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 99, "n84.example"));
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0 + 99, "kept.example"));
	/* What is of no interest any more goes uncounted. */
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "m%02u.example", i);
		asked(f, "10.0.0.1", T0 + 2 * SL_LED_NS, name);
	}
	assert_int_equal(f->counters.c[SL_C_NAMES_FORGOTTEN], 100 + 1 - 16);
	sl_hosts_forget(f->h);
	assert_false(ask(f, "10.0.0.53", "192.0.2.1", T0 + 3 * SL_LED_NS, "m15.example"));
	asked(f, "10.0.0.2", T0, "kept.example");
	assert_true(ask(f, "10.0.0.53", "192.0.2.1", T0, "kept.example"));
	assert_int_equal(f->a.asked_count, 1);
}

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct made_fact drawn(uint32_t *seed)
{
	static const char *const host[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
		"10.0.0.5", "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const char *const names[] = { "a.example", "b.example", "c.example" };
	static const char *const mac[] = { "2.0.0.1", "2.0.0.2" };
	enum sl_fact kind = (enum sl_fact)(draw(seed) % 5);
	struct made_fact m = fact(kind, (uint8_t)(draw(seed) % 5), host[draw(seed) % 8],
		host[draw(seed) % 8], T0 + draw(seed) % 2000 * SL_SECOND, "");
	const char *name = names[draw(seed) % 3];
	m.r.hops = (uint8_t)(draw(seed) % 2 ? 64 : 128);
	m.r.name_len = (uint16_t)strlen(name);
	m.r.addresses = kind == SL_FACT_ANSWERED;
	struct sl_fact_address a = { addr(host[5 + draw(seed) % 3]), 4 };
	memcpy(m.r.tail, &a, sizeof(a));
	memcpy(m.r.tail + m.r.addresses * sizeof(a), name, strlen(name));
	if (kind == SL_FACT_LEASED)
		m.r.dst = addr(mac[draw(seed) % 2]);
	if (kind == SL_FACT_NAMED) { /* as many names as are kept */
		m.r.via = (uint8_t)(draw(seed) % SL_NAMED_COUNT);
		m.r.version = m.r.via == SL_NAMED_DHCP ? 0 : 4;
		m.r.src = addr(m.r.version == 0 ? mac[draw(seed) % 2] : host[draw(seed) % 2]);
		m.r.tail[0] = (uint8_t)('a' + draw(seed) % 2);
		m.r.name_len = 1;
	}
	return m;
}

#define FACTS 60

/* Told in order of time and in any other, the answers are the same at every time. */
static void test_any_order(void **state)
{
	struct fixture *f = *state;
	static struct made_fact m[FACTS];
	for (uint32_t run = 1; run <= 300; run++) {
		uint32_t seed = run;
		struct sl_hosts_answer want[40];
		for (unsigned i = 0; i < FACTS; i++)
			m[i] = drawn(&seed);
		for (unsigned order = 0; order < 2; order++) {
			sl_hosts_forget(f->h);
			for (unsigned i = 0; i < FACTS; i++)
				tell(f, &m[order ? FACTS - 1 - i : i]);
			for (unsigned i = 0; i < 40; i++) {
				(void)ask(f, i % 2 ? "10.0.0.1" : "10.0.0.2", "192.0.2.1",
					T0 + 100 * i * SL_SECOND, "a.example");
				if (order == 0)
					want[i] = f->a;
				else
					assert_memory_equal(&want[i], &f->a, sizeof(f->a));
			}
		}
	}
}

/* Own hosts by when they were met, whatever told of them and in whatever order; without those that
 * were silent for a day. */
static void test_count(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(sl_hosts_count(f->h, UINT64_MAX), 0);
	assert_int_equal(sl_hosts_since(f->h), UINT64_MAX);
	struct made_fact each[] = {
		fact(SL_FACT_ASKED, SL_VIA_DNS, "10.0.0.1", "8.8.8.8", T0 + 30, "a.example"),
		fact(SL_FACT_ASKED, SL_VIA_DNS, "10.0.0.1", "8.8.8.8", T0 + 10, "a.example"),
		fact(SL_FACT_FLOW, SL_VIA_OTHER, "10.0.0.2", "8.8.8.8", T0 + 20, ""),
		fact(SL_FACT_FLOW, SL_VIA_MAIL, "8.8.8.8", "10.0.0.3", T0 + 20, ""),
		fact(SL_FACT_ASKED, SL_VIA_DNS, "9.9.9.9", "8.8.8.8", T0 + 5, "a.example"),
		fact(SL_FACT_FLOW, SL_VIA_OTHER, "10.0.0.2", "8.8.8.8", T0 + SL_HOST_DAY_NS, ""),
	};
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		assert_int_equal(sl_hosts_tell(f->h, &each[i].r, sizeof(each[i])), 0);
	assert_int_equal(sl_hosts_count(f->h, T0 + 9), 0);
	assert_int_equal(sl_hosts_count(f->h, T0 + 10), 1);
	assert_int_equal(sl_hosts_count(f->h, T0 + 20), 3);
	assert_int_equal(sl_hosts_count(f->h, T0 + 20 + SL_HOST_DAY_NS), 2);
	assert_int_equal(sl_hosts_count(f->h, T0 + 30 + SL_HOST_DAY_NS), 1);
	assert_int_equal(sl_hosts_since(f->h), T0 + 5);
	sl_hosts_forget(f->h);
	assert_int_equal(sl_hosts_count(f->h, T0 + 20), 0);
	assert_int_equal(sl_hosts_since(f->h), UINT64_MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_resolver_threshold), T(test_resolver_all_day),
		T(test_other_roles), T(test_who_asked), T(test_many_asked), T(test_names_that_led),
		T(test_host_names), T(test_odd_names), T(test_odd_facts),
		T(test_what_is_oldest_goes), T(test_any_order), T(test_count) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
