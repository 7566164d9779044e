/* SPDX-License-Identifier: BSD-3-Clause */
/* observable.h - the vocabulary as types and places (vocabulary.h), and the batch in which
 * observables go from parsers to matching.
 *
 * An observable is what a packet, a flow or a message says that somebody could have an indicator
 * for: a type (STIX 2.1's cyber-observable name), a where (the place it was said, in the words of
 * Suricata and Zeek), a canonical value, a direction and the number of the message in its flow.
 * Decoders and parsers only produce them, matching only consumes them; neither knows the other.
 *
 * Observation: comparisons that must hold together hold on one message with the flow that carries
 * it. All observables of one message carry its number; sl_batch_close says that a message is
 * complete. */
#ifndef SIGHTLINE_OBSERVABLE_H
#define SIGHTLINE_OBSERVABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/flow.h>
#include <sightline/packet.h>
#include <sightline/span.h>
#include <sightline/vocabulary.h>

/* clang-format off */
#define SL_TYPES(X) \
	X(NONE, "") X(IPV4, "ipv4-addr") X(IPV6, "ipv6-addr") X(MAC, "mac-addr") X(DOMAIN, "domain-name") \
	X(URL, "url") X(EMAIL, "email-addr") X(FILE, "file") X(CERT, "x509-certificate") \
	X(TRAFFIC, "network-traffic") X(USER_AGENT, "user-agent") X(SOFTWARE, "software") \
	X(ARTIFACT, "artifact") X(EMAIL_MESSAGE, "email-message")
/* clang-format on */

#define X(id, text) SL_TYPE_##id,
enum sl_type { SL_TYPES(X) SL_TYPE_COUNT };
#undef X

/* Normal form of a where's values. */
enum sl_form {
	SL_FORM_ADDR, /* value is 4 or 16 bytes in network order; as text dotted or RFC 5952 */
	SL_FORM_MAC, /* value is 6 bytes; as text aa:bb:cc:dd:ee:ff */
	SL_FORM_NAME, /* lower case, A-labels, no final dot */
	SL_FORM_URL, /* RFC 3986 normal form, scheme and host, no fragment */
	SL_FORM_HEX, /* lower-case hex */
	SL_FORM_LOWER, /* ASCII letters in lower case, trimmed */
	SL_FORM_BYTES, /* as on the wire, trimmed */
};

enum sl_scope { SL_SCOPE_MESSAGE, SL_SCOPE_FLOW, SL_SCOPE_HOST_PAIR, SL_SCOPE_HOST };

#define X(id, ...) SL_WHERE_##id,
enum sl_where { SL_WHERES(X) SL_WHERE_COUNT };
#undef X

struct sl_where_row {
	const char *name;
	uint8_t type; /* enum sl_type */
	uint8_t form; /* enum sl_form */
	uint8_t scope; /* enum sl_scope */
	bool context; /* kept in the flow's context block */
	const char *description;
};
extern const struct sl_where_row sl_wheres[SL_WHERE_COUNT];
const char *sl_type_text(enum sl_type t);
/* SL_TYPE_NONE / SL_WHERE_NONE: no such name. */
enum sl_type sl_type_find(const char *name, size_t len);
enum sl_where sl_where_find(const char *name, size_t len);

/* Places of names in which an address may stand as well. */
static inline bool sl_where_is_host(enum sl_where w)
{
	return w == SL_WHERE_HTTP_HOST || w == SL_WHERE_HTTP_TARGET_HOST ||
	       w == SL_WHERE_SIP_HOST || w == SL_WHERE_SYSLOG_HOSTNAME;
}

/* Which part of its value an observable is. */
enum sl_part {
	SL_PART_WHOLE,
	SL_PART_BEGIN,
	SL_PART_MORE,
	SL_PART_END,
	SL_PART_GAP,
	SL_PART_TRUNCATED
};

/* struct sl_observable.flags */
enum {
	SL_OBS_REPEAT =
		1 << 0, /* this message said the value before (a response repeating its question) */
	SL_OBS_AGAIN =
		1 << 1, /* looked up again after a change of intel: only what is newer counts */
	SL_OBS_CLOSE = 1 << 2, /* no value: the message is complete */
	SL_OBS_SILENT =
		1 << 3, /* the worker's own question, nothing that the wire says: never emitted */
	SL_OBS_PROXIED = 1 << 4, /* of an HTTP request that asks a proxy: it names another host */
};

struct sl_observable {
	struct sl_flow *flow;
	const uint8_t *value;
	uint32_t len;
	uint32_t message;
	uint64_t ts_ns;
	uint64_t offset; /* of a streamed body's part */
	uint16_t where; /* enum sl_where */
	uint8_t type; /* enum sl_type, of this value */
	uint8_t dir; /* enum sl_dir */
	uint8_t part; /* enum sl_part */
	uint8_t flags;
	uint8_t outcome; /* enum sl_outcome of the message, as far as known; NONE: the flow's */
};

struct sl_parser;
struct sl_parser_pool;
struct sl_expect;
struct sl_aead;
struct sl_inflate_pool;

/* Where the bytes of files go besides their hashes. Both calls are the worker's; `file` is a number
 * that no other file of this worker has. */
struct sl_file_sink {
	void (*bytes)(void *arg, const struct sl_flow *f, uint32_t message, uint64_t file,
		uint64_t offset, struct sl_span bytes);
	/* type NULL: not known. A file that is not whole is told so, and has no hash. */
	void (*end)(
		void *arg, uint64_t file, bool whole, const uint8_t sha256[32], const char *type);
	void *arg;
};

#define SL_BATCH_MAX 256
#define SL_BATCH_TEXT 32768
#define SL_VALUE_MAX 8192 /* longest value; what is longer is SL_PART_TRUNCATED */

/* One worker's observables on their way to matching. The worker sets the header before it feeds a
 * parser; only the calls below touch the rest. A full batch is a normal state: sl_batch_* give
 * false or NULL, the parser returns SL_FULL, the worker matches, empties, and feeds the same parser
 * again. */
struct sl_batch {
	/* -- the worker sets -- */
	struct sl_flow *flow;
	uint64_t ts_ns;
	uint64_t want[(SL_WHERE_COUNT + 63) /
		      64]; /* wheres that anything wants; the rest need not be computed */
	uint8_t outcome; /* enum sl_outcome of what is parsed now; the parser may set it */
	uint8_t flags; /* given to every observable added */
	struct sl_counters *counters;
	struct sl_parser_pool *pool; /* for a parser's buffers; NULL: there is none */
	struct sl_expect *expect; /* for flows that a parser announces; NULL: nobody asks */
	uint32_t salt; /* of the packet at hand: an address in a payload lacks it */
	/* -- the worker clears, a parser that gives SL_NOT_MINE may set -- */
	const struct sl_parser *next; /* takes both directions over; NULL: they are probed */
	struct sl_aead *aead; /* opens what is sealed with keys on the wire; NULL: there is none */
	struct sl_inflate_pool *inflate; /* for content codings; NULL: none is undone */
	const struct sl_file_sink *sink; /* of files' bytes; NULL: nobody keeps them */
	uint64_t files; /* numbered so far, where there is a sink */
	/* -- the batch's own -- */
	uint16_t n;
	uint32_t used;
	struct sl_observable obs[SL_BATCH_MAX];
	uint8_t text[SL_BATCH_TEXT];
};

static inline bool sl_batch_wants(const struct sl_batch *b, enum sl_where w)
{
	return b->want[w / 64] >> (w % 64) & 1;
}

static inline void sl_batch_want_all(struct sl_batch *b)
{
	memset(b->want, 0xff, sizeof(b->want));
}

static inline void sl_batch_empty(struct sl_batch *b)
{
	b->n = 0;
	b->used = 0;
}

/* Room for at least n more observables and `bytes` of text: what a parser asks before it starts on
 * a piece that it wants to add in one go. */
static inline bool sl_batch_has_room(const struct sl_batch *b, uint16_t n, uint32_t bytes)
{
	return b->n + n <= SL_BATCH_MAX && b->used + bytes <= SL_BATCH_TEXT;
}

/* Adds an observable whose value is already in normal form; it is copied, and cut
 * (SL_PART_TRUNCATED, counted) at SL_VALUE_MAX. An empty value is left out. False: the batch is
 * full, nothing was added. */
bool sl_batch_add(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span value);
/* The same for an address. */
bool sl_batch_add_addr(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	const union sl_addr *a, uint8_t version);
/* Takes raw bytes through the normal form of w first (names, URLs, lower case ...), then adds them.
 * A value that has no normal form is left out and counted by the caller's choice: *ok tells, where
 * not NULL. */
bool sl_batch_add_raw(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span raw, bool *ok);
/* Says that a message is complete. */
bool sl_batch_close(struct sl_batch *b, enum sl_dir dir, uint32_t message);
/* The number of the next message of the batch's flow, from 1. */
uint32_t sl_batch_next_message(struct sl_batch *b);

/* ---- Normal forms. Pure, bounded, no allocation: usable on workers and by the readers of
 * intelligence ---- */

/* A name as DNS, HTTP or TLS say it: ASCII letters to lower case, final dot off. Returns the length
 * written to out (0: empty, or longer than cap). A byte that is no valid UTF-8 becomes \xNN, a
 * backslash \\. */
size_t sl_norm_name(struct sl_span in, uint8_t *out, size_t cap);
/* RFC 3986 6.2.2 and 6.2.3: scheme and host in lower case, dot segments removed, percent-encoding
 * of unreserved characters undone and hex digits in upper case, default port and empty path mended,
 * fragment off. What RFC 3986 doesn't allow stays as it is. 0: no URL (no scheme or no host), or
 * longer than cap, also where only dot segments on their way to removal are. */
size_t sl_norm_url(struct sl_span in, uint8_t *out, size_t cap);
/* A Host header or authority without its port, userinfo and brackets, as a name. */
size_t sl_norm_host(struct sl_span in, uint8_t *out, size_t cap);
size_t sl_norm_lower(struct sl_span in, uint8_t *out, size_t cap);
/* Trims white space, escapes as sl_norm_name does, keeps case. */
size_t sl_norm_bytes(struct sl_span in, uint8_t *out, size_t cap);
/* Bytes of the character with which a text begins; 0: no valid UTF-8 (RFC 3629). */
size_t sl_utf8_len(struct sl_span s);
/* By form; the binary forms (ADDR, MAC) give 0. */
size_t sl_norm(enum sl_form form, struct sl_span in, uint8_t *out, size_t cap);
/* A domain name that a person or feed wrote, to A-labels (IDNA2008 through libidn2, UTS 46
 * mapping); allocates, never on a worker. 0, or -EINVAL: no domain name (empty label, label over
 * 63, name over 253, odd bytes). An underscore is allowed. */
int sl_domain_from_text(const char *text, size_t len, char *out, size_t cap);

/* An observable's value as text: addresses and MACs spelled out, the rest as it is. Returns its
 * length; out has room for SL_VALUE_MAX + 1. */
size_t sl_value_text(enum sl_where w, struct sl_span value, char *out);

/* ---- What a flow said of itself: the context of its sightings, and what a change of intel looks
 * up again ---- */

#define SL_SAID_BYTES 480
struct sl_said {
	uint16_t used;
	uint8_t bytes[SL_SAID_BYTES]; /* entries: where (2), length (2), message (4), value */
};
struct sl_said_entry {
	enum sl_where where;
	uint32_t message;
	struct sl_span value;
};
/* Keeps the newest value of each where; false: no room (the caller counts it). Worker. */
bool sl_said_put(struct sl_said *s, enum sl_where w, uint32_t message, struct sl_span value);
/* *at starts at 0; false: no more. Works on a copy of the bytes as well. */
bool sl_said_next(const struct sl_said *s, uint16_t *at, struct sl_said_entry *out);

#endif
