/* SPDX-License-Identifier: BSD-3-Clause */
/* made.h - a folder for a test, and a collector's generations beside a sensor's taker without a
 * network between them. */
#ifndef TESTS_HANDOUT_MADE_H
#define TESTS_HANDOUT_MADE_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include <sightline/handout.h>

struct made {
	char root[64], there[96], here[96];
	struct sl_generations *g;
	struct sl_taker *t;
};

static inline int made_remove(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st, (void)kind, (void)f;
	return remove(path);
}

static inline void made_dirs(struct made *m)
{
	snprintf(m->root, sizeof(m->root), "%s/sightline-handout-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(m->root) == NULL)
		abort();
	snprintf(m->there, sizeof(m->there), "%s/there", m->root);
	snprintf(m->here, sizeof(m->here), "%s/here", m->root);
}

static inline void made_clean(struct made *m)
{
	sl_taker_close(m->t);
	sl_generations_close(m->g);
	nftw(m->root, made_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
