/* SPDX-License-Identifier: BSD-3-Clause */
/* form.h - the files in an uploaded form (multipart/form-data, RFC 7578). */
#ifndef PARSER_FORM_H
#define PARSER_FORM_H

#include <sightline/observable.h>

struct form;

/* A form with the boundary that a Content-Type names; NULL: it is none, nobody wants its files, or
 * the pool has no room, which is counted. */
struct form *form_begin(
	struct sl_batch *b, struct sl_span content_type, enum sl_dir dir, uint32_t message);
/* Bytes of the body; *used of them. False: the batch is full, the rest is to be fed again. */
bool form_feed(struct form *f, struct sl_batch *b, struct sl_span in, size_t *used);
/* A file that is over waits to be told: to be fed again, if with nothing. */
bool form_waits(const struct form *f);
/* Bytes are missing. */
void form_gap(struct form *f);
/* The body is over, or given up; gives the form back. False: the batch is full, to be called
 * again. */
bool form_end(struct form **f, struct sl_batch *b);

#endif
