/* SPDX-License-Identifier: BSD-3-Clause */
/* sieve.h - what the parts of the sieve share. Private to lib/decode. */
#ifndef SL_DECODE_SIEVE_H
#define SL_DECODE_SIEVE_H

#include <sightline/sieve.h>

enum { RULE_NET = 1, RULE_PORT = 2, RULE_PROTO = 4, RULE_VLAN = 8 };

struct rule {
	union sl_addr net, mask;
	uint16_t port_from, port_to, vlan;
	uint8_t has; /* which of its parts */
	uint8_t version, proto;
};

bool excluded(const struct sl_exclusions *e, const struct sl_packet *p);

#endif
