/* SPDX-License-Identifier: BSD-3-Clause */
/* log.h - lines for the operator, on stderr. Programs only: a library returns what went wrong, and
 * never logs what it returns. Never on a worker. Thread-safe: one write(2) for each line. */
#ifndef SIGHTLINE_LOG_H
#define SIGHTLINE_LOG_H

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG };

/* Name in front of each line, and the most talkative level that is printed (default INFO). */
void sl_log_init(const char *program, enum sl_log_level level);
/* `program: error: text`, one line; a newline inside becomes a blank. */
void sl_log(enum sl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define sl_error(...) sl_log(SL_LOG_ERROR, __VA_ARGS__)
#define sl_warn(...) sl_log(SL_LOG_WARNING, __VA_ARGS__)
#define sl_info(...) sl_log(SL_LOG_INFO, __VA_ARGS__)

#endif
