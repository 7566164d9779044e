/* SPDX-License-Identifier: BSD-3-Clause */
/* arena.c - pieces that are freed all at once, and texts that are kept once. One thread at a time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/hash.h>
#include <sightline/mem.h>

/* An arena may live for one small thing: its first chunk is small, each next twice as large. */
#define CHUNK_FIRST ((size_t)2 << 10)
#define CHUNK_BYTES ((size_t)256 << 10)

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(8) uint8_t bytes[];
};

struct sl_arena {
	struct chunk *head;
	size_t bytes;
	struct sl_hash_key key;
	const char **texts; /* open addressing, a power of two */
	size_t text_cap, text_count;
	bool keyed; /* the key is drawn for the first text that is kept once */
};

int sl_arena_new(struct sl_arena **out)
{
	struct sl_arena *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	*out = a;
	return 0;
}

void sl_arena_free(struct sl_arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->head, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(a->texts);
	free(a);
}

static struct chunk *chunk_add(struct sl_arena *a, size_t want)
{
	size_t size = a->head == NULL ? CHUNK_FIRST : a->head->size * 2;
	if (want > SIZE_MAX / 2)
		return NULL;
	size = size < CHUNK_BYTES ? size : CHUNK_BYTES;
	size = want > size ? want : size;
	struct chunk *c = calloc(1, sizeof(*c) + size);
	if (c == NULL)
		return NULL;
	c->size = size;
	c->next = a->head;
	a->head = c;
	a->bytes += sizeof(*c) + size;
	return c;
}

static void *take(struct sl_arena *a, size_t bytes, size_t align)
{
	struct chunk *c = a->head;
	size_t at = c != NULL ? (c->used + align - 1) / align * align : 0;
	if (c == NULL || at > c->size || c->size - at < bytes) {
		c = chunk_add(a, bytes);
		if (c == NULL)
			return NULL;
		at = 0;
	}
	c->used = at + bytes;
	return c->bytes + at;
}

void *sl_arena_take(struct sl_arena *a, size_t bytes)
{
	return take(a, bytes, 8);
}

char *sl_arena_text(struct sl_arena *a, const void *p, size_t len)
{
	char *t = len < SIZE_MAX ? take(a, len + 1, 1) : NULL;
	if (t == NULL)
		return NULL;
	if (len)
		memcpy(t, p, len);
	t[len] = '\0';
	return t;
}

static int texts_grow(struct sl_arena *a)
{
	size_t cap = a->text_cap ? a->text_cap * 2 : 256;
	if (!a->keyed && sl_hash_key_draw(&a->key) < 0)
		return -EIO;
	a->keyed = true;
	const char **texts = calloc(cap, sizeof(*texts));
	if (texts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < a->text_cap; i++) {
		if (a->texts[i] == NULL)
			continue;
		size_t at = sl_hash_bytes(a->key, a->texts[i], strlen(a->texts[i])) & (cap - 1);
		while (texts[at] != NULL)
			at = (at + 1) & (cap - 1);
		texts[at] = a->texts[i];
	}
	free(a->texts);
	a->bytes += (cap - a->text_cap) * sizeof(*texts);
	a->texts = texts;
	a->text_cap = cap;
	return 0;
}

const char *sl_arena_intern(struct sl_arena *a, const void *p, size_t len)
{
	if (len > 0 && memchr(p, '\0', len) != NULL) /* the table compares up to the zero */
		return sl_arena_text(a, p, len);
	if (a->text_count * 2 >= a->text_cap && texts_grow(a) < 0)
		return NULL;
	size_t at = sl_hash_bytes(a->key, p, len) & (a->text_cap - 1);
	for (; a->texts[at] != NULL; at = (at + 1) & (a->text_cap - 1))
		if ((len == 0 || strncmp(a->texts[at], p, len) == 0) && a->texts[at][len] == '\0')
			return a->texts[at];
	const char *t = sl_arena_text(a, p, len);
	if (t == NULL)
		return NULL;
	a->texts[at] = t;
	a->text_count++;
	return t;
}

size_t sl_arena_bytes(const struct sl_arena *a)
{
	return a->bytes;
}
