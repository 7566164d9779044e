/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_made.h - messages of SMB 2 made for tests: one buffer that a session's frames are appended
 * to, and the requests and replies that open, read, write and close files. */
#ifndef TEST_PARSER_SMB_MADE_H
#define TEST_PARSER_SMB_MADE_H

#include "cut.h"

struct made {
	uint8_t b[1 << 18];
	size_t len;
	size_t frame; /* where the frame at hand begins */
	size_t message; /* where the message at hand begins */
};

static inline void made_bytes(struct made *m, const void *p, size_t len)
{
	memcpy(m->b + m->len, p, len);
	m->len += len;
}

static inline void made_le(struct made *m, uint64_t v, size_t width)
{
	for (; width > 0; width--, v >>= 8)
		m->b[m->len++] = (uint8_t)v;
}

static inline void made_zero(struct made *m, size_t n)
{
	memset(m->b + m->len, 0, n);
	m->len += n;
}

static inline void made_utf16(struct made *m, const char *s)
{
	for (; *s; s++)
		made_le(m, (uint8_t)*s, 2);
}

static inline void made_frame(struct made *m)
{
	m->frame = m->len;
	made_zero(m, 4);
}

/* Writes the frame's length, once all is in it. */
static inline void made_framed(struct made *m)
{
	size_t n = m->len - m->frame - 4;
	m->b[m->frame + 1] = (uint8_t)(n >> 16);
	m->b[m->frame + 2] = (uint8_t)(n >> 8);
	m->b[m->frame + 3] = (uint8_t)n;
}

struct head2 {
	uint16_t command;
	bool reply, related;
	uint32_t status, tree;
	uint64_t id;
};

static inline void made_head2(struct made *m, struct head2 h)
{
	m->message = m->len;
	made_bytes(m, "\xfeSMB\x40\0\0\0", 8);
	made_le(m, h.status, 4);
	made_le(m, h.command, 2);
	made_le(m, 1, 2);
	made_le(m, (h.reply ? 1 : 0) | (h.related ? 4 : 0), 4);
	made_le(m, 0, 4);
	made_le(m, h.id, 8);
	made_le(m, 0, 4);
	made_le(m, h.tree, 4);
	made_zero(m, 8 + 16);
}

/* The message at hand is followed by another in its frame. */
static inline void made_next2(struct made *m)
{
	while ((m->len - m->message) % 8 != 0)
		made_zero(m, 1);
	size_t n = m->len - m->message;
	m->b[m->message + 20] = (uint8_t)n;
	m->b[m->message + 21] = (uint8_t)(n >> 8);
}

static inline void made_id(struct made *m, uint64_t file)
{
	made_le(m, file, 8);
	made_le(m, file, 8);
}

#define SAME UINT64_MAX /* the file of the request before */

static inline void tree_connect2(struct made *m, uint64_t id, const char *path)
{
	made_head2(m, (struct head2){ .command = 3, .id = id });
	made_le(m, 9, 2);
	made_le(m, 0, 2);
	made_le(m, 72, 2);
	made_le(m, 2 * strlen(path), 2);
	made_utf16(m, path);
}

static inline void tree_connected2(struct made *m, uint64_t id, uint32_t tree, uint8_t share)
{
	made_head2(m, (struct head2){ .command = 3, .reply = true, .id = id, .tree = tree });
	made_le(m, 16, 2);
	made_le(m, share, 1);
	made_zero(m, 13);
}

static inline void create2(struct made *m, uint64_t id, uint32_t tree, const char *name)
{
	made_head2(m, (struct head2){ .command = 5, .id = id, .tree = tree });
	made_le(m, 57, 2);
	made_zero(m, 42);
	made_le(m, 120, 2);
	made_le(m, 2 * strlen(name), 2);
	made_zero(m, 8);
	made_utf16(m, name);
}

static inline void created2(struct made *m, uint64_t id, uint32_t status, uint64_t file,
	uint64_t end, uint32_t attributes)
{
	made_head2(m, (struct head2){ .command = 5, .reply = true, .id = id, .status = status });
	made_le(m, 89, 2);
	made_zero(m, 2 + 4 + 32 + 8);
	made_le(m, end, 8);
	made_le(m, attributes, 4);
	made_le(m, 0, 4);
	made_id(m, file);
	made_zero(m, 8);
}

static inline void close2(struct made *m, uint64_t id, uint64_t file)
{
	made_head2(m, (struct head2){ .command = 6, .id = id, .related = file == SAME });
	made_le(m, 24, 2);
	made_zero(m, 6);
	made_id(m, file);
}

static inline void closed2(struct made *m, uint64_t id)
{
	made_head2(m, (struct head2){ .command = 6, .reply = true, .id = id });
	made_le(m, 60, 2);
	made_zero(m, 58);
}

static inline void read2(struct made *m, uint64_t id, uint64_t file, uint64_t at, uint32_t len)
{
	made_head2(m, (struct head2){ .command = 8, .id = id, .related = file == SAME });
	made_le(m, 49, 2);
	made_le(m, 0, 2);
	made_le(m, len, 4);
	made_le(m, at, 8);
	made_id(m, file);
	made_zero(m, 16);
}

static inline void did_read2(
	struct made *m, uint64_t id, uint32_t status, const void *p, uint32_t len)
{
	made_head2(m, (struct head2){ .command = 8, .reply = true, .id = id, .status = status });
	made_le(m, status ? 9 : 17, 2);
	made_le(m, status ? 0 : 80, 2);
	made_le(m, len, 4);
	made_zero(m, 8);
	made_bytes(m, p, len);
}

static inline void write2(
	struct made *m, uint64_t id, uint64_t file, uint64_t at, const void *p, uint32_t len)
{
	made_head2(m, (struct head2){ .command = 9, .id = id, .related = file == SAME });
	made_le(m, 49, 2);
	made_le(m, 112, 2);
	made_le(m, len, 4);
	made_le(m, at, 8);
	made_id(m, file);
	made_zero(m, 16);
	made_bytes(m, p, len);
}

static inline void wrote2(struct made *m, uint64_t id, uint32_t status)
{
	made_head2(m, (struct head2){ .command = 9, .reply = true, .id = id, .status = status });
	made_le(m, 17, 2);
	made_zero(m, 14);
}

static inline void set_end2(struct made *m, uint64_t id, uint64_t file, uint64_t end)
{
	made_head2(m, (struct head2){ .command = 17, .id = id });
	made_le(m, 33, 2);
	made_le(m, 1, 1);
	made_le(m, 20, 1);
	made_le(m, 8, 4);
	made_le(m, 96, 2);
	made_zero(m, 6);
	made_id(m, file);
	made_le(m, end, 8);
}

static inline void rename2(struct made *m, uint64_t id, uint64_t file, const char *name)
{
	made_head2(m, (struct head2){ .command = 17, .id = id });
	made_le(m, 33, 2);
	made_le(m, 1, 1);
	made_le(m, 10, 1);
	made_le(m, 20 + 2 * strlen(name), 4);
	made_le(m, 96, 2);
	made_zero(m, 6);
	made_id(m, file);
	made_zero(m, 16);
	made_le(m, 2 * strlen(name), 4);
	made_utf16(m, name);
}

#endif
