/* SPDX-License-Identifier: BSD-3-Clause */
/* log.c - lines on stderr. Never on a worker. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <sightline/log.h>

static const char *program_name = "sightline";
static enum sl_log_level max_level = SL_LOG_INFO;

void sl_log_init(const char *program, enum sl_log_level level)
{
	program_name = program;
	max_level = level;
}

/* What feeds, captures and arguments say must not steer a terminal: white space becomes a blank,
 * other control characters (C0, DEL, and C1 as UTF-8 writes them) question marks. */
static void make_plain(char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i],
			      next = i + 1 < len ? (unsigned char)p[i + 1] : 0;
		if (c == '\n' || c == '\r' || c == '\t')
			p[i] = ' ';
		else if (c < ' ' || c == 127)
			p[i] = '?';
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			p[i] = p[i + 1] = '?';
	}
}

void sl_log(enum sl_log_level level, const char *format, ...)
{
	static const char *const word[] = { "error: ", "warning: ", "", "debug: " };
	if (level > max_level)
		return;
	char line[2048];
	int at = snprintf(line, sizeof(line), "%s: %s", program_name, word[level]);
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(line + at, sizeof(line) - (size_t)at, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	size_t len = (size_t)at + (size_t)n;
	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	make_plain(line, len);
	line[len++] = '\n';
	ssize_t put = write(STDERR_FILENO, line, len);
	(void)put; /* nowhere left to tell */
}
