/* SPDX-License-Identifier: BSD-3-Clause */
/* tap_test.c - what counters say of a tap: shares of what came, and what is bad whatever came. */
#include "test.h"

#include <stdio.h>

#include <sightline/tap.h>

struct said {
	const char *topic;
	enum sl_host_grade grade;
	char what[256];
	unsigned times;
};

static void take(void *arg, const struct sl_host_finding *f)
{
	struct said *s = arg;
	if (strcmp(f->topic, s->topic) != 0)
		return;
	s->times++;
	s->grade = f->grade;
	snprintf(s->what, sizeof(s->what), "%s", f->what);
}

static struct sl_metrics *metrics(const char *text)
{
	struct sl_metrics *m;
	assert_int_equal(sl_metrics_parse(&m, text, strlen(text)), 0);
	return m;
}

/* Between two looks; NULL: since the start. */
static struct said judged(const char *topic, const char *before, const char *now)
{
	struct said s = { .topic = topic };
	struct sl_metrics *then = before != NULL ? metrics(before) : NULL, *m = metrics(now);
	sl_tap_shares(then, m, take, &s);
	sl_metrics_free(then);
	sl_metrics_free(m);
	return s;
}

#define RING "sightline_ring_dropped_records_total "
#define CARD "sightline_port_device_missed_packets_total{port=\"afpacket:eth1\"} "
#define RX "\nsightline_rx_packets_total "

static void test_records(void **state)
{
	(void)state;
	struct said s = judged("records", RING "5" RX "10", RING "5" RX "1000");
	assert_int_equal(s.times, 1);
	assert_int_equal(s.grade, SL_HOST_OK);
	s = judged("records", RING "5\nsightline_hits_total 1", RING "12\nsightline_hits_total 2");
	assert_int_equal(s.grade, SL_HOST_WARNING);
	assert_string_equal(s.what,
		"7 records of what workers saw were lost, as their ring to the publisher was full");
	assert_int_equal(judged("records", NULL, RING "1").grade, SL_HOST_WARNING);
}

static void test_card(void **state)
{
	(void)state;
	assert_int_equal(judged("card loss", NULL, RX "1000\n").times, 0);
	assert_int_equal(
		judged("card loss", CARD "1" RX "1", CARD "1" RX "1001").grade, SL_HOST_OK);
	struct said s = judged("card loss", CARD "1" RX "1", CARD "2" RX "20000");
	assert_int_equal(s.grade, SL_HOST_WARNING);
	s = judged("card loss", CARD "1" RX "0", CARD "21" RX "180");
	assert_int_equal(s.grade, SL_HOST_WRONG);
	assert_string_equal(s.what,
		"20 (10 %) of all packets were lost by the card, before the kernel had them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_card),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
