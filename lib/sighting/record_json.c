/* SPDX-License-Identifier: BSD-3-Clause */
/* record_json.c - observables and flows as JSON lines. Publisher's thread. */
#include <sightline/clock.h>
#include <sightline/shed.h>
#include <sightline/sighting.h>

#include "entry.h"

static void time_put(struct sl_json_out *o, const char *key, uint64_t ns)
{
	char text[SL_TIME_TEXT];
	sl_time_text(ns, text);
	sl_json_str(o, key, text);
}

static void ends_put(struct sl_json_out *o, const struct sl_record_flow *f)
{
	char src[SL_ADDR_TEXT], dst[SL_ADDR_TEXT], proto[12];
	sl_addr_text(&f->src, f->version, src);
	sl_addr_text(&f->dst, f->version, dst);
	proto_text(f->proto, proto);
	sl_json_str(o, "src", src);
	sl_json_u64(o, "sport", f->sport);
	sl_json_str(o, "dst", dst);
	sl_json_u64(o, "dport", f->dport);
	sl_json_str(o, "proto", proto);
}

static void community_put(struct sl_json_out *o, const struct sl_record_flow *f)
{
	char id[SL_COMMUNITY_ID_TEXT];
	sl_community_id(&f->src, &f->dst, f->version, f->sport, f->dport, f->proto, id);
	sl_json_str(o, "community_id", id);
}

void sl_observable_json(struct sl_json_out *o, const char *capture, const struct sl_record *r)
{
	char text[SL_VALUE_MAX + 1];
	struct sl_span value = sl_record_value(r);
	if (value.len > SL_VALUE_MAX)
		value.len = SL_VALUE_MAX;
	size_t n = sl_value_text(r->where, value, text);
	sl_json_object(o, NULL);
	sl_json_str(o, "record", "observable");
	if (capture != NULL)
		sl_json_str(o, "capture", capture);
	time_put(o, "ts", r->ts_ns);
	sl_json_str(o, "type", sl_type_text(r->type));
	sl_json_str(o, "where", sl_wheres[r->where].name);
	sl_json_text(o, "value", text, n);
	ends_put(o, &r->flow);
	sl_json_str(o, "direction", r->dir == SL_TO_SERVER ? "to_server" : "to_client");
	sl_json_u64(o, "message", r->message);
	community_put(o, &r->flow);
	sl_json_object_end(o);
}

static void pair_put(struct sl_json_out *o, const char *key, const uint64_t v[2])
{
	sl_json_array(o, key);
	sl_json_u64(o, NULL, v[0]);
	sl_json_u64(o, NULL, v[1]);
	sl_json_array_end(o);
}

/* From the outermost inward. */
static void tunnels_put(struct sl_json_out *o, uint16_t tunnels)
{
	static const char *const name[] = {
#define X(id, text) [SL_TUNNEL_##id] = (text),
		SL_TUNNELS(X)
#undef X
	};
	sl_json_array(o, "tunnel");
	for (; tunnels != 0; tunnels >>= SL_TUNNEL_BITS) {
		unsigned kind = tunnels & ((1u << SL_TUNNEL_BITS) - 1);
		sl_json_str(o, NULL, kind < SL_TUNNEL_COUNT && name[kind] ? name[kind] : "other");
	}
	sl_json_array_end(o);
}

void sl_flow_json(struct sl_json_out *o, const char *capture, const struct sl_record *r)
{
	const struct sl_record_flow *f = &r->flow;
	char app[sizeof(f->app) + 1] = "";
	memcpy(app, f->app, sizeof(f->app));
	sl_json_object(o, NULL);
	sl_json_str(o, "record", "flow");
	if (capture != NULL)
		sl_json_str(o, "capture", capture);
	time_put(o, "first", f->first_ns);
	time_put(o, "last", f->last_ns);
	ends_put(o, f);
	sl_json_str(o, "app", app);
	community_put(o, f);
	sl_json_array(o, "vlan");
	for (unsigned i = 0; i < f->vlan_count && i < SL_VLAN_MAX; i++)
		sl_json_u64(o, NULL, f->vlan[i]);
	sl_json_array_end(o);
	tunnels_put(o, f->tunnels);
	pair_put(o, "packets", f->packets);
	pair_put(o, "bytes", f->bytes);
	sl_json_str(o, "outcome", sl_outcome_text(f->outcome));
	sl_json_str(o, "end", sl_flow_end_text(f->end));
	pair_put(o, "missing_bytes", f->missing_bytes);
	sl_json_bool(o, "bypassed", (f->shed & SL_SHED_BYPASSED) != 0);
	sl_json_array(o, "shed");
	for (unsigned i = SL_SHED_NONE + 1; i < SL_SHED_LEVEL_COUNT; i++)
		if (f->shed & SL_SHED_BIT(i))
			sl_json_str(o, NULL, sl_shed_name((enum sl_shed_level)i));
	sl_json_array_end(o);
	sl_json_object_end(o);
}
