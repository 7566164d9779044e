/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h - private to lib/intel: what the checker found, as a letter to a feed's author. */
#ifndef SL_INTEL_REPORT_H
#define SL_INTEL_REPORT_H

#include <sightline/intel.h>

/* Markdown, written as the findings come: a part for each file, a heading for each indicator. */
struct report {
	FILE *out;
	char file[256], id[256]; /* of the last finding */
	uint64_t told;
};
void report_begin(struct report *r, FILE *out);
void report_finding(struct report *r, const struct sl_finding *f);
/* The counts of each file, and what the codes mean. */
void report_end(struct report *r, const struct sl_intel_source *source, size_t n);

#endif
