/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds.h - private to lib/feed: what its files share. */
#ifndef SL_FEED_FEEDS_H
#define SL_FEED_FEEDS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <sightline/feed.h>

#define FEEDS_MAX 256
#define LOCATION_MAX 2048
#define VALIDATOR_MAX 512 /* of an ETag or a date */
#define SAID_MAX 512

/* What a source said in one go: a file, or those of a folder. */
struct piece {
	char name[SL_SET_NAME_MAX + 1];
	char *p;
	size_t len;
};
struct pieces {
	struct piece *piece;
	size_t count;
};
void pieces_free(struct pieces *p);
/* Takes the bytes, on failure too. -ENOMEM, -E2BIG: as many as a set may have. */
int pieces_add(struct pieces *p, const char *name, char *bytes, size_t len);

struct feed;
enum look { LOOK_NEW, LOOK_SAME, LOOK_FAILED, LOOK_LATER };
/* A kind of source. */
struct feed_kind {
	const char *begins; /* of its locations; NULL: any */
	const char *missing; /* not built yet: the sentence that refuses it; NULL */
	bool watched;
	/* LOOK_NEW: *out is the caller's to free. LOOK_FAILED: f->said. LOOK_LATER: it is being
	 * written. A kind sets f->pending to what it knows of what it brings. */
	enum look (*look)(struct feed *f, struct pieces *out);
};
extern const struct feed_kind feed_kinds[];
enum look file_look(struct feed *f, struct pieces *out);
enum look http_look(struct feed *f, struct pieces *out);
int http_begin(void);
void http_end(void);

/* By what a source is known to say the same as before. */
struct validators {
	char etag[VALIDATOR_MAX], modified[VALIDATOR_MAX];
	uint64_t files; /* a hash over names, sizes and times of files */
};

struct feed {
	char name[SL_SET_NAME_MAX + 1];
	char location[LOCATION_MAX];
	const struct feed_kind *kind;
	struct sl_feed_options o;
	struct validators known, pending;
	char *set; /* what is handed out of it */
	size_t set_len;
	bool has; /* it said something that was taken */
	uint64_t due_ns; /* monotonic */
	uint64_t fresh_ns; /* when it was last confirmed, monotonic; or when the collector began */
	uint64_t after_ns; /* a server wants to be left alone until then */
	unsigned failures; /* in a row */
	bool bad; /* failing or refused, and said */
	enum sl_feed_event bad_as;
	char said[SAID_MAX];
	const atomic_bool *stop;
	struct sl_feed_state st; /* under the lock of all */
};

/* spec.c. -EINVAL, and err. */
int feed_spec(
	struct feed *f, const char *spec, const struct sl_feed_options *o, char *err, size_t len);

/* lines.c: what sensors would make of the pieces. *usable: indicators. 0; -EBADMSG: no format was
 * recognised; -errno. */
int pieces_read(const struct pieces *p, uint64_t *usable);
/* The pieces as a set; bytes of files go to g. */
int pieces_set(const struct pieces *p, struct sl_generations *g, char **set, size_t *len);

/* translate.c: whether native lines say all that the piece does; then they are written. */
bool piece_translate(const struct piece *p, FILE *to);

/* keep.c: a source's last good word, on disk. */
int keep_read(struct feed *f, int folder);
int keep_write(const struct feed *f, int folder);

/* watch.c: inotify. */
struct watch;
int watch_new(struct watch **out);
void watch_free(struct watch *w);
int watch_fd(const struct watch *w);
/* Watches what the location names, its folder as well, and the folders below. Again where
 * something came or went. */
void watch_add(struct watch *w, const char *location);
/* Takes what has happened. True: something. */
bool watch_take(struct watch *w);

#endif
