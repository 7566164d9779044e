/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.c - look-up in what is known to be ordinary. Names, addresses, hashes and other texts stand
 * in one table of keyed 64-bit hashes, without their text: two values that share one are less
 * likely than a broken disk, and an attacker does not know the key. Parts of texts are found by
 * their first bytes; expressions are few. Control threads; asking never allocates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/span.h>

#include "lists.h"
#include "reading.h"

#define LISTS_MAX 65535
#define ENTRIES_MAX ((size_t)10000000)
#define REGEXES_MAX 1000
#define PART_HEADS 65536
#define PART_MIN 3 /* what is shorter is in nearly everything */

struct slot {
	uint64_t hash; /* 0: empty */
	uint16_t list;
	uint8_t role;
	bool below; /* names below it, too */
};

/* A part of texts: found by the hash of its first bytes, three or eight. */
struct part {
	const char *text;
	uint32_t len, next; /* 1 + number of the next with this head */
	uint16_t list;
};

struct expression {
	struct sl_regex *regex;
	uint16_t list;
};

struct sl_lists {
	struct sl_hash_key key;
	struct sl_arena *arena;
	struct suffixes *suffixes;
	struct sl_regex_room *room;
	struct list *lists;
	size_t list_count, list_cap;
	struct slot *slots;
	size_t used, cap; /* cap: a power of two */
	uint64_t lengths4, lengths6[3]; /* prefix lengths that are there */
	struct part *parts;
	size_t part_count, part_cap;
	uint32_t *heads[2]; /* by three bytes, by eight */
	uint8_t begins[PART_HEADS]; /* kinds that have a part whose first bytes are like these */
	uint8_t part_kinds;
	struct expression *expressions;
	size_t expression_count, expression_cap;
};

#define X(id, word, what) { word, what },
static const struct {
	const char *word, *what;
} roles[] = { SL_ROLES(X) };
#undef X

const char *sl_role_word(enum sl_role r)
{
	return roles[r].word;
}

const char *sl_role_what(enum sl_role r)
{
	return roles[r].what;
}

int sl_lists_new(struct sl_lists **out)
{
	struct sl_lists *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	int rc = sl_hash_key_draw(&l->key);
	if (rc == 0)
		rc = sl_arena_new(&l->arena);
	if (rc == 0)
		rc = sl_regex_room_new(&l->room);
	if (rc == 0) {
		l->suffixes = suffixes_new();
		rc = lists_builtin(l);
	}
	if (rc < 0) {
		sl_lists_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void sl_lists_free(struct sl_lists *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->expression_count; i++)
		sl_regex_free(l->expressions[i].regex);
	sl_regex_room_free(l->room);
	suffixes_free(l->suffixes);
	sl_arena_free(l->arena);
	free(l->expressions);
	free(l->heads[0]);
	free(l->heads[1]);
	free(l->parts);
	free(l->slots);
	free(l->lists);
	free(l);
}

/* Room for one more of an array that doubles. */
static void *room(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	size_t more = *cap ? *cap * 2 : 64;
	void *p = realloc(array, more * size);
	if (p != NULL)
		*cap = more;
	return p;
}

int list_new(struct sl_lists *l, const struct list *like, uint16_t *out)
{
	if (l->list_count == LISTS_MAX)
		return -E2BIG;
	void *p = room(l->lists, l->list_count, &l->list_cap, sizeof(*l->lists));
	const char *title = sl_arena_text(l->arena, like->title, strlen(like->title));
	if (p == NULL || title == NULL)
		return -ENOMEM;
	l->lists = p;
	l->lists[l->list_count] = *like;
	l->lists[l->list_count].title = title;
	*out = (uint16_t)l->list_count++;
	return 0;
}

const char *sl_lists_title(const struct sl_lists *l, uint16_t list)
{
	return l->lists[list].title;
}

size_t sl_lists_count(const struct sl_lists *l)
{
	return l->list_count;
}

size_t sl_lists_bytes(const struct sl_lists *l)
{
	return l->cap * sizeof(*l->slots) + l->list_cap * sizeof(*l->lists) +
	       l->part_cap * sizeof(*l->parts) + sl_arena_bytes(l->arena);
}

/* ---- The table ---- */

enum salt { SALT_NAME = 1, SALT_TEXT, SALT_V4, SALT_V6 = SALT_V4 + 64 };

static uint64_t hash(const struct sl_lists *l, unsigned salt, const void *p, size_t len)
{
	struct sl_hash_key k = { l->key.k0 ^ salt * 0x9e3779b97f4a7c15u, l->key.k1 };
	uint64_t h = sl_hash_bytes(k, p, len);
	return h != 0 ? h : 1;
}

static int grow(struct sl_lists *l)
{
	size_t cap = l->cap ? l->cap * 2 : 1024;
	struct slot *wider = calloc(cap, sizeof(*wider));
	if (wider == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->cap; i++) {
		size_t at = l->slots[i].hash & (cap - 1);
		if (l->slots[i].hash == 0)
			continue;
		while (wider[at].hash != 0)
			at = (at + 1) & (cap - 1);
		wider[at] = l->slots[i];
	}
	free(l->slots);
	l->slots = wider;
	l->cap = cap;
	return 0;
}

/* A value stands once for each role and kind of list, whichever list had it first. */
static int slot_add(struct sl_lists *l, uint64_t h, uint16_t list, bool below)
{
	if (l->used >= ENTRIES_MAX)
		return -E2BIG;
	if (l->used * 4 >= l->cap * 3 && grow(l) < 0)
		return -ENOMEM;
	const struct list *of = &l->lists[list];
	size_t at = h & (l->cap - 1);
	for (; l->slots[at].hash != 0; at = (at + 1) & (l->cap - 1)) {
		const struct slot *s = &l->slots[at];
		if (s->hash == h && s->role == of->role && s->below == below &&
			l->lists[s->list].kinds == of->kinds)
			return 0;
	}
	l->slots[at] = (struct slot){ h, list, of->role, below };
	l->used++;
	return 0;
}

/* ---- Entries ---- */

static int name_add(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	char name[256];
	bool below = l->lists[list].match == LIST_HOSTNAME;
	if (len > 2 && text[0] == '*' && text[1] == '.') {
		text++;
		len--;
	}
	if (len > 1 && text[0] == '.') {
		below = true;
		text++;
		len--;
	}
	if (sl_domain_from_text(text, len, name, sizeof(name)) < 0)
		return 0;
	return slot_add(l, hash(l, SALT_NAME, name, strlen(name)), list, below);
}

static void masked(union sl_addr *a, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++)
		a->b[i] &= bits >= (i + 1) * 8 ? 0xff
			   : bits > i * 8      ? (uint8_t)(0xff00 >> (bits - i * 8))
					       : 0;
}

static int addr_add(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	union sl_addr a;
	uint8_t version, bits;
	if (sl_addr_parse(text, len, &a, &version))
		bits = version == 4 ? 32 : 128;
	else if (!sl_prefix_parse(text, len, &a, &version, &bits))
		return 0;
	if (version == 4)
		l->lengths4 |= UINT64_C(1) << bits;
	else
		l->lengths6[bits / 64] |= UINT64_C(1) << (bits % 64);
	unsigned salt = (version == 4 ? SALT_V4 : SALT_V6) + bits;
	return slot_add(l, hash(l, salt, a.b, 16), list, false);
}

static int text_add(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	uint8_t low[SL_VALUE_MAX];
	size_t n = sl_norm_lower(sl_span(text, len), low, sizeof(low));
	return n > 0 ? slot_add(l, hash(l, SALT_TEXT, low, n), list, false) : 0;
}

static uint32_t *head(const struct sl_lists *l, const char *p, unsigned bytes)
{
	return &l->heads[bytes == 8][hash(l, SALT_TEXT, p, bytes) % PART_HEADS];
}

/* No secret is needed: what is found here is only looked at closer. */
static unsigned begin_of(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;
	return ((unsigned)b[0] << 10 ^ (unsigned)b[1] << 5 ^ b[2]) % PART_HEADS;
}

static int part_add(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	uint8_t low[SL_VALUE_MAX];
	size_t n = sl_norm_lower(sl_span(text, len), low, sizeof(low));
	if (n < PART_MIN)
		return 0;
	for (unsigned i = 0; i < 2; i++)
		if (l->heads[i] == NULL &&
			(l->heads[i] = calloc(PART_HEADS, sizeof(**l->heads))) == NULL)
			return -ENOMEM;
	void *p = room(l->parts, l->part_count, &l->part_cap, sizeof(*l->parts));
	const char *kept = sl_arena_text(l->arena, low, n);
	if (p == NULL || kept == NULL)
		return -ENOMEM;
	l->parts = p;
	uint32_t *first = head(l, kept, n >= 8 ? 8 : PART_MIN);
	l->parts[l->part_count] = (struct part){ kept, (uint32_t)n, *first, list };
	*first = (uint32_t)++l->part_count;
	l->part_kinds |= l->lists[list].kinds;
	l->begins[begin_of(kept)] |= l->lists[list].kinds;
	return l->part_count < ENTRIES_MAX / 10 ? 0 : -E2BIG;
}

/* "/^(noc|abuse)@.*$/i", as PHP delimits it; without delimiters as it is. */
static int regex_add(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	struct sl_pattern_error err;
	unsigned flags = SL_REGEX_CASELESS;
	const char *end = len > 2 && text[0] == '/' ? memrchr(text + 1, '/', len - 1) : NULL;
	if (end != NULL) {
		flags = memchr(end, 'i', (size_t)(text + len - end)) != NULL ? SL_REGEX_CASELESS
									     : 0;
		text++;
		len = (size_t)(end - text);
	}
	if (l->expression_count == REGEXES_MAX)
		return -E2BIG;
	void *p = room(
		l->expressions, l->expression_count, &l->expression_cap, sizeof(*l->expressions));
	if (p == NULL)
		return -ENOMEM;
	l->expressions = p;
	struct expression *e = &l->expressions[l->expression_count];
	int rc = sl_regex_new(&e->regex, text, len, flags, &err);
	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	e->list = list;
	l->expression_count++;
	return 0;
}

int list_entry(struct sl_lists *l, uint16_t list, const char *text, size_t len)
{
	const struct list *of = &l->lists[list];
	while (len > 0 && (unsigned char)text[len - 1] <= ' ')
		len--;
	if (len == 0 || len > SL_VALUE_MAX || memchr(text, '\0', len) != NULL)
		return 0;
	switch (of->match) {
	case LIST_CIDR:
		return addr_add(l, list, text, len);
	case LIST_HOSTNAME:
		return name_add(l, list, text, len);
	case LIST_SUBSTRING:
		return part_add(l, list, text, len);
	case LIST_REGEX:
		return regex_add(l, list, text, len);
	default:
		break;
	}
	/* A list of strings holds what its entries say they are. */
	enum shape s = shape_of(text, len);
	if (s == SHAPE_ADDR || s == SHAPE_PREFIX)
		return addr_add(l, list, text, len);
	int rc = text_add(l, list, text, len);
	bool names = of->kinds & 1 << SL_LISTED_NAME;
	if (rc == 0 && names && (s == SHAPE_DOMAIN || s == SHAPE_NONE))
		rc = name_add(l, list, text, len);
	return rc;
}

/* ---- Asking ---- */

static void found(const struct sl_lists *l, uint16_t list, uint32_t *bits, struct sl_listed *out)
{
	uint8_t role = l->lists[list].role;
	if (((out->at | out->above) >> role & 1) == 0)
		out->list[role] = list;
	*bits |= UINT32_C(1) << role;
}

static void look(const struct sl_lists *l, uint64_t h, enum sl_listed_kind kind, bool above,
	struct sl_listed *out)
{
	if (l->cap == 0)
		return;
	for (size_t at = h & (l->cap - 1); l->slots[at].hash != 0; at = (at + 1) & (l->cap - 1)) {
		const struct slot *s = &l->slots[at];
		if (s->hash == h && (s->below || !above) && (l->lists[s->list].kinds >> kind & 1))
			found(l, s->list, above ? &out->above : &out->at, out);
	}
}

static void look_parts(const struct sl_lists *l, enum sl_listed_kind kind, const char *text,
	size_t len, struct sl_listed *out)
{
	static const unsigned widths[] = { PART_MIN, 8 };
	if (l->part_count == 0 || !(l->part_kinds >> kind & 1))
		return;
	for (size_t i = 0; i + PART_MIN <= len; i++)
		for (unsigned w = l->begins[begin_of(text + i)] >> kind & 1 ? 0 : 2;
			w < 2 && i + widths[w] <= len; w++)
			for (uint32_t at = *head(l, text + i, widths[w]); at != 0;
				at = l->parts[at - 1].next) {
				const struct part *p = &l->parts[at - 1];
				if (p->len <= len - i && memcmp(p->text, text + i, p->len) == 0 &&
					(l->lists[p->list].kinds >> kind & 1))
					found(l, p->list, &out->at, out);
			}
}

static void look_expressions(const struct sl_lists *l, enum sl_listed_kind kind, const char *text,
	size_t len, struct sl_listed *out)
{
	for (size_t i = 0; i < l->expression_count; i++) {
		const struct expression *e = &l->expressions[i];
		if ((l->lists[e->list].kinds >> kind & 1) &&
			sl_regex_search(e->regex, l->room, text, len) == 1)
			found(l, e->list, &out->at, out);
	}
}

void sl_lists_ask(const struct sl_lists *l, enum sl_listed_kind kind, const char *text, size_t len,
	struct sl_listed *out)
{
	out->at = out->above = 0;
	if (kind == SL_LISTED_NAME) {
		look(l, hash(l, SALT_NAME, text, len), kind, false, out);
		for (size_t i = 0; i < len; i++)
			if (text[i] == '.')
				look(l, hash(l, SALT_NAME, text + i + 1, len - i - 1), kind, true,
					out);
	} else {
		look(l, hash(l, SALT_TEXT, text, len), kind, false, out);
	}
	look_parts(l, kind, text, len, out);
	look_expressions(l, kind, text, len, out);
}

void sl_lists_ask_addr(const struct sl_lists *l, const union sl_addr *a, uint8_t version,
	uint8_t prefix_len, struct sl_listed *out)
{
	unsigned salt = version == 4 ? SALT_V4 : SALT_V6;
	out->at = out->above = 0;
	for (unsigned bits = 0; bits <= prefix_len; bits++) {
		uint64_t there = version == 4 ? l->lengths4 : l->lengths6[bits / 64];
		if (!(there >> (bits % 64) & 1))
			continue;
		union sl_addr net = *a;
		masked(&net, bits);
		look(l, hash(l, salt + bits, net.b, 16), SL_LISTED_ADDR, false, out);
	}
}

enum sl_suffix sl_lists_suffix(const struct sl_lists *l, const char *name)
{
	if (l->suffixes != NULL)
		return suffixes_of(l->suffixes, name);
	return strchr(name, '.') != NULL ? SL_SUFFIX_BELOW : SL_SUFFIX_NO;
}
