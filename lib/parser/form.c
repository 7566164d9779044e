/* SPDX-License-Identifier: BSD-3-Clause */
/* form.c - the files in an uploaded form, told as they pass. Worker; its state is the pool's. Each
 * byte is looked at once: a boundary begins with CR, which stands nowhere else in it, so that what
 * matched in part and then did not is given on without being looked at again. */
#include <strings.h>

#include "file/file.h"
#include "form.h"
#include "parameter.h"
#include "parsers.h"
#include <sightline/hot.h>

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define LINE_MAX 768 /* of a part's header that is kept */

enum state { SKIP, CONTENT, AFTER, HEADER, ENDING, OVER };

struct form {
	struct sl_file *file; /* of the part at hand; NULL: a field's value */
	uint32_t message;
	uint8_t dir;
	uint8_t state; /* enum state */
	uint8_t next; /* enum state behind ENDING */
	bool gap;
	uint8_t mark_len, matched; /* of CR LF -- boundary */
	bool closing; /* a hyphen stood behind the boundary */
	bool named; /* the part has a file name */
	bool over; /* more of the line came than is kept */
	uint16_t line_len;
	uint8_t mark[BOUNDARY_MAX + 4];
	uint8_t name_len;
	uint8_t name[255];
	uint8_t line[LINE_MAX];
};

struct form *form_begin(
	struct sl_batch *b, struct sl_span content_type, enum sl_dir dir, uint32_t message)
{
	static const char type[] = "multipart/form-data";
	uint8_t boundary[BOUNDARY_MAX + 1];
	if (content_type.len < sizeof(type) - 1 || b->pool == NULL || !sl_file_wanted(b) ||
		strncasecmp((const char *)content_type.p, type, sizeof(type) - 1) != 0)
		return NULL;
	size_t n = parameter(content_type, "boundary", boundary, sizeof(boundary));
	if (n == 0 || n > BOUNDARY_MAX)
		return NULL;
	struct form *f = sl_parser_pool_take(b->pool, (uint16_t)sizeof(*f));
	if (f == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return NULL;
	}
	f->dir = (uint8_t)dir;
	f->message = message;
	memcpy(f->mark, "\r\n--", 4);
	memcpy(f->mark + 4, boundary, n);
	f->mark_len = (uint8_t)(n + 4);
	f->matched = 2; /* the first boundary may stand at the very begin */
	return f;
}

/* The boundary was there: what it ends is whole, unless bytes are missing in it. */
static void part_over(struct form *f)
{
	f->state = f->file != NULL ? ENDING : AFTER;
	f->next = AFTER;
	f->matched = 0;
	f->closing = false;
}

/* Content up to a boundary. */
static size_t content(struct form *f, struct sl_batch *b, struct sl_span in)
{
	size_t at = 0;
	while (at < in.len && f->matched < f->mark_len) {
		if (f->matched == 0) {
			const uint8_t *cr = memchr(in.p + at, '\r', in.len - at);
			size_t run = cr != NULL ? (size_t)(cr - in.p) - at : in.len - at;
			sl_file_bytes(f->file, b, sl_span(in.p + at, run));
			at += run;
			f->matched = cr != NULL;
			at += cr != NULL;
		} else if (in.p[at] == f->mark[f->matched]) {
			f->matched++;
			at++;
		} else {
			sl_file_bytes(f->file, b, sl_span(f->mark, f->matched));
			f->matched = 0;
		}
	}
	if (f->matched == f->mark_len)
		part_over(f);
	return at;
}

/* Behind a boundary: two hyphens end the form, a line end begins a part's header. */
static size_t after(struct form *f, struct sl_span in)
{
	for (size_t at = 0; at < in.len; at++) {
		uint8_t c = in.p[at];
		if (c == '-' && f->closing)
			f->state = OVER;
		else if (c == '\n')
			f->state = HEADER;
		f->closing = c == '-';
		if (f->state != AFTER) {
			f->line_len = 0;
			f->named = f->over = false;
			f->name_len = 0;
			return at + 1;
		}
	}
	return in.len;
}

static bool begins(struct sl_span s, const char *with)
{
	size_t n = strlen(with);
	return s.len >= n && strncasecmp((const char *)s.p, with, n) == 0;
}

static void header_line(struct form *f, struct sl_batch *b)
{
	static const char disposition[] = "Content-Disposition:";
	struct sl_span line = sl_span(f->line, f->line_len);
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0) {
		struct sl_file_begin how = {
			.dir = f->dir, .message = f->message, .name = sl_span(f->name, f->name_len)
		};
		f->file = f->named ? sl_file_begin(b, &how) : NULL;
		f->state = CONTENT;
		f->matched = 0;
	} else if (begins(line, disposition)) {
		uint8_t name[PARAMETER_MAX];
		struct sl_span v = sl_span_from(line, sizeof(disposition) - 1);
		size_t n = parameter(v, "filename", name, sizeof(name));
		/* A field left empty has an empty name; a name may stand where the line was cut. */
		f->named = n > 0 || f->over;
		f->name_len = (uint8_t)(n < sizeof(f->name) ? n : sizeof(f->name));
		memcpy(f->name, name, f->name_len);
	}
	if (f->over)
		parser_count_part(b);
	f->over = false;
	f->line_len = 0;
}

static size_t header(struct form *f, struct sl_batch *b, struct sl_span in)
{
	const uint8_t *nl = memchr(in.p, '\n', in.len);
	size_t run = nl != NULL ? (size_t)(nl - in.p) : in.len;
	size_t room = LINE_MAX - (size_t)f->line_len, n = run < room ? run : room;
	memcpy(f->line + f->line_len, in.p, n);
	f->line_len = (uint16_t)(f->line_len + n);
	f->over |= n < run;
	if (nl == NULL)
		return run;
	header_line(f, b);
	return run + 1;
}

static bool step(struct form *f, struct sl_batch *b, struct sl_span in, size_t *n)
{
	*n = 0;
	switch ((enum state)f->state) {
	case SKIP:
	case CONTENT:
		*n = content(f, b, in);
		break;
	case AFTER:
		*n = after(f, in);
		break;
	case HEADER:
		*n = header(f, b, in);
		break;
	case ENDING:
		if (!sl_file_end(&f->file, b, true))
			return false;
		f->state = f->next;
		break;
	case OVER:
		*n = in.len;
		break;
	}
	return true;
}

bool form_waits(const struct form *f)
{
	return f != NULL && f->state == ENDING;
}

bool form_feed(struct form *f, struct sl_batch *b, struct sl_span in, size_t *used)
{
	size_t at = 0, n;
	bool room = true;
	if (f == NULL)
		at = in.len;
	while (room && f != NULL && (at < in.len || f->state == ENDING)) {
		room = step(f, b, sl_span_from(in, at), &n);
		at += n;
	}
	*used = at;
	return room;
}

/* A part may have ended in the gap, and another begun. */
void form_gap(struct form *f)
{
	if (f == NULL || f->state == OVER)
		return;
	sl_file_gap(f->file);
	f->matched = 0;
	if (f->state != ENDING)
		f->state = f->file != NULL ? CONTENT : SKIP;
}

bool form_end(struct form **fp, struct sl_batch *b)
{
	struct form *f = *fp;
	if (f == NULL)
		return true;
	if (!sl_file_end(&f->file, b, f->state == ENDING))
		return false;
	sl_parser_pool_give(b->pool, f, (uint16_t)sizeof(*f));
	*fp = NULL;
	return true;
}
