/* SPDX-License-Identifier: BSD-3-Clause */
/* facts.c - what flows and messages say of hosts (hosts.h), told to the publisher: who asked whom
 * for which name, what came of it, who opened what to whom, what a host calls itself. The same fact
 * is told once a minute, as far as a small table remembers. Runs on one worker. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "sensor.h"

#define TOLD 16384 /* facts remembered; a power of two */
#define NAME_MAX_BYTES 255 /* a longer one is told without it */

struct facts {
	const struct sl_nets *home;
	struct sl_hash_key key;
	uint8_t via[PARSERS_MAX]; /* enum sl_fact_via of a flow with this parser */
	uint64_t told[TOLD]; /* hashes */
};

static uint8_t via_of(const char *app)
{
	static const struct {
		const char *app;
		uint8_t via;
	} rows[] = { { "http", SL_VIA_WEB }, { "http2", SL_VIA_WEB }, { "tls", SL_VIA_WEB },
		{ "quic", SL_VIA_WEB }, { "smtp", SL_VIA_MAIL } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].app, app) == 0)
			return rows[i].via;
	return SL_VIA_OTHER;
}

int facts_new(struct facts **out, const struct sl_nets *home)
{
	struct facts *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	f->home = home;
	for (unsigned i = 0; i < sl_parser_count && i < PARSERS_MAX; i++)
		f->via[i] = via_of(sl_parsers[i]->name);
	if (sl_hash_key_draw(&f->key) < 0) {
		free(f);
		return -EIO;
	}
	*out = f;
	return 0;
}

void facts_free(struct facts *f)
{
	free(f);
}

#include <sightline/hot.h>

void facts_want(uint64_t *want)
{
	static const uint16_t wheres[] = { SL_WHERE_DNS_ANSWER_IP, SL_WHERE_MDNS_HOST,
		SL_WHERE_NBNS_HOST, SL_WHERE_DHCP_CLIENT_MAC, SL_WHERE_DHCP_HOSTNAME,
		SL_WHERE_DHCP_CLIENT_FQDN, SL_WHERE_DHCP_ASSIGNED_IP };
	for (size_t i = 0; i < sizeof(wheres) / sizeof(wheres[0]); i++)
		want[wheres[i] / 64] |= UINT64_C(1) << (wheres[i] % 64);
}

static bool own(const struct facts *f, const union sl_addr *a, uint8_t version)
{
	return sl_nets_has(f->home, a, version);
}

/* Whether the fact was not told in this slot of time; `more`: what it says beside the record. */
static bool is_news(struct facts *f, const struct sl_record_fact *r, uint64_t more)
{
	uint64_t what = (uint64_t)r->fact << 24 | (uint64_t)r->via << 16 |
			(uint64_t)r->version << 8 | r->hops;
	uint64_t h = sl_hash_u128(f->key, r->src.q[0] ^ what, r->src.q[1] ^ more);
	h = sl_hash_u128(f->key, r->dst.q[0] ^ h, r->dst.q[1]);
	h = sl_hash_u128(f->key, h, r->ts_ns / SL_FACT_SLOT_NS) | 1;
	uint64_t *told = &f->told[h & (TOLD - 1)];
	bool news = *told != h;
	*told = h;
	return news;
}

static void tell(struct worker *w, struct sl_record_fact *r, const struct sl_fact_address *a,
	struct sl_span name)
{
	uint64_t more = 0;
	if (name.len > NAME_MAX_BYTES) {
		sl_count(&w->counters, SL_C_FACTS_CUT, 1);
		name.len = 0;
	}
	/* That it answers counts; for which name, where there is an address. */
	if (name.len > 0 && (r->fact != SL_FACT_ANSWERED || r->addresses > 0))
		more = sl_hash_bytes(w->facts->key, name.p, name.len);
	for (unsigned i = 0; a != NULL && i < r->addresses; i++)
		more += sl_hash_u128(w->facts->key, a[i].a.q[0], a[i].a.q[1]);
	r->name_len = (uint16_t)name.len;
	if (is_news(w->facts, r, more))
		tell_fact(w, r, a, name);
}

/* ---- Flows ---- */

/* A hop limit that says something of the system that sent the packet. */
static bool is_telling(uint8_t hops)
{
	return (hops > 32 && hops <= 64) || (hops > 96 && hops <= 128);
}

void facts_flow(struct worker *w, const struct sl_packet *p)
{
	struct facts *facts = w->facts;
	const struct sl_flow *f = p->flow;
	uint8_t via = facts->via[sl_parser_index(f->parser)];
	/* Where hops begin is all that counts, so that a route that changes is no news. */
	uint8_t hops = p->hops <= 64 ? 64 : 128;
	if (f->proto != IPPROTO_TCP || p->dir != SL_TO_SERVER || !is_telling(p->hops))
		hops = 0;
	if (via == SL_VIA_OTHER && hops == 0)
		return;
	bool from_own = own(facts, &f->src, f->version);
	if (!from_own && (via != SL_VIA_MAIL || !own(facts, &f->dst, f->version)))
		return;
	struct sl_record_fact r = { .kind = SL_REC_FACT,
		.fact = SL_FACT_FLOW,
		.via = via,
		.version = f->version,
		.hops = hops,
		.ts_ns = p->ts_ns,
		.src = f->src,
		.dst = f->dst };
	tell(w, &r, NULL, sl_span(NULL, 0));
}

/* ---- Messages ---- */

/* An answer of DNS, as far as the batch was read. */
struct answer {
	const struct sl_observable *of; /* NULL: none */
	struct sl_span name;
	unsigned n;
	struct sl_fact_address address[SL_FACT_ADDRESSES];
};

static void asked(struct worker *w, const struct sl_observable *o, uint8_t via, struct sl_span name)
{
	const struct sl_flow *f = o->flow;
	if (!own(w->facts, &f->src, f->version))
		return;
	struct sl_record_fact r = { .kind = SL_REC_FACT,
		.fact = SL_FACT_ASKED,
		.via = via,
		.version = f->version,
		.ts_ns = o->ts_ns,
		.src = f->src,
		.dst = f->dst };
	tell(w, &r, NULL, name);
}

static void answer_end(struct worker *w, struct answer *a)
{
	const struct sl_observable *o = a->of;
	a->of = NULL;
	if (o == NULL || !own(w->facts, &o->flow->src, o->flow->version))
		return;
	struct sl_record_fact r = { .kind = SL_REC_FACT,
		.fact = SL_FACT_ANSWERED,
		.via = SL_VIA_DNS,
		.version = o->flow->version,
		.ts_ns = o->ts_ns,
		.src = o->flow->src,
		.dst = o->flow->dst,
		.addresses = (uint16_t)a->n };
	tell(w, &r, a->address, a->name);
}

/* What the message of an observable said in a place that is kept as context, where an earlier batch
 * may have had it. */
static struct sl_span said_before(const struct sl_observable *o, enum sl_where where)
{
	struct sl_said_entry e;
	uint16_t at = 0;
	while (o->flow->said != NULL && sl_said_next(o->flow->said, &at, &e))
		if (e.where == where && e.message == o->message)
			return e.value;
	return sl_span(NULL, 0);
}

static void answer_begin(
	struct worker *w, struct answer *a, const struct sl_observable *o, struct sl_span name)
{
	answer_end(w, a);
	*a = (struct answer){ .of = o, .name = name };
}

static void dns_query(struct worker *w, struct answer *a, const struct sl_observable *o)
{
	if (o->dir == SL_TO_SERVER && !(o->flags & SL_OBS_REPEAT))
		asked(w, o, SL_VIA_DNS, sl_span(o->value, o->len));
	if (o->dir == SL_TO_CLIENT &&
		(o->outcome == SL_OUTCOME_ANSWERED || o->outcome == SL_OUTCOME_NXDOMAIN))
		answer_begin(w, a, o, sl_span(o->value, o->len));
}

static void dns_address(struct worker *w, struct answer *a, const struct sl_observable *o)
{
	if (o->dir != SL_TO_CLIENT)
		return;
	if (a->of == NULL || a->of->flow != o->flow || a->of->message != o->message ||
		a->n == SL_FACT_ADDRESSES)
		answer_begin(w, a, o, said_before(o, SL_WHERE_DNS_QUERY));
	struct sl_fact_address *to = &a->address[a->n++];
	to->a = (union sl_addr){ .q = { 0, 0 } };
	to->version = o->len == 4 ? 4 : 6;
	memcpy(to->a.b, o->value, o->len == 4 ? 4 : 16);
}

/* Who sends the message says its own name. */
static void named(struct worker *w, const struct sl_observable *o, enum sl_named_by by)
{
	const struct sl_flow *f = o->flow;
	const union sl_addr *host = o->dir == SL_TO_SERVER ? &f->src : &f->dst;
	if (!own(w->facts, host, f->version))
		return;
	struct sl_record_fact r = { .kind = SL_REC_FACT,
		.fact = SL_FACT_NAMED,
		.via = (uint8_t)by,
		.version = f->version,
		.ts_ns = o->ts_ns,
		.src = *host };
	tell(w, &r, NULL, sl_span(o->value, o->len));
}

/* DHCP says its client's hardware address before everything else. */
static struct sl_span client_mac(const struct sl_batch *b, uint16_t i)
{
	const struct sl_observable *o = &b->obs[i];
	for (; i > 0; i--) {
		const struct sl_observable *x = &b->obs[i - 1];
		if (x->flow != o->flow || x->message != o->message)
			break;
		if (x->where == SL_WHERE_DHCP_CLIENT_MAC)
			return sl_span(x->value, x->len);
	}
	return said_before(o, SL_WHERE_DHCP_CLIENT_MAC);
}

/* The name of a hardware address, or the address of the network that it gets: messages of different
 * flows, joined by the publisher. */
static void dhcp(struct worker *w, uint16_t i)
{
	const struct sl_observable *o = &w->batch.obs[i];
	struct sl_span mac = client_mac(&w->batch, i), name = sl_span(o->value, o->len);
	struct sl_record_fact r = { .kind = SL_REC_FACT, .fact = SL_FACT_NAMED, .ts_ns = o->ts_ns };
	if (mac.len != 6)
		return;
	if (o->where == SL_WHERE_DHCP_ASSIGNED_IP) {
		r.fact = SL_FACT_LEASED;
		r.version = o->len == 4 ? 4 : 6;
		memcpy(r.src.b, o->value, o->len == 4 ? 4 : 16);
		memcpy(r.dst.b, mac.p, 6);
		name.len = 0;
		if (!own(w->facts, &r.src, r.version))
			return;
	} else {
		r.via = SL_NAMED_DHCP;
		memcpy(r.src.b, mac.p, 6);
	}
	tell(w, &r, NULL, name);
}

void facts_batch(struct worker *w)
{
	const struct sl_batch *b = &w->batch;
	struct answer a;
	a.of = NULL;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct sl_observable *o = &b->obs[i];
		if (o->flags & SL_OBS_SILENT)
			continue;
		switch (o->where) {
		case SL_WHERE_DNS_QUERY:
			dns_query(w, &a, o);
			break;
		case SL_WHERE_DNS_ANSWER_IP:
			dns_address(w, &a, o);
			break;
		case SL_WHERE_HTTP_HOST:
		case SL_WHERE_HTTP_TARGET_HOST:
			if (o->flags & SL_OBS_PROXIED)
				asked(w, o, SL_VIA_PROXY, sl_span(o->value, o->len));
			break;
		case SL_WHERE_SOCKS_HOST:
			asked(w, o, SL_VIA_PROXY, sl_span(o->value, o->len));
			break;
		case SL_WHERE_SOCKS_IP:
			asked(w, o, SL_VIA_PROXY, sl_span(NULL, 0));
			break;
		case SL_WHERE_MDNS_HOST:
			named(w, o, SL_NAMED_MDNS);
			break;
		case SL_WHERE_NBNS_HOST:
			named(w, o, SL_NAMED_NBNS);
			break;
		case SL_WHERE_DHCP_HOSTNAME:
		case SL_WHERE_DHCP_CLIENT_FQDN:
		case SL_WHERE_DHCP_ASSIGNED_IP:
			dhcp(w, i);
			break;
		default:
			break;
		}
	}
	answer_end(w, &a);
}
