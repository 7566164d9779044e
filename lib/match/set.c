/* SPDX-License-Identifier: BSD-3-Clause */
/* set.c - indicators to listed values to tables. Control thread; nothing here is seen by a worker
 * before it is whole. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "set.h"

enum table { HOST4, HOST6, PREFIX4, PREFIX6, NAME, TEXT, TABLE_COUNT };

/* An indicator under the hash of its value. */
struct item {
	uint64_t hash;
	uint32_t ind;
	uint32_t table;
};

static int item_make(const struct set *s, uint32_t number, struct item *out)
{
	const struct sl_indicator *i = &s->ind[number];
	struct item it = { .ind = number };
	if (i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6) {
		bool four = i->type == SL_TYPE_IPV4;
		union sl_addr a = addr_masked(&i->addr, i->prefix_len);
		if (i->version != (four ? 4 : 6) || i->prefix_len > (four ? 32 : 128))
			return -EINVAL;
		if (i->prefix_len == (four ? 32 : 128)) {
			it.table = four ? HOST4 : HOST6;
			it.hash = four ? host4_hash(s, a.v4_be) : host6_hash(s, &a);
		} else {
			it.table = four ? PREFIX4 : PREFIX6;
			it.hash = prefix_hash(s, &a, i->prefix_len);
		}
	} else if (i->type == SL_TYPE_DOMAIN) {
		it.table = NAME;
		it.hash = name_hash(s, (const uint8_t *)i->value, i->value_len);
	} else {
		it.table = TEXT;
		it.hash = text_hash(s, i->type, (const uint8_t *)i->value, i->value_len);
	}
	bool text = it.table == NAME || it.table == TEXT;
	if (i->type == SL_TYPE_NONE || i->type >= SL_TYPE_COUNT || i->where >= SL_WHERE_COUNT ||
		(text && (i->value_len == 0 || i->value_len > SL_VALUE_MAX)) ||
		(it.table == NAME && i->value_len > NAME_BYTES_MAX))
		return -EINVAL;
	*out = it;
	return 0;
}

static int value_order(const struct sl_indicator *a, const struct sl_indicator *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->type == SL_TYPE_IPV4 || a->type == SL_TYPE_IPV6) {
		if (a->prefix_len != b->prefix_len)
			return a->prefix_len < b->prefix_len ? -1 : 1;
		union sl_addr x = addr_masked(&a->addr, a->prefix_len);
		union sl_addr y = addr_masked(&b->addr, b->prefix_len);
		return memcmp(x.b, y.b, 16);
	}
	if (a->value_len != b->value_len)
		return a->value_len < b->value_len ? -1 : 1;
	return memcmp(a->value, b->value, a->value_len);
}

/* What undoes others is never among those beyond the bound; leaves stand together. */
static int rank(const struct sl_indicator *i)
{
	return i->allow ? 0 : i->detection != 0 ? 1 : 2;
}

/* Equal values stand together, in the order of rank and number; two values
 * with one hash still stand apart. */
static int item_order(const void *pa, const void *pb, void *arg)
{
	const struct item *a = pa, *b = pb;
	const struct set *s = arg;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	int d = value_order(&s->ind[a->ind], &s->ind[b->ind]);
	if (d == 0)
		d = rank(&s->ind[a->ind]) - rank(&s->ind[b->ind]);
	return d != 0 ? d : a->ind < b->ind ? -1 : 1;
}

static bool item_same(const struct set *s, const struct item *a, const struct item *b)
{
	return a->table == b->table && a->hash == b->hash &&
	       value_order(&s->ind[a->ind], &s->ind[b->ind]) == 0;
}

/* All but the trees, whose leaves stand for them. */
static struct item *items_sorted(const struct set *s, size_t *n, int *rc)
{
	struct item *it = malloc((s->count + 1) * sizeof(*it));
	*rc = it == NULL ? -ENOMEM : 0;
	*n = 0;
	for (size_t i = 0; i < s->count && *rc == 0; i++)
		if (s->ind[i].match != SL_MATCH_TREE)
			*rc = item_make(s, (uint32_t)i, &it[(*n)++]);
	if (*rc < 0) {
		free(it);
		return NULL;
	}
	qsort_r(it, *n, sizeof(*it), item_order, (void *)s);
	return it;
}

/* How many indicators from `at` on have one value. */
static size_t run_length(const struct set *s, const struct item *it, size_t items, size_t at)
{
	size_t n = 1;
	while (at + n < items && item_same(s, &it[at], &it[at + n]))
		n++;
	return n;
}

/* Gives each listed value its number and fills `members`; v has room for all, count[] gets how
 * many each table holds. */
static int values_number(struct set *s, const struct item *it, size_t items, struct listed *v,
	size_t count[TABLE_COUNT])
{
	size_t shared = 0, used = 0, values = 0;
	for (size_t i = 0, n; i < items; i += n) {
		n = run_length(s, it, items, i);
		shared += n > 1 ? n + 1 : 0;
	}
	if (shared > 0) {
		s->members_bytes = shared * sizeof(*s->members);
		s->members = sl_mem_map(s->members_bytes);
		if (s->members == NULL)
			return -ENOMEM;
	}
	for (size_t i = 0, n; i < items; i += n) {
		n = run_length(s, it, items, i);
		v[values] = (struct listed){ it[i].hash, it[i].ind, it[i].ind };
		if (n > 1) {
			v[values].listing = LISTING_MANY | (uint32_t)used;
			s->members[used++] = (uint32_t)n;
			for (size_t k = 0; k < n; k++)
				s->members[used++] = it[i + k].ind;
		}
		values++;
		count[it[i].table]++;
	}
	return 0;
}

static int hosts_build(
	struct tags *t, const struct set *s, const struct listed *v, size_t n, bool four)
{
	int rc = tags_init(t, n);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		uint32_t tag = four ? s->ind[v[i].ind].addr.v4_be : (uint32_t)v[i].hash;
		tags_add(t, v[i].hash, tag, v[i].listing);
	}
	return 0;
}

static int tables_build(struct set *s, const struct listed *v, const size_t count[TABLE_COUNT])
{
	const struct listed *from[TABLE_COUNT];
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		from[t] = v;
		v += count[t];
	}
	int rc = hosts_build(&s->host4, s, from[HOST4], count[HOST4], true);
	if (rc == 0)
		rc = hosts_build(&s->host6, s, from[HOST6], count[HOST6], false);
	if (rc == 0)
		rc = prefixes_build(&s->prefix4, s, from[PREFIX4], count[PREFIX4], 4);
	if (rc == 0)
		rc = prefixes_build(&s->prefix6, s, from[PREFIX6], count[PREFIX6], 6);
	if (rc == 0)
		rc = names_build(&s->names, s, from[NAME], count[NAME]);
	if (rc == 0)
		rc = texts_build(&s->texts, s, from[TEXT], count[TEXT]);
	return rc;
}

int set_build(struct set *s, const struct sl_indicator *ind, size_t count)
{
	*s = (struct set){ .ind = ind, .count = count };
	/* Empty tables, so that set_fini can be called whatever failed. */
	(void)tables_build(s, &(struct listed){ 0 }, (size_t[TABLE_COUNT]){ 0 });
	if (count > INDICATORS_MAX)
		return -E2BIG;
	int rc = sl_hash_key_draw(&s->key);
	if (rc < 0)
		return rc;
	size_t items;
	struct item *it = items_sorted(s, &items, &rc);
	if (it == NULL)
		return rc;
	size_t in_table[TABLE_COUNT] = { 0 };
	struct listed *v = malloc((items + 1) * sizeof(*v));
	rc = v == NULL ? -ENOMEM : values_number(s, it, items, v, in_table);
	free(it);
	if (rc == 0)
		rc = tables_build(s, v, in_table);
	free(v);
	if (rc < 0)
		set_fini(s);
	return rc;
}

void set_fini(struct set *s)
{
	tags_fini(&s->host4);
	tags_fini(&s->host6);
	prefixes_fini(&s->prefix4);
	prefixes_fini(&s->prefix6);
	names_fini(&s->names);
	texts_fini(&s->texts);
	sl_mem_unmap(s->members, s->members_bytes);
	s->members = NULL;
	s->members_bytes = 0;
}

size_t set_bytes(const struct set *s)
{
	return s->members_bytes + s->host4.bytes + s->host6.bytes + s->prefix4.tags.bytes +
	       s->prefix4.filter_bytes + s->prefix6.tags.bytes + s->prefix6.filter_bytes +
	       s->names.tags.bytes + s->names.node_bytes + s->texts.tags.bytes +
	       s->texts.stem_tags.bytes + s->texts.stem_bytes;
}
