/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp_data.c - a data connection of FTP (RFC 959 3.3), announced by its control connection: the
 * file that it carries, as its bytes stand on the wire. Worker. There is nothing in it to know it
 * by, so it is never probed for; what a TLS session protects (RFC 4217) is never announced, because
 * its control connection can't be read. */
#include "file/file.h"
#include "ftp_port.h"
#include <sightline/hot.h>

struct ftp_data {
	struct sl_file *file;
	uint32_t message;
	uint8_t dir; /* enum sl_dir of the bytes, once `begun`: they go one way only */
	bool begun;
	bool gap; /* before the first byte */
	struct ftp_note note;
};

static enum sl_probe data_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)p;
	(void)sport;
	(void)dport;
	return SL_PROBE_NO;
}

static void data_expected(void *state, struct sl_span note)
{
	struct ftp_data *d = state;
	if (note.len == sizeof(d->note))
		memcpy(&d->note, note.p, sizeof(d->note));
}

static void begin(struct ftp_data *d, enum sl_dir dir, struct sl_batch *b)
{
	d->begun = true;
	d->dir = (uint8_t)dir;
	d->message = sl_batch_next_message(b);
	d->file = sl_file_begin(b, &(struct sl_file_begin){ .dir = dir,
					   .message = d->message,
					   .name = sl_span(d->note.name, d->note.len) });
	if (d->note.part || d->gap || b->flow->seq[dir].middle)
		sl_file_gap(d->file);
}

/* The sender's FIN is the mark of the end (RFC 959 3.3: in stream mode there is no other). */
static enum sl_verdict end(struct ftp_data *d, const struct sl_piece *p, struct sl_batch *b)
{
	if (!d->begun || d->dir != p->dir)
		return SL_DONE;
	if (!sl_file_end(&d->file, b, p->fin) || !sl_batch_close(b, p->dir, d->message))
		return SL_FULL;
	return SL_DONE;
}

static enum sl_verdict data_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ftp_data *d = state;
	*consumed = p->bytes.len;
	if (d->note.listing)
		return SL_DONE;
	if (p->kind == SL_PIECE_END)
		return end(d, p, b);
	if (p->kind == SL_PIECE_GAP) {
		d->gap |= !d->begun;
		if (d->begun && d->dir == p->dir)
			sl_file_gap(d->file);
		return SL_MORE;
	}
	if (!d->begun)
		begin(d, p->dir, b);
	if (d->dir == p->dir)
		sl_file_bytes(d->file, b, p->bytes);
	return SL_MORE;
}

const struct sl_parser sl_parser_ftp_data = {
	.name = "ftp-data",
	.state_bytes = sizeof(struct ftp_data),
	.over = SL_OVER_TCP,
	.probe = data_probe,
	.begins = parser_never,
	.feed = data_feed,
	.expected = data_expected,
};
