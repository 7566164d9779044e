/* SPDX-License-Identifier: BSD-3-Clause */
/* taker.h - private to lib/handout: what the files of the sensor's end share. */
#ifndef SL_HANDOUT_TAKER_H
#define SL_HANDOUT_TAKER_H

#include "disk.h"

/* A set on disk, under its hash. */
struct kept {
	uint64_t generation; /* 0: none */
	uint64_t lines;
	uint8_t sha256[SL_DIGEST_MAX];
	char hex[SL_SET_HEX];
};

struct file_ref {
	char sha256[SL_SET_HEX];
	char name[SL_SET_NAME_MAX + 1];
};

enum take_phase { PHASE_NEXT, PHASE_SNAPSHOT, PHASE_DELTA, PHASE_FILE };

struct sl_taker {
	char *dir;
	int folder, files;
	struct kept current; /* in force, and what a start begins with */
	struct kept base; /* proven, and what deltas go by; with all its files */
	struct kept target; /* on its way */
	uint8_t offered[SL_DIGEST_MAX]; /* the set that was last said to be ready */
	enum take_phase phase;
	bool whole; /* what came was wrong: no delta */
	unsigned steps; /* deltas since a set was ready */
	uint64_t number; /* of the last question */
	enum sl_take_fault why;
	/* What is on its way: a set's text or a file goes to the disk, a change to memory. */
	struct disk_file to;
	struct sl_digest_state digest;
	uint64_t size, got;
	char *change;
	struct file_ref ref[SL_SET_FILES_MAX]; /* of the target */
	size_t refs, ref_at;
	int ref_folder;
	uint8_t wanted[SL_DIGEST_MAX]; /* the file that is on its way */
	/* What sl_taken points to. */
	char *path[SL_SET_FILES_MAX + 1];
	size_t paths;
	char *add, *remove;
	size_t add_len, remove_len;
};

/* kept.c. -errno. */

void kept_name(const struct kept *k, char out[128]);
/* Reads what is in force, and proves it with its files. -ENOENT: nothing; -EBADMSG: damaged. */
int kept_load(struct sl_taker *t);
/* What is the base is in force from now on. */
int kept_commit(struct sl_taker *t);
/* Removes what neither the base nor what is in force names. */
void kept_prune(struct sl_taker *t);
/* The text that lies under the target's hash is a set: its lines and files, into the taker.
 * -EBADMSG. */
int kept_files(struct sl_taker *t, struct kept *k);
bool kept_has_file(const struct sl_taker *t, const struct file_ref *r);
/* Paths of a set's files into the taker. */
int kept_paths(struct sl_taker *t, const struct kept *k);
/* What makes the base of what is in force, as native lines, into the taker. False: it is too much,
 * or has files. */
bool kept_change(struct sl_taker *t);
/* Writes what the change makes of the base, under the target's hash. -EBADMSG: it isn't that. */
int kept_apply(struct sl_taker *t, struct sl_set_text change);

#endif
