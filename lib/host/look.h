/* SPDX-License-Identifier: BSD-3-Clause */
/* look.h - reading small files below a root, and telling what they mean. Private to lib/host. A
 * file that is missing, unreadable or longer than its buffer is an absent answer, never an error.
 */
#ifndef LOOK_H
#define LOOK_H

#include <sched.h>
#include <stddef.h>

#include <sightline/host.h>

struct look {
	const char *root;
	bool recorded; /* root is not this machine's */
	sl_host_fn fn;
	void *arg;
};

#define LOOK_NAME 64

/* The file's text without its last newline. False: none, or longer than cap - 1. */
bool look_text(const struct look *l, char *buf, size_t cap, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
bool look_u64(const struct look *l, uint64_t *out, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
bool look_there(const struct look *l, const char *path, ...) __attribute__((format(printf, 2, 3)));
/* Where a link leads to in the end, below the root or not. */
bool look_link(const struct look *l, char *buf, size_t cap, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
/* The last part of where a link leads; "" where it leads nowhere. */
void look_link_name(const struct look *l, char name[LOOK_NAME], const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* Each name in a folder but for hidden ones, sorted; fn returns false to end. */
void look_folder(const struct look *l, bool (*fn)(void *arg, const char *name), void *arg,
	const char *path, ...) __attribute__((format(printf, 4, 5)));
/* "0-3,8" as a set, and back; unparsable text ends the list. */
void look_cpus(const char *list, cpu_set_t *set);
void look_cpus_text(const cpu_set_t *set, char *buf, size_t cap);
/* A word in a text of words parted by white space. */
bool look_word(const char *text, const char *word);
/* A file of any length (cpuinfo, the routing table) line by line; fn returns false to end. */
void look_lines(
	const struct look *l, const char *path, bool (*fn)(void *arg, const char *line), void *arg);

/* mend: "" or what to do. */
void tell(const struct look *l, enum sl_host_grade grade, const char *topic, const char *mend,
	const char *what, ...) __attribute__((format(printf, 5, 6)));

/* Modules can still be loaded into this kernel. */
bool look_modules(const struct look *l);

/* In the order of their telling. */
void look_cpu(const struct look *l);
void look_numa(const struct look *l);
void look_isolated(const struct look *l);
void look_governor(const struct look *l);
void look_clock(const struct look *l);
void look_huge_pages(const struct look *l);
void look_iommu(const struct look *l);
void look_nics(const struct look *l);
void look_rights(const struct look *l);

#endif
