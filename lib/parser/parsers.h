/* SPDX-License-Identifier: BSD-3-Clause */
/* parsers.h - the rows of the registry, one for each file of this folder that holds a protocol. */
#ifndef PARSER_PARSERS_H
#define PARSER_PARSERS_H

#include <sightline/parser.h>

/* A message was cut or malformed; what stood before that was used. */
static inline void parser_count_part(struct sl_batch *b)
{
	if (b->counters != NULL)
		sl_count(b->counters, SL_C_MESSAGES_PART, 1);
}

extern const struct sl_parser sl_parser_dns;
extern const struct sl_parser sl_parser_tls;
extern const struct sl_parser sl_parser_http;
extern const struct sl_parser sl_parser_ssh;
extern const struct sl_parser sl_parser_mdns;
extern const struct sl_parser sl_parser_llmnr;
extern const struct sl_parser sl_parser_nbns;
extern const struct sl_parser sl_parser_ssdp;
extern const struct sl_parser sl_parser_smtp;
extern const struct sl_parser sl_parser_pop3;
extern const struct sl_parser sl_parser_imap;
extern const struct sl_parser sl_parser_ftp;
extern const struct sl_parser sl_parser_ftp_data;
extern const struct sl_parser sl_parser_tftp;

extern const struct sl_parser sl_parser_http2;
extern const struct sl_parser sl_parser_websocket;

extern const struct sl_parser sl_parser_quic;
extern const struct sl_parser sl_parser_gquic;
extern const struct sl_parser sl_parser_dtls;
extern const struct sl_parser sl_parser_socks;
extern const struct sl_parser sl_parser_smb;
extern const struct sl_parser sl_parser_dcerpc;
extern const struct sl_parser sl_parser_ssl2;

#endif
