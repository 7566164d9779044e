/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.c - the bounded way from bytes to messages. Any thread. */
#include <sightline/wire.h>

Sightline__V1__Sighting *sl_wire_sighting(const void *p, size_t len)
{
	return len > SL_WIRE_MESSAGE_MAX ? NULL : sightline__v1__sighting__unpack(NULL, len, p);
}

Sightline__V1__SightingBatch *sl_wire_batch(const void *p, size_t len)
{
	return len > SL_WIRE_BATCH_MAX ? NULL : sightline__v1__sighting_batch__unpack(NULL, len, p);
}
