/* SPDX-License-Identifier: BSD-3-Clause */
/* builder.h - indicators made of files in a process of its own, and how what it made is handed over
 * to the sensor: as an image (image.h), which the sensor reads like bytes of a stranger. Private to
 * app/sensor/armory*.c. */
#ifndef SENSOR_BUILDER_H
#define SENSOR_BUILDER_H

#include <sightline/policy.h>

#include "cache.h"
#include "nursery.h"

/* ---- reader.c: how this sensor reads indicators, whoever does it ---- */

struct reader {
	const struct sl_config *config;
	struct sl_counters *counters; /* of what is read */
	struct cache *notes; /* what is said is to be said again from the cache; NULL: not */
	uint64_t now_ns; /* by which it is judged */
	unsigned told;
	bool said; /* why it can't be read */
};
enum sl_validity reader_validity(const struct sl_config *c);
/* by NULL: what is read is not judged. Findings are told by way of r, which lives on. */
struct sl_intel_options reader_options(struct reader *r, const struct sl_judging *by);
/* Everything that the configuration names as indicators, and what was handed out. *in is the
 * caller's, on failure too. 0; -errno, said where r->said says so. */
int reader_intel(struct reader *r, const struct armory_paths *handed, struct sl_intel **in);
/* The values that are never reported; *out NULL: the configuration names none. Likewise. */
int reader_allow(struct reader *r, struct sl_intel **out);
/* home_net. -EINVAL is said. *out is the caller's. */
int reader_home(struct reader *r, struct sl_nets **out);

/* ---- builder.c ---- */

struct build_order {
	uint64_t now_ns; /* that indicators are judged by */
	uint32_t uncached; /* the cache is no use */
	uint32_t paths; /* that were handed out: so many texts with their zeros follow */
};

/* A builder's word: what it made, or why it made nothing. Its first descriptor is the image (as
 * cache.h has it), the second the allow-list's, where there is one. */
struct build_word {
	int32_t rc; /* 0; -errno */
	uint8_t said; /* why it failed */
	uint8_t cached; /* the image is the cache's */
	uint8_t keep; /* it is to take the cache's place */
	uint8_t allow;
	struct sl_counters counters; /* of reading */
};
_Static_assert(sizeof(struct build_word) <= NURSERY_SAID, "a word fits");

/* The nursery whose builders do as the configuration says, which is borrowed. It gives up what the
 * sensor will. As nursery_new. */
int builder_nursery(struct nursery **out, struct sl_config *c);

/* confine.c: as confine, of the process that builders come of, which has never opened a port and
 * starts processes: it keeps its system calls, and its builders are filtered. Says nothing but err.
 */
int confine_nursery(const struct sl_config *c, char *err, size_t err_len);

#define BUILDER_OPTS                                                                               \
	{                                                                                          \
		.key = "intel_timeout", .kind = SL_OPT_DURATION, .def = "10m", .min = 1e9,         \
		.max = 8.64e13,                                                                    \
		.help = "how long reading and compiling the indicators may take; a process that "  \
			"takes longer is ended, and those in force stay"                           \
	}

#endif
