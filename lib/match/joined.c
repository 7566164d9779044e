/* SPDX-License-Identifier: BSD-3-Clause */
/* joined.c - the leaves that a record of a tree says were true, with what made them so.
 * Publisher's thread. */
#include <string.h>

#include <sightline/correlate.h>

/* The record holds the value of one observable; an address that the leaf spells out is the flow's.
 * A place that several leaves name may have said several values: then none is claimed. */
static struct sl_span leaf_value(
	const struct sl_record *r, const struct sl_matched *m, const char *leaf_text)
{
	const struct sl_record_flow *f = &r->flow;
	const struct sl_matched *all = sl_record_matched(r);
	unsigned there = 0;
	char text[SL_ADDR_TEXT];
	if (m->where == SL_WHERE_IP_SRC || m->where == SL_WHERE_IP_DST) {
		const union sl_addr *a = m->where == SL_WHERE_IP_SRC ? &f->src : &f->dst;
		sl_addr_text(a, f->version, text);
		if (strstr(leaf_text, text) != NULL)
			return sl_span(a->b, f->version == 4 ? 4 : 16);
	}
	for (uint16_t i = 0; i < r->matched_count; i++)
		there += all[i].where == m->where;
	if (m->where == r->where && m->where != SL_WHERE_NONE && there == 1)
		return sl_record_value(r);
	return sl_span(NULL, 0);
}

static uint8_t leaf_type(const struct sl_record *r, uint16_t where, struct sl_span value)
{
	if (where == SL_WHERE_NONE)
		return SL_TYPE_TRAFFIC;
	if (where == r->where)
		return r->type;
	if (sl_wheres[where].form == SL_FORM_ADDR && value.len == 16)
		return SL_TYPE_IPV6;
	return sl_wheres[where].type;
}

static bool there_is(const struct sl_joined *list, size_t n, const struct sl_joined *j)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].leaf == j->leaf && list[i].where == j->where &&
			sl_span_eq(list[i].value, j->value))
			return true;
	return false;
}

size_t sl_joined_add(struct sl_joined list[SL_JOINED_MAX], size_t n, const struct sl_record *r,
	const struct sl_detection *d)
{
	const struct sl_matched *m = sl_record_matched(r);
	for (uint16_t i = 0; i < r->matched_count && n < SL_JOINED_MAX; i++) {
		if (m[i].leaf >= d->leaves || m[i].where >= SL_WHERE_COUNT)
			continue;
		struct sl_span value = leaf_value(r, &m[i], d->leaf[m[i].leaf].text);
		struct sl_joined j = { .leaf = m[i].leaf,
			.where = m[i].where,
			.type = leaf_type(r, m[i].where, value),
			.value = value };
		if (!there_is(list, n, &j))
			list[n++] = j;
	}
	return n;
}
