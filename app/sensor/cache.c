/* SPDX-License-Identifier: BSD-3-Clause */
/* cache.c - the compiled indicators as an image, and on disk between one start or reload and the
 * next. A builder looks whether there is one that is as good as the files, or writes another; the
 * control thread reads it, and lets it take its place once it is in force.
 *
 * What stands there is used where a reading of the files would come to the same: the same program,
 * the same words of the configuration, the same files (those of intelligence, of what is ordinary,
 * and the public suffix list), and a time at which every verdict by the clock is still the same.
 * Where indicators are compared with packet time, so that the clock only makes them quiet for
 * their age, a day's delay is as good: that of a sensor that runs on. Anything else is read from
 * the files, said, and takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/hash.h>
#include <sightline/image.h>
#include <sightline/lists.h>
#include <sightline/log.h>
#include <sightline/seen.h>

#include "cache.h"

#define NAME "indicators.image"
#define DAY_NS (86400 * SL_SECOND)
#define NOTES_BYTES ((size_t)64 << 10)

/* The words of the configuration by which indicators are judged. */
static const char *const words[] = { "intel", "warninglists", "sources", "overrides", "home_net" };
#define WORDS (sizeof(words) / sizeof(words[0]))

struct cache {
	const struct sl_config *config;
	char folder[PATH_MAX]; /* "": none is wanted */
	struct sl_counters *counters;
	struct sl_seen *seen; /* what is read, as it was before */
	struct cache_sum sum; /* of what was read */
	char notes[NOTES_BYTES];
	size_t noted;
};

/* ---- Where ---- */

/* In the folder that systemd made for the service's state. */
static void folder_of_state(struct cache *c)
{
	const char *state = getenv("STATE_DIRECTORY");
	size_t len = state != NULL ? strcspn(state, ":") : 0;
	if (len == 0 || len > sizeof(c->folder) - 32)
		return;
	snprintf(c->folder, sizeof(c->folder), "%.*s/intel-cache", (int)len, state);
	(void)mkdir(c->folder, 0700); /* if that fails, opening it says so */
}

static bool wanted(const struct cache *c)
{
	return c->folder[0] != '\0';
}

int cache_new(struct cache **out, const struct sl_config *config, struct sl_counters *counters)
{
	const char *folder = sl_config_text(config, "intel_cache");
	if (folder != NULL && strlen(folder) >= PATH_MAX)
		return -ENAMETOOLONG;
	struct cache *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->config = config;
	c->counters = counters;
	/* A check reads nothing that a collector handed out: the image is of other files. */
	if (sl_config_test(config) && sl_config_text(config, "intel_from") != NULL)
		folder = "";
	if (folder != NULL)
		snprintf(c->folder, sizeof(c->folder), "%s", folder);
	else
		folder_of_state(c);
	*out = c;
	return 0;
}

void cache_free(struct cache *c)
{
	if (c != NULL)
		sl_seen_free(c->seen);
	free(c);
}

static int folder_open(const struct cache *c, const char **why)
{
	struct stat st;
	int fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		*why = strerror(errno);
		if (fd >= 0)
			close(fd);
		return -EIO;
	}
	bool own = st.st_uid == geteuid() || st.st_uid == 0;
	if (own && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	*why = "the folder belongs to somebody else, or others may write it: give it to the "
	       "sensor's user, mode 700";
	return -EPERM;
}

/* ---- What it depends on ---- */

static int take_down(struct cache *c, const struct armory_paths *handed)
{
	size_t n;
	sl_seen_free(c->seen);
	c->seen = NULL;
	int rc = sl_seen_new(&c->seen);
	if (rc == 0 && sl_lists_suffixes_file() != NULL)
		rc = sl_seen_note(c->seen, sl_lists_suffixes_file());
	const char *const *path = sl_config_list(c->config, "intel", &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = sl_seen_tree(c->seen, path[i]);
	for (size_t i = 0; rc == 0 && handed != NULL && i < handed->count; i++)
		rc = sl_seen_tree(c->seen, handed->path[i]);
	path = sl_config_list(c->config, "warninglists", &n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const char *eq = strchr(path[i], '=');
		bool role = eq != NULL && memchr(path[i], '/', (size_t)(eq - path[i])) == NULL;
		rc = sl_seen_tree(c->seen, role ? eq + 1 : path[i]);
	}
	return rc;
}

static const char *not_noted(int rc)
{
	return rc == -E2BIG ? "more files than are kept in mind" : strerror(-rc);
}

/* Of all texts of a word, in their order. */
static uint64_t word_hash(const struct sl_config *c, const char *word, unsigned which)
{
	const struct sl_hash_key key = { 0xa0761d6478bd642f + which, 0xe7037ed1a0b428db };
	size_t n;
	const char *const *text = sl_config_list(c, word, &n);
	uint64_t h = n;
	for (size_t i = 0; i < n; i++)
		h = sl_hash_u128(key, h, sl_hash_bytes(key, text[i], strlen(text[i])));
	return h;
}

/* Which program this is: one that was built anew may judge otherwise. */
static uint64_t program_hash(void)
{
	const struct sl_hash_key key = { 0xa0761d6478bd642f, 0xe7037ed1a0b428db };
	struct stat st = { .st_size = 0 };
	(void)stat("/proc/self/exe", &st);
	uint64_t of[] = { st.st_dev, st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
		(uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec,
		(uint64_t)st.st_ctim.tv_nsec };
	return sl_hash_bytes(key, of, sizeof(of));
}

/* The row of an image that says for what it was made. */
struct made_for {
	uint64_t program, validity, word[WORDS][2];
};

static struct made_for made_for(const struct cache *c, enum sl_validity validity)
{
	struct made_for m = { .program = program_hash(), .validity = validity };
	for (unsigned i = 0; i < WORDS; i++)
		for (unsigned k = 0; k < 2; k++)
			m.word[i][k] = word_hash(c->config, words[i], k);
	return m;
}

/* What is another, or NULL. */
static const char *other(const struct made_for *a, const struct made_for *b)
{
	if (a->program != b->program)
		return "the program";
	if (a->validity != b->validity)
		return "validity";
	for (unsigned i = 0; i < WORDS; i++)
		if (memcmp(a->word[i], b->word[i], sizeof(a->word[i])) != 0)
			return words[i];
	return NULL;
}

/* ---- From it ---- */

static bool in_time(const struct cache_sum *s, enum sl_validity validity, uint64_t now_ns)
{
	if (now_ns >= s->from_ns && now_ns < s->until_ns)
		return true;
	return validity == SL_VALID_PACKET && now_ns >= s->made_ns && now_ns - s->made_ns < DAY_NS;
}

static void told_take(struct cache *c, struct sl_image_in *in)
{
	sl_image_take(in, &c->sum, sizeof(c->sum));
	c->noted = sl_image_take_count(in, sizeof(c->notes), 1);
	sl_image_take(in, c->notes, c->noted);
}

/* Whether it is what the files would give; else *why. */
static bool fits(struct cache *c, struct sl_image_in *in, enum sl_validity validity,
	uint64_t now_ns, char *why, size_t cap)
{
	struct sl_seen *was;
	struct made_for then, now = made_for(c, validity);
	sl_image_take(in, &then, sizeof(then));
	const char *what = "", *word = other(&then, &now);
	if (sl_image_bad(in) || sl_seen_load(&was, in) < 0) {
		snprintf(why, cap, "it is damaged");
		return false;
	}
	bool same = sl_seen_same(c->seen, was, &what);
	if (!same)
		snprintf(why, cap, "%.200s is not what it was", what);
	sl_seen_free(was);
	told_take(c, in);
	if (word != NULL)
		snprintf(why, cap, "%s is not what it was", word);
	else if (same && sl_image_bad(in))
		snprintf(why, cap, "it is damaged");
	else if (same && !in_time(&c->sum, validity, now_ns))
		snprintf(why, cap, "by the clock, other indicators are valid or aged");
	else
		return same;
	return false;
}

static const char *why_not(int rc)
{
	if (rc == -EPERM)
		return "it belongs to somebody else, or others may write it";
	if (rc == -EPROTO)
		return "it is of another version of this program, or no image";
	return rc == -ENOENT ? "there is none yet" : strerror(-rc);
}

int cache_open(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	uint64_t now_ns, bool damaged)
{
	struct sl_image_in *in = NULL;
	char why[320];
	int fd = -1, rc = wanted(c) ? take_down(c, handed) : 0;
	const char *said = not_noted(rc);
	int folder = rc == 0 && wanted(c) && !damaged ? folder_open(c, &said) : rc;
	if (folder > 0) {
		rc = sl_image_open(&in, folder, NAME);
		said = why_not(rc);
		close(folder);
	}
	if (in != NULL && fits(c, in, validity, now_ns, why, sizeof(why)))
		fd = sl_image_fd(in);
	else if (in != NULL)
		said = why;
	sl_image_close(in);
	if (fd >= 0 || !wanted(c) || damaged) {
		c->sum.made_ns = now_ns;
		return fd;
	}
	if (folder < 0 || rc != -ENOENT)
		sl_count(c->counters, SL_C_CACHE_UNFIT, 1);
	sl_info("indicators are read from their files; the cache %s is not used: %s", c->folder,
		said);
	c->noted = 0;
	c->sum = (struct cache_sum){ .made_ns = now_ns };
	return -1;
}

bool cache_head(struct cache *c, struct sl_image_in *in, struct cache_sum *sum)
{
	struct sl_seen *was;
	struct made_for of;
	sl_image_take(in, &of, sizeof(of));
	if (sl_image_bad(in) || sl_seen_load(&was, in) < 0)
		return false;
	sl_seen_free(was);
	told_take(c, in);
	*sum = c->sum;
	return !sl_image_bad(in);
}

void cache_damaged(struct cache *c)
{
	sl_count(c->counters, SL_C_CACHE_UNFIT, 1);
	sl_warn("indicators are read from their files; what the cache %s holds is damaged",
		c->folder);
}

void cache_used(struct cache *c)
{
	sl_count(c->counters, SL_C_CACHE_USED, 1);
	for (size_t at = 0, len; at < c->noted; at += len) {
		const char *note = c->notes + at;
		len = strnlen(note, c->noted - at) + 1;
		if (len < 2 || at + len > c->noted)
			break;
		if (note[0] == 'w')
			sl_warn("%s", note + 1);
		else
			sl_info("%s", note + 1);
	}
	sl_info("indicators from the cache %s", c->folder);
}

/* ---- Into it ---- */

static void note(struct cache *c, bool warning, const char *text)
{
	size_t len = strlen(text) + 2;
	if (len > sizeof(c->notes) - c->noted) /* the counts tell; it is said again by a check */
		return;
	c->notes[c->noted] = warning ? 'w' : 'i';
	memcpy(c->notes + c->noted + 1, text, len - 1);
	c->noted += len;
}

void cache_say(struct cache *c, bool warning, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (warning)
		sl_warn("%s", text);
	else
		sl_info("%s", text);
	if (c != NULL)
		note(c, warning, text);
}

/* Whether the files are as they were before they were read, and would be seen to change. */
static bool sure(struct cache *c, const struct armory_paths *handed, char *why, size_t cap)
{
	struct sl_seen *before = c->seen;
	const char *what = "";
	c->seen = NULL;
	int rc = take_down(c, handed);
	if (rc < 0)
		snprintf(why, cap, "%s", not_noted(rc));
	else if (!sl_seen_same(before, c->seen, &what))
		snprintf(why, cap, "%.200s changed while it was read", what);
	else if (sl_seen_unsure(c->seen, &what))
		snprintf(why, cap, "%.200s was written just now, or is no file", what);
	else
		what = NULL;
	sl_seen_free(before);
	return rc == 0 && what == NULL;
}

static void put(struct cache *c, struct sl_image_out *o, enum sl_validity validity,
	const struct sl_ruleset *rs)
{
	struct made_for of = made_for(c, validity);
	sl_image_put(o, &of, sizeof(of));
	sl_seen_save(c->seen, o);
	sl_image_put(o, &c->sum, sizeof(c->sum));
	sl_image_put_u64(o, c->noted);
	sl_image_put(o, c->notes, c->noted);
	sl_ruleset_save(rs, o);
}

/* Into the cache's folder, where there is one: what lies there takes no memory. */
static int begin(struct cache *c, int folder, struct sl_image_out **o, const char **why)
{
	int rc = folder >= 0 ? sl_image_create(o, folder, NAME) : -ENOENT;
	if (folder >= 0 && rc < 0)
		*why = rc == -EBUSY ? "another sensor writes to it: give each its own folder"
				    : strerror(-rc);
	if (rc < 0)
		rc = sl_image_create_unnamed(o);
	if (rc == 0 && c->seen == NULL)
		rc = sl_seen_new(&c->seen);
	return rc;
}

int cache_write(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	const struct cache_sum *sum, const struct sl_ruleset *rs, bool *keep)
{
	char text[320];
	const char *why = NULL;
	struct sl_image_out *o;
	uint64_t made_ns = c->sum.made_ns;
	c->sum = *sum;
	c->sum.made_ns = made_ns;
	int folder = wanted(c) ? folder_open(c, &why) : -1;
	if (folder >= 0 && !sure(c, handed, text, sizeof(text)))
		why = text;
	int rc = begin(c, folder, &o, &why);
	if (rc == 0) {
		put(c, o, validity, rs);
		rc = sl_image_finish(o);
	}
	*keep = wanted(c) && why == NULL && rc >= 0;
	if (rc >= 0 && folder >= 0 && why != NULL)
		sl_image_remove(rc, folder, NAME);
	if (folder >= 0)
		close(folder);
	sl_count(c->counters, SL_C_CACHE_UNWRITTEN, why != NULL);
	if (why != NULL)
		sl_warn("indicators are not put into the cache %s: %s", c->folder, why);
	return rc;
}

void cache_place(struct cache *c, int fd, bool stays)
{
	const char *why = NULL;
	struct stat st = { .st_size = 0 };
	int folder = folder_open(c, &why);
	int rc = folder >= 0 && stays ? sl_image_place(fd, folder, NAME) : 0;
	if (folder >= 0 && (rc < 0 || !stays))
		sl_image_remove(fd, folder, NAME);
	if (folder >= 0)
		close(folder);
	if (!stays)
		return;
	if (rc < 0)
		why = strerror(-rc);
	(void)fstat(fd, &st);
	sl_count(c->counters, why == NULL ? SL_C_CACHE_WRITTEN : SL_C_CACHE_UNWRITTEN, 1);
	if (why == NULL)
		sl_info("indicators put into the cache %s: %.1f MiB", c->folder,
			(double)st.st_size / 1048576);
	else
		sl_warn("indicators are not put into the cache %s: %s", c->folder, why);
}
