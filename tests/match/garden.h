/* SPDX-License-Identifier: BSD-3-Clause */
/* garden.h - a set with one detection in it, and a worker beside it. */
#ifndef SL_TEST_GARDEN_H
#define SL_TEST_GARDEN_H

#include "planted.h"

/* A set with one detection in it. */
struct garden {
	struct sl_intel *in;
	struct planted *p;
	struct sl_ruleset *rs;
	struct rig *r;
};

static inline struct garden garden(void)
{
	struct garden g = { .in = made_new() };
	g.p = planted_new(g.in);
	return g;
}

static inline void grown(struct garden *g, enum sl_scope scope)
{
	planted_done(g->p, scope, "tree");
	g->rs = made_ruleset(g->in, NULL);
	g->r = rig_new(g->rs, 1024);
}

static inline void cleared(struct garden *g)
{
	rig_end(g->r);
	rig_free(g->r);
	sl_ruleset_free(g->rs);
	free(g->p);
}

static inline uint64_t counted(const struct garden *g, enum sl_counter c)
{
	return g->r->m->counters.c[c];
}

#define HOST SL_WHERE_HTTP_HOST
#define URI SL_WHERE_HTTP_URI

/* [host = c2.example AND uri = /gate] */
static inline struct garden host_and_uri(enum sl_scope scope)
{
	struct garden g = garden();
	planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
	planted_all(g.p);
	grown(&g, scope);
	return g;
}

#endif
