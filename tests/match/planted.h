/* SPDX-License-Identifier: BSD-3-Clause */
/* planted.h - detections made in memory, without a pattern's text, and a worker's part of their
 * evaluation. */
#ifndef SL_TEST_PLANTED_H
#define SL_TEST_PLANTED_H

#include <sightline/trees.h>

#include "made.h"

#define PLANTED_LEAVES 64

/* A detection on its way. Lives as long as the set. */
struct planted {
	struct sl_detection d;
	struct sl_leaf leaf[PLANTED_LEAVES];
	struct sl_constant constant[PLANTED_LEAVES][4];
	struct sl_expression expression[4];
	struct sl_op op[4][2 * PLANTED_LEAVES];
	struct sl_intel *in;
	uint32_t number; /* 1 + that of the detection */
};

struct planted *planted_new(struct sl_intel *in);
/* Each adds a leaf to the newest expression and returns its number. */
uint16_t planted_value(struct planted *p, enum sl_where w, enum sl_test test, bool negated,
	const char *const *text, size_t n);
uint16_t planted_listed(struct planted *p, enum sl_type type, enum sl_where w, const char *value);
uint16_t planted_number(
	struct planted *p, enum sl_flow_field field, enum sl_test test, int64_t value);
uint16_t planted_protocol(struct planted *p, enum sl_test test, const char *word);
/* Each adds an operation to the newest expression and returns its number. */
uint16_t planted_op(struct planted *p, enum sl_step_op op, uint16_t a, uint16_t b);
/* All leaves of the newest expression ANDed. */
void planted_all(struct planted *p);
/* Another expression: what spans flows. */
void planted_next(struct planted *p);
/* Puts it into the set; the indicator may be changed until the next is added. */
struct sl_indicator *planted_done(struct planted *p, enum sl_scope scope, const char *id);

/* ---- A worker ---- */

struct told {
	uint32_t indicator, message;
	uint16_t expression, where, matched_count;
	bool repeat;
	struct sl_matched matched[SL_LEAVES_MAX];
};
#define TOLD_MAX 256

struct rig {
	struct made_batch *m;
	struct sl_trees *trees;
	const struct sl_ruleset *rs;
	struct told told[TOLD_MAX];
	size_t n; /* told so far */
	struct sl_hit plain[512];
	size_t plain_n; /* hits on values that stand alone */
};
struct rig *rig_new(const struct sl_ruleset *rs, uint32_t states);
void rig_free(struct rig *r);
void rig_say(struct rig *r, enum sl_where w, const char *text, uint32_t message);
void rig_close(struct rig *r, uint32_t message);
/* What was said, through the look-up and the trees. */
void rig_run(struct rig *r);
void rig_end(struct rig *r); /* the flow ends; another begins */

#endif
