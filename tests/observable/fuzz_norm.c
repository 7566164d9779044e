/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_norm.c - every normal form on hostile bytes. Properties: what is written is valid UTF-8 and
 * within its bound; a normal form, its escapes undone, has itself as its normal form; a short
 * output is refused, never overrun. */
#include <stdlib.h>

#include <sightline/observable.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CAP 16384

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t unescape(struct sl_span in, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len; i++) {
		if (in.p[i] != '\\') {
			out[n++] = in.p[i];
		} else if (in.p[i + 1] == '\\') {
			out[n++] = '\\';
			i++;
		} else {
			out[n++] = (uint8_t)(hex(in.p[i + 2]) << 4 | hex(in.p[i + 3]));
			i += 3;
		}
	}
	return n;
}

static void check(size_t (*norm)(struct sl_span, uint8_t *, size_t), struct sl_span in, bool again)
{
	static uint8_t once[CAP], plain[CAP], twice[CAP];
	size_t n = norm(in, once, CAP);
	if (n > CAP)
		abort();
	if (n == 0)
		return;
	/* Dot segments stand in a URL's output until they are taken back: it may need more room on
	 * its way than in the end. */
	uint8_t *exact = malloc(n);
	size_t fit = norm(in, exact, n);
	if ((fit != n && (fit != 0 || norm != sl_norm_url)) || (fit && memcmp(exact, once, n) != 0))
		abort();
	if (norm(in, exact, n - 1) != 0)
		abort();
	free(exact);
	if (!again)
		return;
	size_t m = unescape(sl_span(once, n), plain);
	if (norm(sl_span(plain, m), twice, CAP) != n || memcmp(once, twice, n) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > CAP / 4)
		return 0;
	uint8_t *copy = malloc(len ? len : 1);
	char name[256];
	if (len)
		memcpy(copy, data, len);
	struct sl_span in = sl_span(copy, len);
	check(sl_norm_name, in, true);
	check(sl_norm_url, in, true);
	check(sl_norm_lower, in, true);
	check(sl_norm_bytes, in, true);
	check(sl_norm_host, in, false);
	if (sl_domain_from_text((const char *)copy, len, name, sizeof(name)) == 0) {
		char again[256];
		if (sl_domain_from_text(name, strlen(name), again, sizeof(again)) != 0 ||
			strcmp(name, again) != 0)
			abort();
	}
	free(copy);
	return 0;
}
