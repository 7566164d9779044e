/* SPDX-License-Identifier: BSD-3-Clause */
/* out.c - JSON text out, one value a line, over yajl's generator. Control threads; allocates, never
 * logs. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>

#include <sightline/json.h>

#include "utf8.h"

struct sl_json_out {
	yajl_gen gen;
	unsigned open; /* containers */
	unsigned values; /* whole values at the outermost level */
	bool bad, spent; /* spent: the text was handed out, the next call starts anew */
	char *mended; /* text whose bytes were no UTF-8 */
	size_t mended_cap;
};

int sl_json_out_new(struct sl_json_out **out)
{
	struct sl_json_out *o = calloc(1, sizeof(*o));
	if (o == NULL)
		return -ENOMEM;
	o->gen = yajl_gen_alloc(NULL);
	if (o->gen == NULL) {
		free(o);
		return -ENOMEM;
	}
	*out = o;
	return 0;
}

void sl_json_out_free(struct sl_json_out *o)
{
	if (o == NULL)
		return;
	yajl_gen_free(o->gen);
	free(o->mended);
	free(o);
}

static void check(struct sl_json_out *o, yajl_gen_status s)
{
	if (s != yajl_gen_status_ok && s != yajl_gen_generation_complete)
		o->bad = true;
}

static void text(struct sl_json_out *o, const char *p, size_t len)
{
	if (!sl_utf8_valid(p, len)) {
		if (len * 3 > o->mended_cap) {
			char *more = realloc(o->mended, len * 3);
			if (more == NULL) {
				o->bad = true;
				return;
			}
			o->mended = more;
			o->mended_cap = len * 3;
		}
		len = sl_utf8_mend(p, len, o->mended);
		p = o->mended;
	}
	check(o, yajl_gen_string(o->gen, (const unsigned char *)(len ? p : ""), len));
}

/* What every value begins with: the key, where it has one. */
static void begin(struct sl_json_out *o, const char *key)
{
	if (o->spent) {
		yajl_gen_clear(o->gen);
		o->spent = false;
		o->bad = false;
		o->open = o->values = 0;
	}
	if (o->open == 0 && o->values > 0)
		o->bad = true;
	if (o->open == 0)
		o->values++;
	if (key != NULL)
		text(o, key, strlen(key));
}

static void end(struct sl_json_out *o, yajl_gen_status s)
{
	check(o, s);
	if (o->open == 0)
		o->bad = true;
	else
		o->open--;
}

void sl_json_object(struct sl_json_out *o, const char *key)
{
	begin(o, key);
	check(o, yajl_gen_map_open(o->gen));
	o->open++;
}

void sl_json_object_end(struct sl_json_out *o)
{
	end(o, yajl_gen_map_close(o->gen));
}

void sl_json_array(struct sl_json_out *o, const char *key)
{
	begin(o, key);
	check(o, yajl_gen_array_open(o->gen));
	o->open++;
}

void sl_json_array_end(struct sl_json_out *o)
{
	end(o, yajl_gen_array_close(o->gen));
}

void sl_json_text(struct sl_json_out *o, const char *key, const char *p, size_t len)
{
	begin(o, key);
	text(o, p, len);
}

void sl_json_str(struct sl_json_out *o, const char *key, const char *p)
{
	sl_json_text(o, key, p, strlen(p));
}

/* yajl's own integers are signed and its doubles are written with 20 digits. */
static void number(struct sl_json_out *o, const char *t, int len)
{
	check(o, yajl_gen_number(o->gen, t, (size_t)len));
}

void sl_json_u64(struct sl_json_out *o, const char *key, uint64_t v)
{
	char t[24];
	begin(o, key);
	number(o, t, snprintf(t, sizeof(t), "%llu", (unsigned long long)v));
}

void sl_json_double(struct sl_json_out *o, const char *key, double v)
{
	char t[40];
	int len = 0;
	begin(o, key);
	if (!isfinite(v)) {
		check(o, yajl_gen_null(o->gen));
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(t, sizeof(t), "%.*g", digits, v);
		if (strtod(t, NULL) == v)
			break;
	}
	number(o, t, len);
}

void sl_json_bool(struct sl_json_out *o, const char *key, bool v)
{
	begin(o, key);
	check(o, yajl_gen_bool(o->gen, v));
}

void sl_json_null(struct sl_json_out *o, const char *key)
{
	begin(o, key);
	check(o, yajl_gen_null(o->gen));
}

int sl_json_line(struct sl_json_out *o, const char **p, size_t *len)
{
	bool whole = !o->spent && !o->bad && o->open == 0 && o->values == 1;
	yajl_gen_reset(o->gen, "\n"); /* writes the newline and forgets the state */
	o->spent = true;
	if (!whole)
		return -EINVAL;
	const unsigned char *text_at;
	if (yajl_gen_get_buf(o->gen, &text_at, len) != yajl_gen_status_ok)
		return -ENOMEM;
	*p = (const char *)text_at;
	return 0;
}
