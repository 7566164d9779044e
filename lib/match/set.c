/* SPDX-License-Identifier: BSD-3-Clause */
/* set.c - indicators to listed values to tables. Control thread; nothing here is seen by a worker
 * before it is whole. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "set.h"

/* An indicator under the hash of its value. */
struct item {
	uint64_t hash;
	uint32_t ind;
	uint32_t table;
};

bool value_hash(const struct set *s, const struct sl_kind *k, const struct sl_entry *e,
	enum table *table, uint64_t *hash)
{
	const uint8_t *text = (const uint8_t *)e->value;
	if (k->type == SL_TYPE_IPV4 || k->type == SL_TYPE_IPV6) {
		bool four = k->type == SL_TYPE_IPV4;
		if (k->version != (four ? 4 : 6) || k->prefix_len > (four ? 32 : 128))
			return false;
		union sl_addr whole = sl_book_addr(k, e), a = addr_masked(&whole, k->prefix_len);
		if (k->prefix_len == (four ? 32 : 128)) {
			*table = four ? HOST4 : HOST6;
			*hash = four ? host4_hash(s, a.v4_be) : host6_hash(s, &a);
		} else {
			*table = four ? PREFIX4 : PREFIX6;
			*hash = prefix_hash(s, &a, k->prefix_len);
		}
		return k->where < SL_WHERE_COUNT;
	}
	if (k->type == SL_TYPE_NONE || k->type >= SL_TYPE_COUNT || k->where >= SL_WHERE_COUNT ||
		e->value_len == 0 || e->value_len > SL_VALUE_MAX ||
		(k->type == SL_TYPE_DOMAIN && e->value_len > NAME_BYTES_MAX))
		return false;
	*table = k->type == SL_TYPE_DOMAIN ? NAME : TEXT;
	*hash = *table == NAME ? name_hash(s, text, e->value_len)
			       : text_hash(s, k->type, text, e->value_len);
	return true;
}

static int item_make(const struct set *s, uint32_t number, struct item *out)
{
	const struct sl_entry *e = set_entry(s, number);
	enum table table;
	out->ind = number;
	if (!value_hash(s, set_kind(s, e), e, &table, &out->hash))
		return -EINVAL;
	out->table = table;
	return 0;
}

int value_order(const struct sl_kind *ka, const struct sl_entry *a, const struct sl_kind *kb,
	const struct sl_entry *b)
{
	if (ka->type != kb->type)
		return ka->type < kb->type ? -1 : 1;
	if (ka->type == SL_TYPE_IPV4 || ka->type == SL_TYPE_IPV6) {
		if (ka->prefix_len != kb->prefix_len)
			return ka->prefix_len < kb->prefix_len ? -1 : 1;
		union sl_addr x = sl_book_addr(ka, a), y = sl_book_addr(kb, b);
		x = addr_masked(&x, ka->prefix_len);
		y = addr_masked(&y, ka->prefix_len);
		return memcmp(x.b, y.b, 16);
	}
	if (a->value_len != b->value_len)
		return a->value_len < b->value_len ? -1 : 1;
	return memcmp(a->value, b->value, a->value_len);
}

static int number_order(const struct set *s, uint32_t first, uint32_t second)
{
	const struct sl_entry *a = set_entry(s, first), *b = set_entry(s, second);
	return value_order(set_kind(s, a), a, set_kind(s, b), b);
}

/* What undoes others is never among those beyond the bound; leaves stand together. */
static int rank(const struct set *s, uint32_t number)
{
	const struct sl_entry *e = set_entry(s, number);
	return set_kind(s, e)->allow ? 0 : e->detection != 0 ? 1 : 2;
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
	int d = number_order(s, a->ind, b->ind);
	if (d == 0)
		d = rank(s, a->ind) - rank(s, b->ind);
	return d != 0 ? d : a->ind < b->ind ? -1 : 1;
}

static bool item_same(const struct set *s, const struct item *a, const struct item *b)
{
	return a->table == b->table && a->hash == b->hash && number_order(s, a->ind, b->ind) == 0;
}

/* All but the trees, whose leaves stand for them. */
static struct item *items_sorted(const struct set *s, size_t *n, int *rc)
{
	struct item *it = malloc((s->count + 1) * sizeof(*it));
	*rc = it == NULL ? -ENOMEM : 0;
	*n = 0;
	for (size_t i = 0; i < s->count && *rc == 0; i++)
		if (set_kind(s, set_entry(s, (uint32_t)i))->match != SL_MATCH_TREE)
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
		uint32_t tag = four ? set_entry(s, v[i].ind)->v4_be : (uint32_t)v[i].hash;
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

int set_build(struct set *s, const struct sl_book *book, struct sl_hash_key key)
{
	*s = (struct set){ .book = book, .count = book != NULL ? book->count : 0, .key = key };
	/* Empty tables, so that set_fini can be called whatever failed. */
	(void)tables_build(s, &(struct listed){ 0 }, (size_t[TABLE_COUNT]){ 0 });
	if (s->count > INDICATORS_MAX)
		return -E2BIG;
	int rc;
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
