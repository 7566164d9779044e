/* SPDX-License-Identifier: BSD-3-Clause */
/* builder.c - a builder's work, in its own process: reads what the configuration names and what was
 * handed out, judges and compiles it, and hands it over as an image, or the cache's where that is
 * as good. Everything is compiled here, also the expressions that the sensor compiles once more for
 * itself: what makes a compiler crash or not come to an end does so here first. A Hyperscan
 * database does not stand in the image: what reads one believes its bytes, and a builder that
 * strangers' bytes brought down may have written anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/image.h>
#include <sightline/io.h>
#include <sightline/log.h>
#include <sightline/mem.h>
#include <sightline/privilege.h>

#include "builder.h"

struct builder {
	struct reader reader;
	struct cache *cache;
	struct armory_paths handed;
	bool uncached;
	int image, allow; /* -1: none */
	struct build_word word;
};

/* ---- The order ---- */

/* What it names lives as long as the process. */
static int order_read(struct builder *b, int fd)
{
	struct stat st;
	struct build_order o;
	if (fstat(fd, &st) < 0)
		return -errno;
	size_t len = (size_t)st.st_size;
	char *p = malloc(len + 1);
	if (p == NULL)
		return -ENOMEM;
	if (sl_io_read(fd, p, len) != st.st_size || len < sizeof(o))
		return -EBADMSG;
	p[len] = '\0';
	memcpy(&o, p, sizeof(o));
	b->reader.now_ns = o.now_ns;
	b->uncached = o.uncached != 0;
	if (o.paths > len)
		return -EBADMSG;
	const char **path = calloc(o.paths + 1, sizeof(*path));
	size_t at = sizeof(o);
	for (uint32_t i = 0; path != NULL && i < o.paths && at < len; i++) {
		path[i] = p + at;
		at += strlen(p + at) + 1;
	}
	b->handed = (struct armory_paths){ path, o.paths };
	return path == NULL ? -ENOMEM : at == len ? 0 : -EBADMSG;
}

/* ---- What comes of the files ---- */

static int allow_put(struct builder *b, const struct sl_intel *allow)
{
	struct sl_image_out *o;
	if (allow == NULL)
		return 0;
	int rc = sl_image_create_unnamed(&o);
	if (rc < 0)
		return rc;
	sl_intel_save(allow, o);
	b->allow = sl_image_finish(o);
	b->word.allow = b->allow >= 0;
	return b->allow < 0 ? b->allow : 0;
}

/* Takes the set. */
static int compile(struct builder *b, struct sl_intel *in, struct sl_ruleset **out)
{
	struct sl_match_options o = { .validity = reader_validity(b->reader.config), .workers = 1 };
	return sl_ruleset_build(out, in, &o, NULL, 1);
}

static int files(struct builder *b)
{
	struct sl_intel *in;
	struct sl_ruleset *rs;
	b->reader.notes = b->cache;
	int rc = reader_intel(&b->reader, &b->handed, &in);
	b->reader.notes = NULL;
	if (rc < 0)
		return rc;
	struct cache_sum sum = { .out_of_time = sl_intel_out_of_time(in, b->reader.now_ns),
		.feed_bad = b->word.counters.c[SL_C_FEED_BAD] };
	sl_intel_holds(in, &sum.from_ns, &sum.until_ns);
	size_t n;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	for (size_t i = 0; i < n; i++)
		sum.not_valid += s[i].count[SL_NOT_VALID];
	rc = compile(b, in, &rs);
	if (rc < 0)
		return rc;
	bool keep;
	b->image = cache_write(
		b->cache, &b->handed, reader_validity(b->reader.config), &sum, rs, &keep);
	b->word.keep = keep;
	return b->image < 0 ? b->image : 0;
}

static int build(struct builder *b)
{
	struct sl_intel *allow;
	b->image = cache_open(b->cache, &b->handed, reader_validity(b->reader.config),
		b->reader.now_ns, b->uncached);
	b->word.cached = b->image >= 0;
	int rc = b->image >= 0 ? 0 : files(b);
	if (rc == 0)
		rc = reader_allow(&b->reader, &allow);
	return rc == 0 ? allow_put(b, allow) : rc;
}

static int work(void *config, int order, int sensor)
{
	static struct builder b;
	const struct sl_config *c = config;
	b = (struct builder){
		.reader = { .config = c, .counters = &b.word.counters }, .image = -1, .allow = -1
	};
	sl_mem_use_huge(false); /* those of the pool are for the sensor's tables */
	if (!sl_config_flag(c, "no_seccomp") && sl_privilege_filter(false) < 0)
		return EXIT_FAILURE;
	int rc = order_read(&b, order);
	if (rc == 0)
		rc = cache_new(&b.cache, c, &b.word.counters);
	if (rc == 0)
		rc = build(&b);
	b.word.rc = rc;
	b.word.said = b.reader.said;
	int fd[] = { b.image, b.allow };
	unsigned fds = rc < 0 ? 0 : b.allow >= 0 ? 2 : 1;
	return nursery_say(sensor, &b.word, sizeof(b.word), fd, fds) < 0 ? EXIT_FAILURE
									 : EXIT_SUCCESS;
}

static int ready(void *config)
{
	char err[512];
	int rc = confine_nursery(config, err, sizeof(err));
	if (rc < 0)
		sl_error("%s", err);
	return rc;
}

int builder_nursery(struct nursery **out, struct sl_config *c)
{
	const struct nursery_work w = { .ready = ready, .build = work, .arg = c };
	return nursery_new(out, &w);
}
