/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_past_line.c - any bytes as questions about the past, and as what answers them: a question
 * that is read is written again and read as the same. */
#include <stdlib.h>

#include <sightline/past.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	char line[SL_PAST_LINE_MAX];
	struct sl_indicator again;
	(void)arg;
	*out = (struct sl_past_answer){ .count = i->value_len, .hosts = i->port };
	size_t len = sl_past_question(i, line, sizeof(line));
	if (len > 0 && (!sl_past_question_read(line, len - 1, &again) || again.type != i->type ||
			       again.value_len != i->value_len ||
			       memcmp(again.value, i->value, i->value_len) != 0))
		abort();
	return true;
}

static void sum(void *arg, struct sl_past_sum *out)
{
	(void)arg;
	*out = (struct sl_past_sum){ 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sl_witness w = { .ask = ask, .sum = sum };
	struct sl_past_reply r[64];
	struct sl_past_sum s;
	char *text;
	size_t len, lines = 0;
	(void)sl_past_reply_read((const char *)data, size, &s, r, 2);
	if (sl_past_reply(&w, (const char *)data, size, &text, &len) < 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (lines == 0 || (lines <= 65 && sl_past_reply_read(text, len, &s, r, lines - 1) != 0))
		abort();
	free(text);
	return 0;
}
