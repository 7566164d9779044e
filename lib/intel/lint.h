/* SPDX-License-Identifier: BSD-3-Clause */
/* lint.h - private to lib/intel: whether a value deserves to be armed. */
#ifndef SL_INTEL_LINT_H
#define SL_INTEL_LINT_H

#include <sightline/past.h>
#include <sightline/policy.h>

#include "reading.h"

struct judgement {
	enum sl_intel_verdict verdict; /* ARMED (with or without a note), QUIET, REFUSED */
	const char *code, *reason; /* "" where there is nothing to say; as long as the set */
};

/* The verdict on a value that stands alone, in its normal form. */
void lint_value(const struct reading *r, const struct sl_indicator *i, struct judgement *out);
/* The same of LIKE, MATCHES and their kin: refused where it matches nothing, one character, or is
 * no expression. */
void lint_pattern(const struct reading *r, const struct sl_node *test, struct judgement *out);
/* lint_past.c: what the network saw of a value that is not refused decides as well: an address that
 * ordinary names led to is quiet, and what would have fired on too many hosts. False: nothing can
 * be told. */
bool lint_past(const struct reading *r, const struct sl_indicator *i, struct judgement *out,
	struct sl_past_answer *past);
/* What becomes of what is armed and asked about later, and would then fire on too many hosts. */
uint8_t lint_impact(const struct reading *r, const struct draft *d);
/* The same of a tree, of which only the most can be told: it decides nothing, and is noted. */
void lint_past_tree(struct judgement *out, const struct sl_past_answer *past);

/* The operator's word on it: by source, by code, by id. policy: what holds for its source. */
void lint_decide(const struct reading *r, const struct draft *d,
	const struct sl_source_policy *policy, struct judgement *j);

/* age.c: what is armed and older than its source allows is quiet. */
void lint_age(const struct reading *r, const struct sl_indicator *i, uint64_t max_age_ns,
	struct judgement *out);

/* lint_host.c: the host of a URL in its normal form, in `host`; false: it has none that is a name
 * or address. */
struct url_parts {
	char host[256];
	size_t host_len;
	bool https, root; /* nothing behind the host; */
};
bool url_parts(const char *url, size_t len, struct url_parts *out);
/* An address, or a name, that is in use on every network. */
bool lint_private_host(const struct reading *r, const char *host, size_t len);
void lint_name(const struct reading *r, const char *name, size_t len, struct judgement *out);

/* notes.c: what is said of how a whole tree was read. */
/* Repairs and habits that are worth a note: calls each. */
void lint_notes(const struct sl_node *root,
	void (*each)(void *arg, const char *code, const char *reason, const struct sl_node *at),
	void *arg);

#endif
