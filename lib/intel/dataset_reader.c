/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset_reader.c - Suricata's datasets of strings, which are in base64, alone or with a
 * reputation behind a comma. Control threads. Its sets of hashes and addresses are plain lists. A
 * member of a set means itself only. */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

static int digit_of(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'	      ? 62
	       : c == '/'	      ? 63
				      : -1;
}

/* RFC 4648 4, padded. The length, or 0 where it is none or not for people's eyes. */
static size_t decoded(const char *p, size_t len, char *out, size_t cap)
{
	size_t n = 0, pad = 0;
	uint32_t bits = 0;
	if (len < 4 || len % 4 != 0 || len / 4 * 3 > cap)
		return 0;
	for (size_t i = 0; i < len; i++) {
		int d = digit_of(p[i]);
		if (p[i] == '=' && i + 2 >= len)
			pad++;
		else if (d < 0 || pad > 0)
			return 0;
		bits = bits << 6 | (d < 0 ? 0 : (uint32_t)d);
		if (i % 4 != 3)
			continue;
		out[n++] = (char)(bits >> 16);
		out[n++] = (char)(bits >> 8);
		out[n++] = (char)bits;
	}
	n -= pad;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			return 0;
	return n;
}

/* The value of a line, without its reputation (a number behind the last comma). */
static size_t without_reputation(const char *line, size_t len)
{
	size_t n = len;
	while (n > 0 && line[n - 1] >= '0' && line[n - 1] <= '9')
		n--;
	return n > 1 && n < len && line[n - 1] == ',' ? n - 1 : len;
}

struct tally {
	size_t lines, values;
};

static void string_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	char text[1024] = "";
	if (len == 0 || line[0] == '#')
		return;
	t->lines++;
	if (shape_of(line, len) != SHAPE_NONE)
		return;
	size_t n = decoded(line, without_reputation(line, len), text, sizeof(text));
	t->values += n > 0 && shape_of(text, n) != SHAPE_NONE;
}

bool dataset_recognise(const char *head, size_t len, bool whole)
{
	struct tally t = { 0 };
	head_lines(head, len, whole, string_line, &t);
	return t.values > 0 && t.values * 10 >= t.lines * 9;
}

static int string_read(struct reading *r, uint64_t number, const char *line, size_t len)
{
	char text[SL_VALUE_MAX] = "";
	if (len == 0 || line[0] == '#')
		return 0;
	struct draft d = { .line = number,
		.value = text,
		.below = SL_BELOW_NO,
		.confidence = SL_CONFIDENCE_NONE };
	d.value_len = decoded(line, without_reputation(line, len), text, sizeof(text));
	if (d.value_len > 0)
		return draft_add(r, &d);
	reading_refuse(r, number, "", "BAD_VALUE",
		"A set of strings has one text in base64 on each line.", "");
	return 0;
}

int dataset_read(struct reading *r)
{
	return lines_each(r, string_read);
}
