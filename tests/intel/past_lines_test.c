/* SPDX-License-Identifier: BSD-3-Clause */
/* past_lines_test.c - a past read from a sensor's JSON lines, and what the checker writes of it. */
#include <errno.h>
#include <unistd.h>

#include "past.h"

#define LINE                                                                                       \
	"{\"record\":\"observable\",\"capture\":\"a.pcap\",\"ts\":\"2026-01-31T09:00:00."          \
	"123456789Z\",\"type\":\"ipv4-addr\",\"where\":\"ip.src\",\"value\":\"10.0.0.1\","         \
	"\"src\":\"10.0.0.1\",\"sport\":40000,\"dst\":\"45.45.45.45\",\"dport\":53,\"proto\":"     \
	"\"udp\",\"direction\":\"to_server\",\"message\":0}\n"                                     \
	"{\"record\":\"observable\",\"capture\":\"a.pcap\",\"ts\":\"2026-01-31T09:00:00."          \
	"123456789Z\",\"type\":\"domain-name\",\"where\":\"dns.query\",\"value\":\"evil.example\"" \
	",\"src\":\"10.0.0.1\",\"sport\":40000,\"dst\":\"45.45.45.45\",\"dport\":53,\"proto\":"    \
	"\"udp\",\"direction\":\"to_server\",\"message\":1}\n"

static void lines(void **state)
{
	struct sl_past *p = past_new();
	uint64_t bad;
	static const char *const other[] = { "x\n", "{\"a\":1}\n", "[1,2]\n", "{\"record\":\n",
		"{\"record\":\"observable\"}\n",
		"{\"record\":\"observable\",\"type\":\"ipv4-addr\",\"where\":\"ip.src\",\"value\":"
		"\"\"}\n",
		"{\"record\":\"observable\",\"type\":\"ipv4-addr\",\"where\":\"nowhere\",\"value\":"
		"\"1.2.3.4\"}\n",
		"{\"record\":\"observable\",\"type\":\"domain-name\",\"where\":\"dns.query\","
		"\"value\":\"a\",\"sport\":70000}\n",
		"{\"record\":\"observable\",\"type\":\"domain-name\",\"where\":\"dns.query\","
		"\"value\":\"a\",\"src\":\"here\"}\n" };
	assert_int_equal(sl_past_read_bytes(p, LINE LINE, strlen(LINE LINE), &bad), 0);
	assert_int_equal(bad, 0);
	counts(p, NAME("evil.example", ""), 2, 1); /* the ports were used again */
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		char text[2048];
		snprintf(text, sizeof(text), LINE "%s" LINE, other[i]);
		assert_int_equal(sl_past_read_bytes(p, text, strlen(text), &bad), 0);
		assert_int_equal(bad, 1);
		counts(p, NAME("evil.example", ""), 2 * i + 4, 1);
	}
	assert_int_equal(sl_past_read_bytes(p, "{}\n{}\n", 6, &bad), -EBADMSG);
	assert_int_equal(sl_past_read_bytes(p, "{\"record\":\"flow\"}\n", 18, &bad), 0);
	assert_int_equal(sl_past_read_bytes(p, "", 0, &bad), 0);
	assert_int_equal(sl_past_read(p, "/nonexistent", &bad), -ENOENT);
	sl_past_free(p);
}

static void cuts(void **state)
{
	for (size_t cut = 0; cut <= strlen(LINE); cut++) {
		struct guarded g = guarded_new(LINE, cut);
		struct sl_past *p = past_new();
		uint64_t bad;
		int rc = sl_past_read_bytes(p, g.p, cut, &bad);
		assert_true(rc == 0 || rc == -EBADMSG);
		sl_past_free(p);
		guarded_free(&g);
	}
}

/* ---- What the checker writes ---- */

static char *checked(struct sl_past *p, const char *feed, bool json, char **letter)
{
	char path[] = "/tmp/sightline-past-XXXXXX", *text = NULL;
	const char *paths[] = { path };
	size_t len = 0, letter_len = 0;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, feed, strlen(feed)), strlen(feed));
	close(fd);
	FILE *out = open_memstream(&text, &len), *to = open_memstream(letter, &letter_len);
	struct sl_witness witness = sl_past_witness(p);
	struct sl_intel_check_options how = {
		.json = json, .lists = lists, .home = home, .past = &witness, .report = to
	};
	sl_intel_check_by(paths, 1, &how, out);
	fclose(out);
	fclose(to);
	unlink(path);
	return text;
}

static void told(void **state)
{
	struct sl_past *p = past_new();
	char *letter, *text;
	connect_to(p, "10.0.0.1", "45.45.45.45");
	connect_to(p, "10.0.0.1", "46.46.46.46");
	message = 0;
	ask_for(p, "10.0.0.2", "mail.yahoo.com", "46.46.46.46");
	text = checked(p, "value\n45.45.45.45\n46.46.46.46\n47.47.47.47\n", false, &letter);
	assert_non_null(strstr(text,
		":2 45.45.45.45 armed SEEN This network saw it before; look at the hosts that did. "
		"(45.45.45.45); would have fired 1 time on 1 of 2 hosts\n"));
	assert_non_null(
		strstr(text, ":3 46.46.46.46 quiet ORDINARY_HOST This network reaches it as "
			     "mail.yahoo.com: a hit"));
	assert_non_null(strstr(text, "would have fired 2 times on 2 of 2 hosts\n"));
	assert_null(strstr(text, "47.47.47.47"));
	assert_non_null(strstr(text, "\nasked about 8 observables of 2 hosts, 1970-01-01T00:00Z"));
	/* The feed's author learns nothing of whom this network talks with. */
	assert_non_null(strstr(letter, "ORDINARY_HOST"));
	assert_null(strstr(letter, "yahoo"));
	assert_null(strstr(letter, "45.45.45.45"));
	assert_null(strstr(letter, "would have fired 2"));
	free(text);
	free(letter);
	text = checked(p, "value\n46.46.46.46\n", true, &letter);
	assert_non_null(strstr(text, "\"past\":{\"count\":2,\"hosts\":2,\"of_hosts\":2,\"at_most\":"
				     "false,\"names\":[\"mail.yahoo.com\"],\"more_names\":false}"));
	free(text);
	free(letter);
	sl_past_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(cuts),
		cmocka_unit_test(told),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
