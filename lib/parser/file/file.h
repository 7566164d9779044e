/* SPDX-License-Identifier: BSD-3-Clause */
/* file.h - a file that a message carries: hashed as it streams by, told when it is over. A parser
 * holds one pointer for each file that is open, NULL for none, and every call takes NULL: then
 * nobody wants anything of files, or the pool had no room, which is counted. Worker. */
#ifndef PARSER_FILE_FILE_H
#define PARSER_FILE_FILE_H

#include <sightline/observable.h>

struct sl_file;

/* What a body was put into (RFC 9110 8.4.1), outermost last as the header lists them. */
enum sl_coding {
	SL_CODING_NONE,
	SL_CODING_GZIP,
	SL_CODING_DEFLATE,
	SL_CODING_BR,
	SL_CODING_ZSTD,
	SL_CODING_UNKNOWN /* of more than are undone: the file stays partial */
};
#define SL_CODINGS_MAX 2

struct sl_file_begin {
	enum sl_dir dir;
	uint32_t message; /* the message that carries it: its observables have this number */
	struct sl_span name; /* raw, as the protocol has it, copied; empty: none is known yet */
	enum sl_coding coding[SL_CODINGS_MAX];
};

struct sl_file *sl_file_begin(struct sl_batch *b, const struct sl_file_begin *how);
/* Whether anything is wanted of files at all. */
bool sl_file_wanted(const struct sl_batch *b);
/* Another message goes on with it: its observables have this number now. */
void sl_file_message(struct sl_file *f, uint32_t message);
/* A name that came after the begin. The folders in front of it are left out when it is told. */
void sl_file_name(struct sl_file *f, struct sl_span name);
/* More bytes would change what is told of it; else who has work to undo a coding may leave it. */
bool sl_file_takes(const struct sl_file *f);
/* The next bytes, as they stand in the body. */
void sl_file_bytes(struct sl_file *f, struct sl_batch *b, struct sl_span bytes);
/* Bytes are missing: from now on it is partial. */
void sl_file_gap(struct sl_file *f);
/* The file is over; whole: its protocol said that this is its end. Tells what is wanted of it, then
 * gives its memory back and sets *f to NULL. False: the batch is full; the same call goes on. A
 * partial file tells its name and type, never a hash. */
bool sl_file_end(struct sl_file **f, struct sl_batch *b, bool whole);
/* Gives it back untold; for who keeps its bytes it is partial. */
void sl_file_drop(struct sl_file **f, struct sl_batch *b);

#endif
