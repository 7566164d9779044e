/* SPDX-License-Identifier: BSD-3-Clause */
/* nursery.h - the process that builders are born of. A builder reads what strangers wrote, may take
 * minutes and gigabytes, and may come to grief: it is a process of its own, of which the packet
 * path notices nothing. A sensor that has given up its rights can start none, and one with threads
 * should not fork; so a small process is forked before there is any of that, which does nothing but
 * wait for orders, fork, and tell how it ended. It ends with the sensor, and the builder with it.
 * Private to app/sensor. Control thread. */
#ifndef SENSOR_NURSERY_H
#define SENSOR_NURSERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nursery;
#define NURSERY_SAID 16384 /* the most that a builder says */
#define NURSERY_FDS 2

struct nursery_work {
	/* In the nursery, before its first order, to give up rights: 0, or it ends. */
	int (*ready)(void *arg);
	/* In the builder: `order` is a file, `sensor` for nursery_say. Its exit status. */
	int (*build)(void *arg, int order, int sensor);
	void *arg;
};
/* Forks: the calling process must be of one thread. From then on the caller ignores SIGCHLD: no
 * child of it is ever waited for. 0; -errno. */
int nursery_new(struct nursery **out, const struct nursery_work *work);
void nursery_free(struct nursery *n); /* NULL is allowed; a builder that works is killed */

/* Has one builder born, which is killed after timeout_ns. patient: it takes what time others leave,
 * and is the first to go where memory runs out. 0; -EBUSY: one is at work; -EPIPE: the nursery is
 * no more; -errno. */
int nursery_order(
	struct nursery *n, const void *order, size_t len, uint64_t timeout_ns, bool patient);

/* The builder's word. 0; -errno. */
int nursery_say(int sensor, const void *p, size_t len, const int *fd, unsigned fds);

enum nursery_news {
	NURSERY_NOTHING,
	NURSERY_WORD, /* said, len, fd, fds; the descriptors are the caller's */
	NURSERY_ENDED, /* status, signal, late; the next order may come */
	NURSERY_GONE /* the nursery is no more, and the builder with it */
};
struct nursery_look {
	int status; /* the builder's exit status; -1: it was killed, or could not be started */
	int signal; /* by which it was killed; 0: none */
	bool late; /* by the nursery: its time was up */
	size_t len;
	unsigned fds;
	int fd[NURSERY_FDS];
	unsigned char said[NURSERY_SAID];
};
/* The next thing that there is to know of the builder at work. wait: until there is one. */
enum nursery_news nursery_look(struct nursery *n, struct nursery_look *out, bool wait);

#endif
