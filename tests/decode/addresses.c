/* SPDX-License-Identifier: BSD-3-Clause */
/* addresses.c - prints what decode sees in each packet of a capture: NUMBER, then the name of its
 * drop, or the outermost header's VERSION SRC DST, and how many headers are inside it. addresses.py
 * compares it with tshark. */
#include <inttypes.h>
#include <stdio.h>

#include <sightline/capture.h>
#include <sightline/compress.h>
#include <sightline/decode.h>

static const char *drop_name(const struct sl_counters *c)
{
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		if (c->drop[i])
			return sl_drop_label(i);
	return "?";
}

static void packet(uint64_t number, const struct sl_capture_packet *in)
{
	static const struct sl_decode_options o;
	struct sl_counters c = { 0 };
	struct sl_packet p = { .data = in->data, .len = in->len, .wire_len = in->wire_len };
	p.linktype = in->linktype;
	p.ts_ns = in->ts_ns;
	if (sl_decode(&o, &p, 1, &c) == 0) {
		printf("%" PRIu64 "\t%s\n", number, drop_name(&c));
		return;
	}
	struct sl_ip_pair own = { .src = p.src, .dst = p.dst, .version = p.version };
	const struct sl_ip_pair *first = p.outer_count ? &p.outer[0] : &own;
	char src[SL_ADDR_TEXT], dst[SL_ADDR_TEXT];
	sl_addr_text(&first->src, first->version, src);
	sl_addr_text(&first->dst, first->version, dst);
	printf("%" PRIu64 "\t%u\t%s\t%s\t%u\n", number, first->version, src, dst, p.outer_count);
}

int main(int argc, char **argv)
{
	struct sl_input *in;
	struct sl_capture *c;
	struct sl_capture_damage damage = { 0 };
	struct sl_capture_packet p;
	if (argc != 2 || sl_input_open(&in, argv[1]) < 0)
		return 2;
	if (sl_capture_open(&c, in, &damage) == 0) {
		for (uint64_t n = 1; sl_capture_next(c, &p) == 1; n++)
			packet(n, &p);
		sl_capture_close(c);
	}
	sl_input_close(in);
	return 0;
}
