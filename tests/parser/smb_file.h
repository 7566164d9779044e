/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_file.h - a session of SMB 2 with one file that is open. */
#ifndef TEST_PARSER_SMB_FILE_H
#define TEST_PARSER_SMB_FILE_H

#include "smb_session.h"

static uint8_t body[40000];

static inline int setup(void **s)
{
	(void)s;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

/* A share with files as tree 1, one with pipes as tree 2, and a file as message 3. */
static inline void open_file(uint64_t end)
{
	session_begin();
	ASK(tree_connect2(&m, 1, "\\\\h\\s"));
	ANSWER(tree_connected2(&m, 1, 1, 1));
	ASK(tree_connect2(&m, 2, "\\\\h\\IPC$"));
	ANSWER(tree_connected2(&m, 2, 2, 2));
	ASK(create2(&m, 3, 1, "d\\a.bin"));
	ANSWER(created2(&m, 3, 0, 77, end, 0x20));
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \nsmb.share 2 \\\\\\\\h\\\\IPC$\nclose 2 \n"
	       "smb.file 3 d\\\\a.bin\n");
}

static inline void close_file(void)
{
	ASK(close2(&m, 99, 77));
	ANSWER(closed2(&m, 99));
	expect("close 3 \n");
}

#endif
