/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_ftp_data.c - a hostile control connection, and the data connections that it announces: the
 * first two bytes are the port whose announcement is claimed, 'c' as the next claims it at the
 * client's end, and the rest is as fuzz.h has it; it is fed to the one, and to the other. Property:
 * a claimed announcement is ftp-data's and used up, and whatever room the batch has, the same comes
 * out. */
#include "fuzz.h"

static void run(
	const uint8_t *data, size_t len, unsigned room, struct feed *control, struct feed *carried)
{
	struct sl_span in = sl_span(data + 3, len - 3), note;
	control->flow.sport = 40000;
	control->flow.dport = 21;
	control->flow.proto = 6;
	control->flow.version = 4;
	control->flow.dst.b[0] = 10;
	control->room = carried->room = room;
	fuzz_run(control, in, 21);
	struct sl_flow f = control->flow;
	f.sport = f.dport = (uint16_t)(data[0] << 8 | data[1]);
	*(data[2] == 'c' ? &f.dport : &f.sport) = 9;
	uint32_t had = sl_expect_count(control->b.expect);
	const struct sl_parser *p = sl_expect_claim(control->b.expect, &f, 1, &note);
	if (p == NULL)
		return;
	if (strcmp(p->name, "ftp-data") != 0 || sl_expect_count(control->b.expect) != had - 1)
		abort();
	p->expected(carried->state, note);
	fuzz_run(carried, in, f.dport);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 4 || len > 1 << 16)
		return 0;
	struct feed *f[4];
	for (unsigned i = 0; i < 4; i++)
		f[i] = feed_new(i & 1 ? "ftp-data" : "ftp", 0);
	run(data, len, 0, f[0], f[1]);
	run(data, len, 1 + data[2] % 7, f[2], f[3]);
	for (unsigned i = 0; i < 2; i++)
		if (f[i]->log_len != f[i + 2]->log_len ||
			memcmp(f[i]->log, f[i + 2]->log, f[i]->log_len) != 0)
			abort();
	for (unsigned i = 0; i < 4; i++)
		feed_free(f[i]);
	return 0;
}
