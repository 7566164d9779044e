/* SPDX-License-Identifier: BSD-3-Clause */
/* hex_steps.h - what both ends of a connection sent, in hex, as the steps of a test. */
#ifndef TEST_PARSER_HEX_STEPS_H
#define TEST_PARSER_HEX_STEPS_H

#include "probed.h"

#define HEX_STEPS 12

struct hex_step {
	enum sl_dir dir;
	const char *hex;
};

struct hex_steps {
	struct cut_step step[HEX_STEPS];
	uint8_t bytes[HEX_STEPS][4096];
};

static inline struct hex_steps *hex_steps_new(const struct hex_step *from, size_t steps)
{
	struct hex_steps *s = calloc(1, sizeof(*s));
	assert_true(steps <= HEX_STEPS);
	for (size_t i = 0; i < steps; i++)
		s->step[i] = (struct cut_step){ from[i].dir, s->bytes[i],
			from_hex(from[i].hex, s->bytes[i], sizeof(s->bytes[i])) };
	return s;
}

/* In pieces of every kind, with every room; the verdict on the last. */
static inline void expect_hex(const char *parser, const struct hex_step *from, size_t steps,
	enum sl_verdict last, const char *want)
{
	struct hex_steps *s = hex_steps_new(from, steps);
	expect_stream(parser, s->step, steps, last, want);
	free(s);
}

/* Datagrams, with every room. */
static inline void expect_hex_log(
	const char *parser, const struct hex_step *from, size_t steps, const char *want)
{
	struct hex_steps *s = hex_steps_new(from, steps);
	expect_log(parser, s->step, steps, want);
	free(s);
}

/* As `probed`. */
static inline const char *probed_hex(const char *hex, uint8_t over, uint16_t port)
{
	uint8_t b[4096];
	return probed((const char *)b, from_hex(hex, b, sizeof(b)), over, port);
}

/* What the probe of one parser says to the first bytes; not whether another's comes before it. */
static inline enum sl_probe probe_bytes(const char *parser, enum sl_dir dir, const void *p,
	size_t len, bool datagram, uint16_t port)
{
	struct guarded g = guarded_new(p, len);
	struct sl_piece piece = { .bytes = sl_span(g.p, g.len), .dir = dir, .datagram = datagram };
	enum sl_probe said = SL_PROBE_NO;
	for (unsigned i = 0; i < sl_parser_count; i++)
		if (strcmp(sl_parsers[i]->name, parser) == 0)
			said = sl_parsers[i]->probe(&piece, 40000, port);
	guarded_free(&g);
	return said;
}

/* The probe says yes to the whole, and never no to less than that. */
static inline void expect_probe(const char *parser, enum sl_dir dir, const char *hex)
{
	uint8_t b[4096];
	size_t len = from_hex(hex, b, sizeof(b));
	assert_int_equal(probe_bytes(parser, dir, b, len, false, 4444), SL_PROBE_YES);
	for (size_t n = 1; n < len; n++)
		assert_int_not_equal(probe_bytes(parser, dir, b, n, false, 4444), SL_PROBE_NO);
}

/* Another byte at `at` and it is somebody else's. */
static inline void expect_no_probe(const char *parser, enum sl_dir dir, const char *hex, size_t at,
	uint8_t byte, bool datagram)
{
	uint8_t b[4096];
	size_t len = from_hex(hex, b, sizeof(b));
	b[at] = byte;
	assert_int_equal(probe_bytes(parser, dir, b, len, datagram, 4444), SL_PROBE_NO);
}

#endif
