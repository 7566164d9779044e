/* SPDX-License-Identifier: BSD-3-Clause */
/* lines_test.c - real sessions (the fuzz targets' corpora) in pieces of any size: the same
 * observables come out. */
#include "lines.h"

static size_t session_read(const char *name, unsigned n, uint8_t *out, size_t cap)
{
	char path[512];
	snprintf(path, sizeof(path), CORPUS "/%s/%s-%02u", name, name, n);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return 0;
	size_t len = fread(out, 1, cap, f);
	fclose(f);
	return len;
}

/* Feeds the session until TLS begins; `size` as in feed_turns, which cuts as well. */
static void feed_session(struct feed *f, struct sl_span in, size_t size)
{
	struct sl_rd r = sl_rd(sl_span_from(in, 1));
	uint32_t seed = 7;
	enum sl_verdict v = SL_MORE;
	while (sl_rd_left(&r) >= 3 && v == SL_MORE) {
		enum sl_dir dir = sl_rd8(&r) & 1;
		size_t len = sl_rd16(&r);
		struct sl_span turn = sl_rd_take(&r, len);
		for (size_t at = 0, n; at < turn.len && v == SL_MORE; at += n) {
			seed = seed * 1664525 + 1013904223;
			n = size ? size : 1 + (seed >> 16) % 40;
			n = n < turn.len - at ? n : turn.len - at;
			v = feed_guarded(f, dir, turn.p + at, n);
		}
	}
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

static void test_cuts(void **s)
{
	(void)s;
	static const char *const names[] = { "smtp", "pop3", "imap", "ftp" };
	static const size_t sizes[] = { 1, 7, 0 };
	uint8_t in[4096];
	for (unsigned i = 0; i < COUNT(names); i++) {
		unsigned said = 0;
		size_t len;
		for (unsigned n = 0; (len = session_read(names[i], n, in, sizeof(in))) > 0; n++) {
			struct feed *whole = feed_new(names[i], 0);
			feed_session(whole, sl_span(in, len), 1 << 20);
			said += whole->log_len > 0;
			for (unsigned k = 0; k < COUNT(sizes); k++) {
				struct feed *f = feed_new(names[i], k);
				feed_session(f, sl_span(in, len), sizes[k]);
				assert_string_equal(f->log, whole->log);
				feed_free(f);
			}
			feed_free(whole);
		}
		assert_true(said >= 1);
	}
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cuts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
