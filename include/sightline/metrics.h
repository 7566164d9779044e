/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics.h - counters as Prometheus text on an HTTP port, and read back from one. The one door to
 * the HTTP server library (libmicrohttpd). Text: Prometheus exposition format 0.0.4. Never on a
 * worker. */
#ifndef SIGHTLINE_METRICS_H
#define SIGHTLINE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Telling ---- */

/* One sample. key: the metric's name with its labels, `name{label="value"}`, good during the call;
 * a name that ends in _total is a counter, any other a gauge. help: a constant. */
typedef void (*sl_metric_fn)(void *to, const char *key, const char *help, uint64_t value);
/* Puts every sample once; called on the port's own thread. */
typedef void (*sl_metrics_fill)(void *arg, sl_metric_fn put, void *to);

/* A label's value with \, " and newline escaped; cut at cap. */
void sl_metrics_escape(const char *text, char *out, size_t cap);

/* All samples as text, those of one name together; *text is the caller's to free. 0 or -ENOMEM. */
int sl_metrics_text(sl_metrics_fill fill, void *arg, char **text, size_t *len);

struct sl_metrics_port;
#define SL_METRICS_AT 96
/* `where` is PORT (on loopback), ADDRESS:PORT or [ADDRESS]:PORT; port 0: one that is free. */
bool sl_metrics_where(const char *where);
/* Opens the socket; nothing is answered yet. at: the URL that it has. 0; -errno, and err says why
 * and what to do. */
int sl_metrics_open(struct sl_metrics_port **out, const char *where, char at[SL_METRICS_AT],
	char *err, size_t err_len);
/* What is posted to `path` (a constant) by a client on loopback is answered by `reply`; others get
 * 403. body: SL_METRICS_BODY at most, or they get 413. *text: taken, and freed. Not 0: 400. On the
 * port's own thread. To be said before sl_metrics_serve. */
#define SL_METRICS_BODY ((size_t)64 << 10)
typedef int (*sl_metrics_reply)(
	void *arg, const char *body, size_t len, char **text, size_t *text_len);
void sl_metrics_posts(
	struct sl_metrics_port *p, const char *path, sl_metrics_reply reply, void *arg);
/* From now on answers GET /metrics, on a thread of its own that inherits the caller's cores and
 * signal mask; a client gets 10 s, and 16 may be connected. */
int sl_metrics_serve(struct sl_metrics_port *p, sl_metrics_fill fill, void *arg);
void sl_metrics_close(struct sl_metrics_port *p); /* NULL is allowed; waits for its thread */

/* ---- Reading ---- */

struct sl_metric {
	const char *key; /* as it was written */
	double value;
};
struct sl_metrics;
/* From exposition text. A line that can't be read is passed over and counted. -ENOMEM; -E2BIG: more
 * than 65,536 samples. */
int sl_metrics_parse(struct sl_metrics **out, const char *text, size_t len);
/* From a whole HTTP/1.x answer. -EPROTO: it is none, or its status isn't 200. */
int sl_metrics_answer(struct sl_metrics **out, const char *http, size_t len);
/* Asks a port as sl_metrics_where writes it (http:// before and /metrics behind it are allowed).
 * An answer is 4 MiB at most. -errno, and err says what. */
int sl_metrics_fetch(
	struct sl_metrics **out, const char *where, unsigned timeout_ms, char *err, size_t err_len);
/* Posts to a path of such a port; *text is the caller's to free, and ends with a zero. */
int sl_metrics_post(const char *where, const char *path, const char *body, size_t body_len,
	unsigned timeout_ms, char **text, size_t *len, char *err, size_t err_len);
void sl_metrics_free(struct sl_metrics *m);
const struct sl_metric *sl_metrics_all(const struct sl_metrics *m, size_t *count);
uint64_t sl_metrics_unreadable(const struct sl_metrics *m);
/* The value of a key as the teller wrote it; false: there is none. */
bool sl_metrics_get(const struct sl_metrics *m, const char *key, double *value);
/* Whether the sample is of this metric. */
bool sl_metric_is(const struct sl_metric *s, const char *name);
/* A label's value, escapes undone; false: it has no such label, or cap is too small. */
bool sl_metric_label(const struct sl_metric *s, const char *label, char *out, size_t cap);

#endif
