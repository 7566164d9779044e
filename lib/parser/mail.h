/* SPDX-License-Identifier: BSD-3-Clause */
/* mail.h - a mail (RFC 5322, MIME of RFC 2045 to 2047) as it passes by in SMTP, POP3 and IMAP: its
 * header fields, the URLs in its texts, and the parts that are files. Bytes come in pieces cut
 * anywhere; each byte is looked at a bounded number of times. Worker; no memory but the state. */
#ifndef PARSER_MAIL_H
#define PARSER_MAIL_H

#include "mail_line.h"

#define MAIL_FIELD_MAX 2560 /* longest header field, its continuation lines joined */
#define MAIL_URL_MAX 1024
#define MAIL_URLS 256 /* most URLs said of one mail */
#define MAIL_DEPTH 4 /* multiparts within multiparts */
#define MAIL_NAME_MAX 255 /* of a file */
#define MAIL_BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

enum mail_state {
	MAIL_NONE, /* no mail begun, or it has ended */
	MAIL_FIELD_START,
	MAIL_FIELD,
	MAIL_MESSAGE_CHECK, /* a message that says it is encoded begins */
	MAIL_BODY_START,
	MAIL_BODY_CHECK, /* a line that may be a boundary is put together */
	MAIL_BODY_REPLAY, /* it was none */
	MAIL_BODY,
	MAIL_STATES
};

enum mail_coding { MAIL_PLAIN, MAIL_QUOTED, MAIL_BASE64 };
enum mail_kind { MAIL_TEXT, MAIL_HTML, MAIL_MULTIPART, MAIL_MESSAGE, MAIL_OTHER };

/* How a part ended: not yet, at its boundary, with the mail, or where nothing said so. */
enum mail_over { MAIL_OVER_NO, MAIL_OVER_BOUNDARY, MAIL_OVER_MAIL, MAIL_OVER_PART };

struct sl_file;

struct mail {
	uint8_t state; /* enum mail_state */
	uint8_t dot; /* where in a dot-stuffed line; mail_feed_dotted's own */
	bool part; /* the header at hand is a part's */
	bool over; /* the field at hand is longer than there is room for */
	bool counted; /* as cut, once a mail */
	bool look; /* the body at hand is text to be looked at */
	bool url_ready; /* a URL waits to be said */
	bool attached; /* the header at hand says that it is an attachment */
	bool named; /* `name` is of Content-Disposition, which wins over Content-Type */
	bool whole; /* the mail's end was seen: set by mail_feed_dotted, or by the protocol */
	uint8_t over_how; /* enum mail_over of the file at hand, which waits to be told */
	uint8_t file_decode, file_hex; /* as decode and hex, of the file */
	uint8_t end_len; /* a line end that waits for what follows */
	uint8_t name_len; /* of the header at hand */
	uint8_t kind; /* enum mail_kind, of the header or body at hand */
	uint8_t coding; /* enum mail_coding */
	uint8_t decode, hex; /* place in an escape or in a group of base64 */
	uint8_t depth, nested;
	uint8_t guess; /* lines in which a boundary may come that no header gave */
	uint8_t new_len; /* length of the boundary that the header at hand gave */
	uint16_t len, line; /* of the field at hand, and where its last line begins */
	uint16_t said; /* values of the field at hand that are said */
	uint16_t at; /* bytes of a boundary that was none, gone through */
	uint16_t url_len, urls;
	struct sl_file *file; /* that the body at hand is; NULL: none */
	uint8_t end[2];
	uint8_t name[MAIL_NAME_MAX];
	uint8_t boundary_len[MAIL_DEPTH];
	uint8_t boundary_nested[MAIL_DEPTH]; /* `nested` where the multipart stands */
	uint8_t boundary[MAIL_DEPTH + 1][MAIL_BOUNDARY_MAX]; /* the last: for a header at hand */
	uint8_t field[MAIL_FIELD_MAX];
	uint8_t url[MAIL_URL_MAX];
};

/* Where a mail's observables go. */
struct mail_to {
	struct sl_batch *b;
	enum sl_dir dir;
	uint32_t message;
};

void mail_begin(struct mail *m);
/* What follows is a body whose header was never seen. */
void mail_begin_body(struct mail *m);
/* Takes bytes of the mail as it was written, and sets how many. False: the batch is full, the rest
 * is to be fed again. */
bool mail_feed(struct mail *m, struct sl_span in, size_t *used, const struct mail_to *to);
/* The same for a mail with its dots doubled that ends in a line of one dot (RFC 5321 4.5.2, RFC
 * 1939 3); *ended tells that this line was taken. */
bool mail_feed_dotted(
	struct mail *m, struct sl_span in, size_t *used, bool *ended, const struct mail_to *to);
/* Bytes of it were never seen. False: the batch is full, to be called again. */
bool mail_gap(struct mail *m, const struct mail_to *to);
/* There is no more of it: says what waits. False: the batch is full, to be called again. */
bool mail_end(struct mail *m, const struct mail_to *to);
/* It is given up, and what it holds given back untold. */
void mail_drop(struct mail *m, struct sl_batch *b);

/* ---- mail_head.c ---- */

/* Says what the field at hand says, and keeps what it tells of the body. */
bool mail_field_read(struct mail *m, const struct mail_to *to);

/* ---- mail_body.c ---- */

/* The body of the text at hand begins: nothing is left of what was decoded before. */
void mail_text_begin(struct mail *m);
/* Decodes bytes of the text at hand and looks for URLs. */
bool mail_text(struct mail *m, struct sl_span in, size_t *used, const struct mail_to *to);
/* The text at hand ends, and with it a URL. */
void mail_text_end(struct mail *m);
/* Says a URL that waits. False: the batch is full. */
bool mail_url_flush(struct mail *m, const struct mail_to *to);

/* The value of a digit; -1: it is none. */
int mail_hex(uint8_t c);
int mail_base64(uint8_t c);

/* ---- mail_part.c ---- */

/* A body begins, with what its header said: a file, or not. */
void mail_part_begin(struct mail *m, const struct mail_to *to);
void mail_part_bytes(struct mail *m, struct sl_span in, const struct mail_to *to);
void mail_part_gap(struct mail *m);
void mail_part_over(struct mail *m, const struct mail_to *to, enum mail_over how);
/* Tells a file that is over. False: the batch is full. */
bool mail_part_flush(struct mail *m, const struct mail_to *to);

#endif
