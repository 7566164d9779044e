/* SPDX-License-Identifier: BSD-3-Clause */
/* cache.c - the compiled indicators on disk, between one start or reload and the next. Control
 * thread.
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
	char folder[PATH_MAX];
	struct sl_counters *counters;
	struct sl_seen *seen; /* what is read, as it was before */
	struct cache_sum sum; /* of what was read */
	char notes[NOTES_BYTES];
	size_t noted;
};

/* ---- Where ---- */

/* In the folder that systemd made for the service's state. */
static bool folder_of_state(struct cache *c)
{
	const char *state = getenv("STATE_DIRECTORY");
	size_t len = state != NULL ? strcspn(state, ":") : 0;
	if (len == 0 || len > sizeof(c->folder) - 32)
		return false;
	snprintf(c->folder, sizeof(c->folder), "%.*s/intel-cache", (int)len, state);
	(void)mkdir(c->folder, 0700); /* if that fails, opening it says so */
	return true;
}

int cache_new(struct cache **out, const struct sl_config *config, struct sl_counters *counters)
{
	const char *folder = sl_config_text(config, "intel_cache");
	*out = NULL;
	/* A check reads nothing that a collector handed out: the image is of other files. */
	if (sl_config_test(config) && sl_config_text(config, "intel_from") != NULL)
		return 0;
	struct cache *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->config = config;
	c->counters = counters;
	bool any = folder != NULL && folder[0] != '\0' && strlen(folder) < sizeof(c->folder);
	if (any)
		snprintf(c->folder, sizeof(c->folder), "%s", folder);
	else if (folder != NULL || !folder_of_state(c)) {
		free(c);
		return folder != NULL && folder[0] != '\0' ? -ENAMETOOLONG : 0;
	}
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
	sl_image_take(in, &c->sum, sizeof(c->sum));
	c->noted = sl_image_take_count(in, sizeof(c->notes), 1);
	sl_image_take(in, c->notes, c->noted);
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

struct sl_image_in *cache_open(struct cache *c, const struct armory_paths *handed,
	enum sl_validity validity, uint64_t now_ns)
{
	struct sl_image_in *in = NULL;
	char why[320];
	int rc = take_down(c, handed);
	const char *said = not_noted(rc);
	int folder = rc == 0 ? folder_open(c, &said) : rc;
	if (folder >= 0) {
		rc = sl_image_open(&in, folder, NAME);
		said = why_not(rc);
		close(folder);
	}
	if (in != NULL) {
		if (fits(c, in, validity, now_ns, why, sizeof(why)))
			return in;
		said = why;
		sl_image_close(in);
	}
	if (folder < 0 || rc != -ENOENT)
		sl_count(c->counters, SL_C_CACHE_UNFIT, 1);
	sl_info("indicators are read from their files; the cache %s is not used: %s", c->folder,
		said);
	c->noted = 0;
	c->sum = (struct cache_sum){ .made_ns = now_ns };
	return NULL;
}

void cache_damaged(struct cache *c)
{
	sl_count(c->counters, SL_C_CACHE_UNFIT, 1);
	sl_warn("indicators are read from their files; what the cache %s holds is damaged",
		c->folder);
	uint64_t made_ns = c->sum.made_ns;
	c->noted = 0;
	c->sum = (struct cache_sum){ .made_ns = made_ns };
}

const struct cache_sum *cache_used(struct cache *c, uint64_t out_of_time)
{
	uint64_t then = c->sum.out_of_time, *n = &c->sum.not_valid;
	if (out_of_time >= then)
		*n += out_of_time - then;
	else
		*n -= *n < then - out_of_time ? *n : then - out_of_time;
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
	return &c->sum;
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

static int put(struct cache *c, int folder, enum sl_validity validity, const struct sl_ruleset *rs,
	uint64_t *bytes)
{
	struct sl_image_out *o;
	int rc = sl_image_create(&o, folder, NAME);
	if (rc < 0)
		return rc;
	struct made_for of = made_for(c, validity);
	sl_image_put(o, &of, sizeof(of));
	sl_seen_save(c->seen, o);
	sl_image_put(o, &c->sum, sizeof(c->sum));
	sl_image_put_u64(o, c->noted);
	sl_image_put(o, c->notes, c->noted);
	sl_ruleset_save(rs, o);
	*bytes = sl_image_put_bytes(o);
	return sl_image_commit(o);
}

void cache_keep(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	const struct cache_sum *sum, const struct sl_ruleset *rs)
{
	char why[320];
	const char *said = why;
	uint64_t bytes = 0, made_ns = c->sum.made_ns;
	c->sum = *sum;
	c->sum.made_ns = made_ns;
	int folder = sure(c, handed, why, sizeof(why)) ? folder_open(c, &said) : -1;
	if (folder >= 0) {
		int rc = put(c, folder, validity, rs, &bytes);
		said = rc == -EBUSY ? "another sensor writes to it: give each its own folder"
		       : rc < 0	    ? strerror(-rc)
				    : NULL;
		close(folder);
	}
	c->noted = 0;
	sl_count(c->counters, said == NULL ? SL_C_CACHE_WRITTEN : SL_C_CACHE_UNWRITTEN, 1);
	if (said == NULL)
		sl_info("indicators put into the cache %s: %.1f MiB", c->folder,
			(double)bytes / 1048576);
	else
		sl_warn("indicators are not put into the cache %s: %s", c->folder, said);
}
