/* SPDX-License-Identifier: BSD-3-Clause */
/* reference.h - the smallest evaluator of indicators and detections that can be right: over a few
 * values in writing, without tables, state or speed. "0:ip.dst=192.0.2.1 1:dns.query=a.example":
 * message 0 is the flow, which every message of it has. Tests only. */
#ifndef TESTS_INTEL_REFERENCE_H
#define TESTS_INTEL_REFERENCE_H

#include <stdbool.h>

#include <sightline/intel.h>

/* Whether anything that was read is a hit on what is said to be seen. */
bool reference_hit(const struct sl_intel *set, const char *seen);
/* Operands stand before their users, leaves and expressions exist, a TABLE leaf has its indicator:
 * NULL, or what is wrong. */
const char *reference_wrong(const struct sl_intel *set);

#endif
