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
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	line[len++] = '\n';
	ssize_t put = write(STDERR_FILENO, line, len);
	(void)put; /* nowhere left to tell */
}
