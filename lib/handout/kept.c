/* SPDX-License-Identifier: BSD-3-Clause */
/* kept.c - a sensor's sets on its disk: texts under their hash, files in a folder under theirs with
 * the name that the feed has, and a line that says which set is in force. One thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "taker.h"

#define CURRENT "current"
#define HEAD "sightline-set 1 "

void kept_name(const struct kept *k, char out[128])
{
	snprintf(out, 128, "set-%s", k->hex);
}

/* ---- files ---- */

static int open_ref(const struct sl_taker *t, const struct file_ref *r)
{
	char path[2 * SL_SET_HEX + SL_SET_NAME_MAX];
	snprintf(path, sizeof(path), "%s/%s", r->sha256, r->name);
	return openat(t->files, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

bool kept_has_file(const struct sl_taker *t, const struct file_ref *r)
{
	int fd = open_ref(t, r);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool file_proven(const struct sl_taker *t, const struct file_ref *r)
{
	uint8_t buf[65536], digest[SL_DIGEST_MAX];
	char hex[SL_SET_HEX];
	struct sl_digest_state d;
	ssize_t n;
	int fd = open_ref(t, r);
	if (fd < 0)
		return false;
	sl_digest_begin(&d, SL_SHA256);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sl_digest_add(&d, buf, (size_t)n);
	close(fd);
	sl_digest_end(&d, digest);
	sl_hex(digest, SL_DIGEST_MAX, hex);
	return n == 0 && strcmp(hex, r->sha256) == 0;
}

static int take_ref(void *arg, const char sha256[SL_SET_HEX], const char *name)
{
	struct sl_taker *t = arg;
	struct file_ref *r = &t->ref[t->refs++]; /* a set has no more */
	memcpy(r->sha256, sha256, SL_SET_HEX);
	memcpy(r->name, name, strlen(name) + 1);
	return 0;
}

int kept_files(struct sl_taker *t, struct kept *k)
{
	char name[128];
	struct sl_set_text text;
	kept_name(k, name);
	int rc = sl_set_map(t->folder, name, &text);
	if (rc < 0)
		return rc;
	t->refs = 0;
	rc = sl_set_check(text, &k->lines, take_ref, t);
	sl_set_unmap(&text);
	return rc;
}

/* ---- what is in force ---- */

static bool text_proven(const struct sl_taker *t, const struct kept *k)
{
	char name[128];
	uint8_t digest[SL_DIGEST_MAX];
	struct sl_set_text text;
	kept_name(k, name);
	if (sl_set_map(t->folder, name, &text) < 0)
		return false;
	bool good = sl_digest_of(SL_SHA256, text.p, text.len, digest) == 0 &&
		    memcmp(digest, k->sha256, sizeof(digest)) == 0;
	sl_set_unmap(&text);
	return good;
}

static bool current_read(const struct sl_taker *t, struct kept *k)
{
	struct sl_set_text text;
	char line[sizeof(HEAD) + 32 + SL_SET_HEX] = "";
	if (sl_set_map(t->folder, CURRENT, &text) < 0)
		return false;
	if (text.len < sizeof(line) && text.len > 0)
		memcpy(line, text.p, text.len);
	sl_set_unmap(&text);
	return sscanf(line, HEAD "%" SCNu64 " %64[0-9a-f]", &k->generation, k->hex) == 2 &&
	       k->generation > 0 && disk_unhex(k->hex, k->sha256);
}

int kept_load(struct sl_taker *t)
{
	struct kept k = { 0 };
	if (faccessat(t->folder, CURRENT, F_OK, 0) < 0)
		return -ENOENT;
	if (!current_read(t, &k) || !text_proven(t, &k) || kept_files(t, &k) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < t->refs; i++)
		if (!file_proven(t, &t->ref[i]))
			return -EBADMSG;
	t->current = t->base = k;
	memcpy(t->offered, k.sha256, sizeof(t->offered));
	return 0;
}

/* Before it is named as what is in force, all of it is durable. */
static int sync_all(struct sl_taker *t)
{
	char name[2 * SL_SET_HEX + SL_SET_NAME_MAX];
	struct kept one = t->base;
	int rc = kept_files(t, &one);
	for (size_t i = 0; rc == 0 && i < t->refs; i++) {
		snprintf(name, sizeof(name), "%s/%s", t->ref[i].sha256, t->ref[i].name);
		rc = disk_sync(t->files, name);
		if (rc == 0)
			rc = disk_sync(t->files, t->ref[i].sha256);
	}
	if (rc == 0 && fsync(t->files) < 0)
		rc = -errno;
	kept_name(&one, name);
	return rc < 0 ? rc : disk_sync(t->folder, name);
}

int kept_commit(struct sl_taker *t)
{
	char line[sizeof(HEAD) + 32 + SL_SET_HEX];
	int synced = sync_all(t);
	if (synced < 0)
		return synced;
	int n = snprintf(
		line, sizeof(line), HEAD "%" PRIu64 " %s\n", t->base.generation, t->base.hex);
	int rc = disk_write(t->folder, CURRENT, line, (size_t)n);
	if (rc == 0)
		t->current = t->base;
	return rc;
}

/* ---- what may go ---- */

struct sweep {
	struct sl_taker *t;
	struct file_ref *ref;
	size_t refs;
};

static int sweep_ref(void *arg, const char sha256[SL_SET_HEX], const char *name)
{
	struct sweep *s = arg;
	memcpy(s->ref[s->refs].sha256, sha256, SL_SET_HEX);
	snprintf(s->ref[s->refs++].name, sizeof(s->ref->name), "%s", name);
	return 0;
}

static bool sweep_set(struct sweep *s, const struct kept *k)
{
	char name[128];
	struct sl_set_text text;
	if (k->generation == 0)
		return true;
	kept_name(k, name);
	if (sl_set_map(s->t->folder, name, &text) < 0)
		return false;
	bool good = sl_set_check(text, NULL, sweep_ref, s) == 0;
	sl_set_unmap(&text);
	return good;
}

static void drop_set(void *arg, const char *name)
{
	const struct sweep *s = arg;
	char current[128], base[128];
	kept_name(&s->t->current, current);
	kept_name(&s->t->base, base);
	if (strncmp(name, "set-", 4) == 0 && strcmp(name, current) != 0 && strcmp(name, base) != 0)
		unlinkat(s->t->folder, name, 0);
}

static void drop_name(void *arg, const char *name)
{
	unlinkat(*(int *)arg, name, 0);
}

static void drop_file(void *arg, const char *name)
{
	const struct sweep *s = arg;
	for (size_t i = 0; i < s->refs; i++)
		if (strcmp(s->ref[i].sha256, name) == 0)
			return;
	int below = disk_below(s->t->files, name);
	if (below < 0)
		return;
	disk_each(below, drop_name, &below);
	close(below);
	unlinkat(s->t->files, name, AT_REMOVEDIR);
}

void kept_prune(struct sl_taker *t)
{
	struct sweep s = { .t = t, .ref = calloc(2 * SL_SET_FILES_MAX, sizeof(*s.ref)) };
	disk_each(t->folder, drop_set, &s);
	if (s.ref != NULL && sweep_set(&s, &t->current) && sweep_set(&s, &t->base))
		disk_each(t->files, drop_file, &s);
	free(s.ref);
}

/* ---- what is told of one ---- */

static int path_add(struct sl_taker *t, const char *below)
{
	int rc = asprintf(&t->path[t->paths], "%s/%s", t->dir, below);
	if (rc < 0)
		return -ENOMEM;
	t->paths++;
	return 0;
}

int kept_paths(struct sl_taker *t, const struct kept *k)
{
	struct kept one = *k;
	char below[3 * SL_SET_HEX];
	while (t->paths > 0)
		free(t->path[--t->paths]);
	int rc = kept_files(t, &one);
	if (rc == 0 && one.lines > t->refs) {
		kept_name(k, below);
		rc = path_add(t, below);
	}
	for (size_t i = 0; rc == 0 && i < t->refs; i++) {
		snprintf(below, sizeof(below), "files/%s/%s", t->ref[i].sha256, t->ref[i].name);
		rc = path_add(t, below);
	}
	return rc;
}

/* Two texts of the lines that come and go, without their marks. */
static int change_split(struct sl_taker *t, struct sl_set_text change)
{
	t->add = malloc(change.len + 1);
	t->remove = malloc(change.len + 1);
	if (t->add == NULL || t->remove == NULL)
		return -ENOMEM;
	for (const char *p = change.p, *end = p + change.len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl != NULL ? nl + 1 : end) - p) - 1;
		char **to = p[0] == '+' ? &t->add : &t->remove;
		size_t *at = p[0] == '+' ? &t->add_len : &t->remove_len;
		memcpy(*to + *at, p + 1, len);
		*at += len;
		p += len + 1;
	}
	return 0;
}

static int change_write(struct sl_taker *t, FILE *out)
{
	char name[128];
	struct sl_set_text a = { NULL, 0 }, b = { NULL, 0 };
	kept_name(&t->current, name);
	int rc = t->current.generation > 0 ? sl_set_map(t->folder, name, &a) : -ENOENT;
	if (rc == 0) {
		kept_name(&t->base, name);
		rc = sl_set_map(t->folder, name, &b);
	}
	if (rc == 0)
		rc = sl_set_change(a, b, out);
	sl_set_unmap(&a);
	sl_set_unmap(&b);
	return rc;
}

bool kept_change(struct sl_taker *t)
{
	struct disk_file d;
	struct sl_set_text change = { NULL, 0 };
	free(t->add);
	free(t->remove);
	t->add = t->remove = NULL;
	t->add_len = t->remove_len = 0;
	if (disk_begin(&d, t->folder, "change") < 0)
		return false;
	int rc = change_write(t, d.f);
	if (rc == 0 && (fflush(d.f) != 0 || (uint64_t)ftello(d.f) > SL_SET_CHANGE_BYTES_MAX))
		rc = -EFBIG;
	if (rc == 0)
		rc = sl_set_map(t->folder, d.part, &change);
	if (rc == 0 && sl_set_change_of_files(change))
		rc = -ENOTSUP;
	if (rc == 0)
		rc = change_split(t, change);
	sl_set_unmap(&change);
	disk_drop(&d);
	return rc == 0;
}

int kept_apply(struct sl_taker *t, struct sl_set_text change)
{
	char name[128];
	struct disk_file d;
	struct sl_set_text base;
	kept_name(&t->base, name);
	int rc = sl_set_map(t->folder, name, &base);
	if (rc < 0)
		return rc;
	kept_name(&t->target, name);
	rc = disk_begin(&d, t->folder, name);
	if (rc == 0) {
		rc = sl_set_apply(base, change, d.f);
		if (rc == 0)
			rc = disk_name(&d);
		else
			disk_drop(&d);
	}
	sl_set_unmap(&base);
	if (rc == 0 && !text_proven(t, &t->target)) {
		unlinkat(t->folder, name, 0);
		rc = -EBADMSG;
	}
	return rc;
}
