/* SPDX-License-Identifier: BSD-3-Clause */
/* dcerpc.h - the bytes that a DCE/RPC client sends, over TCP or into a named pipe: which interfaces
 * it binds to, and as whom. */
#ifndef PARSER_DCERPC_H
#define PARSER_DCERPC_H

#include "gather.h"

struct dcerpc_stream {
	struct gather unit; /* PDU at hand, or as much as its header */
	uint32_t left; /* bytes of it that nobody wants */
	uint16_t said; /* values of it that are said */
	bool ready; /* it is gathered and not all said */
	bool dead; /* these bytes are no DCE/RPC */
	bool bound; /* a bind was read */
};

/* Consumes bytes; what they say gets *message, or, where that is 0, a number of its own for each
 * PDU, which is then kept there until the PDU is said and closed. False: the batch is full, go on
 * with what is behind *used. */
bool dcerpc_bytes(struct dcerpc_stream *d, struct sl_batch *b, enum sl_dir dir, uint32_t *message,
	bool own, struct sl_span in, size_t *used);
/* Bytes are missing: the PDU at hand is given up, and unless the hole lies in what nobody wants the
 * place is lost; the next bytes begin a PDU, or it is dead. */
void dcerpc_gap(struct dcerpc_stream *d, struct sl_batch *b, uint64_t bytes);
void dcerpc_drop(struct dcerpc_stream *d, struct sl_batch *b);

#endif
