/* SPDX-License-Identifier: BSD-3-Clause */
/* lint.h - private to lib/intel: whether a value deserves to be armed. */
#ifndef SL_INTEL_LINT_H
#define SL_INTEL_LINT_H

#include "reading.h"

struct judgement {
	enum sl_intel_verdict verdict; /* ARMED (with or without a note), QUIET, REFUSED */
	const char *code, *reason; /* "" where there is nothing to say */
};

/* The verdict on a value that stands alone, in its normal form. */
void lint_value(const struct reading *r, const struct draft *d, const struct sl_indicator *i,
	struct judgement *out);
/* The same of LIKE, MATCHES and their kin: refused where it matches nothing, one character, or is
 * no expression. */
void lint_pattern(const struct reading *r, const struct sl_node *test, struct judgement *out);

#endif
