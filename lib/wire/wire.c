/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.c - the bounded way from bytes to messages. Any thread. Never trusts a length: a message of
 * empty parts takes two bytes each on the wire and hundreds in memory, so that unpacking has a
 * budget too. */
#include <stdlib.h>
#include <string.h>

#include <sightline/wire.h>

/* Memory that unpacking may take: what an honest message needs is about four times its bytes. */
#define UNPACK_FACTOR 16
#define UNPACK_BASE 65536

static void *budget_alloc(void *data, size_t size)
{
	size_t *left = data;
	if (size > *left)
		return NULL;
	*left -= size;
	return malloc(size);
}

static void budget_free(void *data, void *p)
{
	(void)data;
	free(p);
}

static void *unpack(const ProtobufCMessageDescriptor *kind, const void *p, size_t len, size_t max)
{
	if (len > max)
		return NULL;
	size_t left = UNPACK_BASE + len * UNPACK_FACTOR;
	ProtobufCAllocator bounded = {
		.alloc = budget_alloc, .free = budget_free, .allocator_data = &left
	};
	return protobuf_c_message_unpack(kind, &bounded, len, p);
}

Sightline__V1__Sighting *sl_wire_sighting(const void *p, size_t len)
{
	return (Sightline__V1__Sighting *)unpack(
		&sightline__v1__sighting__descriptor, p, len, SL_WIRE_MESSAGE_MAX);
}

Sightline__V1__SightingBatch *sl_wire_batch(const void *p, size_t len)
{
	return (Sightline__V1__SightingBatch *)unpack(
		&sightline__v1__sighting_batch__descriptor, p, len, SL_WIRE_BATCH_MAX);
}

Sightline__V1__IntelRequest *sl_wire_intel_request(const void *p, size_t len)
{
	return (Sightline__V1__IntelRequest *)unpack(
		&sightline__v1__intel_request__descriptor, p, len, SL_WIRE_INTEL_REQUEST_MAX);
}

Sightline__V1__IntelAnswer *sl_wire_intel_answer(const void *p, size_t len)
{
	return (Sightline__V1__IntelAnswer *)unpack(
		&sightline__v1__intel_answer__descriptor, p, len, SL_WIRE_INTEL_ANSWER_MAX);
}

static bool uuid_text(const char *s)
{
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s[i] != '-' : s[i] == '\0' || strchr("0123456789abcdef", s[i]) == NULL)
			return false;
	}
	return s[36] == '\0';
}

bool sl_wire_sighting_whole(const Sightline__V1__Sighting *m)
{
	return m->revision > 0 && uuid_text(m->id) && m->observable != NULL && m->flow != NULL &&
	       m->observable->type[0] != '\0';
}
