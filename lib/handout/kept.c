/* SPDX-License-Identifier: BSD-3-Clause */
/* kept.c - a sensor's sets on its disk: texts under their hash, files in a folder under theirs with
 * the name that the feed has, a journal of changes, and a line that says with which text a start
 * begins. One thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "taker.h"

#define CURRENT "current"
#define HEAD "sightline-set 2 "
#define HEAD_1 "sightline-set 1 "

void kept_name(const uint8_t sha256[SL_DIGEST_MAX], char out[SL_SET_HEX + 8])
{
	char hex[SL_SET_HEX];
	sl_hex(sha256, SL_DIGEST_MAX, hex);
	snprintf(out, SL_SET_HEX + 8, "set-%s", hex);
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
	struct refs *r = arg;
	if (r->n == SL_SET_FILES_MAX)
		return -EBADMSG;
	memcpy(r->ref[r->n].sha256, sha256, SL_SET_HEX);
	snprintf(r->ref[r->n++].name, sizeof(r->ref->name), "%s", name);
	return 0;
}

static int change_ref(void *arg, bool add, const char sha256[SL_SET_HEX], const char *name)
{
	struct refs *r = arg;
	size_t i = 0;
	while (i < r->n &&
		(strcmp(r->ref[i].sha256, sha256) != 0 || strcmp(r->ref[i].name, name) != 0))
		i++;
	if (add == (i < r->n))
		return -EBADMSG;
	if (add)
		return take_ref(r, sha256, name);
	r->ref[i] = r->ref[--r->n];
	return 0;
}

/* Lines that come may stand before those that leave: at the bound there is room for both once. */
static int leave_ref(void *arg, bool add, const char sha256[SL_SET_HEX], const char *name)
{
	return add ? 0 : change_ref(arg, add, sha256, name);
}

static int come_ref(void *arg, bool add, const char sha256[SL_SET_HEX], const char *name)
{
	return add ? change_ref(arg, add, sha256, name) : 0;
}

int kept_refs_change(struct refs *r, struct sl_set_text change)
{
	int rc = sl_set_change_files(change, leave_ref, r);
	return rc < 0 ? rc : sl_set_change_files(change, come_ref, r);
}

int kept_refs(const struct sl_taker *t, const struct snapshot *s, struct refs *out)
{
	char name[SL_SET_HEX + 8];
	struct sl_set_text text;
	kept_name(s->sha256, name);
	int rc = sl_set_map(t->folder, name, &text);
	out->n = 0;
	if (rc < 0)
		return rc;
	rc = sl_set_files(text, take_ref, out);
	sl_set_unmap(&text);
	return rc;
}

/* ---- what is in force ---- */

bool kept_proven(const struct sl_taker *t, const uint8_t sha256[SL_DIGEST_MAX])
{
	char name[SL_SET_HEX + 8];
	uint8_t digest[SL_DIGEST_MAX];
	struct sl_set_text text;
	kept_name(sha256, name);
	if (sl_set_map(t->folder, name, &text) < 0)
		return false;
	bool good = sl_digest_of(SL_SHA256, text.p, text.len, digest) == 0 &&
		    memcmp(digest, sha256, sizeof(digest)) == 0;
	sl_set_unmap(&text);
	return good;
}

/* Of the layout before, which had the text's hash alone. */
static bool read_1(const struct sl_taker *t, const char *line, struct snapshot *s)
{
	char hex[SL_SET_HEX], name[SL_SET_HEX + 8];
	struct fold_made m;
	if (sscanf(line, HEAD_1 "%" SCNu64 " %64[0-9a-f]", &s->head.number, hex) != 2 ||
		!disk_unhex(hex, s->sha256))
		return false;
	kept_name(s->sha256, name);
	if (fold_look(t->folder, name, &m) < 0)
		return false;
	memcpy(s->head.id, s->sha256, sizeof(s->head.id));
	s->head.lines = m.lines;
	s->head.bytes = m.bytes;
	return true;
}

static bool current_read(const struct sl_taker *t, struct snapshot *s)
{
	struct sl_set_text text;
	char line[sizeof(HEAD) + 128 + 2 * SL_SET_HEX] = "", id[SL_SET_HEX], hex[SL_SET_HEX];
	if (sl_set_map(t->folder, CURRENT, &text) < 0)
		return false;
	if (text.len < sizeof(line) && text.len > 0)
		memcpy(line, text.p, text.len);
	sl_set_unmap(&text);
	if (strncmp(line, HEAD_1, sizeof(HEAD_1) - 1) == 0)
		return read_1(t, line, s);
	return sscanf(line,
		       HEAD "%" SCNu64 " %64[0-9a-f] %64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64,
		       &s->head.number, id, hex, &s->head.time_s, &s->head.lines,
		       &s->head.bytes) == 6 &&
	       s->head.number > 0 && disk_unhex(id, s->head.id) && disk_unhex(hex, s->sha256);
}

/* Files of what is in force, as the journal left them. */
static int refs_now(struct sl_taker *t)
{
	int rc = kept_refs(t, &t->set, &t->held);
	for (size_t i = 0; rc == 0 && i < t->history.count; i++) {
		const struct step *s = &t->history.all[i];
		char *change;
		size_t len;
		if (!s->files || s->head.number <= t->set.head.number)
			continue;
		rc = history_change(
			&t->history, s->head.number - 1, s->head.number, false, &change, &len);
		if (rc < 0)
			break;
		rc = kept_refs_change(&t->held, (struct sl_set_text){ change, len });
		free(change);
	}
	return rc;
}

static int read_all(struct sl_taker *t, const struct snapshot *s)
{
	struct step known = { .head = s->head };
	int rc = kept_proven(t, s->sha256) ? 0 : -EBADMSG;
	if (rc == 0)
		rc = history_read(&t->history, t->folder, &known, 1);
	if (rc < 0)
		return rc;
	t->torn = t->history.torn;
	t->set = *s;
	rc = refs_now(t);
	for (size_t i = 0; rc == 0 && i < t->held.n; i++)
		rc = file_proven(t, &t->held.ref[i]) ? 0 : -EBADMSG;
	return rc;
}

int kept_load(struct sl_taker *t)
{
	struct snapshot s = { 0 };
	disk_sweep(t->folder);
	t->stale = true;
	if (faccessat(t->folder, CURRENT, F_OK, 0) < 0)
		return -ENOENT;
	int rc = current_read(t, &s) ? read_all(t, &s) : -EBADMSG;
	if (rc < 0) {
		history_fini(&t->history);
		t->set = (struct snapshot){ 0 };
		t->held.n = 0;
		return rc == -ENOMEM ? rc : -EBADMSG;
	}
	t->base = history_last(&t->history)->head;
	t->refs = t->held;
	memcpy(t->offered, t->base.id, sizeof(t->offered));
	return 0;
}

/* Before it is named as what a start begins with, all of it is durable. */
static int sync_all(const struct sl_taker *t, const struct snapshot *s, const struct refs *refs)
{
	char name[2 * SL_SET_HEX + SL_SET_NAME_MAX];
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < refs->n; i++) {
		snprintf(name, sizeof(name), "%s/%s", refs->ref[i].sha256, refs->ref[i].name);
		rc = disk_sync(t->files, name);
		if (rc == 0)
			rc = disk_sync(t->files, refs->ref[i].sha256);
	}
	if (rc == 0 && fsync(t->files) < 0)
		rc = -errno;
	kept_name(s->sha256, name);
	return rc < 0 ? rc : disk_sync(t->folder, name);
}

int kept_point(struct sl_taker *t, const struct snapshot *s, const struct refs *refs)
{
	char line[sizeof(HEAD) + 128 + 2 * SL_SET_HEX], id[SL_SET_HEX], hex[SL_SET_HEX];
	int rc = sync_all(t, s, refs);
	if (rc < 0)
		return rc;
	sl_hex(s->head.id, SL_DIGEST_MAX, id);
	sl_hex(s->sha256, SL_DIGEST_MAX, hex);
	int n = snprintf(line, sizeof(line),
		HEAD "%" PRIu64 " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s->head.number, id,
		hex, s->head.time_s, s->head.lines, s->head.bytes);
	return disk_write(t->folder, CURRENT, line, (size_t)n);
}

/* ---- what may go ---- */

static void drop_set(void *arg, const char *name)
{
	const struct sl_taker *t = arg;
	char set[SL_SET_HEX + 8], fresh[SL_SET_HEX + 8];
	kept_name(t->set.sha256, set);
	kept_name(t->fresh.sha256, fresh);
	bool folding = t->fold != NULL && strcmp(name, "set-folded") == 0;
	if (strncmp(name, "set-", 4) == 0 && strcmp(name, set) != 0 && strcmp(name, fresh) != 0 &&
		!folding)
		unlinkat(t->folder, name, 0);
}

static void drop_name(void *arg, const char *name)
{
	unlinkat(*(int *)arg, name, 0);
}

static bool named(const struct refs *r, const char *sha256)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->ref[i].sha256, sha256) == 0)
			return true;
	return false;
}

static void drop_file(void *arg, const char *name)
{
	const struct sl_taker *t = arg;
	if (named(&t->held, name) || named(&t->refs, name))
		return;
	int below = disk_below(t->files, name);
	if (below < 0)
		return;
	disk_sweep(below);
	disk_each(below, drop_name, &below);
	close(below);
	unlinkat(t->files, name, AT_REMOVEDIR);
}

void kept_prune(struct sl_taker *t)
{
	if (!t->stale)
		return;
	disk_each(t->folder, drop_set, t);
	disk_each(t->files, drop_file, t);
	t->stale = false;
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

int kept_paths(struct sl_taker *t, const struct snapshot *s, const struct refs *refs)
{
	char below[3 * SL_SET_HEX];
	struct refs own;
	while (t->paths > 0)
		free(t->path[--t->paths]);
	int rc = kept_refs(t, s, &own);
	if (rc == 0 && s->head.lines > own.n) {
		kept_name(s->sha256, below);
		rc = path_add(t, below);
	}
	for (size_t i = 0; rc == 0 && i < refs->n; i++) {
		snprintf(below, sizeof(below), "files/%s/%s", refs->ref[i].sha256,
			refs->ref[i].name);
		rc = path_add(t, below);
	}
	return rc;
}
