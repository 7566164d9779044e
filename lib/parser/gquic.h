/* SPDX-License-Identifier: BSD-3-Clause */
/* gquic.h - what a client of Google's own QUIC says, the one before the IETF's: its CHLO. */
#ifndef PARSER_GQUIC_H
#define PARSER_GQUIC_H

#include "say.h"

bool gquic_is_hello(struct sl_span in);
/* Says server name and user agent of a CHLO. False: the batch is full. */
bool gquic_hello_say(struct say *say, struct sl_span in);

#endif
