/* SPDX-License-Identifier: BSD-3-Clause */
/* value.c - an observable's value as people read it. Pure; any thread. */
#include <sightline/observable.h>
#include <sightline/hot.h>

static size_t mac_text(struct sl_span v, char *out)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	for (size_t i = 0; i < 6; i++) {
		if (i)
			out[n++] = ':';
		out[n++] = hex[v.p[i] >> 4];
		out[n++] = hex[v.p[i] & 15];
	}
	out[n] = '\0';
	return n;
}

size_t sl_value_text(enum sl_where w, struct sl_span value, char *out)
{
	enum sl_form form = w < SL_WHERE_COUNT ? sl_wheres[w].form : SL_FORM_BYTES;
	if (form == SL_FORM_ADDR && (value.len == 4 || value.len == 16)) {
		union sl_addr a = { .q = { 0, 0 } };
		memcpy(a.b, value.p, value.len);
		return sl_addr_text(&a, value.len == 4 ? 4 : 6, out);
	}
	if (form == SL_FORM_MAC && value.len == 6)
		return mac_text(value, out);
	size_t n = value.len < SL_VALUE_MAX ? value.len : SL_VALUE_MAX;
	if (n)
		memcpy(out, value.p, n);
	out[n] = '\0';
	return n;
}
