/* SPDX-License-Identifier: BSD-3-Clause */
/* store.h - the collector's store of sightings: SQLite, write-ahead log, batched transactions.
 * Deterministic ids make a repeat change nothing. The one door to SQLite. One thread. */
#ifndef SIGHTLINE_STORE_H
#define SIGHTLINE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <sightline/wire.h>

struct sl_store;
/* Opens or creates path; refuses a file with another schema (-EPROTO) or that is no database
 * (-EBADF). err gets one line. */
int sl_store_open(struct sl_store **out, const char *path, char *err, size_t err_len);
void sl_store_close(struct sl_store *s);
int sl_store_begin(struct sl_store *s);
/* Adds or raises a sighting; *changed false: this revision, with as high a count, or a later one is
 * there already. */
int sl_store_put(struct sl_store *s, const Sightline__V1__Sighting *m, bool *changed);
/* Durable after this. */
int sl_store_commit(struct sl_store *s);
void sl_store_rollback(struct sl_store *s);
uint64_t sl_store_count(struct sl_store *s);
const char *sl_store_error(const struct sl_store *s);

#endif
