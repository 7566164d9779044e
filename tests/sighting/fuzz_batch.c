/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_batch.c - bytes as a batch, on the collector's whole way: unpacked, checked, stored. */
#include <stdlib.h>

#include <sightline/store.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_store *store;
	if (store == NULL && sl_store_open(&store, ":memory:", NULL, 0) < 0)
		abort();
	Sightline__V1__SightingBatch *b = sl_wire_batch(data, size);
	if (b == NULL)
		return 0;
	if (sl_store_begin(store) < 0)
		abort();
	for (size_t i = 0; i < b->n_sightings; i++) {
		bool changed;
		int rc = sl_store_put(store, b->sightings[i], &changed);
		if ((rc == 0) != sl_wire_sighting_whole(b->sightings[i]))
			abort();
	}
	sl_store_rollback(store);
	sightline__v1__sighting_batch__free_unpacked(b, NULL);
	return 0;
}
