/* SPDX-License-Identifier: BSD-3-Clause */
/* retro_test.c - what new indicators did before they were in force: told whole, at once, as a
 * sighting of its own. */
#include "test.h"

#include <sightline/clock.h>

#include "records.h"

#define T0 (1769850000 * SL_SECOND)

static const char lines[] =
	"{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":\"evil.example\",\"match\":"
	"\"suffix\",\"source\":\"feed-a\"}\n"
	"{\"id\":\"i-evil-b\",\"type\":\"domain-name\",\"value\":\"evil.example\","
	"\"match\":\"suffix\",\"source\":\"feed-b\"}\n"
	"{\"id\":\"i-same\",\"type\":\"domain-name\",\"value\":\"evil.example\",\"source\":\"c\"}\n"
	"{\"id\":\"i-ip\",\"type\":\"ipv4-addr\",\"value\":\"203.0.113.9\",\"where\":\"ip.dst\","
	"\"source\":\"feed-a\"}\n";

struct told {
	char id[37], value[64], where[32], src[46], dst[46], match[16], hosts[16], last_host[46];
	uint64_t count, first, last;
	size_t indicators, contexts;
	uint32_t revision;
	bool retro;
};

struct fixture {
	struct told told[8];
	size_t n;
};

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct fixture *f = arg;
	assert_true(f->n < 8);
	assert_true(sl_wire_sighting_whole(m));
	struct told *t = &f->told[f->n++];
	snprintf(t->id, sizeof(t->id), "%s", m->id);
	snprintf(t->value, sizeof(t->value), "%s", m->observable->value);
	snprintf(t->where, sizeof(t->where), "%s", m->observable->where);
	snprintf(t->src, sizeof(t->src), "%s", m->flow->src);
	snprintf(t->dst, sizeof(t->dst), "%s", m->flow->dst);
	snprintf(t->match, sizeof(t->match), "%s", m->match);
	for (size_t i = 0; i < m->n_context; i++) {
		if (strcmp(m->context[i]->key, "hosts") == 0)
			snprintf(t->hosts, sizeof(t->hosts), "%s", m->context[i]->value);
		if (strcmp(m->context[i]->key, "last_host") == 0)
			snprintf(t->last_host, sizeof(t->last_host), "%s", m->context[i]->value);
	}
	t->count = m->count;
	t->first = m->first_seen;
	t->last = m->last_seen;
	t->indicators = m->n_indicators;
	t->contexts = m->n_context;
	t->revision = m->revision;
	t->retro = m->retro;
	assert_string_equal(m->direction, "");
	assert_string_equal(m->outcome, "");
	assert_int_equal(m->generation, 7);
}

static void whole(void **state)
{
	struct sl_counters counters = { 0 };
	struct fixture f = { 0 };
	struct sl_sightings_options o = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = 60 * SL_SECOND,
		.counters = &counters,
		.emit = take,
		.arg = &f };
	struct sl_past_answer past = { .count = 41200,
		.hosts = 93,
		.first_ns = T0,
		.last_ns = T0 + 3600 * SL_SECOND,
		.first_host = { .b = { 10, 0, 0, 1 } },
		.last_host = { .b = { 10, 0, 0, 2 } },
		.first_version = 4,
		.last_version = 4 };
	struct sl_ruleset *rs = rules(lines, 7);
	uint32_t zone[2] = { number_of_id(rs, "i-evil"), number_of_id(rs, "i-evil-b") };
	uint32_t same = number_of_id(rs, "i-same"), ip = number_of_id(rs, "i-ip");
	struct sl_sightings *s;
	assert_int_equal(sl_sightings_new(&s, &o), 0);
	assert_int_equal(sl_sightings_retro(s, rs, zone, 2, &past, 24), 0);
	assert_int_equal(sl_sightings_retro(s, rs, &same, 1, &past, 24), 0);
	assert_int_equal(sl_sightings_retro(s, rs, &ip, 1, &past, 24), 0);
	/* Nobody may be known to have said it. */
	past.first_version = past.last_version = 0;
	assert_int_equal(sl_sightings_retro(s, rs, &ip, 1, &past, 24), 0);
	sl_sightings_flush(s);
	assert_int_equal(f.n, 4);
	assert_int_equal(counters.c[SL_C_RETRO], 4);
	const struct told *t = f.told;
	/* python3 -c 'import uuid;
	 * print(uuid.uuid5(uuid.UUID("5b7c5a2e-3f0d-4f0e-9d64-0c1f6d2a7e11"),
	 * "\0".join(["tap-1","b007","domain-name","evil.example","","10.0.0.1","0.0.0.0",
	 * "retro suffix 7"])))' */
	assert_string_equal(t[0].id, "364304e5-725c-5b10-a5c7-b43c0a2405a2");
	assert_string_not_equal(t[0].id, t[1].id);
	assert_string_equal(t[0].value, "evil.example");
	assert_string_equal(t[0].where, "");
	assert_string_equal(t[0].match, "suffix");
	assert_string_equal(t[0].src, "10.0.0.1");
	assert_string_equal(t[0].dst, "");
	assert_string_equal(t[0].hosts, "93");
	assert_string_equal(t[0].last_host, "10.0.0.2");
	assert_true(t[0].retro);
	assert_int_equal(t[0].revision, 1);
	assert_int_equal(t[0].count, 41200);
	assert_int_equal(t[0].first, T0);
	assert_int_equal(t[0].last, T0 + 3600 * SL_SECOND);
	assert_int_equal(t[0].indicators, 2);
	assert_int_equal(t[0].contexts, 4);
	assert_string_equal(t[2].value, "203.0.113.9");
	assert_string_equal(t[2].where, "ip.dst");
	assert_string_equal(t[2].dst, "203.0.113.9");
	assert_string_equal(t[3].src, "");
	assert_int_equal(t[3].contexts, 2);
	sl_sightings_free(s);
	sl_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whole) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
