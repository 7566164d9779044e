/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_trees.c - small detections and a few flows of observables, both from the input: nothing
 * crashes, every state comes back, and with the same input the same is told. */
#include "planted.h"

#define DETECTIONS 6
#define FLOWS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *p;
	size_t left;
};

static uint8_t next(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->p++;
}

static const enum sl_where wheres[] = { SL_WHERE_IP_SRC, SL_WHERE_IP_DST, SL_WHERE_HTTP_HOST,
	SL_WHERE_HTTP_URI, SL_WHERE_FILE_SIZE, SL_WHERE_MAC_SRC };
#define WHERES (sizeof(wheres) / sizeof(wheres[0]))

static const char *const values[] = { "10.0.0.1", "192.0.2.7", "2001:db8::7", "a.example",
	"www.a.example", "/gate.php", "7", "1000", "a%", "_", "a+$", "(a+)\\1", "[a-z", "" };
#define VALUES (sizeof(values) / sizeof(values[0]))

static void leaf(struct planted *p, struct bytes *b)
{
	const char *text = values[next(b) % VALUES];
	enum sl_where w = wheres[next(b) % WHERES];
	uint8_t kind = next(b);
	enum sl_test test = (enum sl_test)(next(b) % (SL_TEST_ENDS + 1));
	if (kind % 4 == 0 && text[0] != '\0') {
		bool address = sl_wheres[w].form == SL_FORM_ADDR;
		bool six = strchr(text, ':') != NULL;
		if (address && (text[0] < '1' || text[0] > '2' || strchr("0w", text[1]) != NULL))
			text = "192.0.2.7";
		if (address && strchr(text, '.') == NULL && !six)
			text = "192.0.2.7";
		six = strchr(text, ':') != NULL;
		planted_listed(p,
			!address ? (enum sl_type)sl_wheres[w].type
			: six	 ? SL_TYPE_IPV6
				 : SL_TYPE_IPV4,
			w, text);
	} else if (kind % 4 == 1) {
		planted_number(p, (enum sl_flow_field)(next(b) % (SL_FIELD_VLAN + 1)),
			(enum sl_test)(next(b) % (SL_TEST_IN + 1)), next(b));
	} else {
		planted_value(p, w, test, kind & 16, &text, test == SL_TEST_EXISTS ? 0 : 1);
	}
	if (next(b) % 8 == 0)
		p->leaf[p->d.leaves - 1].present = (uint16_t)(next(b) % p->d.leaves);
}

static void detection(struct planted *p, struct bytes *b)
{
	unsigned expressions = 1 + next(b) % 3;
	for (unsigned e = 0; e < expressions; e++) {
		unsigned leaves = 1 + next(b) % 6;
		uint16_t last = 0;
		if (e > 0)
			planted_next(p);
		for (unsigned i = 0; i < leaves; i++) {
			leaf(p, b);
			uint16_t op = planted_op(p, SL_OP_LEAF, (uint16_t)(p->d.leaves - 1), 0);
			uint8_t how = next(b);
			if (how & 4)
				op = planted_op(p, SL_OP_NOT, op, 0);
			last = i == 0 ? op
				      : planted_op(p, how & 1 ? SL_OP_OR : SL_OP_AND, last, op);
		}
	}
	planted_done(p,
		expressions > 1	   ? SL_SCOPE_HOST
		: next(b) % 2 == 0 ? SL_SCOPE_MESSAGE
				   : SL_SCOPE_FLOW,
		"tree");
}

static void say(struct rig *r, struct sl_flow *flow, struct bytes *b)
{
	uint8_t what = next(b);
	uint32_t message = next(b) % 5;
	enum sl_where w = wheres[what % WHERES];
	const char *text = values[next(b) % VALUES];
	if (r->m->b.n > 200 || r->m->b.used > 30000)
		rig_run(r);
	if (what > 240) {
		rig_close(r, message);
	} else if (sl_wheres[w].form == SL_FORM_ADDR) {
		rig_say(r, w, what & 64 ? "192.0.2.7" : "10.0.0.1", 0);
	} else if (w == SL_WHERE_MAC_SRC) {
		made_obs(r->m, w, SL_TYPE_MAC, "\2\0\0\0\0\1", 6);
	} else {
		rig_say(r, w, text, message);
	}
	struct sl_observable *o = &r->m->b.obs[r->m->b.n - 1];
	o->flow = flow;
	o->part = what & 128 && what < 150 ? SL_PART_TRUNCATED : SL_PART_WHOLE;
	o->flags |= what % 32 == 31 ? SL_OBS_REPEAT | SL_OBS_SILENT : 0;
}

static size_t run(const struct sl_ruleset *rs, struct bytes b, uint32_t states)
{
	struct rig *r = rig_new(rs, states);
	struct sl_flow *flow = calloc(FLOWS, sizeof(*flow));
	for (unsigned i = 0; i < FLOWS; i++) {
		flow[i] = (struct sl_flow){ .version = 4,
			.proto = next(&b),
			.sport = next(&b),
			.dport = next(&b),
			.generation = 1 };
		sl_trees_begin(r->trees, rs, &flow[i], 1, false);
	}
	while (b.left > 0) {
		uint8_t which = next(&b);
		struct sl_flow *f = &flow[which % FLOWS];
		f->bytes[which & 1] += which;
		f->packets[which & 1]++;
		say(r, f, &b);
		if (which > 250) {
			rig_run(r);
			sl_trees_end(r->trees, rs, f);
		}
	}
	rig_run(r);
	for (unsigned i = 0; i < FLOWS; i++) {
		sl_trees_end(r->trees, rs, &flow[i]);
		if (flow[i].trees != 0)
			abort();
	}
	size_t told = r->n;
	free(flow);
	rig_free(r);
	return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	struct sl_intel *in = made_new();
	struct planted *p[DETECTIONS];
	unsigned n = 1 + next(&b) % DETECTIONS;
	uint32_t states = next(&b) % 4 == 0 ? 8 : 1024;
	for (unsigned i = 0; i < n; i++) {
		p[i] = planted_new(in);
		detection(p[i], &b);
	}
	struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	struct sl_ruleset *rs = NULL;
	if (sl_ruleset_build(&rs, in, &o, NULL, 1) < 0)
		abort();
	size_t told = run(rs, b, states);
	if (run(rs, b, states) != told)
		abort();
	sl_ruleset_free(rs);
	for (unsigned i = 0; i < n; i++)
		free(p[i]);
	return 0;
}
