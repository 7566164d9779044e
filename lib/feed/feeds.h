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
#define TOLD_MAX 64

/* What a source said in one go: a file, or those of a folder. */
struct piece {
	char name[SL_SET_NAME_MAX + 1];
	uint64_t key, state; /* which file it is; a hash over its name, size and times */
	bool same; /* as the part of that key that there is; no bytes */
	char *p;
	size_t len;
	uint64_t usable; /* indicators */
};
struct pieces {
	struct piece *piece;
	size_t count;
};
void pieces_free(struct pieces *p);
/* Takes the bytes, on failure too. -ENOMEM, -E2BIG: as many as a set may have. */
int pieces_add(struct pieces *p, const struct piece *one, const char *name);

/* A piece that was taken, as lines of a set. */
struct part {
	uint64_t key, state, usable, bytes; /* bytes: that the source says */
	struct sl_set_text set;
	bool mapped; /* the set: it lies in the folder of what sources said last */
	bool kept; /* likewise */
};
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
};

struct feed {
	char name[SL_SET_NAME_MAX + 1];
	char location[LOCATION_MAX];
	const struct feed_kind *kind;
	struct sl_feed_options o;
	struct validators known, pending;
	struct part *part; /* what is handed out of it */
	size_t parts;
	bool has; /* it said something that was taken */
	bool unkept; /* and its last word is not on the disk yet */
	bool again; /* a file of it is being written: a look is due soon */
	uint64_t told[TOLD_MAX]; /* keys of files of which an event said that they are whole */
	unsigned told_count;
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

/* lines.c: what sensors would make of the new pieces, of which each gets its `usable`. 0; -EBADMSG:
 * no format was recognised; -errno. */
int pieces_read(struct pieces *p);
/* A piece as a set; bytes of a file go to g. */
int piece_set(const struct piece *p, struct sl_generations *g, struct sl_set_text *out);

/* parts.c: what all sources have, as one set, and how that changes. */
struct part *part_find(const struct feed *f, uint64_t key); /* NULL: there is none */
void part_fini(struct part *p);
void feed_forget(struct feed *f); /* its parts */
struct union_of { /* of all sources */
	struct feed *feed;
	size_t count;
	/* Changes since the generation `handed`, which is their union; 0: the whole has to be
	 * added. */
	uint64_t handed;
	struct sl_set_text *change;
	size_t changes, room, bytes;
};
void union_fini(struct union_of *u);
/* From now on all of it is what the newest generation says, or not known to be (0). */
void union_handed(struct union_of *u, uint64_t generation);
/* Puts pieces in the place of a source's parts. 1: it says the same; 0; -E2BIG: more files than all
 * may have; -errno, and the source is as it was. */
int union_take(struct union_of *u, struct feed *f, struct pieces *p, struct sl_generations *g);
/* All sets, to be freed; -ENOMEM. */
int union_sets(const struct union_of *u, struct sl_set_text **out, size_t *n);

/* translate.c: whether native lines say all that the piece does; then they are written. */
bool piece_translate(const struct piece *p, FILE *to);

/* keep.c: a source's last good word, on disk. */
int keep_read(struct feed *f, int folder);
int keep_write(struct feed *f, int folder);
/* Whether the file is of that source. */
bool keep_is_of(const struct feed *f, const char *name);

/* watch.c: inotify. */
struct watch;
int watch_new(struct watch **out);
void watch_free(struct watch *w);
int watch_fd(const struct watch *w);
/* Watches what the location names, its folder as well, and the folders below. Again where
 * something came or went. */
void watch_add(struct watch *w, const char *location);
/* What has happened to a path: */
enum watch_change {
	WATCH_BEGUN, /* it left, or came, and may be on its way */
	WATCH_CLOSED, /* it was written and closed; another name may follow */
	WATCH_NAMED, /* it was given this name */
};
/* path NULL: to some. */
typedef void (*watch_fn)(void *arg, const char *path, enum watch_change what);
void watch_take(struct watch *w, watch_fn fn, void *arg);

/* All sources. The thread that runs them; others read the states. */
struct sl_feeds {
	struct union_of all;
	struct sl_generations *generations;
	struct watch *watch;
	int folder, wake;
	atomic_bool stop;
	bool dirty; /* a source says something else than what is handed out */
	bool held; /* and that was said */
	bool broken; /* likewise: it can't be handed out */
	uint64_t again_ns; /* until then it isn't tried again */
	uint64_t keep_ns; /* when what is unkept goes to the disk; 0: nothing is */
	sl_feed_fn fn;
	void *arg;
	pthread_mutex_t lock; /* of each feed's st */
};
void feeds_tell(struct sl_feeds *s, enum sl_feed_event e, const char *feed, const char *text);

/* hand_out.c. The union of all sources is the next generation, by what changed where that is known.
 * 1: there is one; 0; -errno, told already. */
int feeds_hand_out(struct sl_feeds *s);
/* What nobody waits for. */
void feeds_tidy(struct sl_feeds *s);
/* Each source's last good word goes to the disk. */
void feeds_keep(struct sl_feeds *s);

/* file.c: which file a path is. */
uint64_t file_key(const char *path);

#endif
