/* SPDX-License-Identifier: BSD-3-Clause */
/* handout.h - the set of indicators that a collector hands out to its sensors: what it is, its
 * generations on the collector's disk, and how a sensor takes and keeps it. Nothing here knows the
 * network: questions and answers are messages (wire.h), which bus.h carries.
 *
 * A set is a text of lines in the order of their bytes (a shorter line first), each once, each with
 * its newline:
 *   {"source":"...",...}  an indicator in the native format, with its source
 *   #file SHA256 NAME     a file in any format that sensors read, whose bytes travel beside the set
 * Native lines were chosen for what changes by the line: a change is the lines that leave and those
 * that come, and is small and exact whatever the set's size. What a native line can't say (an
 * object of MISP, a STIX bundle with its versions, a table that the sensor's own configuration
 * describes) stays the file that it was: verdicts are the sensor's own, and a translation would
 * give them other things to judge. A new version of such a file is one line that leaves and one
 * that comes, and its bytes. Two sets are the same where the SHA-256 of their texts is, and files
 * are named by theirs, so that the hash of the set proves everything in it. A change is a text of
 * both sets' lines, in their order, with '-' or '+' before each. */
#ifndef SIGHTLINE_HANDOUT_H
#define SIGHTLINE_HANDOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sightline/digest.h>
#include <sightline/wire.h>

#define SL_SET_LINE_MAX 65536 /* with its newline */
#define SL_SET_FILES_MAX 256
#define SL_SET_NAME_MAX 64 /* of a file, without a zero */
#define SL_SET_BYTES_MAX ((uint64_t)16 << 30)
#define SL_SET_FILE_BYTES_MAX ((uint64_t)2 << 30)
#define SL_SET_CHANGE_BYTES_MAX ((uint64_t)64 << 20) /* a larger change is no delta */
#define SL_SET_CHUNK ((size_t)256 << 10) /* of a message */
#define SL_SET_HEX (2 * SL_DIGEST_MAX + 1)

/* ---- The set. Any thread ---- */

struct sl_set_text {
	const char *p; /* NULL where there is no byte */
	size_t len;
};

/* Makes a text of any lines a set: white space around them and empty lines go. *out is the
 * caller's to free. -ENOMEM; -E2BIG: a line is too long. */
int sl_set_sort(const char *p, size_t len, char **out, size_t *out_len);
/* All lines of all sets; -errno of out. */
int sl_set_union(const struct sl_set_text *sets, size_t n, FILE *out);
/* What makes b of a. */
int sl_set_change(struct sl_set_text a, struct sl_set_text b, FILE *out);
/* Writes what the change makes of a set. -EBADMSG: it is no change, or not one of this set. */
int sl_set_apply(struct sl_set_text a, struct sl_set_text change, FILE *out);
/* Whether a text is a set. fn, where it isn't NULL, is told each file; counts the lines. -EBADMSG;
 * or what fn returned below 0. */
typedef int (*sl_set_file_fn)(void *arg, const char sha256[SL_SET_HEX], const char *name);
int sl_set_check(struct sl_set_text a, uint64_t *lines, sl_set_file_fn fn, void *arg);
/* Whether a change has lines of files, or none but of indicators. */
bool sl_set_change_of_files(struct sl_set_text change);
/* A file's name as a set can have it: other bytes than letters, digits, '.', '_' and '-' become
 * '_'. */
void sl_set_name(const char *path, char out[SL_SET_NAME_MAX + 1]);

/* A file of a folder, mapped. -errno. */
int sl_set_map(int folder, const char *name, struct sl_set_text *out);
void sl_set_unmap(struct sl_set_text *t);

/* ---- Generations: what the collector has handed out. Any thread ---- */

struct sl_generation {
	uint64_t number;
	uint8_t sha256[SL_DIGEST_MAX];
	uint64_t time_s; /* of 1970 */
	uint64_t lines, bytes;
	uint64_t back_to; /* 0; else the generation whose set this is again */
	bool delta; /* from the one before, still there */
	bool kept; /* the set is still there */
};
struct sl_generations;
/* Opens or makes the folder. keep: how many sets stay on disk; ten times as many deltas do.
 * -EBUSY: another collector has it; -EBADMSG: what it says of itself can't be read; err says
 * it. */
int sl_generations_open(
	struct sl_generations **out, const char *dir, unsigned keep, char *err, size_t err_len);
void sl_generations_close(struct sl_generations *g);
/* Keeps the bytes of a file that a set will name, until no set that is kept names it. */
int sl_generations_file(
	struct sl_generations *g, const void *p, size_t len, char sha256[SL_SET_HEX]);
/* The union of sets is the next generation, durable when this returns. 1: it is what is handed out
 * already; 0; -EAGAIN: an older set is held (sl_generations_back); -errno. */
int sl_generations_add(struct sl_generations *g, const struct sl_set_text *sets, size_t n);
/* Hands an older set out again, as a new generation, and holds it: nothing is added until
 * sl_generations_resume. to 0: the one before. -ENOENT: it isn't kept. */
int sl_generations_back(struct sl_generations *g, uint64_t to);
int sl_generations_resume(struct sl_generations *g);
bool sl_generations_held(struct sl_generations *g);
/* What is handed out; false: nothing yet. */
bool sl_generations_newest(struct sl_generations *g, struct sl_generation *out);
/* The answer to a sensor's question, or an operator's; freed with
 * sightline__v1__intel_answer__free_unpacked. NULL: no memory, or the disk fails. */
Sightline__V1__IntelAnswer *sl_generations_answer(
	struct sl_generations *g, const Sightline__V1__IntelRequest *q);
/* The same unasked: what is handed out. */
Sightline__V1__IntelAnswer *sl_generations_announce(struct sl_generations *g);

/* ---- Taking: the sensor's end. One thread ---- */

enum sl_take {
	SL_TAKE_IDLE, /* nothing to ask for now */
	SL_TAKE_ASK, /* the next question is to be asked */
	SL_TAKE_READY, /* a set is whole and proven: sl_taker_staged */
	SL_TAKE_REFUSED, /* what came was wrong: sl_taker_why; to be asked for again */
};
enum sl_take_fault {
	SL_TAKE_FORM, /* no answer to what was asked, or no set */
	SL_TAKE_HASH,
	SL_TAKE_SKIPPED, /* a delta that doesn't follow what is there */
	SL_TAKE_DISK,
	SL_TAKE_GONE, /* the collector hasn't got any more what it led to */
	SL_TAKE_FAULTS
};
/* A set on the sensor's disk. Good until the next call of its taker. */
struct sl_taken {
	uint64_t generation;
	uint8_t sha256[SL_DIGEST_MAX];
	uint64_t lines;
	const char *const *paths; /* of the files to be read */
	size_t path_count;
	/* As lines of the native format: what changes against the set that is in force; NULL: all
	 * has to be read. */
	const char *add, *remove;
	size_t add_len, remove_len;
};
struct sl_taker;
/* Opens or makes the folder; reads the last good set where there is one, and proves it. -EBUSY:
 * another sensor has it. A set that is damaged is left out, and err says so. */
int sl_taker_open(struct sl_taker **out, const char *dir, char *err, size_t err_len);
void sl_taker_close(struct sl_taker *t);
/* What is in force; false: nothing. */
bool sl_taker_current(struct sl_taker *t, struct sl_taken *out);
/* Its generation, which may be newer than when it was settled: the same set was handed out again.
 * 0: nothing. */
uint64_t sl_taker_generation(const struct sl_taker *t);
/* What to ask next; the texts are the taker's. */
void sl_taker_question(struct sl_taker *t, Sightline__V1__IntelRequest *out);
enum sl_take sl_taker_answer(struct sl_taker *t, const Sightline__V1__IntelAnswer *a);
enum sl_take_fault sl_taker_why(const struct sl_taker *t);
bool sl_taker_staged(struct sl_taker *t, struct sl_taken *out);
/* The staged set is in force (and the last good one from now on), or was refused: then it isn't
 * asked for again. */
int sl_taker_settle(struct sl_taker *t, bool taken);
/* What refused a set may be gone: the next answer says it is ready once more. */
void sl_taker_again(struct sl_taker *t);

#endif
