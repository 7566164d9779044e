/* SPDX-License-Identifier: BSD-3-Clause */
/* json_test.c - the lines and the wire form, to the byte. data/sighting-1.bin is what version 0.1.0
 * packed: every later version has to read it. */
#include <unistd.h>

#include "test.h"

#include <sightline/clock.h>
#include <sightline/shed.h>

#include "records.h"

#define T0 UINT64_C(1769850000123456789) /* 2026-01-31T09:00:00.123456789Z */

static const char lines[] =
	"{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":\"evil.example\",\"match\":"
	"\"suffix\","
	"\"source\":\"feed-a\",\"name\":\"Evil\",\"tlp\":\"amber+strict\",\"confidence\":80,"
	"\"severity\":\"high\"}\n"
	"{\"id\":\"i-2\",\"type\":\"domain-name\",\"value\":\"evil.example\",\"match\":\"suffix\","
	"\"source\":\"feed-b\"}\n";

static const char sighting_line[] =
	"{\"record\":\"sighting\",\"capture\":\"a.pcap\",\"id\":\"2f74907f-55ea-5ea3-86e1-"
	"53db963eac7d\",\"revision\":1,\"sensor\":\"tap-1\",\"boot\":\"b007\",\"seq\":1,\"gen"
	"eration\":1,\"first_seen\":\"2026-01-31T09:00:00.123456789Z\",\"last_seen\":\""
	"2026-01-31T09:00:00.123456789Z\",\"count\":1,\"indicators\":[{\"id\":\"i-evil\""
	",\"source\":\"feed-a\",\"name\":\"Evil\",\"type\":\"domain-name\",\"tlp\":\"amber+str"
	"ict\",\"confidence\":80,\"severity\":\"high\",\"part\":\"\"},{\"id\":\"i-2\",\"source\""
	":\"feed-b\",\"name\":\"\",\"type\":\"domain-name\",\"tlp\":\"\",\"confidence\":null,\"s"
	"everity\":\"\",\"part\":\"\"}],\"observable\":{\"type\":\"domain-name\",\"value\":\"a."
	"evil.example\",\"where\":\"dns.query\"},\"matched\":[],\"match\":\"suffix\",\"flow"
	"\":{\"src\":\"10.0.0.1\",\"sport\":40000,\"dst\":\"8.8.8.8\",\"dport\":53,\"proto\":\""
	"udp\",\"community_id\":\"1:5LYL0jtWIRAQQiHE2wLJiXynfUA=\",\"vlan\":[],\"packet"
	"s\":[1,0],\"bytes\":[60,0],\"app\":\"dns\"},\"direction\":\"outbound\",\"outcome\":"
	"\"attempted\",\"context\":{\"tls.sni\":\"front.example\"},\"test\":false,\"retro\""
	":false,\"before_valid\":false,\"quiet\":false,\"quiet_reason\":\"\",\"examples\""
	":[\"a.evil.example\"],\"distinct\":1}\n";

static void same_line(struct sl_json_out *o, const char *want)
{
	const char *text;
	size_t len;
	assert_int_equal(sl_json_line(o, &text, &len), 0);
	char *got = strndup(text, len);
	assert_string_equal(got, want);
	free(got);
}

static void test_observable(void **state)
{
	struct sl_json_out *o;
	struct made_record x;
	(void)state;
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 3, NULL, 0);
	assert_int_equal(sl_json_out_new(&o), 0);
	sl_observable_json(o, "a.pcap", &x.r);
	same_line(o, "{\"record\":\"observable\",\"capture\":\"a.pcap\","
		     "\"ts\":\"2026-01-31T09:00:00.123456789Z\",\"type\":\"domain-name\","
		     "\"where\":\"dns.query\",\"value\":\"evil.example\",\"src\":\"10.0.0.1\","
		     "\"sport\":40000,\"dst\":\"8.8.8.8\",\"dport\":53,\"proto\":\"udp\","
		     "\"direction\":\"to_server\",\"message\":3,\"community_id\":\"1:"
		     "5LYL0jtWIRAQQiHE2wLJiXynfUA=\"}\n");
	sl_json_out_free(o);
}

static void test_flow(void **state)
{
	struct sl_json_out *o;
	struct made_record x;
	(void)state;
	record_name(&x, T0, SL_WHERE_NONE, "", 0, NULL, 0);
	x.r.kind = SL_REC_FLOW;
	x.r.flow.first_ns = T0;
	x.r.flow.last_ns = T0 + SL_SECOND;
	x.r.flow.packets[1] = 1;
	x.r.flow.bytes[1] = 120;
	x.r.flow.outcome = SL_OUTCOME_ANSWERED;
	x.r.flow.end = SL_END_TIMEOUT;
	x.r.flow.vlan_count = 2;
	x.r.flow.vlan[0] = 100;
	x.r.flow.vlan[1] = 7;
	x.r.flow.tunnels = SL_TUNNEL_VXLAN | SL_TUNNEL_IPIP << SL_TUNNEL_BITS;
	x.r.flow.shed =
		SL_SHED_BYPASSED | SL_SHED_BIT(SL_SHED_BODIES) | SL_SHED_BIT(SL_SHED_STREAMS);
	assert_int_equal(sl_json_out_new(&o), 0);
	sl_flow_json(o, "a.pcap", &x.r);
	same_line(o,
		"{\"record\":\"flow\",\"capture\":\"a.pcap\","
		"\"first\":\"2026-01-31T09:00:00.123456789Z\","
		"\"last\":\"2026-01-31T09:00:01.123456789Z\",\"src\":\"10.0.0.1\",\"sport\":40000,"
		"\"dst\":\"8.8.8.8\",\"dport\":53,\"proto\":\"udp\",\"app\":\"dns\","
		"\"community_id\":\"1:5LYL0jtWIRAQQiHE2wLJiXynfUA=\",\"vlan\":[100,7],\"tunnel\":["
		"\"vxlan\",\"ipip\"]"
		","
		"\"packets\":[1,1],\"bytes\":[60,120],\"outcome\":\"answered\","
		"\"end\":\"timeout\",\"missing_bytes\":[0,0],\"bypassed\":true,"
		"\"shed\":[\"bodies\",\"streams\"]}\n");
	sl_json_out_free(o);
}

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct sl_json_out *o = arg;
	sl_sighting_json(o, "a.pcap", m);
	/* How the golden file was made, and how one of a later version will be. */
	const char *to = getenv("SIGHTLINE_GOLDEN_OUT");
	if (to == NULL)
		return;
	uint8_t packed[4096];
	FILE *f = fopen(to, "w");
	size_t len = sightline__v1__sighting__pack(m, packed);
	assert_int_equal(fwrite(packed, 1, len, f), len);
	fclose(f);
}

static void test_sighting(void **state)
{
	struct sl_json_out *o;
	struct made_record x;
	struct sl_said said = { 0 };
	struct sl_counters counters = { 0 };
	struct sl_sightings *s;
	struct sl_ruleset *rs = rules(lines, 1);
	uint32_t numbers[] = { number_of_id(rs, "i-evil"), number_of_id(rs, "i-2") };
	struct sl_nets *home;
	(void)state;
	assert_int_equal(sl_nets_new(&home), 0);
	assert_int_equal(sl_nets_add(home, "10.0.0.0/8", 10), 0);
	assert_int_equal(sl_json_out_new(&o), 0);
	assert_true(sl_said_put(&said, SL_WHERE_TLS_SNI, 1, sl_span_str("front.example")));
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "a.evil.example", 1, numbers, 2);
	record_said(&x, &said);
	struct sl_sightings_options so = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = 60 * SL_SECOND,
		.home = home,
		.counters = &counters,
		.emit = take,
		.arg = o };
	assert_int_equal(sl_sightings_new(&s, &so), 0);
	assert_int_equal(sl_sightings_hit(s, &x.r, rs), 0);
	same_line(o, sighting_line);
	sl_sightings_free(s);
	sl_json_out_free(o);
	sl_nets_free(home);
	sl_ruleset_free(rs);
}

/* Read by this version, the stored message says what it said when it was packed. */
static void test_golden(void **state)
{
	(void)state;
	uint8_t packed[4096];
	FILE *f = fopen(GOLDEN, "r");
	assert_non_null(f);
	size_t len = fread(packed, 1, sizeof(packed), f);
	fclose(f);
	Sightline__V1__Sighting *m = sl_wire_sighting(packed, len);
	assert_non_null(m);
	assert_true(sl_wire_sighting_whole(m));
	struct sl_json_out *o;
	assert_int_equal(sl_json_out_new(&o), 0);
	sl_sighting_json(o, "a.pcap", m);
	same_line(o, sighting_line);
	sl_json_out_free(o);
	sightline__v1__sighting__free_unpacked(m, NULL);
	/* Cut at every length it is refused or read, never over-read. */
	for (size_t n = 0; n < len; n++) {
		struct guarded g = guarded_new(packed, n);
		m = sl_wire_sighting(g.p, n);
		if (m != NULL)
			sightline__v1__sighting__free_unpacked(m, NULL);
		guarded_free(&g);
	}
}

/* A few bytes on the wire must not become gigabytes of memory. */
static void test_unpack_budget(void **state)
{
	(void)state;
	size_t len = 8u << 20;
	uint8_t *many = malloc(len);
	for (size_t i = 0; i + 1 < len; i += 2) {
		many[i] = 4 << 3 | 2; /* an empty sighting: two bytes here, hundreds unpacked */
		many[i + 1] = 0;
	}
	assert_null(sl_wire_batch(many, len));
	assert_null(sl_wire_batch(many, (size_t)SL_WIRE_BATCH_MAX + 1));
	Sightline__V1__SightingBatch *b = sl_wire_batch(many, 200);
	assert_non_null(b);
	assert_int_equal(b->n_sightings, 100);
	assert_false(sl_wire_sighting_whole(b->sightings[0]));
	sightline__v1__sighting_batch__free_unpacked(b, NULL);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_observable),
		cmocka_unit_test(test_flow), cmocka_unit_test(test_sighting),
		cmocka_unit_test(test_golden), cmocka_unit_test(test_unpack_budget) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
