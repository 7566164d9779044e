/* SPDX-License-Identifier: BSD-3-Clause */
/* say.h - says the values of one unit of a message in order, and after a full batch goes on with
 * the value that had no room. The unit is read again from its begin, values already said are passed
 * over without being computed: their number is all that is kept. */
#ifndef PARSER_SAY_H
#define PARSER_SAY_H

#include "parsers.h"

struct say {
	struct sl_batch *b;
	uint32_t message;
	enum sl_dir dir;
	uint16_t at; /* values passed in this reading */
	uint16_t *said; /* values said in all readings; kept in the parser's state */
};

static inline void say_pass(struct say *s)
{
	s->at++;
	if (*s->said < s->at)
		*s->said = s->at;
}

/* Whether the next value still has to be computed and said; if not, it is passed. */
static inline bool say_needs(struct say *s, enum sl_where w)
{
	if (s->at >= *s->said && sl_batch_wants(s->b, w))
		return true;
	say_pass(s);
	return false;
}

/* Says a value that say_needs asked for. False: the batch is full. */
static inline bool say_raw(struct say *s, enum sl_where w, struct sl_span raw)
{
	if (!sl_batch_add_raw(s->b, w, s->dir, s->message, raw, NULL))
		return false;
	say_pass(s);
	return true;
}

/* Both in one, for a value that needs no computing. */
static inline bool say_plain(struct say *s, enum sl_where w, struct sl_span raw)
{
	return !say_needs(s, w) || say_raw(s, w, raw);
}

/* The same for a value that is in normal form as it is: an address. */
static inline bool say_formed(struct say *s, enum sl_where w, struct sl_span value)
{
	if (!say_needs(s, w))
		return true;
	if (!sl_batch_add(s->b, w, s->dir, s->message, value))
		return false;
	say_pass(s);
	return true;
}

/* What is here was cut or malformed; counted once in all readings, as a value is said. */
static inline void say_part(struct say *s)
{
	if (s->at >= *s->said)
		parser_count_part(s->b);
	say_pass(s);
}

/* Closes a message as its last value; one that was never numbered says nothing. */
static inline bool say_close_one(struct say *s)
{
	if (s->message == 0 || s->at < *s->said)
		return true;
	if (!sl_batch_close(s->b, s->dir, s->message))
		return false;
	say_pass(s);
	return true;
}

/* Closes a message that both ends speak in, once neither will say more: `other_done` of the end
 * that is not `dir`. The number is 0 then. False: the batch is full. */
static inline bool say_close_both(
	struct sl_batch *b, enum sl_dir dir, uint32_t *message, bool other_done)
{
	if (!other_done || *message == 0)
		return true;
	if (!sl_batch_close(b, dir, *message))
		return false;
	*message = 0;
	return true;
}

#endif
