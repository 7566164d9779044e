/* SPDX-License-Identifier: BSD-3-Clause */
/* syslog.c - syslog over UDP (RFC 5426), in the form of RFC 5424 and in the older one that RFC 3164
 * found in use: the host and the program that a message is of. Worker. Each datagram is a message.
 */
#include "parsers.h"
#include "datagram.h"
#include <sightline/hot.h>

#define PORT_SYSLOG 514
#define HEAD_MAX 1024 /* of a message, in which host and program stand */

struct entry {
	struct sl_span host, app;
};

/* ---- Reading ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Facility and severity, 191 at most (RFC 5424 6.2.1); *in is behind it. */
static bool priority_read(struct sl_span *in)
{
	unsigned n = 0;
	size_t at = 1;
	if (in->len < 3 || in->p[0] != '<')
		return false;
	for (; at < in->len && at < 4 && is_digit(in->p[at]); at++)
		n = n * 10 + (unsigned)(in->p[at] - '0');
	if (at == 1 || at == in->len || in->p[at] != '>' || n > 191)
		return false;
	*in = sl_span_from(*in, at + 1);
	return true;
}

static struct sl_span word(struct sl_span *in)
{
	size_t n = 0;
	while (n < in->len && in->p[n] != ' ')
		n++;
	struct sl_span s = sl_span(in->p, n);
	*in = sl_span_from(*in, n < in->len ? n + 1 : n);
	return s;
}

/* Fields that are not known are a dash (RFC 5424 6). */
static struct sl_span field(struct sl_span *in)
{
	struct sl_span s = word(in);
	return s.len == 1 && s.p[0] == '-' ? sl_span(s.p, 0) : s;
}

/* Whether it begins in a form, in which a stands for a letter, 0 for a digit, ? for a digit or a
 * blank. */
static bool is_form(struct sl_span in, const char *form)
{
	size_t n = strlen(form);
	if (in.len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = in.p[i];
		bool fits = form[i] == 'a'   ? (c | 32) >= 'a' && (c | 32) <= 'z'
			    : form[i] == '0' ? is_digit(c)
			    : form[i] == '?' ? is_digit(c) || c == ' '
					     : c == (uint8_t)form[i];
		if (!fits)
			return false;
	}
	return true;
}

static bool is_5424(struct sl_span in)
{
	return is_form(in, "1 0000-00-00T") || is_form(in, "1 - ");
}

/* How long the time of the older form is (RFC 3164 4.1.2), which many write as the newer one does;
 * 0: there is none. */
static size_t time_len(struct sl_span in)
{
	static const char old[] = "aaa ?0 00:00:00 ";
	if (is_form(in, old))
		return sizeof(old) - 1;
	const uint8_t *end = is_form(in, "0000-00-00T00:00:00") ? memchr(in.p, ' ', in.len) : NULL;
	return end != NULL ? (size_t)(end - in.p) + 1 : 0;
}

/* The program, up to what no name of one has in it (RFC 3164 4.1.3). */
static struct sl_span tag_of(struct sl_span in)
{
	size_t n = 0;
	while (n < in.len && in.p[n] > ' ' && in.p[n] != ':' && in.p[n] != '[' && in.p[n] < 0x7f)
		n++;
	bool ends = n < in.len && (in.p[n] == ':' || in.p[n] == '[');
	return sl_span(in.p, ends ? n : 0);
}

/* A host is a word of its own; a program that stands in its place ends in a mark. */
static struct sl_span host_of(struct sl_span *in)
{
	struct sl_span rest = *in, s = word(&rest);
	if (s.len == 0 || rest.len == 0 || s.p[s.len - 1] == ':' || memchr(s.p, '[', s.len) != NULL)
		return sl_span(s.p, 0);
	*in = rest;
	return s;
}

static void entry_read(struct sl_span in, struct entry *e)
{
	*e = (struct entry){ .host = { .len = 0 } };
	in.len = in.len < HEAD_MAX ? in.len : HEAD_MAX;
	if (!priority_read(&in))
		return;
	if (is_5424(in)) {
		(void)word(&in);
		(void)word(&in);
		e->host = field(&in);
		e->app = field(&in);
	} else if (time_len(in) > 0) {
		in = sl_span_from(in, time_len(in));
		e->host = host_of(&in);
		e->app = tag_of(in);
	}
}

static enum sl_probe syslog_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	if (!priority_read(&in))
		return SL_PROBE_NO;
	bool own = sport == PORT_SYSLOG || dport == PORT_SYSLOG;
	return own || is_5424(in) || time_len(in) > 0 ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool syslog_begins(uint8_t first)
{
	return first == '<';
}

static bool has_priority(struct sl_span in)
{
	return priority_read(&in);
}

static bool message_say(struct say *s, const struct sl_piece *p, bool *part)
{
	struct entry e;
	(void)part;
	entry_read(p->bytes, &e);
	return say_plain(s, SL_WHERE_SYSLOG_HOSTNAME, e.host) &&
	       say_plain(s, SL_WHERE_SYSLOG_APP, e.app);
}

static const struct datagram_kind kind = { has_priority, message_say };

static enum sl_verdict syslog_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return datagram_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_syslog = {
	.name = "syslog",
	.state_bytes = sizeof(struct datagram),
	.over = SL_OVER_UDP,
	.probe = syslog_probe,
	.begins = syslog_begins,
	.feed = syslog_feed,
};
