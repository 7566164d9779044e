/* SPDX-License-Identifier: BSD-3-Clause */
/* tpkt.h - ISO transport over TCP: packets (TPKT, RFC 1006 6) that hold one transport PDU each
 * (COTP, X.224 13; RFC 905). What connects is told apart from what carries data here; whose data
 * it is, the parser above says. */
#ifndef PARSER_TPKT_H
#define PARSER_TPKT_H

#include "frame.h"

#define TPKT_HEADER 4u

enum cotp_type { COTP_ED = 0x10, COTP_DR = 0x80, COTP_CC = 0xd0, COTP_CR = 0xe0, COTP_DT = 0xf0 };

struct cotp {
	uint8_t type; /* enum cotp_type, without its credit */
	bool last; /* DT: the last of what lies together (EOT) */
	struct sl_span options; /* CR, CC, DR: what stands behind the fixed part */
	struct sl_span data; /* user data */
};

/* Parameters of a CR or CC (X.224 13.3.4). */
enum cotp_option { COTP_TPDU_SIZE = 0xc0, COTP_CALLING = 0xc1, COTP_CALLED = 0xc2 };

/* A frame_size. */
size_t tpkt_size(struct sl_span begin);
static inline bool tpkt_begins(uint8_t first)
{
	return tpkt_size(sl_span(&first, 1)) > 0;
}
/* The transport PDU of a packet, as far as the packet is there. False: malformed. */
bool cotp_read(struct sl_span packet, struct cotp *out);
/* The value of a parameter; empty where there is none such, or the options are not parameters up to
 * it. */
struct sl_span cotp_option(const struct cotp *c, enum cotp_option which);
/* Whether a stream begins with a packet of this type; *out, where not NULL, once it says yes, which
 * it does for a whole packet. What is longer than a begin is given to be probed it says no to. */
enum sl_probe cotp_probe(struct sl_span in, enum cotp_type type, struct cotp *out);

#endif
