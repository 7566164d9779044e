/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.h - the protobuf messages, as protobuf-c makes them from lib/wire/sightline.proto. */
#ifndef SIGHTLINE_WIRE_H
#define SIGHTLINE_WIRE_H

#include <stdbool.h>

#include "sightline.pb-c.h"

/* Sizes that a reader accepts at most; what is larger is refused before it is unpacked. */
#define SL_WIRE_MESSAGE_MAX (1u << 20)
#define SL_WIRE_BATCH_MAX (16u << 20)
#define SL_WIRE_INTEL_REQUEST_MAX 4096u
#define SL_WIRE_INTEL_ANSWER_MAX (1u << 20)

/* The bounded way in: NULL where the bytes are no such message, are too many, or would take many
 * times their size in memory. Freed with
 * sightline__v1__sighting__free_unpacked(m, NULL) and its like. */
Sightline__V1__Sighting *sl_wire_sighting(const void *p, size_t len);
Sightline__V1__SightingBatch *sl_wire_batch(const void *p, size_t len);
Sightline__V1__IntelRequest *sl_wire_intel_request(const void *p, size_t len);
Sightline__V1__IntelAnswer *sl_wire_intel_answer(const void *p, size_t len);
/* Whether a sighting that could be unpacked says what every sighting must: an id that is a UUID, a
 * revision, an observable with its type, a flow. */
bool sl_wire_sighting_whole(const Sightline__V1__Sighting *m);

#endif
