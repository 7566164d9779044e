/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp_port.h - where a data connection of FTP goes, as commands and replies say it, and the note
 * that the control connection leaves for it. Worker; pure. */
#ifndef PARSER_FTP_PORT_H
#define PARSER_FTP_PORT_H

#include "parsers.h"

struct ftp_port {
	uint16_t port;
	uint8_t address_len; /* 0: none was said, 4 or 16 */
	uint8_t address[16];
};

/* h1,h2,h3,h4,p1,p2 anywhere in the text: PORT, and the reply 227 (RFC 959 4.1.2, RFC 1123 4.1.2.6:
 * not every server writes parentheses). */
bool ftp_port_six(struct sl_span text, struct ftp_port *out);
/* |1|132.235.1.2|6275| with any delimiter: EPRT (RFC 2428 2). */
bool ftp_port_eprt(struct sl_span text, struct ftp_port *out);
/* (|||6446|) anywhere in the text: the reply 229 (RFC 2428 3). */
bool ftp_port_epsv(struct sl_span text, struct ftp_port *out);

#define FTP_NAME_MAX 255

struct ftp_note {
	bool listing; /* names of files, not a file */
	bool part; /* it does not begin at the file's begin, or is no plain stream of its bytes */
	uint8_t len;
	uint8_t name[FTP_NAME_MAX];
};

#endif
