/* SPDX-License-Identifier: BSD-3-Clause */
/* reading.h - what the tests of lib/intel share: a text read, and what was said of it. */
#ifndef TESTS_INTEL_READING_H
#define TESTS_INTEL_READING_H

#include <stdio.h>

#include <sightline/clock.h>
#include <sightline/intel.h>

#include "spelled.h"
#include "test.h"

struct read {
	struct sl_intel *set;
	const struct sl_indicator *ind;
	size_t count;
	const struct sl_intel_source *source;
	char said[8192]; /* "LINE CODE\n" for each finding */
	int rc;
};

static inline void read_said(void *arg, const struct sl_finding *f)
{
	struct read *r = arg;
	size_t used = strlen(r->said);
	snprintf(r->said + used, sizeof(r->said) - used, "%llu %s\n", (unsigned long long)f->line,
		f->code);
	assert_true(f->code[0] != '\0' || f->verdict == SL_ARMED);
	assert_non_null(f->reason);
	assert_non_null(f->part);
	assert_non_null(f->id);
}

static inline void read_bytes(struct read *r, const void *p, size_t len, enum sl_validity validity)
{
	/* What a value is worth is lint_test.c's; here it is read. */
	struct sl_intel_options o = {
		.validity = validity, .taken_as_said = true, .finding = read_said, .arg = r
	};
	size_t sources;
	assert_true(sl_time_parse("2026-06-01", 10, &o.now_ns));
	memset(r, 0, sizeof(*r));
	assert_int_equal(sl_intel_new(&r->set), 0);
	r->rc = sl_intel_read_bytes(r->set, "feeds/test.txt", p, len, &o);
	r->ind = spelled_out(r->set, &r->count);
	r->source = sl_intel_sources(r->set, &sources);
	assert_int_equal(sources, 1);
}

static inline void read_text(struct read *r, const char *text)
{
	read_bytes(r, text, strlen(text), SL_VALID_PACKET);
}

static inline void read_free(struct read *r)
{
	sl_intel_free(r->set);
}

/* The text at every length, its end where memory ends. */
static inline void read_at_every_cut(const char *text)
{
	size_t len = strlen(text);
	for (size_t cut = 0; cut <= len; cut++) {
		struct guarded g = guarded_new(text, cut);
		struct read r;
		read_bytes(&r, g.p, cut, SL_VALID_PACKET);
		assert_int_equal(r.rc, 0);
		read_free(&r);
		guarded_free(&g);
	}
}

#endif
