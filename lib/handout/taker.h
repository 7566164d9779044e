/* SPDX-License-Identifier: BSD-3-Clause */
/* taker.h - private to lib/handout: what the files of the sensor's end share. */
#ifndef SL_HANDOUT_TAKER_H
#define SL_HANDOUT_TAKER_H

#include "disk.h"
#include "history.h"

struct file_ref {
	char sha256[SL_SET_HEX];
	char name[SL_SET_NAME_MAX + 1];
};
/* Files that a set names. */
struct refs {
	struct file_ref ref[SL_SET_FILES_MAX];
	size_t n;
};

/* A change that is proven and not in force. */
struct pending {
	struct journal_head head; /* of the set after it */
	char *text;
	size_t len;
};

enum take_phase { PHASE_NEXT, PHASE_SNAPSHOT, PHASE_DELTA, PHASE_FILE };

struct sl_taker {
	char *dir;
	int folder, files;
	/* In force, and what a start begins with: a text on disk, and the changes since. */
	struct snapshot set; /* number 0: nothing is */
	struct history history; /* from it on */
	struct refs held; /* its files */
	/* Proven, and what the next change goes by: what is in force or a newer text, and the
	 * changes since. All its files are there once it is ready. */
	struct snapshot fresh; /* the text; number 0: what is in force */
	struct pending *pending;
	size_t pendings, room, pending_bytes;
	struct journal_head base; /* number 0: nothing */
	struct refs refs;
	/* On its way. */
	struct snapshot target;
	uint8_t offered[SL_DIGEST_MAX]; /* the generation that was last said to be ready */
	enum take_phase phase;
	bool whole; /* what came was wrong: no delta */
	unsigned steps; /* deltas since a set was ready */
	uint64_t number; /* of the last question */
	enum sl_take_fault why;
	struct disk_file to; /* a set's text or a file goes to the disk, a change to memory */
	struct sl_digest_state digest;
	uint64_t size, got;
	char *change;
	int ref_folder;
	uint8_t wanted[SL_DIGEST_MAX]; /* the file that is on its way */
	struct fold *fold; /* NULL: none is under way */
	struct snapshot folding; /* what it will be; and the text that it begins with */
	uint8_t fold_from[SL_DIGEST_MAX];
	uint64_t fold_at; /* bytes of changes, from which on the next is made */
	bool stale; /* texts or files are there that nothing names */
	unsigned torn;
	/* What sl_taken points to. */
	char *path[SL_SET_FILES_MAX + 1];
	size_t paths;
	char *add, *remove;
	size_t add_len, remove_len;
};

/* kept.c: texts and files on the disk. -errno. */

void kept_name(const uint8_t sha256[SL_DIGEST_MAX], char out[SL_SET_HEX + 8]);
/* Whether the text is there and has that hash. */
bool kept_proven(const struct sl_taker *t, const uint8_t sha256[SL_DIGEST_MAX]);
bool kept_has_file(const struct sl_taker *t, const struct file_ref *r);
/* Files that a text names. -EBADMSG. */
int kept_refs(const struct sl_taker *t, const struct snapshot *s, struct refs *out);
/* What they are after a change. -EBADMSG. */
int kept_refs_change(struct refs *r, struct sl_set_text change);
/* Reads what is in force, and proves it with its files. -ENOENT: nothing; -EBADMSG: damaged. */
int kept_load(struct sl_taker *t);
/* Says that a text is what a start begins with; it and the files are durable before. */
int kept_point(struct sl_taker *t, const struct snapshot *s, const struct refs *refs);
/* Removes what is named no more. */
void kept_prune(struct sl_taker *t);
/* Paths of a text and of files into the taker. */
int kept_paths(struct sl_taker *t, const struct snapshot *s, const struct refs *refs);

/* staged.c: what is in force, what is proven, and the way from one to the other. */

int staged_push(struct sl_taker *t, const struct journal_head *head, char *text, size_t len);
void staged_clear(struct sl_taker *t);
/* The change from what is in force to the base, as lines, into the taker. False: it is too much, or
 * has files. */
bool staged_change(struct sl_taker *t);
/* The same from the text on disk to what is in force. */
int staged_late(struct sl_taker *t);
void staged_forget(struct sl_taker *t); /* no lines any more */
/* Makes a text of the base, or of what is in force. */
int staged_whole(struct sl_taker *t);
int staged_fold(struct sl_taker *t);
/* The base is in force from now on. */
int staged_commit(struct sl_taker *t);
/* A text of what is in force, made beside: takes what is ready, begins one where there are many
 * changes. */
void staged_tidy(struct sl_taker *t);

#endif
