/* SPDX-License-Identifier: BSD-3-Clause */
/* parsers.h - the rows of the registry, one for each file of this folder that holds a protocol. */
#ifndef PARSER_PARSERS_H
#define PARSER_PARSERS_H

#include <sightline/parser.h>

extern const struct sl_parser sl_parser_dns;
extern const struct sl_parser sl_parser_tls;
extern const struct sl_parser sl_parser_http;

#endif
