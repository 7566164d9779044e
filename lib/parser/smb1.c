/* SPDX-License-Identifier: BSD-3-Clause */
/* smb1.c - messages of SMB 1 (MS-CIFS 2.2, MS-SMB 2.2), and the chains that they make of commands.
 * Worker. A command is read again from its begin where the batch was full, so what it changes comes
 * after what it says. */
#include "parsers.h"
#include "smb1.h"
#include <sightline/hot.h>

#define HEADER 32u
#define WORDS (HEADER + 1)
#define NO_ANDX 0xff
#define CHAIN_MAX 16 /* commands of a message that are read; clients send five at most */

enum { FLAG_REPLY = 0x80, FLAG2_UNICODE = 0x8000 };

static bool is_andx(uint8_t command)
{
	return command == SMB1_OPEN_ANDX || command == SMB1_READ_ANDX ||
	       command == SMB1_WRITE_ANDX || command == SMB1_SESSION_SETUP ||
	       command == SMB1_LOGOFF || command == SMB1_TREE_CONNECT_ANDX ||
	       command == SMB1_NT_CREATE || command == 0x24 /* LOCKING_ANDX */;
}

/* Whether anything but the header is of interest. */
static bool interesting(uint8_t command, bool reply)
{
	switch (command) {
	case SMB1_OPEN:
	case SMB1_CREATE:
	case SMB1_CREATE_NEW:
	case SMB1_READ:
	case SMB1_OPEN_ANDX:
	case SMB1_READ_ANDX:
	case SMB1_NT_CREATE:
	case SMB1_TREE_CONNECT_ANDX:
	case SMB1_SESSION_SETUP: /* its reply may be followed by a tree's */
		return true;
	case 0x72: /* NEGOTIATE */
	case 0x2b: /* ECHO */
	case 0xa0: /* NT_TRANSACT */
		return false;
	default:
		return !reply;
	}
}

uint32_t smb1_need(struct sl_span head, uint32_t unit_len)
{
	if (head.len < WORDS)
		return WORDS;
	uint8_t command = head.p[4], words = head.p[HEADER];
	bool reply = head.p[9] & FLAG_REPLY;
	uint32_t fixed = WORDS + 2u * words + 2;
	if (!interesting(command, reply))
		return WORDS;
	if (!(command == SMB1_READ_ANDX && reply) && !(command == SMB1_WRITE_ANDX && !reply))
		return unit_len;
	if (words < 12 || head.len < WORDS + 1)
		return words < 12 ? unit_len : WORDS + 1;
	return head.p[WORDS] == NO_ANDX ? fixed : unit_len;
}

/* ---- Commands ---- */

/* The command whose words begin at `at`. False: it is not all there. */
static bool part_read(const struct smb_turn *u, uint32_t at, struct smb1_part *c)
{
	struct sl_rd r = sl_rd(sl_span_from(u->unit, at));
	c->count = sl_rd8(&r);
	c->words = sl_rd(sl_rd_take(&r, 2u * c->count));
	size_t bytes = le16(&r), left = sl_rd_left(&r);
	/* Of what streams only the head is here; large messages count their bytes modulo 65536. */
	c->bytes = sl_rd(sl_rd_take(&r, bytes < left ? bytes : left));
	return !r.bad;
}

/* Where the next command of the chain begins; 0: this is the last. Chains only go forward, but
 * their commands may lie in each other, and each may be as long as the message. */
static void chain(struct smb_turn *u, uint32_t at, const struct smb1_part *c)
{
	struct smb_side *s = u->s;
	struct sl_rd r = sl_rd(sl_span_from(u->unit, at + 1));
	s->chain = 0;
	if (!is_andx(s->command) || c->count < 2)
		return;
	uint8_t command = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint16_t next = le16(&r);
	if (r.bad || command == NO_ANDX || next <= at || next >= u->unit.len)
		return;
	if (++s->links == CHAIN_MAX) {
		parser_count_part(u->b);
		return;
	}
	s->chain = next;
	s->command = command;
}

bool smb1_message(struct smb_turn *u)
{
	struct sl_rd r = sl_rd(u->unit);
	struct smb_side *s = u->s;
	struct smb1_part c;
	sl_rd_skip(&r, 4);
	uint8_t command = sl_rd8(&r);
	u->status = le32(&r);
	u->reply = sl_rd8(&r) & FLAG_REPLY;
	u->unicode = le16(&r) & FLAG2_UNICODE;
	sl_rd_skip(&r, 2 + 8 + 2);
	u->tree = le16(&r);
	uint64_t pid = le16(&r);
	sl_rd_skip(&r, 2);
	uint32_t mid = le16(&r), at = s->chain != 0 ? s->chain : HEADER;
	if (s->chain == 0)
		s->command = command;
	u->id = (uint64_t)s->command << 32 | pid << 16 | mid;
	if (r.bad || !interesting(s->command, u->reply)) {
		/* An answer that has nothing but its status. */
		if (r.bad)
			parser_count_part(u->b);
		s->chain = 0;
		c = (struct smb1_part){ .words = r, .bytes = r };
		return r.bad || !u->reply || smb1_reply(u, &c);
	}
	if (!part_read(u, at, &c)) {
		parser_count_part(u->b);
		s->chain = 0;
		return true;
	}
	if (!(u->reply ? smb1_reply(u, &c) : smb1_request(u, &c)))
		return false;
	chain(u, at, &c);
	return true;
}
