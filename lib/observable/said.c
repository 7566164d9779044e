/* SPDX-License-Identifier: BSD-3-Clause */
/* said.c - what a flow said of itself, in a block of fixed size: entries one behind the other, the
 * newest value of each where. Worker; read by whoever holds a copy. */
#include <sightline/observable.h>
#include <sightline/hot.h>

struct head {
	uint16_t where, len;
	uint32_t message;
};

static bool head_at(const struct sl_said *s, size_t at, struct head *h)
{
	size_t used = s->used < SL_SAID_BYTES ? s->used : SL_SAID_BYTES;
	if (at + sizeof(*h) > used)
		return false;
	memcpy(h, s->bytes + at, sizeof(*h));
	return h->len <= used - at - sizeof(*h);
}

bool sl_said_next(const struct sl_said *s, uint16_t *at, struct sl_said_entry *out)
{
	struct head h;
	if (!head_at(s, *at, &h))
		return false;
	*out = (struct sl_said_entry){ h.where, h.message,
		sl_span(s->bytes + *at + sizeof(h), h.len) };
	*at = (uint16_t)(*at + sizeof(h) + h.len);
	return true;
}

/* Where the entry of w begins, and its size; size 0: there is none. */
static size_t entry_find(const struct sl_said *s, enum sl_where w, size_t *size)
{
	struct head h;
	size_t at = 0;
	for (; head_at(s, at, &h); at += sizeof(h) + h.len)
		if (h.where == w) {
			*size = sizeof(h) + h.len;
			return at;
		}
	*size = 0;
	return at;
}

bool sl_said_put(struct sl_said *s, enum sl_where w, uint32_t message, struct sl_span value)
{
	size_t old, at = entry_find(s, w, &old);
	if (value.len > SL_SAID_BYTES ||
		s->used - old + sizeof(struct head) + value.len > SL_SAID_BYTES)
		return false;
	struct head h = { (uint16_t)w, (uint16_t)value.len, message };
	memmove(s->bytes + at, s->bytes + at + old, s->used - at - old);
	s->used = (uint16_t)(s->used - old);
	memcpy(s->bytes + s->used, &h, sizeof(h));
	if (value.len)
		memcpy(s->bytes + s->used + sizeof(h), value.p, value.len);
	s->used = (uint16_t)(s->used + sizeof(h) + value.len);
	return true;
}
