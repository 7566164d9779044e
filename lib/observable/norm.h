/* SPDX-License-Identifier: BSD-3-Clause */
/* norm.h - the writer behind every normal form: bounded, and it says when something did not fit, so
 * that a batch can tell "full" and "truncated" apart. What is written is always whole units (a
 * UTF-8 sequence, an escape): a cut value never ends inside one. */
#ifndef OBSERVABLE_NORM_H
#define OBSERVABLE_NORM_H

#include <sightline/observable.h>

struct norm_out {
	uint8_t *p;
	size_t len, cap;
	bool over; /* something did not fit; nothing is written from then on */
};

static inline void norm_put(struct norm_out *o, uint8_t c)
{
	if (o->over || o->len == o->cap) {
		o->over = true;
		return;
	}
	o->p[o->len++] = c;
}

static inline uint8_t norm_lower_byte(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Writes n bytes or none. */
void norm_put_bytes(struct norm_out *o, const void *p, size_t n);
/* Writes what stands at s[0]: an ASCII character, a UTF-8 sequence, or the escape of a byte that is
 * neither. Returns how many bytes of s that was. s is not empty. */
size_t norm_put_unit(struct norm_out *o, struct sl_span s, bool lower);
struct sl_span norm_trim(struct sl_span in);

/* False: the input has no such form (no URL). */
bool norm_url(struct norm_out *o, struct sl_span in);
bool norm_form(enum sl_form form, struct norm_out *o, struct sl_span in);

#endif
