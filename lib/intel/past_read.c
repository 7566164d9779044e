/* SPDX-License-Identifier: BSD-3-Clause */
/* past_read.c - observables as a sensor writes them, one JSON object a line. Control threads. A
 * line that can't be read costs that line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/past.h>

#include "reading.h"
#include "rows.h"

#define FLOWS_MAX (UINT32_C(4) << 20)

/* A flow's addresses and ports are used again: a number tells its flows apart. */
struct tuple {
	uint64_t hash;
	uint64_t flow;
};

struct past_reading {
	struct sl_past *past;
	struct sl_hash_key key;
	struct rows tuples;
	uint64_t flows;
	uint64_t records, bad;
	int stop; /* an error that is not the line's */
};

static bool number(const struct sl_json *o, const char *key, uint64_t most, uint64_t *out)
{
	const struct sl_json *v = sl_json_get(o, key);
	*out = 0;
	if (v == NULL)
		return true;
	bool good = v->kind == SL_JSON_NUMBER && v->is_integer && v->integer >= 0 &&
		    (uint64_t)v->integer <= most;
	if (good)
		*out = (uint64_t)v->integer;
	return good;
}

static bool address(const struct sl_json *o, const char *key, union sl_addr *out, uint8_t *version)
{
	const struct sl_json *v = sl_json_get(o, key);
	memset(out, 0, sizeof(*out));
	*version = 0;
	if (v == NULL || v->kind != SL_JSON_STRING || v->len == 0)
		return true; /* a frame without IP */
	return sl_addr_parse(v->text, v->len, out, version);
}

/* An initiator's address is said once a flow, and first. */
static int flow_of(struct past_reading *r, const struct sl_json *v, struct sl_past_observed *o)
{
	const char *proto = sl_json_get_text(v, "proto"), *capture = sl_json_get_text(v, "capture");
	uint64_t h = 0;
	struct {
		union sl_addr src, dst;
		uint16_t sport, dport;
	} ends;
	memset(&ends, 0, sizeof(ends));
	ends.src = o->src;
	ends.dst = o->dst;
	ends.sport = o->sport;
	ends.dport = o->dport;
	h = sl_hash_u128(r->key, h, sl_hash_bytes(r->key, &ends, sizeof(ends)));
	if (proto != NULL)
		h = sl_hash_u128(r->key, h, sl_hash_bytes(r->key, proto, strlen(proto)));
	if (capture != NULL)
		h = sl_hash_u128(r->key, h, sl_hash_bytes(r->key, capture, strlen(capture)));
	bool made;
	int64_t row = rows_get(&r->tuples, h, &made);
	if (row < 0)
		return (int)row;
	o->flow = h;
	if (row == 0) /* flows of the same ends are one from here on */
		return 0;
	struct tuple *t = (struct tuple *)(void *)r->tuples.at + (row - 1);
	if (made || o->where == SL_WHERE_IP_SRC)
		t->flow = ++r->flows;
	o->flow = t->flow;
	return 0;
}

static bool observed_of(const struct sl_json *v, struct sl_past_observed *o)
{
	const struct sl_json *value = sl_json_get(v, "value");
	const char *type = sl_json_get_text(v, "type"), *where = sl_json_get_text(v, "where"),
		   *ts = sl_json_get_text(v, "ts");
	uint64_t sport = 0, dport = 0, message = 0;
	*o = (struct sl_past_observed){ 0 };
	if (value == NULL || value->kind != SL_JSON_STRING || type == NULL || where == NULL)
		return false;
	o->type = sl_type_find(type, strlen(type));
	o->where = sl_where_find(where, strlen(where));
	o->value = value->text;
	o->len = value->len;
	bool good = number(v, "sport", UINT16_MAX, &sport) &&
		    number(v, "dport", UINT16_MAX, &dport) &&
		    number(v, "message", UINT32_MAX, &message) &&
		    address(v, "src", &o->src, &o->src_version) &&
		    address(v, "dst", &o->dst, &o->dst_version);
	o->sport = (uint16_t)sport;
	o->dport = (uint16_t)dport;
	o->message = (uint32_t)message;
	if (ts != NULL && !sl_time_parse(ts, strlen(ts), &o->ts_ns))
		return false;
	return good && o->len > 0 && o->type != SL_TYPE_NONE && o->where != SL_WHERE_NONE;
}

static int record_take(void *arg, const struct sl_json *v)
{
	struct past_reading *r = arg;
	struct sl_past_observed o;
	const char *record = sl_json_get_text(v, "record");
	if (record == NULL) {
		r->bad++;
		return 0;
	}
	r->records++;
	if (strcmp(record, "observable") != 0)
		return 0;
	if (!observed_of(v, &o)) {
		r->bad++;
		return 0;
	}
	r->stop = flow_of(r, v, &o);
	if (r->stop == 0)
		r->stop = sl_past_add(r->past, &o);
	return r->stop;
}

static int line_take(
	struct past_reading *r, struct sl_json_in *in, const char *line, size_t len, bool cut)
{
	bool whole = !cut && sl_json_in_feed(in, line, len) == 0 &&
		     sl_json_in_feed(in, "\n", 1) == 0 && sl_json_in_between(in);
	if (whole || r->stop < 0)
		return r->stop;
	r->bad++;
	return sl_json_in_again(in);
}

static int lines_take(struct past_reading *r, struct sl_input *input)
{
	struct sl_json_limits limits = { (size_t)1 << 20, 8 };
	struct sl_json_in *in = NULL;
	struct lines l;
	const char *line;
	size_t len;
	bool cut;
	int rc = lines_init(&l, input);
	if (rc == 0)
		rc = sl_json_in_new(&in, "", &limits, record_take, r);
	while (rc == 0 && (rc = lines_next(&l, &line, &len, &cut)) == 0 && line != NULL)
		rc = line_take(r, in, line, len, cut);
	sl_json_in_free(in);
	lines_fini(&l);
	return rc;
}

static int past_take(struct sl_past *p, struct sl_input *in, uint64_t *bad)
{
	struct past_reading r = { .past = p,
		.tuples = { .each = sizeof(struct tuple), .most = FLOWS_MAX } };
	int rc = sl_hash_key_draw(&r.key);
	/* Each read is of other flows than those before it. */
	if (rc == 0)
		r.flows = r.key.k0 & ~(uint64_t)UINT32_MAX;
	if (rc == 0)
		rc = lines_take(&r, in);
	*bad = r.bad;
	rows_free(&r.tuples);
	return rc == 0 && r.records == 0 && r.bad > 0 ? -EBADMSG : rc;
}

int sl_past_read(struct sl_past *p, const char *path, uint64_t *bad)
{
	struct sl_input *in;
	*bad = 0;
	int rc = sl_input_open(&in, path);
	if (rc < 0)
		return rc;
	rc = past_take(p, in, bad);
	sl_input_close(in);
	return rc;
}

int sl_past_read_bytes(struct sl_past *p, const void *bytes, size_t len, uint64_t *bad)
{
	struct sl_input *in;
	*bad = 0;
	int rc = sl_input_open_bytes(&in, bytes, len);
	if (rc < 0)
		return rc;
	rc = past_take(p, in, bad);
	sl_input_close(in);
	return rc;
}
