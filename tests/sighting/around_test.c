/* SPDX-License-Identifier: BSD-3-Clause */
/* around_test.c - what a sighting says of hosts beyond its flow, when, in JSON and on the wire.
 * data/sighting-2.bin is the first form with it: every later version has to read it. */
#include "test.h"

#include <sightline/clock.h>

#include "records.h"

#define T0 (1769850000 * SL_SECOND)

static const char lines[] =
	"{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":\"evil.example\"}\n";

static const char context[] =
	"\"context\":{\"roles\":{\"src\":[],\"dst\":[\"resolver\"]},\"host_name\":{\"src\":\"pc\"},"
	"\"names\":[\"evil.example\"],\"asked_by\":[\"10.0.0.3\",\"10.0.0.2\"]},";

struct fixture {
	struct sl_ruleset *rs;
	struct sl_nets *home;
	struct sl_counters counters;
	struct sl_hosts *hosts;
	struct sl_sightings *s;
	struct sl_json_out *json;
	uint32_t evil;
	char line[8][2048];
	uint8_t packed[2048];
	size_t n, packed_len;
};

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct fixture *f = arg;
	const char *text;
	size_t len;
	assert_true(f->n < 8);
	sl_sighting_json(f->json, NULL, m);
	assert_int_equal(sl_json_line(f->json, &text, &len), 0);
	assert_true(len < sizeof(f->line[0]));
	memcpy(f->line[f->n++], text, len);
	assert_true(sightline__v1__sighting__get_packed_size(m) <= sizeof(f->packed));
	f->packed_len = sightline__v1__sighting__pack(m, f->packed);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->rs = rules(lines, 1);
	f->evil = number_of_id(f->rs, "i-evil");
	assert_int_equal(sl_json_out_new(&f->json), 0);
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	struct sl_hosts_options ho = {
		.home = f->home, .memory = 1 << 20, .counters = &f->counters
	};
	assert_int_equal(sl_hosts_new(&f->hosts, &ho), 0);
	struct sl_sightings_options o = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = 60 * SL_SECOND,
		.home = f->home,
		.hosts = f->hosts,
		.counters = &f->counters,
		.emit = take,
		.arg = f };
	assert_int_equal(sl_sightings_new(&f->s, &o), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sl_hosts_free(f->hosts);
	sl_json_out_free(f->json);
	sl_ruleset_free(f->rs);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

/* From 10.0.0.`from` to 10.0.0.`to`, with an address (192.0.2.9) where it is an answer. */
static void tell(struct fixture *f, enum sl_fact kind, uint8_t from, uint8_t to, uint64_t ts_ns,
	const char *name)
{
	struct {
		struct sl_record_fact r;
		uint8_t room[64];
	} x = { .r = { .kind = SL_REC_FACT,
			.fact = (uint8_t)kind,
			.via = kind == SL_FACT_NAMED ? SL_NAMED_MDNS : SL_VIA_DNS,
			.version = 4,
			.ts_ns = ts_ns,
			.src.b = { 10, 0, 0, from },
			.dst.b = { 10, 0, 0, to },
			.addresses = kind == SL_FACT_ANSWERED,
			.name_len = (uint16_t)strlen(name) } };
	struct sl_fact_address a = { { .b = { 192, 0, 2, 9 } }, 4 };
	memcpy(x.r.tail, &a, sizeof(a));
	memcpy(x.r.tail + x.r.addresses * sizeof(a), name, strlen(name));
	assert_int_equal(sl_hosts_tell(f->hosts, &x.r, sizeof(x)), 0);
}

static void hit(struct fixture *f, uint64_t ts_ns, const char *src, const char *dst)
{
	struct made_record x;
	record_name(&x, ts_ns, SL_WHERE_DNS_QUERY, "evil.example", 1, &f->evil, 1);
	record_flow(&x.r, src, 40000, dst, 53, 17);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
}

static void tell_all(struct fixture *f)
{
	for (uint8_t i = 2; i <= 4; i++)
		tell(f, SL_FACT_ANSWERED, i, 53, T0 - 30 * SL_SECOND + i,
			i < 4 ? "evil.example" : "other.example");
	tell(f, SL_FACT_ANSWERED, 53, 54, T0 - 30 * SL_SECOND, "upstream.example");
	tell(f, SL_FACT_NAMED, 1, 0, T0 - SL_SECOND, "pc");
}

static void test_at_once(void **state)
{
	struct fixture *f = *state;
	tell_all(f);
	hit(f, T0, "10.0.0.1", "10.0.0.53");
	assert_int_equal(f->n, 1);
	assert_non_null(strstr(f->line[0], "\"roles\":{\"src\":[],\"dst\":[\"resolver\"]}"));
	assert_non_null(strstr(f->line[0], "\"asked_by\":[\"10.0.0.3\",\"10.0.0.2\"]"));
	/* Nothing else comes of the same knowledge, nor of what was said later. */
	tell(f, SL_FACT_ASKED, 7, 53, T0 + 1, "evil.example");
	sl_sightings_clock(f->s, T0 + SL_SECOND);
	sl_sightings_clock(f->s, T0 + 90 * SL_SECOND);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 1);
}

/* A slower worker tells what was before: it goes out once every worker is past the hit. */
static void test_settles(void **state)
{
	struct fixture *f = *state;
	hit(f, T0, "10.0.0.53", "192.0.2.9");
	assert_non_null(strstr(f->line[0], "\"context\":{}"));
	tell(f, SL_FACT_ASKED, 2, 53, T0 - 1, "evil.example");
	sl_sightings_clock(f->s, T0);
	assert_int_equal(f->n, 1);
	sl_sightings_clock(f->s, T0 + 1);
	assert_int_equal(f->n, 2);
	assert_non_null(strstr(f->line[1], "\"revision\":2"));
	assert_non_null(strstr(f->line[1], "\"context\":{\"asked_by\":[\"10.0.0.2\"]}"));
	hit(f, T0 + 70 * SL_SECOND, "10.0.0.53", "192.0.2.9");
	tell(f, SL_FACT_ASKED, 3, 53, T0 + 69 * SL_SECOND, "evil.example");
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 4);
	assert_non_null(strstr(f->line[3], "[\"10.0.0.3\",\"10.0.0.2\"]"));
}

static void test_without_hosts(void **state)
{
	struct fixture *f = *state;
	hit(f, T0, "10.0.0.1", "10.0.0.53");
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 1);
	assert_non_null(strstr(f->line[0], "\"context\":{},"));
}

static void test_golden(void **state)
{
	struct fixture *f = *state;
	uint8_t stored[2048];
	Sightline__V1__Sighting m = SIGHTLINE__V1__SIGHTING__INIT;
	Sightline__V1__Observable o = SIGHTLINE__V1__OBSERVABLE__INIT;
	Sightline__V1__Flow flow = SIGHTLINE__V1__FLOW__INIT;
	Sightline__V1__Host src = SIGHTLINE__V1__HOST__INIT, dst = SIGHTLINE__V1__HOST__INIT;
	char *roles[] = { "resolver" }, *asked[] = { "10.0.0.3", "10.0.0.2" },
	     *names[] = { "evil.example" };
	src.name = "pc";
	dst.roles = roles;
	dst.n_roles = 1;
	m.observable = &o;
	m.flow = &flow;
	m.src_host = &src;
	m.dst_host = &dst;
	m.asked_by = asked;
	m.n_asked_by = 2;
	m.names = names;
	m.n_names = 1;
	take(f, &m);
	assert_non_null(strstr(f->line[0], context));
	FILE *golden = fopen(GOLDEN_AROUND, "r");
	assert_non_null(golden);
	size_t len = fread(stored, 1, sizeof(stored), golden);
	fclose(golden);
	assert_int_equal(len, f->packed_len);
	assert_memory_equal(stored, f->packed, len);
	Sightline__V1__Sighting *read = sl_wire_sighting(stored, len);
	assert_non_null(read);
	take(f, read);
	assert_string_equal(f->line[1], f->line[0]);
	sightline__v1__sighting__free_unpacked(read, NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_at_once), T(test_settles), T(test_without_hosts),
		T(test_golden) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
