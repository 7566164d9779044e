/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts_ask.c - see hosts.h: what is known at a time. Publisher's thread; changes nothing. */
#include <string.h>

#include "hosts_state.h"

static const struct {
	const char *name;
	struct {
		uint8_t deed, peers;
	} need[2];
} rules[SL_ROLE_COUNT] = {
#define X(id, name, deed, peers, other, others, help)                                              \
	[SL_ROLE_##id] = { name, { { SL_DEED_##deed, peers }, { SL_DEED_##other, others } } },
	SL_ROLES(X)
#undef X
};

#define X(id, name, deed, peers, other, others, help)                                              \
	_Static_assert((peers) <= SL_HOST_PEERS && (others) <= SL_HOST_PEERS, name);
SL_ROLES(X)
#undef X

const char *sl_role_name(enum sl_role r)
{
	return r < SL_ROLE_COUNT ? rules[r].name : "";
}

/* ---- Times ---- */

/* The latest at or before now, if it is not older than that; 0: none. */
static uint64_t moment_at(const struct moments *m, uint64_t now_ns, uint64_t by_ns)
{
	for (unsigned i = 0; i < 2; i++)
		if (m->ns[i] != 0 && m->ns[i] <= now_ns)
			return now_ns - m->ns[i] < by_ns ? m->ns[i] : 0;
	return 0;
}

/* The latest time at or before now that is known; 0: none. */
static uint64_t said_at(const struct said *s, uint64_t now_ns)
{
	if (s->last_ns <= now_ns)
		return s->last_ns;
	return s->first_ns <= now_ns ? s->first_ns : 0;
}

/* ---- Hosts ---- */

static unsigned peers_at(const struct host *e, enum sl_deed deed, uint64_t now_ns)
{
	unsigned n = 0;
	for (unsigned i = 0; i < PEERS; i++) {
		const struct peer *p = &e->peer[deed][i];
		bool old = p->last_ns < now_ns && now_ns - p->last_ns >= SL_HOST_DAY_NS;
		n += p->hash != 0 && p->first_ns <= now_ns && !old;
	}
	return n;
}

static uint8_t roles_at(const struct host *e, uint64_t now_ns)
{
	uint8_t roles = 0;
	for (unsigned i = 0; e != NULL && i < SL_ROLE_COUNT; i++) {
		bool has = true;
		for (unsigned k = 0; k < 2; k++)
			has &= peers_at(e, (enum sl_deed)rules[i].need[k].deed, now_ns) >=
			       rules[i].need[k].peers;
		roles |= (uint8_t)(has << i);
	}
	return roles;
}

static const struct host *host_find(
	const struct sl_hosts *h, const union sl_addr *a, uint8_t version)
{
	return kept_find(&h->hosts, hosts_hash_addr(h, a, version));
}

static const char *name_at(const struct host *e, enum sl_named_by by, uint64_t now_ns)
{
	const char *text = "";
	uint64_t at_ns = 0;
	for (unsigned i = 0; e != NULL && i < SAID; i++) {
		const struct naming *n = &e->named[by][i];
		uint64_t then = said_at(&n->at, now_ns);
		if (then > at_ns || (then == at_ns && then > 0 && strcmp(n->text, text) > 0)) {
			text = n->text;
			at_ns = then;
		}
	}
	return text;
}

/* Whose the address was; NULL: nobody's that is known. */
static const struct host *leased_to(const struct sl_hosts *h, const struct host *e, uint64_t now_ns)
{
	uint64_t mac = 0, at_ns = 0;
	for (unsigned i = 0; i < SAID; i++) {
		const struct lease *l = &e->lease[i];
		uint64_t then = said_at(&l->at, now_ns);
		if (then > at_ns || (then == at_ns && l->mac > mac)) {
			mac = l->mac;
			at_ns = then;
		}
	}
	return at_ns > 0 ? kept_find(&h->hosts, mac) : NULL;
}

/* What it asked its lease for by itself, or by the MAC address that the lease was given to. */
static const char *host_name(const struct sl_hosts *h, const struct host *e, uint64_t now_ns)
{
	const struct host *mac = leased_to(h, e, now_ns);
	const char *text = name_at(e, SL_NAMED_DHCP, now_ns);
	if (text[0] == '\0')
		text = name_at(mac, SL_NAMED_DHCP, now_ns);
	for (unsigned by = SL_NAMED_MDNS; text[0] == '\0' && by < SL_NAMED_COUNT; by++)
		text = name_at(e, (enum sl_named_by)by, now_ns);
	return text;
}

uint32_t sl_hosts_count(const struct sl_hosts *h, uint64_t ts_ns)
{
	uint32_t n = 0;
	for (uint32_t i = 1; h != NULL && i <= h->hosts.count; i++) {
		const struct host *e = kept_at(&h->hosts, i);
		bool silent = e->kept.last_ns < ts_ns && ts_ns - e->kept.last_ns >= SL_HOST_DAY_NS;
		n += e->met_ns != 0 && e->met_ns <= ts_ns && !silent;
	}
	return n;
}

uint64_t sl_hosts_since(const struct sl_hosts *h)
{
	return h != NULL ? h->since_ns : UINT64_MAX;
}

static bool known_fill(const struct sl_hosts *h, const union sl_addr *a,
	const struct sl_hosts_question *q, struct sl_host_known *out)
{
	const struct host *e = host_find(h, a, q->version);
	if (e == NULL)
		return false;
	out->roles = roles_at(e, q->ts_ns);
	const char *name = host_name(h, e, q->ts_ns);
	memcpy(out->name, name, strlen(name));
	return out->roles != 0 || out->name[0] != '\0';
}

/* ---- Names that led to an address ---- */

struct found {
	const struct lead *lead[LEADS];
	uint64_t at_ns[LEADS];
	unsigned n;
};

static bool is_earlier(const struct found *f, unsigned i, uint64_t at_ns, const struct lead *l)
{
	return f->at_ns[i] < at_ns || (f->at_ns[i] == at_ns && f->lead[i]->name < l->name);
}

/* The newest first. */
static void found_add(struct found *f, const struct lead *l, uint64_t at_ns)
{
	unsigned at = f->n++;
	for (; at > 0 && is_earlier(f, at - 1, at_ns, l); at--) {
		f->lead[at] = f->lead[at - 1];
		f->at_ns[at] = f->at_ns[at - 1];
	}
	f->lead[at] = l;
	f->at_ns[at] = at_ns;
}

/* Those that the initiator was told; where it was told none, all. */
static void leads_of(const struct sl_hosts *h, const struct sl_hosts_question *q,
	const union sl_addr *a, struct found *f)
{
	const struct led *e = kept_find(&h->leds, hosts_hash_addr(h, a, q->version));
	f->n = 0;
	for (unsigned own = 2; e != NULL && f->n == 0 && own-- > 0;)
		for (unsigned i = 0; i < LEADS; i++) {
			const struct lead *l = &e->lead[i];
			uint64_t at_ns = moment_at(&l->at, q->ts_ns, SL_LED_NS);
			bool mine = l->version == q->version &&
				    memcmp(l->client.b, q->src.b, sizeof(q->src.b)) == 0;
			if (at_ns != 0 && (mine || !own))
				found_add(f, l, at_ns);
		}
}

static void led_fill(const struct sl_hosts *h, const struct found *f, struct sl_hosts_answer *out,
	uint64_t *hash)
{
	for (unsigned i = 0; i < f->n && out->led_count < SL_LED_MAX; i++) {
		const struct name *n = kept_find(&h->names, f->lead[i]->name);
		bool had = n == NULL;
		for (unsigned k = 0; k < out->led_count; k++)
			had |= hash[k] == f->lead[i]->name;
		if (had)
			continue;
		hash[out->led_count] = f->lead[i]->name;
		memcpy(out->led[out->led_count++], n->text, strlen(n->text));
	}
}

/* ---- Who asked ---- */

struct asked {
	const struct asker *asker[SL_ASKED_BY_MAX];
	uint64_t at_ns[SL_ASKED_BY_MAX];
	unsigned n;
};

static bool comes_before(
	uint64_t at_ns, const struct asker *a, uint64_t other_ns, const struct asker *other)
{
	if (at_ns != other_ns)
		return at_ns > other_ns;
	return memcmp(a->client.b, other->client.b, sizeof(a->client.b)) < 0;
}

/* The newest first, each client once: with the latest time at which it asked for one of the names.
 */
static void asked_add(struct asked *l, const struct asker *a, uint64_t at_ns)
{
	unsigned at = 0;
	for (; at < l->n; at++)
		if (l->asker[at]->version == a->version &&
			memcmp(l->asker[at]->client.b, a->client.b, sizeof(a->client.b)) == 0)
			break;
	if (at < l->n && !comes_before(at_ns, a, l->at_ns[at], l->asker[at]))
		return;
	if (at == SL_ASKED_BY_MAX && !comes_before(at_ns, a, l->at_ns[at - 1], l->asker[at - 1]))
		return;
	if (at == l->n && l->n < SL_ASKED_BY_MAX)
		l->n++;
	if (at == SL_ASKED_BY_MAX)
		at--;
	for (; at > 0 && comes_before(at_ns, a, l->at_ns[at - 1], l->asker[at - 1]); at--) {
		l->asker[at] = l->asker[at - 1];
		l->at_ns[at] = l->at_ns[at - 1];
	}
	l->asker[at] = a;
	l->at_ns[at] = at_ns;
}

/* Who asks for others is not who wanted to know. */
static bool is_between(const struct sl_hosts *h, const struct asker *a, uint64_t now_ns)
{
	const struct host *e = host_find(h, &a->client, (uint8_t)a->version);
	return roles_at(e, now_ns) & (1 << SL_ROLE_RESOLVER | 1 << SL_ROLE_PROXY);
}

static void askers_of(
	const struct sl_hosts *h, const struct sl_hosts_question *q, uint64_t name, struct asked *l)
{
	const struct name *n = kept_find(&h->names, name);
	for (unsigned i = 0; n != NULL && i < ASKERS; i++) {
		const struct asker *a = &n->asker[i];
		uint64_t at_ns = a->version != 0 ? moment_at(&a->at, q->ts_ns, SL_ASKED_NS) : 0;
		bool initiator = a->version == q->version &&
				 memcmp(a->client.b, q->src.b, sizeof(q->src.b)) == 0;
		if (at_ns != 0 && !initiator && !is_between(h, a, q->ts_ns))
			asked_add(l, a, at_ns);
	}
}

static void asked_fill(const struct sl_hosts *h, const struct sl_hosts_question *q,
	const uint64_t *led, struct sl_hosts_answer *out)
{
	struct asked l = { .n = 0 };
	for (unsigned i = 0; i < q->names; i++)
		askers_of(h, q, q->name[i], &l);
	for (unsigned i = 0; i < out->led_count && l.n == 0; i++)
		askers_of(h, q, led[i], &l);
	out->asked_count = l.n;
	for (unsigned i = 0; i < l.n; i++) {
		out->asked_by[i] = l.asker[i]->client;
		out->asked_version[i] = (uint8_t)l.asker[i]->version;
	}
}

/* ---- The question ---- */

void sl_hosts_about(const struct sl_hosts *h, struct sl_hosts_question *q, struct sl_span name)
{
	if (h != NULL && q->names < SL_HOSTS_NAMES && name.len > 0)
		q->name[q->names++] = hosts_hash_name(h, name);
}

bool sl_hosts_ask(
	const struct sl_hosts *h, const struct sl_hosts_question *q, struct sl_hosts_answer *out)
{
	uint64_t led[SL_LED_MAX] = { 0 };
	struct found f;
	memset(out, 0, sizeof(*out));
	if (h == NULL || q->version == 0)
		return false;
	bool any = known_fill(h, &q->src, q, &out->src);
	any |= known_fill(h, &q->dst, q, &out->dst);
	bool inward = hosts_own(h, &q->dst, q->version) && !hosts_own(h, &q->src, q->version);
	leads_of(h, q, inward ? &q->src : &q->dst, &f);
	led_fill(h, &f, out, led);
	asked_fill(h, q, led, out);
	return any || out->led_count > 0 || out->asked_count > 0;
}
