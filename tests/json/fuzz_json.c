/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_json.c - the reader on any bytes, in pieces of any length, and what it read written again.
 */
#include <sightline/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void write_again(struct sl_json_out *o, const struct sl_json *j)
{
	switch (j->kind) {
	case SL_JSON_NULL:
		sl_json_null(o, j->key);
		break;
	case SL_JSON_BOOL:
		sl_json_bool(o, j->key, j->boolean);
		break;
	case SL_JSON_NUMBER:
		sl_json_double(o, j->key, j->number);
		break;
	case SL_JSON_STRING:
		sl_json_text(o, j->key, j->text, j->len);
		break;
	case SL_JSON_ARRAY:
	case SL_JSON_OBJECT:
		if (j->kind == SL_JSON_ARRAY)
			sl_json_array(o, j->key);
		else
			sl_json_object(o, j->key);
		for (const struct sl_json *m = j->child; m != NULL; m = m->next)
			write_again(o, m);
		if (j->kind == SL_JSON_ARRAY)
			sl_json_array_end(o);
		else
			sl_json_object_end(o);
		break;
	}
}

static int value(void *arg, const struct sl_json *j)
{
	struct sl_json_out *o = arg;
	const char *p;
	size_t len;
	write_again(o, j);
	/* The writer nests no deeper than 128; the limit below lies under it. */
	if (sl_json_line(o, &p, &len) != 0 || len < 2 || p[len - 1] != '\n')
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const char *const paths[] = { "", "*", "objects/*", "a/b" };
	struct sl_json_limits limits = { 16384, 32 };
	struct sl_json_out *o;
	struct sl_json_in *in;
	if (len < 2 || sl_json_out_new(&o) < 0)
		return 0;
	size_t step = p[1] ? p[1] : 1000;
	if (sl_json_in_new(&in, paths[p[0] % 4], &limits, value, o) == 0) {
		int rc = 0;
		for (size_t at = 2; at < len && rc == 0; at += step)
			rc = sl_json_in_feed(in, p + at, len - at < step ? len - at : step);
		sl_json_in_end(in);
		sl_json_in_free(in);
	}
	sl_json_out_free(o);
	return 0;
}
