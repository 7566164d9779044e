/* SPDX-License-Identifier: BSD-3-Clause */
/* stix.h - private to the STIX 2 reader: one file on its way in. stix_reader.c finds the objects,
 * stix_indicator.c reads an indicator, stix_observed.c what was observed, stix_marking.c who made
 * an object and who may see it, which is known when the file ends. */
#ifndef SL_INTEL_STIX_H
#define SL_INTEL_STIX_H

#include "reading.h"

#define LABELS_BYTES 1024
#define MARKINGS_MAX 64

/* An id that the file defines: an identity's name, a marking's meaning. */
struct definition {
	const char *id; /* interned: compared by address */
	const char *name;
	enum sl_tlp tlp;
	bool statement;
};

/* An indicator that carries a marking whose id isn't a fixed one. */
struct marked {
	size_t indicator;
	const char *id;
};

struct stix {
	struct reading *r;
	struct definition *defs;
	size_t def_count, def_cap;
	struct marked *marked;
	size_t marked_count, marked_cap;
	bool spec_20; /* the file says of itself that it is STIX 2.0 */
	int stop;
};

/* An object's markings: the fixed ones are in the draft at once; the others wait. */
struct markings {
	const char *unknown[MARKINGS_MAX]; /* interned */
	size_t count;
};

/* All return 0 or -errno. */
int stix_indicator(struct stix *s, const struct sl_json *o);
/* *used: it was armed by its values; else it is context. */
int stix_observed(struct stix *s, const struct sl_json *o, bool *used);
int stix_identity(struct stix *s, const struct sl_json *o);
int stix_marking(struct stix *s, const struct sl_json *o);
int stix_markings_read(
	struct stix *s, const struct sl_json *o, struct draft *d, struct markings *out);
/* Those that wait are of each indicator from `first` on. */
int stix_markings_wait(struct stix *s, size_t first, const struct markings *m);
int stix_resolve(struct stix *s);

#endif
