/* SPDX-License-Identifier: BSD-3-Clause */
/* clock.h - instants as nanoseconds since 1970-01-01T00:00:00Z (uint64_t), and their text. */
#ifndef SIGHTLINE_CLOCK_H
#define SIGHTLINE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_SECOND UINT64_C(1000000000)

/* Wall clock now. Control threads. */
uint64_t sl_clock_wall_ns(void);
/* For intervals: never goes backwards. Control threads. */
uint64_t sl_clock_mono_ns(void);

/* RFC 3339 in UTC with nine decimals: "2026-01-31T09:00:00.123456789Z". */
#define SL_TIME_TEXT 31
void sl_time_text(uint64_t ns, char out[SL_TIME_TEXT]);
/* Reads RFC 3339 (any offset; decimals beyond nine are cut) or a date alone, from 1970 to 2500.
 * False: it is neither. */
bool sl_time_parse(const char *text, size_t len, uint64_t *out);

#endif
