/* SPDX-License-Identifier: BSD-3-Clause */
/* smb1.h - what the files that read SMB 1 share: commands by name, and a command's parts. */
#ifndef PARSER_SMB1_H
#define PARSER_SMB1_H

#include "le.h"
#include "smb.h"

enum smb1_command {
	SMB1_CREATE_DIRECTORY = 0x00,
	SMB1_DELETE_DIRECTORY = 0x01,
	SMB1_OPEN = 0x02,
	SMB1_CREATE = 0x03,
	SMB1_CLOSE = 0x04,
	SMB1_DELETE = 0x06,
	SMB1_RENAME = 0x07,
	SMB1_QUERY_INFORMATION = 0x08,
	SMB1_SET_INFORMATION = 0x09,
	SMB1_READ = 0x0a,
	SMB1_WRITE = 0x0b,
	SMB1_CREATE_NEW = 0x0f,
	SMB1_CHECK_DIRECTORY = 0x10,
	SMB1_TRANSACTION = 0x25,
	SMB1_WRITE_AND_CLOSE = 0x2c,
	SMB1_OPEN_ANDX = 0x2d,
	SMB1_READ_ANDX = 0x2e,
	SMB1_WRITE_ANDX = 0x2f,
	SMB1_TRANSACTION2 = 0x32,
	SMB1_TREE_CONNECT = 0x70,
	SMB1_SESSION_SETUP = 0x73,
	SMB1_LOGOFF = 0x74,
	SMB1_TREE_CONNECT_ANDX = 0x75,
	SMB1_NT_CREATE = 0xa2,
	SMB1_NT_RENAME = 0xa5,
};

/* A command: its words, and what follows them. */
struct smb1_part {
	struct sl_rd words;
	struct sl_rd bytes;
	uint8_t count; /* of words */
};

/* A FID as the id of an open. */
static inline void smb1_id(uint16_t fid, uint8_t id[SMB_ID])
{
	memset(id, 0, SMB_ID);
	id[0] = (uint8_t)fid;
	id[1] = (uint8_t)(fid >> 8);
}

/* What the command at hand says, and what its answer grants. False: the batch is full. */
bool smb1_request(struct smb_turn *u, struct smb1_part *c);
bool smb1_reply(struct smb_turn *u, struct smb1_part *c);

#endif
