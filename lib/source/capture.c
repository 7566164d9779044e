/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.c - a window over the input, and which format stands in it. Whoever reads a capture runs
 * it (a control thread). Never believes a length before the bytes are there. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sightline/compress.h>

#include "capture.h"

#define FIRST_WINDOW ((size_t)128 << 10) /* enough for most, and stays in a core's own cache */

static void window_grow(struct sl_capture *c)
{
	uint8_t *more = realloc(c->buf, CAPTURE_WINDOW);
	if (more == NULL) {
		c->in_error = -ENOMEM;
		c->in_end = true;
		return;
	}
	c->buf = more;
	c->room = CAPTURE_WINDOW;
}

size_t capture_need(struct sl_capture *c, size_t n)
{
	if (c->len - c->at >= n)
		return c->len - c->at;
	if (n > c->room && !c->in_end)
		window_grow(c);
	if (c->at + n > c->room || c->at == c->len) {
		c->len -= c->at;
		memmove(c->buf, c->buf + c->at, c->len);
		c->at = 0;
	}
	while (c->len - c->at < n && !c->in_end) {
		size_t got = 0;
		int rc = sl_input_read(c->in, c->buf + c->len, c->room - c->len, &got);
		c->len += got;
		if (rc < 0)
			c->in_error = rc;
		if (rc < 0 || got == 0)
			c->in_end = true;
	}
	return c->len - c->at;
}

void capture_used(struct sl_capture *c, size_t n)
{
	c->at += n;
	c->offset += n;
}

bool capture_skip(struct sl_capture *c, uint64_t n)
{
	while (n > 0) {
		size_t have = capture_need(c, 1);
		if (have == 0)
			return false;
		size_t step = have < n ? have : (size_t)n;
		capture_used(c, step);
		n -= step;
	}
	return true;
}

int capture_damaged(struct sl_capture *c, uint64_t offset, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(c->damage->what, sizeof(c->damage->what), format, ap);
	va_end(ap);
	c->damage->offset = offset;
	return -EBADMSG;
}

int capture_cut(struct sl_capture *c, uint64_t offset, const char *what)
{
	if (c->in_error == 0)
		return capture_damaged(c, offset, "cut short in the middle of %s", what);
	offset = c->offset + (c->len - c->at);
	if (c->in_error == -EBADMSG)
		return capture_damaged(
			c, offset, "the compressed file is damaged or cut short here");
	capture_damaged(c, offset, "%s", strerror(-c->in_error));
	return c->in_error;
}

static int not_a_capture(struct sl_capture *c, size_t have)
{
	if (have == 0 && c->in_error == 0)
		return capture_damaged(c, 0, "not a capture file: it is empty");
	if (have == 0)
		return capture_cut(c, 0, "the file header");
	char text[3 * 8 + 1] = "";
	for (size_t i = 0; i < have && i < 8; i++)
		snprintf(text + 3 * i, 4, " %02x", c->buf[c->at + i]);
	return capture_damaged(
		c, 0, "not a capture file (neither pcap nor pcapng): first bytes%s", text);
}

/* The magic numbers of both formats, in the byte order of the file. */
static int open_by_magic(struct sl_capture *c)
{
	size_t have = capture_need(c, 4);
	if (have < 4)
		return not_a_capture(c, have);
	static const uint32_t pcap[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34 };
	for (unsigned little = 0; little < 2; little++) {
		c->little = little != 0;
		uint32_t magic = capture_u32(c, c->buf + c->at);
		for (unsigned i = 0; i < sizeof(pcap) / sizeof(pcap[0]); i++) {
			if (magic != pcap[i])
				continue;
			c->nano = i == 1;
			c->modified = i == 2;
			return pcap_open(c);
		}
	}
	if (capture_u32(c, c->buf + c->at) == 0x0a0d0d0a) /* the same in either order */
		return pcapng_open(c);
	return not_a_capture(c, capture_need(c, 8));
}

int sl_capture_open(struct sl_capture **out, struct sl_input *in, struct sl_capture_damage *damage)
{
	*damage = (struct sl_capture_damage){ 0 };
	struct sl_capture *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->in = in;
	c->damage = damage;
	c->room = FIRST_WINDOW;
	c->buf = malloc(c->room);
	int rc = c->buf != NULL ? open_by_magic(c) : -ENOMEM;
	if (rc < 0) {
		sl_capture_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

int sl_capture_next(struct sl_capture *c, struct sl_capture_packet *p)
{
	if (c->ended != 0)
		return c->ended < 0 ? c->ended : 0;
	int rc = c->next(c, p);
	if (rc != 1)
		c->ended = rc < 0 ? rc : 1;
	return rc;
}

void sl_capture_close(struct sl_capture *c)
{
	if (c == NULL)
		return;
	free(c->ifaces);
	free(c->buf);
	free(c);
}
