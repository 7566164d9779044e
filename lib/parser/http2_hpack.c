/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_hpack.c - the door to libnghttp2's header decompression. Worker: every byte that the
 * library asks for comes from the worker's pool, never from the heap. */
#include "http2_hpack.h"
#include <sightline/hot.h>

#define BUDGET (128 * 1024) /* of one direction's table, its book-keeping included */
#define ASK_MAX 32768 /* at once: a string of half of that, which may be packed */

/* In front of each piece of memory, so that it can be given back without its size. */
struct tag {
	uint16_t bytes; /* this included */
	uint8_t fill[14]; /* keeps what follows aligned for any type */
};

/* What the pool takes for it. */
static uint32_t unit_of(size_t bytes)
{
	uint32_t unit = 64;
	while (unit < bytes)
		unit *= 2;
	return unit;
}

static void *take(size_t bytes, void *user)
{
	struct hpack *h = user;
	size_t size = bytes + sizeof(struct tag);
	struct tag *t = NULL;
	if (bytes <= ASK_MAX && h->used + unit_of(size) <= BUDGET)
		t = sl_parser_pool_take(h->pool, (uint16_t)size);
	if (t == NULL) {
		h->refused = true;
		return NULL;
	}
	t->bytes = (uint16_t)size;
	h->used += unit_of(size);
	return t + 1;
}

static void give(void *p, void *user)
{
	struct hpack *h = user;
	if (p == NULL)
		return;
	struct tag *t = (struct tag *)p - 1;
	h->used -= unit_of(t->bytes);
	sl_parser_pool_give(h->pool, t, t->bytes);
}

/* What the pool gives is zero. */
static void *take_many(size_t n, size_t bytes, void *user)
{
	return take(bytes == 0 || n <= ASK_MAX / bytes ? n * bytes : ASK_MAX + 1, user);
}

static void *take_other(void *p, size_t bytes, void *user)
{
	void *q = take(bytes, user);
	if (q == NULL || p == NULL)
		return q;
	size_t had = ((struct tag *)p - 1)->bytes - sizeof(struct tag);
	memcpy(q, p, had < bytes ? had : bytes);
	give(p, user);
	return q;
}

static bool begin(struct hpack *h, struct sl_batch *b)
{
	h->refused = false;
	h->pool = b->pool;
	/* By position: the names of the members are poisoned here. */
	h->mem = (nghttp2_mem){ h, take, give, take_many, take_other };
	if (h->pool == NULL || nghttp2_hd_inflate_new2(&h->inflater, &h->mem) != 0) {
		h->inflater = NULL;
		return false;
	}
	/* How large a table may grow is the budget's to say. */
	if (nghttp2_hd_inflate_change_table_size(h->inflater, UINT32_MAX) != 0) {
		hpack_drop(h);
		return false;
	}
	return true;
}

enum hpack_result hpack_next(
	struct hpack *h, struct sl_batch *b, struct sl_span *in, bool last, struct hpack_field *out)
{
	nghttp2_nv nv;
	int flags = 0;
	if (h->inflater == NULL && !begin(h, b))
		return HPACK_NO_MEMORY;
	ssize_t n = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, in->p, in->len, last);
	if (n < 0) {
		bool refused = h->refused;
		hpack_drop(h);
		return refused ? HPACK_NO_MEMORY : HPACK_MALFORMED;
	}
	*in = sl_span_from(*in, (size_t)n);
	if (flags & NGHTTP2_HD_INFLATE_EMIT) {
		out->name = sl_span(nv.name, nv.namelen);
		out->value = sl_span(nv.value, nv.valuelen);
		return HPACK_FIELD;
	}
	if (flags & NGHTTP2_HD_INFLATE_FINAL) {
		(void)nghttp2_hd_inflate_end_headers(h->inflater);
		return HPACK_END;
	}
	return HPACK_MORE;
}

bool hpack_drop(struct hpack *h)
{
	bool had = h->inflater != NULL;
	if (had)
		nghttp2_hd_inflate_del(h->inflater);
	h->inflater = NULL;
	return had;
}
