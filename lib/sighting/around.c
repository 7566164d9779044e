/* SPDX-License-Identifier: BSD-3-Clause */
/* around.c - see around.h. Publisher's thread. */
#include <stdlib.h>
#include <string.h>

#include "around.h"

struct around {
	struct sl_hosts_answer answer;
	Sightline__V1__Host src, dst;
	char *src_roles[SL_ROLE_COUNT], *dst_roles[SL_ROLE_COUNT];
	char asked_text[SL_ASKED_BY_MAX][SL_ADDR_TEXT];
	char *asked_by[SL_ASKED_BY_MAX], *names[SL_LED_MAX];
};

static bool is_name(enum sl_where w)
{
	return w != SL_WHERE_NONE && w < SL_WHERE_COUNT && sl_wheres[w].type == SL_TYPE_DOMAIN &&
	       sl_wheres[w].form == SL_FORM_NAME;
}

void around_question(
	const struct sl_hosts *h, const struct sl_record *r, struct sl_hosts_question *out)
{
	struct sl_span bytes = sl_record_said(r);
	struct sl_said said;
	struct sl_said_entry x;
	uint16_t at = 0;
	*out = (struct sl_hosts_question){ .ts_ns = r->ts_ns,
		.src = r->flow.src,
		.dst = r->flow.dst,
		.version = r->flow.version };
	if (is_name((enum sl_where)r->where))
		sl_hosts_about(h, out, sl_record_value(r));
	said.used = (uint16_t)(bytes.len < sizeof(said.bytes) ? bytes.len : sizeof(said.bytes));
	memcpy(said.bytes, bytes.p, said.used);
	while (sl_said_next(&said, &at, &x))
		if (is_name(x.where))
			sl_hosts_about(h, out, x.value);
	/* A proxy may be asked for an address. */
	char text[SL_ADDR_TEXT];
	size_t n = out->version != 0 ? sl_addr_text(&out->dst, out->version, text) : 0;
	sl_hosts_about(h, out, sl_span(text, n));
}

static bool host_fill(
	Sightline__V1__Host *to, char *roles[SL_ROLE_COUNT], struct sl_host_known *known)
{
	sightline__v1__host__init(to);
	to->roles = roles;
	for (unsigned i = 0; i < SL_ROLE_COUNT; i++)
		if (known->roles & 1 << i)
			roles[to->n_roles++] = (char *)(uintptr_t)sl_role_name((enum sl_role)i);
	to->name = known->name;
	return known->roles != 0 || known->name[0] != '\0';
}

static void message_fill(struct around *a, Sightline__V1__Sighting *m)
{
	struct sl_hosts_answer *x = &a->answer;
	m->src_host = host_fill(&a->src, a->src_roles, &x->src) ? &a->src : NULL;
	m->dst_host = host_fill(&a->dst, a->dst_roles, &x->dst) ? &a->dst : NULL;
	for (unsigned i = 0; i < x->asked_count; i++) {
		sl_addr_text(&x->asked_by[i], x->asked_version[i], a->asked_text[i]);
		a->asked_by[i] = a->asked_text[i];
	}
	for (unsigned i = 0; i < x->led_count; i++)
		a->names[i] = x->led[i];
	m->asked_by = a->asked_by;
	m->n_asked_by = x->asked_count;
	m->names = a->names;
	m->n_names = x->led_count;
}

/* As bytes: what is not known is zero. */
static bool same(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_hosts_answer)) == 0;
}

bool around_update(struct around **a, const struct sl_hosts *h, const struct sl_hosts_question *q,
	Sightline__V1__Sighting *m)
{
	struct sl_hosts_answer now;
	if (h == NULL)
		return false;
	bool any = sl_hosts_ask(h, q, &now);
	if (*a == NULL && !any)
		return false;
	if (*a != NULL && same(&(*a)->answer, &now))
		return false;
	if (*a == NULL && (*a = calloc(1, sizeof(**a))) == NULL)
		return false;
	memcpy(&(*a)->answer, &now, sizeof(now)); /* as bytes: they are compared */
	message_fill(*a, m);
	return true;
}
