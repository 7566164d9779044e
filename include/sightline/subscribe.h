/* SPDX-License-Identifier: BSD-3-Clause */
/* subscribe.h - for programs outside Sightline: subscribe to a stream of sightings.
 * Build with `pkg-config --cflags --libs sightline`. A subscriber belongs to one thread.
 *
 *     struct sl_subscriber *sub;
 *     if (sl_subscriber_open(&sub, "tcp://127.0.0.1:7611", "sighting/") < 0) ...
 *     const struct sl_seen *s;
 *     while (sl_subscriber_next(sub, -1, &s) > 0)
 *             puts(s->value);
 *     sl_subscriber_close(sub);
 */
#ifndef SIGHTLINE_SUBSCRIBE_H
#define SIGHTLINE_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sl_subscriber;

struct sl_seen_indicator {
	const char *id, *source, *name, *type, *tlp, *severity;
	int confidence; /* 0 to 100; -1: not stated */
	const char *part; /* the pattern of the branch that matched; "": the whole indicator */
};

/* A test of an indicator that is a tree, and what satisfied it. */
struct sl_seen_matched {
	const char *leaf; /* as a pattern writes it */
	const char *type, *value, *where; /* value "": not told; where "": of the flow itself */
};

/* What is known of a host beyond the flow. */
struct sl_seen_host {
	const char *name; /* "": not known */
	size_t role_count;
	const char *const *roles; /* "resolver", "proxy", "mail-relay", "nat" */
};

/* One message of the stream: what to read most of the time, and the whole in its wire form. Strings
 * are UTF-8, never NULL, good until the next call. Times are nanoseconds since 1970 (packet time).
 */
struct sl_seen {
	const char *id;
	uint32_t revision;
	const char *sensor, *boot;
	uint64_t seq;
	uint64_t first_seen_ns, last_seen_ns;
	uint64_t count;
	const char *type, *value, *where; /* of the observable */
	const char *match, *direction, *outcome;
	const char *src, *dst, *proto, *app, *community_id;
	uint16_t sport, dport;
	size_t indicator_count;
	const struct sl_seen_indicator *indicators;
	bool test;
	const void *message; /* sightline.v1.Sighting, packed */
	size_t message_len;
	uint64_t lost; /* messages of this sensor and boot missing right before this one (gap in
			  seq); told where the topic is that of all sightings, 0 otherwise */
	size_t matched_count; /* of a tree */
	const struct sl_seen_matched *matched;
	struct sl_seen_host src_host, dst_host;
	size_t asked_by_count, name_count;
	const char *const *asked_by; /* own hosts that asked for the name, the newest first */
	const char *const *names; /* that were answered with the address, the newest first */
};

/* topic: a prefix, "" or "sighting/" for all sightings, "sighting/domain-name/" for those of names.
 * The sighting's topic names its first source only. 0, or -errno; -EACCES: TCP to another machine,
 * which needs keys. No publisher needs to be there yet. */
int sl_subscriber_open(struct sl_subscriber **out, const char *url, const char *topic);
void sl_subscriber_close(struct sl_subscriber *s);
/* 1: the other end has this subscription: what it sends from now on arrives; 0: not within
 * timeout_ms (-1: wait for ever); -errno. Who doesn't need to know need not ask. */
int sl_subscriber_ready(struct sl_subscriber *s, int timeout_ms);
/* 1: *out is the next; 0: none within timeout_ms (-1: wait for ever, a signal ends it with -EINTR);
 * -errno. Messages that can't be read are counted and passed over. */
int sl_subscriber_next(struct sl_subscriber *s, int timeout_ms, const struct sl_seen **out);
uint64_t sl_subscriber_unreadable(const struct sl_subscriber *s);
/* The sighting that sl_subscriber_next gave last, as one line of JSON without its newline, as
 * `sightline tail --json` prints it; NULL: no memory, or `seen` is an older one. Good until the
 * next call. */
const char *sl_subscriber_json(struct sl_subscriber *s, const struct sl_seen *seen);

#ifdef __cplusplus
}
#endif

#endif
