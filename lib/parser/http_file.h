/* SPDX-License-Identifier: BSD-3-Clause */
/* http_file.h - the files in bodies of HTTP/1: each body is one, so is each file of an uploaded
 * form, and so are the ranges (RFC 9110 14) of one URL that follow one another on a flow. */
#ifndef PARSER_HTTP_FILE_H
#define PARSER_HTTP_FILE_H

#include "file/file.h"
#include "form.h"
#include "http_head.h"
#include "parameter.h"

/* What a response has to know of its request. Its memory is the pool's. */
struct http_asked {
	uint64_t url; /* hash of host and target; 0: nobody wants files */
	uint8_t *name; /* last segment of the target's path; NULL: none is known */
	uint8_t name_len;
};

/* Ranges put together: what there is of a file that goes on with `next`. */
struct http_range {
	struct sl_file *file; /* NULL: none waits */
	uint64_t url, next, total;
	uint32_t message; /* to tell it with, once nothing will follow; 0: not yet */
};

enum http_file_end { HTTP_FILE_GOES_ON, HTTP_FILE_PART, HTTP_FILE_WHOLE };

/* The body of one direction. */
struct http_file {
	struct sl_file *file;
	struct form *form;
	uint64_t next, total, url; /* a range: what follows it, of how many bytes; total 0: none */
	uint64_t left; /* bytes of a range that are to come */
	uint32_t message;
	bool range;
	bool close; /* the message, when the body is told */
	uint8_t end; /* enum http_file_end: it is over, and waits to be told so */
};

/* The codings of a body, as its head lists them. */
void http_file_codings(const struct http_head *h, enum sl_coding to[SL_CODINGS_MAX]);
/* Last segment of a target's path, escapes undone. Returns its length. */
size_t http_file_asked(struct sl_span target, uint8_t *name, size_t cap);
/* The name that a message gives its body, else what was asked for: of a response `asked`, of a
 * request its own target. Lies in `name` where it isn't `asked`. */
struct sl_span http_file_name(
	const struct http_head *h, struct sl_span asked, uint8_t name[PARAMETER_MAX]);

void http_asked_keep(struct http_asked *a, struct sl_batch *b, const struct http_head *h);
void http_asked_drop(struct http_asked *a, struct sl_batch *b);

/* A body begins. `asked`: of its request; NULL where that is not known. */
void http_file_begin(struct http_file *f, struct http_range *r, struct sl_batch *b,
	const struct http_head *h, enum sl_dir dir, uint32_t message,
	const struct http_asked *asked);
/* Something of it waits to be told: http_file_bytes is to be called, if with nothing. */
bool http_file_waits(const struct http_file *f);
/* Bytes of the body, transfer coding undone; *used of them. False: the batch is full. */
bool http_file_bytes(struct http_file *f, struct sl_batch *b, struct sl_span in, size_t *used);
void http_file_gap(struct http_file *f);
/* The body is over. */
void http_file_over(struct http_file *f, bool whole);
/* Tells what waits to be told. False: the batch is full, to be called again. */
bool http_file_flush(
	struct http_file *f, struct http_range *r, struct sl_batch *b, enum sl_dir dir);
/* No range will follow. False: the batch is full, to be called again. */
bool http_range_end(struct http_range *r, struct sl_batch *b, enum sl_dir dir);

static inline bool http_file_open(const struct http_file *f)
{
	return f->file != NULL || f->form != NULL;
}

#endif
