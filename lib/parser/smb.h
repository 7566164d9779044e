/* SPDX-License-Identifier: BSD-3-Clause */
/* smb.h - what the files of the SMB parser share: one state a flow, with two sides. smb.c frames
 * and streams, smb1.c and smb2.c read messages, smb_open.c keeps what is open and what was asked,
 * smb_data.c puts a file's pieces in order. Private to them. */
#ifndef PARSER_SMB_H
#define PARSER_SMB_H

#include "dcerpc.h"
#include "file/file.h"
#include "gather.h"
#include "say.h"

#define SMB_OPENS 64 /* files and pipes open at a time; the one unused longest gives way */
#define SMB_ASKED 64 /* requests without an answer; the oldest gives way */
#define SMB_TREES 16 /* shares whose kind is known; the oldest gives way */
#define SMB_NAME_MAX 255 /* bytes of a file's name without its folders, as file.h keeps */
#define SMB_HELD_BYTES (512u << 10) /* out of order, of one flow */
#define SMB_HELD_PIECES 128u
#define SMB_ID 16

enum smb_use { SMB_UNUSED, SMB_READ, SMB_WRITE };
enum smb_kind { SMB_KIND_UNKNOWN, SMB_KIND_FILES, SMB_KIND_PIPES };

/* Bytes that came before their turn. */
struct smb_held {
	struct smb_held *next; /* by offset, upwards */
	uint64_t offset;
	uint32_t len;
	uint16_t size; /* of this unit of the pool */
	uint8_t bytes[];
};

/* A file or pipe from the request that opens it to the answer that closes it. */
struct smb_open {
	uint8_t id[SMB_ID]; /* FileId, or the two bytes of a FID; once it was granted */
	uint64_t end; /* of the file, as far as said */
	uint64_t next; /* where bytes without a hole end */
	struct sl_file *file;
	struct smb_held *held;
	struct dcerpc_stream rpc;
	uint32_t serial;
	uint32_t message;
	uint8_t dir; /* of the request that opened it */
	uint8_t kind; /* enum smb_kind */
	uint8_t use; /* enum smb_use: what its bytes so far were */
	bool granted;
	bool end_known;
	bool partial; /* bytes are missing or were changed: never whole */
	bool unsure; /* messages were missed, which may have been about it */
	bool told; /* its content is told */
	bool closed; /* the client asked to close it */
	uint8_t name_len;
	uint8_t name[SMB_NAME_MAX];
};

/* Names an open as long as it is there. */
struct smb_place {
	uint32_t serial; /* 0: none */
	uint8_t slot;
};

enum smb_ask { SMB_ASK_NONE, SMB_ASK_CREATE, SMB_ASK_READ, SMB_ASK_WRITE, SMB_ASK_CLOSE };

struct smb_asked {
	uint64_t id; /* MessageId, or MID and PID */
	uint64_t offset;
	struct smb_place place;
	uint32_t turn; /* the lowest is the oldest */
	uint8_t what; /* enum smb_ask */
};

enum smb_stage { SMB_FRAME, SMB_HEAD, SMB_COMMAND, SMB_DATA, SMB_SKIP };

struct smb_side {
	struct gather unit; /* head of the message at hand, or all of it */
	uint32_t frame_left; /* bytes of the frame behind what was taken */
	uint32_t unit_len, unit_at; /* of the message at hand: its bytes, those taken */
	uint32_t data_at, data_left; /* of its payload: place in the message, bytes left */
	uint64_t offset; /* in the file, of the next byte of payload */
	struct smb_place to; /* where payload goes */
	struct smb_place last; /* what the message before in this frame was about */
	uint32_t message; /* of the command at hand; 0: it has none yet */
	uint16_t said;
	uint16_t chain; /* place of the command at hand in a chain of SMB1 */
	uint8_t links; /* commands of it before that */
	uint8_t command; /* its code */
	uint8_t stage; /* enum smb_stage */
	uint8_t use; /* enum smb_use: what the payload is */
	uint8_t frame[4], frame_have;
	bool cut; /* the message has not all of the payload that it tells */
	bool lost; /* after a hole: the place in the stream is not known */
	bool over, bad;
};

struct smb_tree {
	uint32_t id;
	uint8_t kind; /* enum smb_kind */
};

struct smb {
	struct smb_side side[2];
	struct smb_open *open[SMB_OPENS];
	uint32_t key[SMB_OPENS]; /* fold of the open's id; what a search looks at */
	uint32_t used[SMB_OPENS]; /* turn of its last use */
	struct smb_asked asked[SMB_ASKED];
	struct smb_tree tree[SMB_TREES];
	uint32_t turn; /* counts requests and opens */
	uint32_t held_bytes;
	uint16_t held_pieces;
	uint8_t tree_at; /* the place that is written next */
};

/* One command of one message, while it is read. */
struct smb_turn {
	struct smb *t;
	struct smb_side *s;
	struct sl_batch *b;
	struct sl_span unit; /* what is gathered, from the header on */
	struct say say;
	enum sl_dir dir;
	bool reply;
	bool unicode;
	uint64_t id; /* of the request, as asked has it */
	uint32_t tree;
	uint32_t status; /* NT status of a reply */
};

#define SMB_STATUS_PENDING 0x103u
#define SMB_STATUS_BUFFER_OVERFLOW 0x80000005u
#define SMB_STATUS_END_OF_FILE 0xc0000011u

static inline uint32_t smb_min(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* ---- smb.c ---- */

/* Says a text of the message: UTF-16 where turn->unicode. False: the batch is full. */
bool smb_say(struct smb_turn *u, enum sl_where w, struct sl_span text);
/* The same of a text that is UTF-8 or unknown. */
bool smb_say_utf8(struct smb_turn *u, enum sl_where w, struct sl_span text);
/* Says the user of an NTLM authentication in a security blob. */
bool smb_say_user(struct smb_turn *u, struct sl_span blob);
bool smb_close(struct smb_turn *u);
/* Payload lies at `at` of the message; more than the message has is cut and makes the file partial.
 */
void smb_payload(struct smb_turn *u, struct smb_place to, enum smb_use use, uint64_t offset,
	uint32_t at, uint32_t len);

/* ---- smb1.c, smb2.c: how many bytes of a message have to lie together (unit_len is made smaller
 * where another follows in the frame); what a message says (false: the batch is full) ---- */

uint32_t smb1_need(struct sl_span head, uint32_t unit_len);
bool smb1_message(struct smb_turn *u);
uint32_t smb2_need(struct sl_span head, uint32_t *unit_len);
bool smb2_message(struct smb_turn *u);

/* ---- smb_open.c ---- */

/* Makes room for one more open. False: the batch is full. */
bool smb_open_room(struct smb_turn *u);
/* An open of the message at hand, after smb_open_room; serial 0: the pool has no more. */
struct smb_place smb_open_new(struct smb_turn *u, struct sl_span name);
void smb_open_grant(struct smb *t, struct smb_place at, const uint8_t id[SMB_ID]);
struct smb_open *smb_open_at(struct smb *t, struct smb_place at);
struct smb_place smb_open_find(struct smb *t, const uint8_t id[SMB_ID]);
/* The same; where it was opened before anything was seen, it is made. False: the batch is full. */
bool smb_open_need(struct smb_turn *u, const uint8_t id[SMB_ID], struct smb_place *out);
/* It is over: tells what is left to tell. False: the batch is full; the same call goes on. */
bool smb_open_end(struct smb *t, struct smb_place at, struct sl_batch *b);
bool smb_open_end_all(struct smb *t, struct sl_batch *b);
/* Messages were missed. */
void smb_open_unsure_all(struct smb *t);

void smb_ask(struct smb_turn *u, enum smb_ask what, struct smb_place place, uint64_t offset);
/* What the reply at hand answers; NULL: nothing that is known. */
struct smb_asked *smb_asked(struct smb_turn *u);
void smb_tree_learn(struct smb *t, uint32_t id, enum smb_kind kind);
enum smb_kind smb_tree_kind(const struct smb *t, uint32_t id);

/* ---- smb_data.c ---- */

/* Payload of the message at hand, in order. False: the batch is full, go on behind *used. */
bool smb_data(struct smb *t, struct smb_side *s, struct sl_batch *b, enum sl_dir dir,
	struct sl_span in, size_t *used);
/* The payload is over: a file that was read to its end is told. False: the batch is full. */
bool smb_data_end(struct smb *t, struct smb_side *s, struct sl_batch *b);
/* The server said where the file ends. */
void smb_data_limit(struct smb_open *o, uint64_t end);
void smb_data_partial(struct smb *t, struct smb_open *o, struct sl_batch *b);
/* Tells the content. False: the batch is full. */
bool smb_data_tell(struct smb *t, struct smb_open *o, struct sl_batch *b);

#endif
