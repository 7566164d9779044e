/* SPDX-License-Identifier: BSD-3-Clause */
/* sighting_json.c - the JSON form of a Sighting. Any thread. The message may come from the network:
 * parts that are missing give empty objects, never a fault. */
#include <sightline/clock.h>
#include <sightline/sighting.h>

static void time_put(struct sl_json_out *o, const char *key, uint64_t ns)
{
	char text[SL_TIME_TEXT];
	sl_time_text(ns, text);
	sl_json_str(o, key, text);
}

static void indicator_put(struct sl_json_out *o, const Sightline__V1__Indicator *i)
{
	sl_json_object(o, NULL);
	sl_json_str(o, "id", i->id);
	sl_json_str(o, "source", i->source);
	sl_json_str(o, "name", i->name);
	sl_json_str(o, "type", i->type);
	sl_json_str(o, "tlp", i->tlp);
	if (i->stated_case == SIGHTLINE__V1__INDICATOR__STATED_CONFIDENCE)
		sl_json_u64(o, "confidence", i->confidence);
	else
		sl_json_null(o, "confidence");
	sl_json_str(o, "severity", i->severity);
	sl_json_str(o, "part", i->part);
	sl_json_object_end(o);
}

static void observable_members(struct sl_json_out *o, const Sightline__V1__Observable *v)
{
	sl_json_str(o, "type", v->type);
	sl_json_str(o, "value", v->value);
	sl_json_str(o, "where", v->where);
}

static void observable_put(
	struct sl_json_out *o, const char *key, const Sightline__V1__Observable *v)
{
	sl_json_object(o, key);
	if (v != NULL)
		observable_members(o, v);
	sl_json_object_end(o);
}

static void matched_put(struct sl_json_out *o, const Sightline__V1__Matched *m)
{
	sl_json_object(o, NULL);
	if (m->observable != NULL)
		observable_members(o, m->observable);
	sl_json_str(o, "leaf", m->leaf);
	sl_json_object_end(o);
}

static void numbers_put(struct sl_json_out *o, const char *key, const uint64_t *v, size_t n)
{
	sl_json_array(o, key);
	for (size_t i = 0; i < n; i++)
		sl_json_u64(o, NULL, v[i]);
	sl_json_array_end(o);
}

static void flow_put(struct sl_json_out *o, const Sightline__V1__Flow *f)
{
	sl_json_object(o, "flow");
	if (f != NULL) {
		sl_json_str(o, "src", f->src);
		sl_json_u64(o, "sport", f->sport);
		sl_json_str(o, "dst", f->dst);
		sl_json_u64(o, "dport", f->dport);
		sl_json_str(o, "proto", f->proto);
		sl_json_str(o, "community_id", f->community_id);
		sl_json_array(o, "vlan");
		for (size_t i = 0; i < f->n_vlan; i++)
			sl_json_u64(o, NULL, f->vlan[i]);
		sl_json_array_end(o);
		numbers_put(o, "packets", f->packets, f->n_packets);
		numbers_put(o, "bytes", f->bytes, f->n_bytes);
		sl_json_str(o, "app", f->app);
	}
	sl_json_object_end(o);
}

static void head_put(struct sl_json_out *o, const Sightline__V1__Sighting *s)
{
	sl_json_str(o, "id", s->id);
	sl_json_u64(o, "revision", s->revision);
	sl_json_str(o, "sensor", s->sensor);
	sl_json_str(o, "boot", s->boot);
	sl_json_u64(o, "seq", s->seq);
	sl_json_u64(o, "generation", s->generation);
	time_put(o, "first_seen", s->first_seen);
	time_put(o, "last_seen", s->last_seen);
	sl_json_u64(o, "count", s->count);
}

static void texts_put(struct sl_json_out *o, const char *key, char *const *text, size_t n)
{
	sl_json_array(o, key);
	for (size_t i = 0; i < n; i++)
		sl_json_str(o, NULL, text[i]);
	sl_json_array_end(o);
}

static void host_name_put(struct sl_json_out *o, const char *key, const Sightline__V1__Host *h)
{
	if (h != NULL && h->name[0] != '\0')
		sl_json_str(o, key, h->name);
}

/* What is not known is left out. */
static void around_put(struct sl_json_out *o, const Sightline__V1__Sighting *s)
{
	const Sightline__V1__Host *src = s->src_host, *dst = s->dst_host;
	size_t src_roles = src != NULL ? src->n_roles : 0,
	       dst_roles = dst != NULL ? dst->n_roles : 0;
	if (src_roles + dst_roles > 0) {
		sl_json_object(o, "roles");
		texts_put(o, "src", src != NULL ? src->roles : NULL, src_roles);
		texts_put(o, "dst", dst != NULL ? dst->roles : NULL, dst_roles);
		sl_json_object_end(o);
	}
	if ((src != NULL && src->name[0] != '\0') || (dst != NULL && dst->name[0] != '\0')) {
		sl_json_object(o, "host_name");
		host_name_put(o, "src", src);
		host_name_put(o, "dst", dst);
		sl_json_object_end(o);
	}
	if (s->n_names > 0)
		texts_put(o, "names", s->names, s->n_names);
	if (s->n_asked_by > 0)
		texts_put(o, "asked_by", s->asked_by, s->n_asked_by);
}

static void tail_put(struct sl_json_out *o, const Sightline__V1__Sighting *s)
{
	sl_json_str(o, "direction", s->direction);
	sl_json_str(o, "outcome", s->outcome);
	sl_json_object(o, "context");
	for (size_t i = 0; i < s->n_context; i++)
		sl_json_str(o, s->context[i]->key, s->context[i]->value);
	around_put(o, s);
	sl_json_object_end(o);
	sl_json_bool(o, "test", s->test);
	sl_json_bool(o, "retro", s->retro);
	sl_json_bool(o, "before_valid", s->before_valid);
	sl_json_bool(o, "quiet", s->quiet);
	sl_json_str(o, "quiet_reason", s->quiet_reason);
	texts_put(o, "examples", s->examples, s->n_examples);
	sl_json_u64(o, "distinct", s->distinct);
}

void sl_sighting_json(struct sl_json_out *o, const char *capture, const Sightline__V1__Sighting *s)
{
	sl_json_object(o, NULL);
	sl_json_str(o, "record", "sighting");
	if (capture != NULL)
		sl_json_str(o, "capture", capture);
	head_put(o, s);
	sl_json_array(o, "indicators");
	for (size_t i = 0; i < s->n_indicators; i++)
		indicator_put(o, s->indicators[i]);
	sl_json_array_end(o);
	observable_put(o, "observable", s->observable);
	sl_json_array(o, "matched");
	for (size_t i = 0; i < s->n_matched; i++)
		matched_put(o, s->matched[i]);
	sl_json_array_end(o);
	sl_json_str(o, "match", s->match);
	flow_put(o, s->flow);
	tail_put(o, s);
	sl_json_object_end(o);
}
