/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_warninglist.c - a list of what is ordinary, of any bytes; then it is asked about parts of
 * them. */
#include <stdlib.h>

#include <sightline/lists.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void ask(const struct sl_lists *l, const char *text, size_t len)
{
	struct sl_listed out;
	union sl_addr a;
	uint8_t version;
	for (unsigned kind = SL_LISTED_NAME; kind <= SL_LISTED_OTHER; kind++) {
		sl_lists_ask(l, (enum sl_listed_kind)kind, text, len, &out);
		for (unsigned r = 0; r < SL_ROLE_COUNT; r++)
			if ((out.at | out.above) >> r & 1 && sl_lists_title(l, out.list[r]) == NULL)
				abort();
	}
	if (sl_addr_parse(text, len, &a, &version))
		sl_lists_ask_addr(l, &a, version, version == 4 ? 32 : 128, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct sl_lists *l;
	if (len < 1 || sl_lists_new(&l) < 0)
		return 0;
	sl_lists_read_bytes(l, "fuzz", (enum sl_role)(p[0] == '{' ? 0 : p[0] % SL_ROLE_COUNT),
		p[0] == '{' ? p : p + 1, p[0] == '{' ? len : len - 1);
	for (size_t from = 0, i = 0; i <= len; i++)
		if (i == len || p[i] == '"' || p[i] == '\n') {
			ask(l, (const char *)p + from, i - from);
			from = i + 1;
		}
	sl_lists_free(l);
	return 0;
}
