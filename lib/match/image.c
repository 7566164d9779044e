/* SPDX-License-Identifier: BSD-3-Clause */
/* image.c - the tables of a set in an image, and back. Control thread; a worker sees what was read
 * as it sees what was built.
 *
 * One image holds the tables over all feeds: they are over the union, so one for each feed would
 * have to be merged at each load, which is most of the work that an image saves. What changes one
 * by one lies in overlays over the base; the image is of a base. Tables are copied into memory of
 * huge pages, as they are when built. A Hyperscan database does not stand in it: it is compiled
 * from the trees.
 *
 * A look-up trusts its tables, so everything that it follows is checked here: listings, members,
 * places of nodes and stems, and that every walk over full lines comes to an end. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/image.h>
#include <sightline/mem.h>

#include "set.h"

/* ---- Out ---- */

static void block_put(struct sl_image_out *o, const void *p, size_t bytes)
{
	sl_image_put_u64(o, bytes);
	if (bytes > 0)
		sl_image_put(o, p, bytes);
}

static void tags_put(struct sl_image_out *o, const struct tags *t)
{
	sl_image_put_u32(o, t->lines);
	sl_image_put_u32(o, t->words);
	block_put(o, t->line, t->bytes);
}

static void prefixes_put(struct sl_image_out *o, const struct prefixes *p)
{
	tags_put(o, &p->tags);
	block_put(o, p->filter, p->filter_bytes);
	sl_image_put_u64(o, p->always);
	sl_image_put_u32(o, p->filter_mask);
	sl_image_put_u32(o, p->lengths);
	sl_image_put(o, p->length, sizeof(p->length));
}

void set_save(const struct set *s, struct sl_image_out *o)
{
	const struct texts *t = &s->texts;
	sl_image_put_u64(o, s->count);
	block_put(o, s->members, s->members_bytes);
	tags_put(o, &s->host4);
	tags_put(o, &s->host6);
	prefixes_put(o, &s->prefix4);
	prefixes_put(o, &s->prefix6);
	tags_put(o, &s->names.tags);
	block_put(o, s->names.node, s->names.node_bytes);
	sl_image_put_u32(o, s->names.longest);
	sl_image_put_u32(o, s->names.first);
	tags_put(o, &t->tags);
	tags_put(o, &t->stem_tags);
	block_put(o, t->stem, t->stem_bytes);
	for (unsigned i = 0; i < SL_TYPE_COUNT; i++) {
		sl_image_put_u32(o, t->root[i].ends);
		sl_image_put_u32(o, t->root[i].more);
	}
	sl_image_put_u32(o, t->schemeless);
}

/* ---- In ---- */

struct load {
	struct sl_image_in *in;
	struct set *s;
	bool no_memory;
};

static void must(struct load *l, bool holds)
{
	if (!holds)
		sl_image_spoil(l->in);
}

static bool good(const struct load *l)
{
	return !l->no_memory && !sl_image_bad(l->in);
}

/* Things of `each` bytes; NULL and 0 where there are none. */
static void *block_take(struct load *l, size_t each, size_t *bytes)
{
	*bytes = 0;
	uint64_t n = sl_image_take_count(l->in, UINT64_MAX, 1);
	must(l, n % each == 0);
	void *p = good(l) && n > 0 ? sl_mem_map(n) : NULL;
	l->no_memory |= good(l) && n > 0 && p == NULL;
	if (p == NULL)
		return NULL;
	*bytes = n;
	sl_image_take(l->in, p, n);
	return p;
}

/* A line that is full may lead to the next; some line is not full. */
static bool lines_stand(const struct tags *t)
{
	bool end = false;
	for (uint32_t i = 0; i < t->lines; i++) {
		uint32_t head = t->line[(size_t)i * 16 + TAGS_LINE];
		if ((head & ~(TAGS_SPILLED | 15)) != 0 ||
			((head & TAGS_SPILLED) && (head & 15) != TAGS_LINE))
			return false;
		end |= !(head & TAGS_SPILLED);
	}
	return end;
}

static void tags_take(struct load *l, struct tags *t)
{
	size_t bytes;
	struct tags got = { .lines = sl_image_take_u32(l->in) };
	got.words = sl_image_take_u32(l->in);
	(void)tags_init(t, 0);
	void *block = block_take(l, 1, &bytes);
	must(l, got.lines == 0 ? bytes == 0 : got.words > 0 && bytes == tags_size(&got));
	if (good(l) && block != NULL) {
		tags_lay(&got, block);
		must(l, lines_stand(&got));
	}
	if (good(l) && block != NULL)
		*t = got;
	else
		sl_mem_unmap(block, bytes);
}

/* Every index of a table. */
static void each_index(
	struct load *l, const struct tags *t, bool (*stands)(const struct set *s, uint32_t index))
{
	bool all = true;
	for (uint32_t i = 0; i < t->lines && good(l); i++) {
		uint32_t n = t->line[(size_t)i * 16 + TAGS_LINE] & 15;
		for (uint32_t k = 0; k < n; k++)
			all &= stands(l->s, t->index[(size_t)i * TAGS_LINE + k]);
	}
	must(l, all);
}

static bool listing_stands(const struct set *s, uint32_t listing)
{
	if (!(listing & LISTING_MANY))
		return listing < s->count;
	size_t at = listing & ~LISTING_MANY, words = s->members_bytes / sizeof(*s->members);
	return at < words && s->members[at] > 0 && s->members[at] < words - at;
}

static bool node_stands(const struct set *s, uint32_t place)
{
	size_t at = (size_t)place * 4, head = offsetof(struct name_node, text);
	if (at >= s->names.node_bytes || s->names.node_bytes - at < head)
		return false;
	const struct name_node *n = (const void *)(s->names.node + at);
	return n->len <= s->names.node_bytes - at - head &&
	       (n->listing == LISTING_NONE || listing_stands(s, n->listing));
}

static bool stem_stands(const struct set *s, uint32_t place)
{
	return place < s->texts.stem_bytes / sizeof(*s->texts.stem);
}

/* A member is an entry. The count that all begin with is never read as one: it is the first. */
static void members_take(struct load *l)
{
	struct set *s = l->s;
	s->members = block_take(l, sizeof(*s->members), &s->members_bytes);
	bool all = true;
	for (size_t i = 1; i < s->members_bytes / sizeof(*s->members); i++)
		all &= s->members[i] < s->count;
	must(l, all);
}

static void prefixes_take(struct load *l, struct prefixes *p, bool four)
{
	size_t slices;
	*p = (struct prefixes){ .lengths = 0 };
	tags_take(l, &p->tags);
	p->filter = block_take(l, sizeof(*p->filter), &p->filter_bytes);
	slices = p->filter_bytes / sizeof(*p->filter);
	p->always = sl_image_take_u64(l->in);
	p->filter_mask = sl_image_take_u32(l->in);
	uint32_t lengths = sl_image_take_u32(l->in);
	sl_image_take(l->in, p->length, sizeof(p->length));
	must(l, lengths <= PREFIX_LENGTHS);
	must(l, lengths == 0 || (four ? slices == PREFIX_SLICES4 : slices > p->filter_mask));
	for (unsigned i = 0; i < PREFIX_LENGTHS; i++)
		must(l, p->length[i] <= 128);
	/* A bit of the filter is a length. */
	uint64_t known = lengths > PREFIX_SHARED ? ~0ull : (1ull << lengths) - 1, seen = p->always;
	for (size_t i = 0; i < slices; i++)
		seen |= p->filter[i];
	must(l, (seen & ~known) == 0);
	p->lengths = good(l) ? (uint8_t)lengths : 0;
	each_index(l, &p->tags, listing_stands);
}

static void names_take(struct load *l, struct names *t)
{
	tags_take(l, &t->tags);
	void *node = block_take(l, 4, &t->node_bytes);
	t->node = node;
	t->longest = sl_image_take_u32(l->in);
	uint32_t first = sl_image_take_u32(l->in);
	must(l, first == 1 || first == 2);
	t->first = (uint8_t)first;
	each_index(l, &t->tags, node_stands);
}

static void texts_take(struct load *l, struct texts *t)
{
	tags_take(l, &t->tags);
	each_index(l, &t->tags, listing_stands);
	tags_take(l, &t->stem_tags);
	t->stem = block_take(l, sizeof(*t->stem), &t->stem_bytes);
	each_index(l, &t->stem_tags, stem_stands);
	for (unsigned i = 0; i < SL_TYPE_COUNT; i++) {
		t->root[i].ends = (uint16_t)sl_image_take_u32(l->in);
		t->root[i].more = (uint16_t)sl_image_take_u32(l->in);
	}
	t->schemeless = sl_image_take_u32(l->in) != 0;
}

int set_load(
	struct set *s, const struct sl_book *book, struct sl_hash_key key, struct sl_image_in *in)
{
	struct load l = { .in = in, .s = s };
	int rc = set_build(s, NULL, key); /* empty tables, so that set_fini can be called */
	if (rc < 0)
		return rc;
	s->book = book;
	s->count = sl_image_take_u64(in);
	must(&l, s->count == book->count && s->count <= INDICATORS_MAX);
	members_take(&l);
	tags_take(&l, &s->host4);
	each_index(&l, &s->host4, listing_stands);
	tags_take(&l, &s->host6);
	each_index(&l, &s->host6, listing_stands);
	prefixes_take(&l, &s->prefix4, true);
	prefixes_take(&l, &s->prefix6, false);
	names_take(&l, &s->names);
	texts_take(&l, &s->texts);
	if (good(&l))
		return 0;
	set_fini(s);
	s->count = 0;
	return l.no_memory ? -ENOMEM : -EBADMSG;
}
