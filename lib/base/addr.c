/* SPDX-License-Identifier: BSD-3-Clause */
/* addr.c - addresses and prefixes as text. Pure; any thread. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <sightline/addr.h>

size_t sl_addr_text(const union sl_addr *a, uint8_t version, char out[SL_ADDR_TEXT])
{
	/* glibc's inet_ntop follows RFC 5952 but for a lone 16-bit zero, which it does not shorten
	 * either. */
	if (inet_ntop(version == 4 ? AF_INET : AF_INET6, a->b, out, SL_ADDR_TEXT) == NULL)
		out[0] = '\0';
	return strlen(out);
}

bool sl_addr_parse(const char *text, size_t len, union sl_addr *out, uint8_t *version)
{
	char t[SL_ADDR_TEXT];
	union sl_addr a = { .q = { 0, 0 } };
	if (len == 0 || len >= sizeof(t) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(t, text, len);
	t[len] = '\0';
	bool six = memchr(t, ':', len) != NULL;
	/* inet_pton refuses "010.0.0.1", as RFC 6943 3.1.1 asks. */
	if (inet_pton(six ? AF_INET6 : AF_INET, t, a.b) != 1)
		return false;
	*out = a;
	*version = six ? 6 : 4;
	return true;
}

bool sl_prefix_parse(
	const char *text, size_t len, union sl_addr *out, uint8_t *version, uint8_t *prefix_len)
{
	const char *slash = memchr(text, '/', len);
	union sl_addr a;
	uint8_t v;
	if (slash == NULL || !sl_addr_parse(text, (size_t)(slash - text), &a, &v))
		return false;
	size_t digits = len - (size_t)(slash - text) - 1;
	unsigned bits = 0, max = v == 4 ? 32 : 128;
	if (digits < 1 || digits > 3)
		return false;
	for (size_t i = 1; i <= digits; i++) {
		if (slash[i] < '0' || slash[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(slash[i] - '0');
	}
	if (bits > max)
		return false;
	for (unsigned i = 0; i < max / 8; i++) {
		unsigned keep = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? bits - i * 8 : 0;
		a.b[i] &= (uint8_t)(0xff00 >> keep);
	}
	*out = a;
	*version = v;
	*prefix_len = (uint8_t)bits;
	return true;
}
