/* SPDX-License-Identifier: BSD-3-Clause */
/* retro.c - a sighting of what was seen before anybody listed it. It is whole when it is made:
 * there is nothing to aggregate. Publisher's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "text.h"

/* The record that a first hit would have been. */
static struct sl_record *record_new(const struct sl_ruleset *rs, const uint32_t *indicators,
	uint16_t count, const struct sl_indicator *i, const struct sl_past_answer *past)
{
	bool binary = sl_wheres[i->where].form == SL_FORM_ADDR;
	const void *value = binary ? (const void *)i->addr.b : i->value;
	uint16_t len = binary ? (i->version == 4 ? 4 : 16) : (uint16_t)i->value_len;
	struct sl_record *r = calloc(1, sizeof(*r) + (size_t)4 * count + len);
	if (r == NULL)
		return NULL;
	r->kind = SL_REC_HIT;
	r->generation = sl_ruleset_generation(rs);
	r->ts_ns = past->first_ns;
	r->flow.src = past->first_host;
	r->flow.version = past->first_version != 0 ? past->first_version : 4;
	if (past->first_version != 0 && past->first_version == i->version)
		r->flow.dst = i->addr;
	r->where = i->where;
	r->type = i->type;
	r->match = i->match;
	r->value_len = len;
	r->indicator_count = count;
	memcpy(r->tail, indicators, (size_t)4 * count);
	memcpy(r->tail + (size_t)4 * count, value, len);
	return r;
}

static int host_say(struct entry *e, const char *key, const union sl_addr *a, uint8_t version)
{
	char text[SL_ADDR_TEXT];
	if (version == 0)
		return 0;
	sl_addr_text(a, version, text);
	return entry_context_add(&e->m, key, text_new(sl_span_str(text), sizeof(text)));
}

static int number_say(struct entry *e, const char *key, uint32_t number)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", number);
	return entry_context_add(&e->m, key, text_new(sl_span_str(text), sizeof(text)));
}

static int past_say(struct entry *e, const struct sl_past_answer *past, uint32_t hours)
{
	int rc = host_say(e, "first_host", &past->first_host, past->first_version);
	rc = rc ? rc : host_say(e, "last_host", &past->last_host, past->last_version);
	rc = rc ? rc : number_say(e, "hosts", past->hosts);
	return rc ? rc : number_say(e, "hours", hours);
}

/* Of flows that were many nothing is said that is one's. */
static void flow_trim(
	struct entry *e, const struct sl_indicator *i, const struct sl_past_answer *past)
{
	if (past->first_version == 0)
		e->src[0] = '\0';
	if (past->first_version == 0 || past->first_version != i->version)
		e->dst[0] = '\0';
	e->proto[0] = e->app[0] = e->community_id[0] = '\0';
	e->flow.n_packets = e->flow.n_bytes = 0;
	e->m.direction = e->m.outcome = (char *)protobuf_c_empty_string;
}

int retro_new(struct entry **out, const struct entry_scope *sc, const struct sl_ruleset *rs,
	const uint32_t *indicators, uint16_t count, const struct sl_past_answer *past,
	uint32_t hours)
{
	struct sl_indicator i;
	struct entry_key k;
	struct entry *e;
	sl_ruleset_indicator(rs, indicators[0], &i);
	struct sl_record *r = record_new(rs, indicators, count, &i, past);
	if (r == NULL)
		return -ENOMEM;
	entry_key_of(&k, r, rs, 1);
	k.retro = r->generation;
	int rc = entry_new(&e, sc, &k, r, rs);
	free(r);
	if (rc < 0)
		return rc;
	flow_trim(e, &i, past);
	e->m.retro = true;
	e->m.count = past->count;
	e->m.last_seen = past->last_ns;
	e->observable.type = (char *)sl_type_text(i.type);
	rc = past_say(e, past, hours);
	if (rc < 0) {
		entry_free(e, sc);
		return rc;
	}
	*out = e;
	return 0;
}
