/* SPDX-License-Identifier: BSD-3-Clause */
/* hosts.h - what is known of hosts beyond one flow, for whoever reads a sighting: the roles that
 * own hosts have by what they do, the names that they were given, the names that led to an address,
 * and who asked for a name. Workers tell facts (SL_REC_FACT); they are kept within bounds, and
 * asked when a sighting is made. One thread: the publisher's. Memory is mapped at start.
 *
 * Each fact keeps its packet time, and an answer is as of the time of the question: it is the same
 * in whatever order the workers' facts came, once all of them did. What is oldest goes first where
 * there is no room, counted; only that depends on the order.
 *
 * A name or an address is known by a keyed hash of 64 bits. */
#ifndef SIGHTLINE_HOSTS_H
#define SIGHTLINE_HOSTS_H

#include <sightline/addr.h>
#include <sightline/counter.h>
#include <sightline/record.h>

/* What a host did with another, the peer. Behaviour alone; ports say nothing. */
enum sl_deed {
	SL_DEED_DNS_ANSWERED, /* it answered a look-up of the peer, an own host */
	SL_DEED_DNS_ASKED, /* the peer answered a look-up of it */
	SL_DEED_PROXIED, /* the peer, an own host, asked it by HTTP (absolute target, CONNECT) or
			    SOCKS for another host */
	SL_DEED_WEB, /* it opened HTTP, TLS or QUIC to the peer */
	SL_DEED_MAIL_TAKEN, /* the peer spoke SMTP to it */
	SL_DEED_MAIL_SENT, /* it spoke SMTP to the peer */
	SL_DEED_TTL_64, /* it opened TCP to the peer with packets that began with a hop limit of 64
			 */
	SL_DEED_TTL_128, /* the same of 128: a hop limit is taken for that of which it is less than
			    32 below */
	SL_DEED_COUNT,
};

/* The one table of thresholds: id, name, a deed, with how many different peers, another deed, with
 * how many, what it means. An own host has the role at a time where both were seen with so many
 * peers within the 24 hours before. Not used for NAT, because one host alone shows them: several
 * user agents (browsers, updaters, scripts), IP identifications (random or zero in today's
 * systems), TCP timestamps (a random offset for each peer). */
#define SL_ROLES(X)                                                                                \
	X(RESOLVER, "resolver", DNS_ANSWERED, 3, DNS_ASKED, 1,                                     \
		"answers look-ups of own hosts and has its own answered")                          \
	X(PROXY, "proxy", PROXIED, 3, WEB, 3,                                                      \
		"is asked by own hosts for others' pages and opens connections to servers")        \
	X(MAIL_RELAY, "mail-relay", MAIL_TAKEN, 3, MAIL_SENT, 2,                                   \
		"takes mail from several hosts and sends mail to others")                          \
	X(NAT, "nat", TTL_64, 3, TTL_128, 3, "hides hosts of different systems behind its address")

#define X(id, ...) SL_ROLE_##id,
enum sl_role { SL_ROLES(X) SL_ROLE_COUNT };
#undef X
const char *sl_role_name(enum sl_role r);

#define SL_HOST_PEERS 3 /* the most that a threshold needs */
#define SL_HOST_NAME_MAX 64 /* bytes; a longer name is cut */
#define SL_ASKED_BY_MAX 8
#define SL_LED_MAX 4
#define SL_HOSTS_NAMES 4
#define SL_HOST_DAY_NS (UINT64_C(86400) * 1000000000)
#define SL_ASKED_NS (UINT64_C(900) * 1000000000) /* who asked longer ago is not told */
#define SL_LED_NS (UINT64_C(3600) * 1000000000) /* an answer may be cached for so long */

struct sl_hosts;
struct sl_hosts_options {
	const struct sl_nets *home; /* own networks, borrowed; NULL: there are no own hosts */
	size_t memory; /* bytes, half of them for names and who asked for them */
	struct sl_counters *counters;
};
/* 0, -ENOMEM, -EIO (no random bits). */
int sl_hosts_new(struct sl_hosts **out, const struct sl_hosts_options *o);
void sl_hosts_free(struct sl_hosts *h); /* NULL is allowed, here and below */
/* One SL_REC_FACT of len bytes; -EINVAL: it is none, and nothing is kept of it. */
int sl_hosts_tell(struct sl_hosts *h, const struct sl_record_fact *r, size_t len);
/* Everything is forgotten: end of a capture. */
void sl_hosts_forget(struct sl_hosts *h);

/* Own hosts that did anything told here, met at or before a time and not silent for a day before
 * it. Goes through all of them. */
uint32_t sl_hosts_count(const struct sl_hosts *h, uint64_t ts_ns);
/* The time of the first fact; UINT64_MAX: there is none yet. */
uint64_t sl_hosts_since(const struct sl_hosts *h);

/* What a sighting wants to know. Names are kept as hashes: good while h is. */
struct sl_hosts_question {
	uint64_t ts_ns;
	union sl_addr src, dst; /* initiator, responder */
	uint8_t version;
	uint8_t names;
	uint64_t name[SL_HOSTS_NAMES]; /* that the flow or message is about */
};
/* One more name in normal form, where there is room. */
void sl_hosts_about(const struct sl_hosts *h, struct sl_hosts_question *q, struct sl_span name);

struct sl_host_known {
	uint8_t roles; /* bit by enum sl_role */
	char name[SL_HOST_NAME_MAX +
		  1]; /* by DHCP, else multicast DNS, else NetBIOS; "": not known */
};
/* Zeroed but for what is known, so that two answers can be compared as bytes. */
struct sl_hosts_answer {
	struct sl_host_known src, dst;
	/* Names that were answered with the address outside, the newest first: those that its
	 * initiator was told, or where there is none, others. */
	uint32_t led_count;
	char led[SL_LED_MAX][256];
	/* Own hosts that asked for a name of the question, or where nobody did, for the newest that
	 * led to the address and that somebody asked for: the newest first, without the initiator
	 * and without resolvers and proxies. */
	uint32_t asked_count;
	uint8_t asked_version[SL_ASKED_BY_MAX];
	union sl_addr asked_by[SL_ASKED_BY_MAX];
};
/* False: nothing is known. */
bool sl_hosts_ask(
	const struct sl_hosts *h, const struct sl_hosts_question *q, struct sl_hosts_answer *out);

/* Of the configuration. */
#define SL_HOSTS_OPTS                                                                              \
	{                                                                                          \
		.key = "hosts.memory", .kind = SL_OPT_SIZE, .def = "128MiB", .min = 0,             \
		.max = 1e12,                                                                       \
		.help = "memory for what is known of hosts beyond a flow: their roles, their "     \
			"names, and who asked for which name; at the bound what is oldest is "     \
			"forgotten, counted; 0: none of it is looked for"                          \
	}

#endif
