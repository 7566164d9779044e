/* SPDX-License-Identifier: BSD-3-Clause */
/* mqtt_test.c - MQTT: clients, topics, versions, packets in any pieces, hostile lengths. */
#include "pieces.h"

/* suricata-verify's mqtt31-unsub-userpass. */
static void test_31(void **s)
{
	static const struct cut_step t[] = {
		C("\x10\x2d\0\6MQIsdp\3\xc2\0\x3c\0\x13myvoiceismypassport\0\4user\0\4pass"),
		S("\x20\2\0\0"), C("\x82\x0b\0\1\0\6topicX\0"), S("\x90\3\0\1\0"),
		C("\xa2\x0a\0\2\0\6topicX\xa2\x0a\0\3\0\6topicY"), S("\xb0\2\0\2\xb0\2\0\3"),
		C("\xe0\0")
	};
	(void)s;
	expect_stream("mqtt", t, COUNT(t), SL_MORE,
		"mqtt.client_id 1 myvoiceismypassport\nmqtt.user 1 user\nclose 1 \n"
		"mqtt.topic 2 topicX\nclose 2 \nmqtt.topic 3 topicX\nclose 3 \n"
		"mqtt.topic 4 topicY\nclose 4 \n");
}

/* zeek's mqtt: what is published is passed over, many packets lie in one piece. */
static void test_311(void **s)
{
	static const struct cut_step t[] = { C("\x10\x12\0\4MQTT\4\2\0\x3c\0\6paho/3"),
		C("\x82\x10\0\1\0\x0bSampleTopic\0"),
		S("\x30\x17\0\x0bSampleTopicHello MQTT\x32\x0a\0\4"
		  "a/b\\\0\1xy\xd0\0\x30\4\0\2hi") };
	(void)s;
	expect_stream("mqtt", t, COUNT(t), SL_MORE,
		"mqtt.client_id 1 paho/3\nclose 1 \nmqtt.topic 2 SampleTopic\nclose 2 \n"
		"mqtt.topic 3 SampleTopic\nclose 3 \nmqtt.topic 4 a/b\\\\\nclose 4 \n"
		"mqtt.topic 5 hi\nclose 5 \n");
}

/* Properties, a will, and a topic that stands for one of before. */
static void test_5(void **s)
{
	static const struct cut_step t[] = {
		C("\x10\x2f\0\4MQTT\5\xc6\0\x3c\5\x11\0\0\1\x2c\0\3abc\2\1\1\0\4will\0\3bye"
		  "\0\4user\0\4pass"),
		C("\x82\x0f\0\1\2\x0b\1\0\2t1\0\0\2t2\1"), C("\x30\6\0\0\3\x23\0\1"),
		C("\xf0\2\x18\0")
	};
	(void)s;
	expect_stream("mqtt", t, COUNT(t), SL_MORE,
		"mqtt.client_id 1 abc\nmqtt.topic 1 will\nmqtt.user 1 user\nclose 1 \n"
		"mqtt.topic 2 t1\nmqtt.topic 2 t2\nclose 2 \nclose 3 \n");
}

/* Met in its middle: the version is the one that fits. */
static void test_middle(void **s)
{
	static const struct cut_step three[] = { C("\x82\7\0\1\0\2t1\0") };
	static const struct cut_step five[] = { C("\x82\x08\0\1\0\0\2t1\0") };
	(void)s;
	expect_stream("mqtt", three, 1, SL_MORE, "mqtt.topic 1 t1\nclose 1 \n");
	expect_stream("mqtt", five, 1, SL_MORE, "mqtt.topic 1 t1\nclose 1 \n");
}

static void test_gap(void **s)
{
	struct feed *f = feed_new("mqtt", 0);
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x30\x24\0\2hixxxx", 10), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 28);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x30\3\0\1a", 5), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "0 any text", 10), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x30\3\0\1b\x82", 6), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	assert_string_equal(f->log, "mqtt.topic 1 hi\nclose 1 \nmqtt.topic 2 a\nclose 2 \n"
				    "mqtt.topic 3 b\nclose 3 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	/* What is none: the next piece is asked; at the end, what is begun is counted. */
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x30\3\0\1c", 5), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\0\0", 2), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x30\3\0\1d", 5), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x82\7\0", 3), SL_MORE);
	assert_non_null(strstr(f->log, "mqtt.topic 5 d\n"));
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 3);
	feed_free(f);
}

/* A packet that there is no memory for is passed over. */
static void test_no_memory(void **s)
{
	struct feed *f = feed_new("mqtt", 0);
	struct sl_parser_pool *pool = f->b.pool;
	(void)s;
	f->b.pool = NULL;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x82\7\0\1", 4), SL_MORE);
	f->b.pool = pool;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\0\2t1\0\x30\3\0\1a", 10), SL_MORE);
	assert_string_equal(f->log, "mqtt.topic 1 a\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void expect_part(
	const char *p, size_t len, enum sl_verdict v, unsigned part, const char *log)
{
	struct feed *f = feed_new("mqtt", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, p, len), v);
	assert_string_equal(f->log, log);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

static void test_malformed(void **s)
{
	static char big[19996] = "\x82\x98\x9c\1\0\1";
	(void)s;
	expect_part("\0\0", 2, SL_MORE, 1, "");
	expect_part("\x30\x80\x80\x80\x80\1", 6, SL_MORE, 1, "");
	expect_part("\x30\xff\xff\xff\x7f\0\2hi", 9, SL_MORE, 0, "mqtt.topic 1 hi\nclose 1 \n");
	expect_part(
		"\x30\3\0\7h\x30\3\0\1a", 10, SL_MORE, 1, "close 1 \nmqtt.topic 2 a\nclose 2 \n");
	expect_part("\x30\1\0\xd0\0", 5, SL_MORE, 1, "close 1 \n");
	expect_part("\x10\2\0\4", 4, SL_MORE, 1, "close 1 \n");
	/* Filters of which nobody keeps so many. */
	for (size_t i = 6; i + 3 < sizeof(big); i += 4)
		memcpy(big + i, "\0\1a", 4);
	struct feed *f = feed_new("mqtt", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, big, sizeof(big)), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_int_equal(f->log_len, 4095 * strlen("mqtt.topic 1 a\n") + strlen("close 1 \n"));
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		uint16_t port;
		bool yes, more;
	} rows[] = { { "\x10\x12\0\4MQTT\4", 9, 4444, true, false },
		{ "\x10\x12\0\4MQTT\5", 9, 4444, true, false },
		{ "\x10\x12\0\6MQIsdp\3", 11, 4444, true, false },
		{ "\x10\x92\x80\1\0\4MQT", 9, 4444, false, true },
		{ "\x10\x12\0\4MQTT\6", 9, 4444, false, false },
		{ "\x10\x80\x80\x80\x80\1", 6, 4444, false, false },
		{ "\x20\2\0\0", 4, 1883, true, false }, { "\x20\2\0\0", 4, 4444, false, false },
		{ "\x30\3\0\1a", 5, 1883, true, false }, { "\x30\3\0\1#", 5, 1883, false, false },
		{ "\x36\3\0\1a", 5, 1883, false, false }, { "\x80\3\0\1a", 5, 1883, false, false },
		{ "\x90\7\0\1", 4, 1883, false, false }, { "\xc0\0\xd0\0", 4, 1883, true, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sl_piece p = { .bytes = sl_span(rows[i].p, rows[i].len) };
		bool more;
		const struct sl_parser *got =
			sl_parser_probe(&p, SL_OVER_TCP, 40000, rows[i].port, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "mqtt") == 0, rows[i].yes);
		assert_true(rows[i].more ? more : rows[i].yes || got == NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_31),
		cmocka_unit_test(test_311),
		cmocka_unit_test(test_5),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
