/* SPDX-License-Identifier: BSD-3-Clause */
/* history.h - private to lib/handout: what led to the set that there is, generation by generation:
 * the snapshot that it began with, and the records of all journals beside it. A journal is named by
 * the generation behind which it began. One thread changes it. */
#ifndef SL_HANDOUT_HISTORY_H
#define SL_HANDOUT_HISTORY_H

#include "journal.h"

/* A set on the disk, as a text. */
struct snapshot {
	struct journal_head head;
	uint8_t sha256[SL_DIGEST_MAX]; /* of its text */
};

/* Where a change stands: the journal, the place in it, and its bytes. */
struct extent {
	uint64_t journal, at, len;
};
struct step {
	struct journal_head head;
	struct extent change; /* where there is one */
	bool delta; /* there is: it is a change of the step before */
	bool files; /* that come or leave in it */
};
struct history {
	int folder; /* borrowed */
	struct step *all; /* without a gap, the oldest first */
	size_t count, room;
	struct journal journal; /* the newest */
	uint64_t journal_of;
	unsigned torn; /* records that were cut off, or did not follow */
};

/* Reads the folder's journals, around steps that are known of snapshots, in order; the last is what
 * the newest set goes by. What doesn't follow on it is left out. -errno. */
int history_read(struct history *h, int folder, const struct step *known, size_t n);
/* With nothing but a snapshot; a journal that has its name is emptied. -errno. */
int history_begin(struct history *h, int folder, const struct step *known);
void history_fini(struct history *h);
/* NULL: none. */
const struct step *history_last(const struct history *h);
const struct step *history_find(const struct history *h, uint64_t number);
/* Steps that are each a change of the one before, `to` among them and `from` not. False: there is a
 * gap. */
bool history_follows(const struct history *h, uint64_t from, uint64_t to);

/* In two parts, as the first is what takes long: writes a record behind the last step's... */
int history_write(struct history *h, const struct journal_head *head, struct sl_set_text change,
	struct extent *at);
/* ...and a step that is told from now on. -ENOMEM, before which history_room. */
int history_room(struct history *h);
void history_push(struct history *h, const struct step *s);
/* A new journal behind the last step. */
int history_turn(struct history *h);
/* What is before `number` goes, as far as journals have nothing else. */
void history_forget(struct history *h, uint64_t number);
/* All of that goes; it is where the history begins. */
void history_cut(struct history *h, uint64_t number);
/* Removes journals that no step stands in. */
void history_sweep(const struct history *h);

/* The changes of steps behind `from` up to `to`, as one. *out is the caller's to free. -ENOENT: a
 * journal is gone. */
int history_change(
	const struct history *h, uint64_t from, uint64_t to, bool back, char **out, size_t *len);

/* fold.c: a snapshot of a snapshot and changes. Any thread; the folder's files don't change. */

struct fold_work {
	int folder;
	char from[SL_SET_HEX + 8], to[SL_SET_HEX + 8]; /* files; `to` comes */
	struct extent *change; /* the work's; freed with it */
	size_t changes;
};
struct fold_made {
	uint8_t sha256[SL_DIGEST_MAX];
	uint64_t lines, bytes;
};
int fold_work(const struct history *h, uint64_t from, uint64_t to, struct fold_work *out);
void fold_work_free(struct fold_work *w);
/* As history_change. */
int fold_change(const struct fold_work *w, bool back, char **out, size_t *len);
/* -EBADMSG: the changes are not of this snapshot. */
int fold_make(const struct fold_work *w, struct fold_made *out);
/* What a text is, as it lies there. -EBADMSG: no set. */
int fold_look(int folder, const char *name, struct fold_made *out);

/* In a thread of its own, which gives way to all others. Takes the work. */
struct fold;
int fold_start(struct fold **out, struct fold_work *w);
bool fold_done(const struct fold *f);
/* Waits for its end. What fold_make returned. */
int fold_end(struct fold *f, struct fold_made *out);

#endif
