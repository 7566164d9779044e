/* SPDX-License-Identifier: BSD-3-Clause */
/* websocket_test.c - frames of WebSocket, and how HTTP/1 hands over to it. */
#include "pieces.h"

#define LEN(text) (sizeof(text) - 1)

/* Feeds one direction in pieces of every kind: the verdict and the number of messages. */
static void expect(
	enum sl_dir dir, const char *in, size_t len, enum sl_verdict want, unsigned messages)
{
	struct cut_step step = { dir, in, len };
	for (unsigned kind = 0; kind < PIECES_KINDS; kind++) {
		struct feed *f = feed_new("websocket", 0);
		uint32_t seed = 1;
		assert_int_equal(feed_pieces(f, kind, &seed, &step), want);
		assert_int_equal(f->flow.message, messages);
		assert_string_equal(f->log, "");
		feed_free(f);
	}
	cut_everywhere("websocket", dir, in, len);
}

#define SERVER(text, verdict, messages) expect(SL_TO_CLIENT, text, LEN(text), verdict, messages)
#define CLIENT(text, verdict, messages) expect(SL_TO_SERVER, text, LEN(text), verdict, messages)

static void test_messages(void **state)
{
	(void)state;
	SERVER("\x81\5hello", SL_MORE, 1);
	CLIENT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", SL_MORE, 1); /* RFC 6455 5.7 */
	SERVER("\1\3hel\x89\2hi\x80\2lo\x82\0", SL_MORE, 2); /* a ping inside a message */
	SERVER("\x8a\0", SL_MORE, 0);
	CLIENT("\x89\0\x81\0", SL_MORE, 1); /* not masked, as some clients do */
	static char big[4 + 126] = "\x82\x7e\0\x7e";
	expect(SL_TO_CLIENT, big, sizeof(big), SL_MORE, 1);
	static char bigger[10 + 65536] = "\x82\x7f\0\0\0\0\0\1\0\0";
	struct feed *f = feed_new("websocket", 0);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, bigger, sizeof(bigger)), SL_MORE);
	assert_int_equal(f->flow.message, 1);
	feed_free(f);
}

static void test_errors(void **state)
{
	(void)state;
	SERVER("\x80\0", SL_BAD, 0); /* continues nothing */
	SERVER("\1\0\x81\0", SL_BAD, 0); /* begins inside another */
	SERVER("\x83\0", SL_BAD, 0); /* opcodes nobody knows */
	SERVER("\x8b\0", SL_BAD, 0);
	SERVER("\x91\0", SL_BAD, 0); /* reserved bits */
	SERVER("\xa1\0", SL_BAD, 0);
	SERVER("\xc9\0", SL_BAD, 0); /* compressed control */
	SERVER("\x09\0", SL_BAD, 0); /* fragmented control */
	SERVER("\x89\x7e\0\x7e", SL_BAD, 0); /* long control */
	SERVER("\x81\x7e\0\1", SL_BAD, 0); /* lengths in too many bytes */
	SERVER("\x81\x7f\0\0\0\0\0\0\xff\xff", SL_BAD, 0);
	SERVER("\x81\x7f\x80\0\0\0\0\1\0\0", SL_BAD, 0);
	SERVER("\x88\1x", SL_BAD, 0); /* half a code */
}

static void expect_count(const char *in, size_t len, enum sl_dir dir, enum sl_counter id)
{
	struct feed *f = feed_new("websocket", 0);
	(void)feed_guarded(f, dir, in, len);
	assert_int_equal(f->counters.c[id], 1);
	feed_free(f);
}

static void test_counters(void **state)
{
	(void)state;
	SERVER("\x88\0after", SL_DONE, 0);
	expect_count("\x88\0", 2, SL_TO_CLIENT, SL_C_WEBSOCKET_CLOSE_NORMAL);
	expect_count("\x88\2\3\xe8", 4, SL_TO_CLIENT, SL_C_WEBSOCKET_CLOSE_NORMAL);
	expect_count("\x88\2\3\xea", 4, SL_TO_CLIENT, SL_C_WEBSOCKET_CLOSE_ERROR);
	expect_count("\x88\3\3\xf3x", 5, SL_TO_CLIENT, SL_C_WEBSOCKET_CLOSE_ERROR);
	expect_count("\x88\2\xf\xa0", 4, SL_TO_CLIENT, SL_C_WEBSOCKET_CLOSE_OTHER);
	expect_count("\x88\x82\1\2\3\4\xe\xa2", 8, SL_TO_SERVER, SL_C_WEBSOCKET_CLOSE_OTHER);
	expect_count("\xc1\1x", 3, SL_TO_CLIENT, SL_C_WEBSOCKET_COMPRESSED);
}

static void test_gap(void **state)
{
	(void)state;
	struct feed *f = feed_new("websocket", 0);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, "\x81\5he", 4), SL_MORE);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 3), SL_MORE);
	assert_int_equal(f->flow.message, 1);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, "\x81\5he", 4), SL_MORE);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 4), SL_DONE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* A frame as a client sends it, or a server (no mask). Returns its length. */
static size_t frame(uint8_t *out, uint8_t first, const char *mask, const char *in, size_t len)
{
	size_t n = 0;
	out[n++] = first;
	out[n++] = (uint8_t)((mask ? 0x80 : 0) | (len < 126 ? len : 126));
	if (len >= 126) {
		out[n++] = (uint8_t)(len >> 8);
		out[n++] = (uint8_t)len;
	}
	if (mask != NULL)
		memcpy(out + n, mask, 4);
	n += mask != NULL ? 4 : 0;
	for (size_t i = 0; i < len; i++)
		out[n + i] = (uint8_t)(in[i] ^ (mask ? mask[i % 4] : 0));
	return n + len;
}

/* Packets of MQTT cut by frames as it suits neither (MQTT 5.0, 6), a ping between them. */
static void test_mqtt(void **state)
{
	static const char connect[] = "\x10\x12\0\4MQTT\4\2\0\x3c\0\6paho/3";
	static const char subscribe[] = "\x82\x10\0\1\0\x0bSampleTopic\0";
	static const char publish[] = "\x30\x17\0\x0bSampleTopicHello MQTT\x30\4\0\2hi";
	uint8_t up[512], down[512];
	(void)state;
	size_t n = frame(up, 2, "abcd", connect, 5), m = frame(down, 0x82, NULL, "\x20\2\0\0", 4);
	n += frame(up + n, 0x89, "1234", "ping", 4);
	n += frame(up + n, 0x80, "\x91\2\xff\0", connect + 5, LEN(connect) - 5);
	n += frame(up + n, 0x82, "\0\0\0\0", subscribe, LEN(subscribe));
	m += frame(down + m, 0x82, NULL, publish, LEN(publish));
	const struct cut_step t[] = { { SL_TO_SERVER, up, n }, { SL_TO_CLIENT, down, m } };
	expect_stream("websocket", t, 2, SL_MORE,
		"mqtt.client_id 1 paho/3\nclose 1 \nmqtt.topic 3 SampleTopic\nclose 3 \n"
		"mqtt.topic 6 SampleTopic\nclose 6 \nmqtt.topic 7 hi\nclose 7 \n");
	cut_everywhere("websocket", SL_TO_SERVER, up, n);
}

/* What is no protocol's is not looked at again, nor what can't be followed: the rest of a message
 * of which a part is missing before it was known, and what is compressed. */
static void test_inside(void **state)
{
	static const char connect[] = "\x10\x12\0\4MQTT\4\2\0\x3c\0\6paho/3";
	uint8_t in[512];
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct feed *f = feed_new("websocket", 1);
		size_t n = i == 0 ? frame(in, 0x82, NULL, "{\"a\":1}", 7) : 0;
		if (i == 1)
			n = frame(in, 0xc2, NULL, "\1\2\3", 3);
		if (i == 2) {
			n = frame(in, 0x82, NULL, connect, 5) - 1;
			(void)feed_guarded(f, SL_TO_SERVER, in, n);
			(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1);
			n = 0;
		}
		n += frame(in + n, 0x82, NULL, connect, LEN(connect));
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, in, n), SL_MORE);
		assert_string_equal(f->log, i == 3 ? "mqtt.client_id 1 paho/3\nclose 1 \n" : "");
		assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0), SL_DONE);
		assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0), SL_DONE);
		feed_free(f);
	}
}

/* Frames of one byte each. */
static size_t small_frames(uint8_t *out, const char *in, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += frame(out + n, 0x82, NULL, in + i, 1);
	return n;
}

/* However small the frames are, a byte of a begin that isn't known yet is looked at a few times,
 * and what is there at a gap or at the end is looked at as a whole. */
static void test_small_frames(void **state)
{
	static const char line[] =
		"PRIVMSG #fifty-characters-are-not-enough-for-what-is-to-be-told-here "
		":and so forth\r\n";
	static uint8_t in[3 * sizeof(line)];
	size_t asked = 0, looked = 0;
	(void)state;
	for (size_t len = 1; len <= 1024; len++)
		if (sl_probe_again(len, asked)) {
			asked = len;
			looked += len;
		}
	assert_true(looked < 12 * 1024);
	for (unsigned gap = 0; gap < 2; gap++) {
		struct feed *f = feed_new("websocket", 0);
		size_t n = small_frames(in, line, LEN(line));
		(void)feed_guarded(f, SL_TO_SERVER, in, n);
		assert_string_equal(f->log, "");
		if (gap > 0) {
			(void)feed_guarded(f, SL_TO_SERVER, "\x82\2x", 3);
			assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1), SL_MORE);
		} else {
			assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0), SL_DONE);
		}
		assert_non_null(strstr(f->log, "irc.channel"));
		(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
		(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
		feed_free(f);
	}
}

static void upgrade(const char *answer, const char *next)
{
	struct feed *f = feed_new("http", 0);
	(void)feed_guarded(f, SL_TO_SERVER, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, answer, strlen(answer)), SL_NOT_MINE);
	assert_string_equal(f->b.next ? f->b.next->name : "", next);
	feed_free(f);
}

static void test_upgrade(void **state)
{
	(void)state;
	upgrade("HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n", "websocket");
	upgrade("HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_messages),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_counters),
		cmocka_unit_test(test_gap), cmocka_unit_test(test_mqtt),
		cmocka_unit_test(test_inside), cmocka_unit_test(test_small_frames),
		cmocka_unit_test(test_upgrade) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
