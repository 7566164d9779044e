/* SPDX-License-Identifier: BSD-3-Clause */
/* batch.c - adding observables to a batch. Worker, on its own batch; a full batch is a return
 * value. */
#include "norm.h"
#include <sightline/hot.h>

/* Adds the value that already lies at the end of the text. */
static void push(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message, size_t len,
	bool truncated)
{
	const struct sl_where_row *row = &sl_wheres[w];
	bool six = row->form == SL_FORM_ADDR && len == 16;
	b->obs[b->n++] = (struct sl_observable){
		.flow = b->flow,
		.value = b->text + b->used,
		.len = (uint32_t)len,
		.message = message,
		.ts_ns = b->ts_ns,
		.where = (uint16_t)w,
		.type = six ? SL_TYPE_IPV6 : row->type,
		.dir = (uint8_t)dir,
		.part = truncated ? SL_PART_TRUNCATED : SL_PART_WHOLE,
		.flags = b->flags,
		.outcome = b->outcome,
	};
	b->used += (uint32_t)len;
	if (truncated && b->counters != NULL)
		sl_count(b->counters, SL_C_OBSERVABLES_CUT, 1);
}

bool sl_batch_add(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span value)
{
	if (value.len == 0 || !sl_batch_wants(b, w))
		return true;
	bool truncated = value.len > SL_VALUE_MAX;
	if (truncated)
		value.len = SL_VALUE_MAX;
	if (!sl_batch_has_room(b, 1, (uint32_t)value.len))
		return false;
	memcpy(b->text + b->used, value.p, value.len);
	push(b, w, dir, message, value.len, truncated);
	return true;
}

bool sl_batch_add_addr(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	const union sl_addr *a, uint8_t version)
{
	return sl_batch_add(b, w, dir, message, sl_span(a->b, version == 4 ? 4 : 16));
}

bool sl_batch_add_raw(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span raw, bool *ok)
{
	if (ok != NULL)
		*ok = true;
	if (!sl_batch_wants(b, w))
		return true;
	if (b->n == SL_BATCH_MAX)
		return false;
	size_t room = SL_BATCH_TEXT - b->used;
	struct norm_out o = { .p = b->text + b->used,
		.cap = room < SL_VALUE_MAX ? room : SL_VALUE_MAX };
	bool formed = norm_form(sl_wheres[w].form, &o, raw);
	if (formed && o.over && o.cap < SL_VALUE_MAX)
		return false;
	if (formed && o.len)
		push(b, w, dir, message, o.len, o.over);
	else if (ok != NULL)
		*ok = false;
	return true;
}

bool sl_batch_close(struct sl_batch *b, enum sl_dir dir, uint32_t message)
{
	if (b->n == SL_BATCH_MAX)
		return false;
	push(b, SL_WHERE_NONE, dir, message, 0, false);
	b->obs[b->n - 1].flags |= SL_OBS_CLOSE;
	return true;
}

uint32_t sl_batch_next_message(struct sl_batch *b)
{
	return ++b->flow->message;
}
