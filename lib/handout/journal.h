/* SPDX-License-Identifier: BSD-3-Clause */
/* journal.h - private to lib/handout: the changes since a snapshot, one file, appended to. A record
 * is
 *   delta NUMBER IDENTITY TIME LINES BYTES BACK_TO SIZE\n   numbers decimal, the identity in hex
 *   SIZE bytes of a change
 *   sum SHA256\n                                            of all of the record before it
 * A record counts once all of it is there. What a crash tore at the end is cut off. */
#ifndef SL_HANDOUT_JOURNAL_H
#define SL_HANDOUT_JOURNAL_H

#include <sightline/handout.h>

/* What a generation is, as a record tells it. */
struct journal_head {
	uint64_t number;
	uint8_t id[SL_DIGEST_MAX];
	uint64_t time_s, lines, bytes, back_to; /* of the set after the change */
};
struct journal_record {
	struct journal_head head;
	struct sl_set_text change;
	struct sl_set_sum sum; /* of it */
	uint64_t at; /* where the change stands in the file */
};

struct journal {
	int fd; /* -1: none */
	uint64_t size;
};

#define JOURNAL_NAME 32
#define JOURNAL_SUM_LEN (4 + SL_SET_HEX) /* behind each change: see above */
void journal_name(uint64_t of, char out[JOURNAL_NAME]); /* the snapshot's generation */
/* Makes an empty one, or opens one and cuts it to `size`. -errno. */
int journal_begin(struct journal *j, int folder, uint64_t of, uint64_t size);
void journal_end(struct journal *j);
/* Appends a record; it is in the file when this returns, and durable after journal_sync. What could
 * not be written is cut off again. *at: where the change stands. */
int journal_add(struct journal *j, const struct journal_head *head, struct sl_set_text change,
	uint64_t *at);
int journal_sync(const struct journal *j);

/* Tells each record that is whole and a change, in order, until fn returns other than 0. Returns
 * how many bytes at the begin are told records. */
typedef int (*journal_fn)(void *arg, const struct journal_record *r);
uint64_t journal_read(struct sl_set_text t, journal_fn fn, void *arg);

/* The identity of what a change makes of the generation before. */
void journal_chain(
	const uint8_t before[SL_DIGEST_MAX], struct sl_set_text change, uint8_t out[SL_DIGEST_MAX]);

#endif
