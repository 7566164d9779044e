/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_wire.c - bytes as a sighting: what a subscriber and the tool read. */
#include <stdlib.h>

#include <sightline/sighting.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_json_out *o;
	const char *text;
	size_t len;
	Sightline__V1__Sighting *m = sl_wire_sighting(data, size);
	if (m == NULL)
		return 0;
	(void)sl_wire_sighting_whole(m);
	if (o == NULL && sl_json_out_new(&o) < 0)
		abort();
	sl_sighting_json(o, NULL, m);
	if (sl_json_line(o, &text, &len) < 0 || len == 0 || text[len - 1] != '\n')
		abort();
	sightline__v1__sighting__free_unpacked(m, NULL);
	return 0;
}
