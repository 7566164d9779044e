/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_message.h - one message of DNS or of a service that shares its format (RFC 1035 4), and the
 * queries of a flow that wait for their response. */
#ifndef PARSER_DNS_MESSAGE_H
#define PARSER_DNS_MESSAGE_H

#include <sightline/parser.h>

#define DNS_HEADER_BYTES 12
#define DNS_PENDING 28 /* queries of a flow that wait; the oldest makes room */
#define DNS_NAMES 24 /* names of a message that are remembered, so that each is said once */

struct dns_pending {
	uint32_t message; /* 0: free */
	uint32_t name; /* hash of the first question */
	uint16_t id;
};

struct dns {
	struct dns_pending pending[DNS_PENDING];
	uint8_t oldest;
	/* The message at hand. */
	bool active; /* stopped by a full batch */
	bool ended; /* all but its close is said */
	bool last; /* that will have this number */
	bool repeat;
	uint8_t outcome;
	uint8_t names;
	uint16_t item, offset; /* next question or record */
	uint32_t message;
	uint32_t name[DNS_NAMES]; /* hashes of what it said */
};

/* The services share the format, not the meaning. */
struct dns_kind {
	enum sl_where query; /* where a question is said */
	bool records; /* answers are said, too */
	bool netbios; /* names are encoded as RFC 1001 14.1 says */
	enum sl_where host; /* where a sender's own name is said; NONE: it says none */
};

/* Everything that can be held against it is: for ports that are not DNS's own. */
bool dns_message_sure(struct sl_span s);
/* The header alone speaks for it: it may become one that is sure. */
bool dns_message_begins_sure(struct sl_span s);
/* Its header is one that makes sense: for those that are. */
bool dns_message_likely(struct sl_span s);

/* Says a message. False: the batch is full; the same message again goes on where it was. */
bool dns_message_feed(const struct dns_kind *kind, struct dns *d, struct sl_span in,
	enum sl_dir dir, struct sl_batch *b);
/* The flow is over: queries that nobody answered are complete as they are. False: the batch is
 * full. */
bool dns_message_end(struct dns *d, enum sl_dir dir, struct sl_batch *b);

#endif
