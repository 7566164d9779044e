/* SPDX-License-Identifier: BSD-3-Clause */
/* image.h - private to lib/intel: how a set stands in an image. A text is named by where it stands
 * among the texts; numbers are this machine's, as the image says. No record has bytes that nothing
 * is written to. */
#ifndef SL_INTEL_IMAGE_H
#define SL_INTEL_IMAGE_H

#include <sightline/image.h>

#include "reading.h"

#define IMAGE_ADDRESS 16 /* bytes of an IPv6 address, before its text */
#define IMAGE_EMPTY IMAGE_ADDRESS /* where the empty text stands: so much lies before any */

struct image_kind {
	uint32_t source, severity, labels, quiet_reason, part;
	uint16_t where;
	uint8_t type, match, version, prefix_len, tlp, confidence, below, test, quiet, allow;
	uint8_t impact, zero[3];
};

struct image_source {
	uint32_t name, path, format, zero;
	uint64_t count[SL_VERDICT_COUNT];
	uint64_t in_part, rules;
};

struct image_rule {
	uint32_t id, text;
	uint64_t line, source;
};

struct image_entry {
	uint32_t value, id, name, value_len, kind, when, detection, v4_be;
	uint16_t port, leaf;
};

struct image_detection {
	uint32_t indicator;
	uint16_t leaves, ops;
	uint8_t scope, expressions, same_allowed, zero;
};

struct image_leaf {
	uint64_t wheres[(SL_WHERE_COUNT + 63) / 64];
	uint32_t text, constants;
	uint16_t present;
	uint8_t kind, test, negated, caseless, field, expression;
};

struct image_constant {
	uint32_t kind, text; /* text 0: there is none */
	uint64_t len;
	int64_t integer;
	double number;
	int64_t seconds;
	uint32_t nanoseconds, zero;
};

struct image_expression {
	uint16_t ops;
	uint8_t scope, at_close, flow_numbers, flow_only, zero[2];
};

struct image_op {
	uint16_t op, a, b, zero;
	uint64_t number, number2;
};

_Static_assert(sizeof(struct image_kind) == 36 && sizeof(struct image_entry) == 36 &&
		       sizeof(struct image_detection) == 12 &&
		       sizeof(struct image_constant) == 48 &&
		       sizeof(struct image_expression) == 8 && sizeof(struct image_op) == 24 &&
		       sizeof(struct image_rule) == 24,
	"no padding");

#endif
