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
 * that comes, and its bytes. Files are named by the SHA-256 of their bytes. A change is a text of
 * both sets' lines, in their order, with '-' or '+' before each.
 *
 * What a change costs is that of its own lines, not of the set: on either side's disk a set is a
 * text of all of it (a snapshot) and a journal of the changes since, which goes into a new snapshot
 * now and then, beside everything else. A snapshot is proven by the SHA-256 of its bytes. What a
 * generation is known by, its identity, is
 *   of a set that was handed out whole: the SHA-256 of its text;
 *   of a change: the SHA-256 of the identity of the generation before and the change's bytes.
 * That is a chain: who has proven a snapshot, and knows its generation's identity, proves with each
 * change that it is this one, made for the set that it has, with nothing left out between. Changes
 * are applied strictly (what comes must not be there, what leaves must), so that the same snapshot
 * and the same changes give the same set; to forge one takes a second preimage of SHA-256. A sum
 * over lines could be told from the set alone, but needs far longer numbers to be as sound (Wagner
 * 2002, A generalized birthday problem). */
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
/* Tells each file of a set, without reading on; -EBADMSG; or what fn returned below 0. */
int sl_set_files(struct sl_set_text a, sl_set_file_fn fn, void *arg);
/* Whether the set has the line, which is told without its newline. Of a set of any size next to no
 * cost. */
bool sl_set_has(struct sl_set_text a, const char *p, size_t len);

/* What is in a change. */
struct sl_set_sum {
	uint64_t more, fewer; /* lines that come, that leave */
	uint64_t bytes_more, bytes_fewer; /* of them in a set */
	uint64_t files; /* that come or leave */
};
/* Whether a text is a change. -EBADMSG. */
int sl_set_change_check(struct sl_set_text change, struct sl_set_sum *sum);
/* What makes b of a where others have lines as well: those that are in one of them neither come nor
 * leave. */
int sl_set_change_beside(struct sl_set_text a, struct sl_set_text b,
	const struct sl_set_text *others, size_t n, FILE *out);
/* Changes that follow each other as one; `back`: as that which takes all of them back. *out is the
 * caller's to free. -ENOMEM; -EBADMSG: they can't follow each other. */
int sl_set_compose(
	const struct sl_set_text *changes, size_t n, bool back, char **out, size_t *out_len);
/* Lines of indicators that come and that leave, as two texts without marks, the caller's to free.
 * -ENOMEM. */
int sl_set_change_split(
	struct sl_set_text change, char **add, size_t *add_len, char **remove, size_t *remove_len);
typedef int (*sl_set_file_change_fn)(
	void *arg, bool add, const char sha256[SL_SET_HEX], const char *name);
/* Tells each file that comes or leaves. -EBADMSG; or what fn returned below 0. */
int sl_set_change_files(struct sl_set_text change, sl_set_file_change_fn fn, void *arg);
/* A file's name as a set can have it: other bytes than letters, digits, '.', '_' and '-' become
 * '_'. */
void sl_set_name(const char *path, char out[SL_SET_NAME_MAX + 1]);

/* A file of a folder, mapped. -errno. */
int sl_set_map(int folder, const char *name, struct sl_set_text *out);
void sl_set_unmap(struct sl_set_text *t);

/* ---- Generations: what the collector has handed out. Any thread ---- */

struct sl_generation {
	uint64_t number;
	uint8_t sha256[SL_DIGEST_MAX]; /* its identity: see above */
	uint64_t time_s; /* of 1970 */
	uint64_t lines, bytes;
	uint64_t back_to; /* 0; else the generation whose set this is again */
	bool delta; /* by a change of the one before */
	bool kept; /* can be gone back to */
};
struct sl_generations;
/* Opens or makes the folder. keep: how many generations can be gone back to; ten times as many are
 * named. -EBUSY: another collector has it; -EBADMSG: what it says of itself can't be read; err says
 * it. */
int sl_generations_open(
	struct sl_generations **out, const char *dir, unsigned keep, char *err, size_t err_len);
void sl_generations_close(struct sl_generations *g);
/* Records of changes that a start found torn, and cut off. */
unsigned sl_generations_torn(const struct sl_generations *g);
/* Keeps the bytes of a file that a set will name, until nothing that is kept names it. */
int sl_generations_file(
	struct sl_generations *g, const void *p, size_t len, char sha256[SL_SET_HEX]);
/* The next generation, by a change of the newest, which has to be `after`: next to no cost, however
 * large the set is. It is told from now on, and durable once sl_generations_tidy returns: where the
 * machine stops between, sensors that have it take the whole. 1: there is no line in it; 0;
 * -EAGAIN: an older set is held (sl_generations_back); -ESTALE: something else is handed out, or
 * what is there can't be changed: the whole has to be added; -EBADMSG: no change; -EFBIG; -errno.
 */
int sl_generations_change(struct sl_generations *g, uint64_t after, struct sl_set_text change);
/* What may take a while, and nobody waits for: makes what was added durable, and now and then a new
 * snapshot, beside everything else. All files that were kept are named by now. -errno. */
int sl_generations_tidy(struct sl_generations *g);
/* The union of sets is the next generation, durable when this returns; its cost is that of all of
 * them. 1: it is what is handed out already; 0; -EAGAIN as above; -errno. */
int sl_generations_add(struct sl_generations *g, const struct sl_set_text *sets, size_t n);
/* Hands an older set out again, as a new generation, and holds it: nothing is added until
 * sl_generations_resume. to 0: the one before. -ENOENT: it isn't kept. */
int sl_generations_back(struct sl_generations *g, uint64_t to);
int sl_generations_resume(struct sl_generations *g);
bool sl_generations_held(struct sl_generations *g);
/* What is handed out; false: nothing yet. */
bool sl_generations_newest(struct sl_generations *g, struct sl_generation *out);
/* The set of a generation. -ENOENT: it is not there any more; -errno. */
int sl_generations_text(struct sl_generations *g, uint64_t number, FILE *out);
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
/* A set that the sensor has. Good until the next call of its taker. */
struct sl_taken {
	uint64_t generation;
	uint8_t sha256[SL_DIGEST_MAX]; /* identity */
	uint64_t lines;
	const char *const *paths; /* of the files to be read */
	size_t path_count;
	/* As lines of the native format: what changes against what the paths say, or, where there
	 * are none, against the set in force; NULL: nothing does. */
	const char *add, *remove;
	size_t add_len, remove_len;
};
struct sl_taker;
/* Opens or makes the folder; reads the last good set where there is one, and proves it. -EBUSY:
 * another sensor has it. A set that is damaged is left out, and err says so. */
int sl_taker_open(struct sl_taker **out, const char *dir, char *err, size_t err_len);
void sl_taker_close(struct sl_taker *t);
/* Records of the journal that the start found torn, and cut off. */
unsigned sl_taker_torn(const struct sl_taker *t);
/* What is in force; false: nothing. */
bool sl_taker_current(struct sl_taker *t, struct sl_taken *out);
/* The same, by paths alone: what changed since is written into them. */
int sl_taker_fold(struct sl_taker *t, struct sl_taken *out);
/* The generation in force, which may be newer than when it was settled: the same set was handed out
 * again. 0: nothing. */
uint64_t sl_taker_generation(const struct sl_taker *t);
/* What to ask next; the texts are the taker's. */
void sl_taker_question(struct sl_taker *t, Sightline__V1__IntelRequest *out);
enum sl_take sl_taker_answer(struct sl_taker *t, const Sightline__V1__IntelAnswer *a);
enum sl_take_fault sl_taker_why(const struct sl_taker *t);
/* The set that is ready: by what changes where lines can say that, else by paths. */
bool sl_taker_staged(struct sl_taker *t, struct sl_taken *out);
/* The same by paths alone. */
int sl_taker_whole(struct sl_taker *t, struct sl_taken *out);
/* The staged set is in force (and the last good one from now on), or was refused: then it isn't
 * asked for again. */
int sl_taker_settle(struct sl_taker *t, bool taken);
/* What refused a set may be gone: the next answer says it is ready once more. */
void sl_taker_again(struct sl_taker *t);

#endif
