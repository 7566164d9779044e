/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts.c - see hosts.h: what is told, and kept. Publisher's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hosts_state.h"

#define HOPS_SPAN 32 /* routers that a packet may have passed */

uint64_t hosts_hash_addr(const struct sl_hosts *h, const union sl_addr *a, uint64_t version)
{
	return sl_hash_u128(h->key, sl_hash_u128(h->key, a->q[0], a->q[1]), version) | 1;
}

uint64_t hosts_hash_name(const struct sl_hosts *h, struct sl_span name)
{
	return sl_hash_bytes(h->key, name.p, name.len) | 1;
}

bool hosts_own(const struct sl_hosts *h, const union sl_addr *a, uint8_t version)
{
	return h->o.home != NULL && sl_nets_has(h->o.home, a, version);
}

int sl_hosts_new(struct sl_hosts **out, const struct sl_hosts_options *o)
{
	if (o->counters == NULL)
		return -EINVAL;
	struct sl_hosts *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	h->o = *o;
	h->since_ns = UINT64_MAX;
	int rc = sl_hash_key_draw(&h->key) < 0 ? -EIO : 0;
	rc = rc ? rc : keeping_init(&h->hosts, sizeof(struct host), o->memory / 4);
	rc = rc ? rc : keeping_init(&h->names, sizeof(struct name), o->memory / 2);
	rc = rc ? rc : keeping_init(&h->leds, sizeof(struct led), o->memory / 4);
	if (rc < 0) {
		sl_hosts_free(h);
		return rc;
	}
	*out = h;
	return 0;
}

void sl_hosts_free(struct sl_hosts *h)
{
	if (h == NULL)
		return;
	keeping_fini(&h->hosts);
	keeping_fini(&h->names);
	keeping_fini(&h->leds);
	free(h);
}

void sl_hosts_forget(struct sl_hosts *h)
{
	if (h == NULL)
		return;
	keeping_forget(&h->hosts);
	keeping_forget(&h->names);
	keeping_forget(&h->leds);
	h->since_ns = UINT64_MAX;
}

/* ---- Entries ---- */

static bool within(uint64_t then_ns, uint64_t now_ns, uint64_t by_ns)
{
	return now_ns <= then_ns || now_ns - then_ns < by_ns;
}

static void *touch(struct sl_hosts *h, struct keeping *k, uint64_t hash, uint64_t ts_ns,
	uint64_t horizon_ns, enum sl_counter forgotten)
{
	uint64_t gone;
	void *e = kept_touch(k, hash, ts_ns, &gone);
	sl_count(h->o.counters, forgotten, gone > 0 && within(gone, ts_ns, horizon_ns));
	return e;
}

static struct host *host_touch(
	struct sl_hosts *h, const union sl_addr *a, uint64_t version, uint64_t ts_ns)
{
	struct host *e = touch(h, &h->hosts, hosts_hash_addr(h, a, version), ts_ns, SL_HOST_DAY_NS,
		SL_C_HOSTS_FORGOTTEN);
	if (version != 0 && (e->met_ns == 0 || ts_ns < e->met_ns))
		e->met_ns = ts_ns;
	return e;
}

static void moment_add(struct moments *m, uint64_t ts_ns)
{
	for (unsigned i = 0; i < 2; i++) {
		if (m->ns[i] != 0 && m->ns[i] / SL_FACT_SLOT_NS == ts_ns / SL_FACT_SLOT_NS) {
			m->ns[i] = ts_ns < m->ns[i] ? ts_ns : m->ns[i];
			return;
		}
		if (ts_ns > m->ns[i]) {
			if (i == 0)
				m->ns[1] = m->ns[0];
			m->ns[i] = ts_ns;
			return;
		}
	}
}

/* ---- Deeds ---- */

/* Whether fewer peers than a role may need were seen before this one. */
static bool is_first(const struct peer *p, const struct peer *more, const struct peer *x)
{
	unsigned before = 0;
	for (unsigned i = 0; i <= PEERS; i++) {
		const struct peer *y = i < PEERS ? &p[i] : more;
		before += y->first_ns < x->first_ns ||
			  (y->first_ns == x->first_ns && y->hash < x->hash);
	}
	return before < SL_HOST_PEERS;
}

/* Of those seen within a day the first are kept, so that the time from which they are enough is the
 * same in whatever order they were told, and the last, so that they are while some are seen. */
static struct peer *peer_place(struct peer *p, struct peer *fresh)
{
	struct peer *to = NULL;
	for (unsigned i = 0; i <= PEERS; i++) {
		struct peer *x = i < PEERS ? &p[i] : fresh;
		if (is_first(p, fresh, x))
			continue;
		if (to == NULL || x->last_ns < to->last_ns ||
			(x->last_ns == to->last_ns && x->hash < to->hash))
			to = x;
	}
	return to;
}

static void deed_add(struct sl_hosts *h, const union sl_addr *host, enum sl_deed deed,
	const union sl_addr *peer, const struct sl_record_fact *r)
{
	struct host *e = host_touch(h, host, r->version, r->ts_ns);
	struct peer *p = e->peer[deed], *to = NULL;
	uint64_t hash = hosts_hash_addr(h, peer, r->version);
	struct peer fresh = { hash, r->ts_ns, r->ts_ns };
	for (unsigned i = 0; i < PEERS; i++) {
		if (p[i].hash == hash) {
			p[i].first_ns = r->ts_ns < p[i].first_ns ? r->ts_ns : p[i].first_ns;
			p[i].last_ns = r->ts_ns > p[i].last_ns ? r->ts_ns : p[i].last_ns;
			return;
		}
		if (p[i].hash == 0 || !within(p[i].last_ns, r->ts_ns, SL_HOST_DAY_NS))
			to = &p[i];
	}
	if (to == NULL)
		to = peer_place(p, &fresh);
	*to = fresh;
}

static bool began_at(uint8_t hops, unsigned top)
{
	return hops <= top && hops > top - HOPS_SPAN;
}

static void tell_flow(struct sl_hosts *h, const struct sl_record_fact *r)
{
	if (hosts_own(h, &r->src, r->version)) {
		(void)host_touch(h, &r->src, r->version, r->ts_ns);
		if (r->via == SL_VIA_WEB)
			deed_add(h, &r->src, SL_DEED_WEB, &r->dst, r);
		if (r->via == SL_VIA_MAIL)
			deed_add(h, &r->src, SL_DEED_MAIL_SENT, &r->dst, r);
		if (began_at(r->hops, 64))
			deed_add(h, &r->src, SL_DEED_TTL_64, &r->dst, r);
		if (began_at(r->hops, 128))
			deed_add(h, &r->src, SL_DEED_TTL_128, &r->dst, r);
	}
	if (r->via == SL_VIA_MAIL && hosts_own(h, &r->dst, r->version))
		deed_add(h, &r->dst, SL_DEED_MAIL_TAKEN, &r->src, r);
}

/* ---- Names ---- */

static struct name *name_touch(struct sl_hosts *h, struct sl_span name, uint64_t ts_ns)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES || memchr(name.p, 0, name.len) != NULL) {
		sl_count(h->o.counters, SL_C_FACTS_CUT, name.len > 0);
		return NULL;
	}
	struct name *n = touch(
		h, &h->names, hosts_hash_name(h, name), ts_ns, SL_LED_NS, SL_C_NAMES_FORGOTTEN);
	memcpy(n->text, name.p, name.len);
	n->text[name.len] = '\0';
	return n;
}

static void asker_add(struct sl_hosts *h, struct name *n, const struct sl_record_fact *r)
{
	struct asker *to = &n->asker[0];
	for (unsigned i = 0; i < ASKERS; i++) {
		struct asker *a = &n->asker[i];
		if (a->version == r->version &&
			memcmp(a->client.b, r->src.b, sizeof(r->src.b)) == 0) {
			moment_add(&a->at, r->ts_ns);
			return;
		}
		if (a->at.ns[0] < to->at.ns[0])
			to = a;
	}
	sl_count(h->o.counters, SL_C_ASKERS_FORGOTTEN,
		to->version != 0 && within(to->at.ns[0], r->ts_ns, SL_ASKED_NS));
	if (to->version == 0 || r->ts_ns > to->at.ns[0])
		*to = (struct asker){ r->src, r->version, { { r->ts_ns, 0 } } };
}

static void lead_add(
	struct sl_hosts *h, struct led *e, uint64_t name, const struct sl_record_fact *r)
{
	struct lead *to = &e->lead[0];
	for (unsigned i = 0; i < LEADS; i++) {
		struct lead *l = &e->lead[i];
		if (l->name == name && l->version == r->version &&
			memcmp(l->client.b, r->src.b, sizeof(r->src.b)) == 0) {
			moment_add(&l->at, r->ts_ns);
			return;
		}
		if (l->at.ns[0] < to->at.ns[0])
			to = l;
	}
	sl_count(h->o.counters, SL_C_ANSWERS_FORGOTTEN,
		to->name != 0 && within(to->at.ns[0], r->ts_ns, SL_LED_NS));
	if (to->name == 0 || r->ts_ns > to->at.ns[0])
		*to = (struct lead){ name, r->src, r->version, { { r->ts_ns, 0 } } };
}

static void tell_asked(struct sl_hosts *h, const struct sl_record_fact *r, struct sl_span name)
{
	if (!hosts_own(h, &r->src, r->version))
		return;
	(void)host_touch(h, &r->src, r->version, r->ts_ns);
	if (r->via == SL_VIA_PROXY && hosts_own(h, &r->dst, r->version))
		deed_add(h, &r->dst, SL_DEED_PROXIED, &r->src, r);
	struct name *n = name_touch(h, name, r->ts_ns);
	if (n != NULL)
		asker_add(h, n, r);
}

static void tell_answered(struct sl_hosts *h, const struct sl_record_fact *r, struct sl_span name)
{
	const struct sl_fact_address *a = (const struct sl_fact_address *)(const void *)r->tail;
	if (!hosts_own(h, &r->src, r->version))
		return;
	deed_add(h, &r->src, SL_DEED_DNS_ASKED, &r->dst, r);
	if (hosts_own(h, &r->dst, r->version))
		deed_add(h, &r->dst, SL_DEED_DNS_ANSWERED, &r->src, r);
	struct name *n = name_touch(h, name, r->ts_ns);
	if (n == NULL)
		return;
	asker_add(h, n, r);
	for (unsigned i = 0; i < r->addresses; i++) {
		struct led *e = touch(h, &h->leds, hosts_hash_addr(h, &a[i].a, a[i].version),
			r->ts_ns, SL_LED_NS, SL_C_LEADS_FORGOTTEN);
		lead_add(h, e, n->kept.hash, r);
	}
}

/* ---- Names of hosts ---- */

/* What may stand in a message as it is: a cut leaves no part of a UTF-8 character. */
static size_t text_len(struct sl_span name)
{
	size_t n = name.len;
	if (n <= SL_HOST_NAME_MAX)
		return n;
	for (n = SL_HOST_NAME_MAX; n > 0 && (name.p[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static void said_add(struct said *s, uint64_t ts_ns)
{
	s->first_ns = s->last_ns == 0 || ts_ns < s->first_ns ? ts_ns : s->first_ns;
	s->last_ns = ts_ns > s->last_ns ? ts_ns : s->last_ns;
}

/* What is older than all that is kept finds no room. */
static bool said_gives_way(struct sl_hosts *h, const struct said *s, uint64_t ts_ns)
{
	sl_count(h->o.counters, SL_C_SAID_FORGOTTEN,
		s->last_ns != 0 && within(s->last_ns, ts_ns, SL_HOST_DAY_NS));
	return ts_ns >= s->last_ns;
}

static void tell_named(struct sl_hosts *h, const struct sl_record_fact *r, struct sl_span name)
{
	if (r->via >= SL_NAMED_COUNT || name.len == 0 || memchr(name.p, 0, name.len) != NULL)
		return;
	if (r->version != 0 && !hosts_own(h, &r->src, r->version))
		return;
	struct naming *n = host_touch(h, &r->src, r->version, r->ts_ns)->named[r->via], *to = n;
	struct sl_span text = sl_span(name.p, text_len(name));
	sl_count(h->o.counters, SL_C_FACTS_CUT, text.len < name.len);
	for (unsigned i = 0; i < SAID; i++) {
		if (sl_span_eq(text, sl_span_str(n[i].text))) {
			said_add(&n[i].at, r->ts_ns);
			return;
		}
		if (n[i].at.last_ns < to->at.last_ns)
			to = &n[i];
	}
	if (!said_gives_way(h, &to->at, r->ts_ns))
		return;
	*to = (struct naming){ .at = { r->ts_ns, r->ts_ns } };
	memcpy(to->text, text.p, text.len);
}

static void tell_leased(struct sl_hosts *h, const struct sl_record_fact *r)
{
	if (!hosts_own(h, &r->src, r->version))
		return;
	struct lease *l = host_touch(h, &r->src, r->version, r->ts_ns)->lease, *to = l;
	uint64_t mac = hosts_hash_addr(h, &r->dst, 0);
	for (unsigned i = 0; i < SAID; i++) {
		if (l[i].mac == mac) {
			said_add(&l[i].at, r->ts_ns);
			return;
		}
		if (l[i].at.last_ns < to->at.last_ns)
			to = &l[i];
	}
	if (said_gives_way(h, &to->at, r->ts_ns))
		*to = (struct lease){ { r->ts_ns, r->ts_ns }, mac };
}

int sl_hosts_tell(struct sl_hosts *h, const struct sl_record_fact *r, size_t len)
{
	if (h == NULL)
		return 0;
	if (len < sizeof(*r) || r->kind != SL_REC_FACT || r->addresses > SL_FACT_ADDRESSES)
		return -EINVAL;
	size_t before = r->addresses * sizeof(struct sl_fact_address);
	if (len - sizeof(*r) < before + r->name_len)
		return -EINVAL;
	struct sl_span name = sl_span(r->tail + before, r->name_len);
	sl_count(h->o.counters, SL_C_FACTS, 1);
	h->since_ns = r->ts_ns < h->since_ns ? r->ts_ns : h->since_ns;
	switch ((enum sl_fact)r->fact) {
	case SL_FACT_FLOW:
		tell_flow(h, r);
		return 0;
	case SL_FACT_ASKED:
		tell_asked(h, r, name);
		return 0;
	case SL_FACT_ANSWERED:
		tell_answered(h, r, name);
		return 0;
	case SL_FACT_NAMED:
		tell_named(h, r, name);
		return 0;
	case SL_FACT_LEASED:
		tell_leased(h, r);
		return 0;
	}
	return -EINVAL;
}
