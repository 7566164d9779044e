/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_session.h - a made session, step after step, and the log that its parser has to write. */
#ifndef TEST_PARSER_SMB_SESSION_H
#define TEST_PARSER_SMB_SESSION_H

#include <stdarg.h>

#include <sightline/digest.h>

#include "pieces.h"
#include "smb_made.h"

static struct made m;
static struct cut_step step[512];
static size_t steps;
static char want[1 << 16];

static inline void session_begin(void)
{
	m.len = 0;
	steps = 0;
	want[0] = '\0';
}

static inline void session_add(enum sl_dir dir, size_t from)
{
	step[steps++] = (struct cut_step){ .dir = dir, .p = m.b + from, .len = m.len - from };
}

/* A frame with the messages that `what` makes. */
#define FRAME(dir, what)                                                                           \
	do {                                                                                       \
		made_frame(&m);                                                                    \
		what;                                                                              \
		made_framed(&m);                                                                   \
		session_add(dir, m.frame);                                                         \
	} while (0)
#define ASK(what) FRAME(SL_TO_SERVER, what)
#define ANSWER(what) FRAME(SL_TO_CLIENT, what)

__attribute__((format(printf, 1, 2))) static inline void expect(const char *form, ...)
{
	va_list list;
	size_t at = strlen(want);
	va_start(list, form);
	vsnprintf(want + at, sizeof(want) - at, form, list);
	va_end(list);
}

static inline void expect_hash(
	unsigned message, const char *where, enum sl_digest_kind kind, struct sl_span in)
{
	struct sl_digest_state d;
	uint8_t raw[SL_DIGEST_MAX];
	char hex[2 * SL_DIGEST_MAX + 1];
	sl_digest_begin(&d, kind);
	sl_digest_add(&d, in.p, in.len);
	sl_hex(raw, sl_digest_end(&d, raw), hex);
	expect("%s %u %s\n", where, message, hex);
}

/* What the type says of bytes that are text; the others that are made here have none. */
static inline bool is_text(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

static inline void expect_file(unsigned message, const char *name, const void *p, size_t len)
{
	if (name[0] != '\0')
		expect("file.name %u %s\n", message, name);
	if (is_text(p, len))
		expect("file.type %u text/plain\n", message);
	expect("file.size %u %zu\n", message, len);
	expect_hash(message, "file.md5", SL_MD5, sl_span(p, len));
	expect_hash(message, "file.sha1", SL_SHA1, sl_span(p, len));
	expect_hash(message, "file.sha256", SL_SHA256, sl_span(p, len));
}

/* In pieces of any size, with any room in the batch. */
static inline void session_check(void)
{
	expect_stream("smb", step, steps, SL_MORE, want);
}

/* Whole pieces, once, for sessions too large for all ways; returns the parser for its counters. */
static inline struct feed *session_run(void)
{
	struct feed *f = feed_new("smb", 0);
	for (size_t i = 0; i < steps; i++)
		assert_int_equal(feed_guarded(f, step[i].dir, step[i].p, step[i].len), SL_MORE);
	feed_ends(f);
	assert_string_equal(f->log, want);
	return f;
}

#endif
