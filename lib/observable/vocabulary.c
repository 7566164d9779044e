/* SPDX-License-Identifier: BSD-3-Clause */
/* vocabulary.c - the table of types and wheres, and finding a row by its name. Constant data and
 * pure functions; any thread. */
#include <sightline/observable.h>
#include <sightline/hot.h>

#define X(id, text) [SL_TYPE_##id] = (text),
static const char *const type_texts[SL_TYPE_COUNT] = { SL_TYPES(X) };
#undef X

#define X(id, where, t, f, s, keep, text)                                                          \
	[SL_WHERE_##id] = { where, SL_TYPE_##t, SL_FORM_##f, SL_SCOPE_##s, keep, text },
const struct sl_where_row sl_wheres[SL_WHERE_COUNT] = { SL_WHERES(X) };
#undef X

static bool is_named(const char *row, const char *name, size_t len)
{
	return strlen(row) == len && memcmp(row, name, len) == 0;
}

const char *sl_type_text(enum sl_type t)
{
	return t < SL_TYPE_COUNT ? type_texts[t] : "";
}

enum sl_type sl_type_find(const char *name, size_t len)
{
	for (unsigned i = 1; i < SL_TYPE_COUNT; i++)
		if (is_named(type_texts[i], name, len))
			return i;
	return SL_TYPE_NONE;
}

enum sl_where sl_where_find(const char *name, size_t len)
{
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++)
		if (is_named(sl_wheres[i].name, name, len))
			return i;
	return SL_WHERE_NONE;
}
