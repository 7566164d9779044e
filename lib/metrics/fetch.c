/* SPDX-License-Identifier: BSD-3-Clause */
/* fetch.c - asks a metrics port. Bounded in bytes and in time; what comes is read.c's to judge. */
#include "where.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/metrics.h>

#define ANSWER_MAX ((size_t)4 << 20)

static const char request[] = "GET /metrics HTTP/1.0\r\nHost: sensor\r\nAccept: text/plain\r\n\r\n";

/* http:// before and /metrics behind are dropped. False: no address. */
static bool bare(const char *where, struct sockaddr_storage *a, socklen_t *len)
{
	char text[SL_METRICS_AT];
	if (strncmp(where, "http://", 7) == 0)
		where += 7;
	size_t n = strcspn(where, "/");
	if (n >= sizeof(text) || (where[n] != '\0' && strcmp(where + n, "/") != 0 &&
					 strcmp(where + n, "/metrics") != 0))
		return false;
	memcpy(text, where, n);
	text[n] = '\0';
	return where_read(text, a, len);
}

/* 0 once the socket may be read (or written); -ETIMEDOUT. */
static int await(int fd, short events, uint64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	for (;;) {
		uint64_t now = sl_clock_mono_ns();
		if (now >= until_ns)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)((until_ns - now) / 1000000) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int connected(int fd, const struct sockaddr_storage *a, socklen_t len, uint64_t until_ns)
{
	int failed = 0;
	socklen_t size = sizeof(failed);
	if (connect(fd, (const struct sockaddr *)a, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	int rc = await(fd, POLLOUT, until_ns);
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0)
		rc = -errno;
	return rc ? rc : -failed;
}

static int ask(int fd, const char *p, size_t len, uint64_t until_ns)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t n = send(fd, p + sent, len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n > 0)
			sent += (size_t)n;
		else if (await(fd, POLLOUT, until_ns) < 0)
			return -ETIMEDOUT;
	}
	return 0;
}

/* All that comes until the other side ends. */
static int take(int fd, char *buf, size_t *len, uint64_t until_ns)
{
	*len = 0;
	for (;;) {
		int rc = await(fd, POLLIN, until_ns);
		if (rc < 0)
			return rc;
		ssize_t n = recv(fd, buf + *len, ANSWER_MAX - *len, 0);
		if (n == 0)
			return *len == ANSWER_MAX ? -E2BIG : 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		*len += n > 0 ? (size_t)n : 0;
	}
}

/* What is sent, and where the whole answer goes: ANSWER_MAX bytes. */
struct talk {
	const char *head, *body;
	size_t body_len;
	char *answer;
	size_t len;
};

static int exchange(
	const struct sockaddr_storage *a, socklen_t alen, unsigned timeout_ms, struct talk *t)
{
	uint64_t until = sl_clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
	int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connected(fd, a, alen, until);
	rc = rc ? rc : ask(fd, t->head, strlen(t->head), until);
	rc = rc ? rc : ask(fd, t->body, t->body_len, until);
	rc = rc ? rc : take(fd, t->answer, &t->len, until);
	close(fd);
	return rc;
}

/* t->answer is the caller's to free, also on failure. */
static int talk_with(
	struct talk *t, const char *where, unsigned timeout_ms, char *err, size_t err_len)
{
	struct sockaddr_storage a;
	socklen_t alen;
	if (!bare(where, &a, &alen)) {
		snprintf(err, err_len, "%s: no address; give PORT, ADDRESS:PORT or [ADDRESS]:PORT",
			where);
		return -EINVAL;
	}
	t->answer = malloc(ANSWER_MAX);
	return t->answer == NULL ? -ENOMEM : exchange(&a, alen, timeout_ms, t);
}

static void explain(int rc, const char *where, const char *lacks, char *err, size_t err_len)
{
	if (rc == -ECONNREFUSED)
		snprintf(err, err_len, "%s: nobody is there; start the sensor with --metrics %s",
			where, where);
	else if (rc == -EPROTO)
		snprintf(err, err_len, "%s: what is there has no %s; is it a sensor's port?", where,
			lacks);
	else if (rc < 0 && rc != -EINVAL)
		snprintf(err, err_len, "%s: %s", where, strerror(-rc));
}

int sl_metrics_fetch(
	struct sl_metrics **out, const char *where, unsigned timeout_ms, char *err, size_t err_len)
{
	struct talk t = { .head = request };
	int rc = talk_with(&t, where, timeout_ms, err, err_len);
	if (rc == 0)
		rc = sl_metrics_answer(out, t.answer, t.len);
	free(t.answer);
	explain(rc, where, "metrics", err, err_len);
	return rc;
}

int sl_metrics_post(const char *where, const char *path, const char *body, size_t body_len,
	unsigned timeout_ms, char **text, size_t *len, char *err, size_t err_len)
{
	char head[256];
	snprintf(head, sizeof(head),
		"POST %s HTTP/1.0\r\nHost: sensor\r\nContent-Type: text/plain\r\n"
		"Content-Length: %zu\r\n\r\n",
		path, body_len);
	struct talk t = { .head = head, .body = body, .body_len = body_len };
	int rc = talk_with(&t, where, timeout_ms, err, err_len);
	const char *at = rc == 0 ? http_body(t.answer, t.len) : NULL;
	if (rc == 0 && at == NULL)
		rc = -EPROTO;
	if (rc == 0) {
		*len = t.len - (size_t)(at - t.answer);
		*text = malloc(*len + 1);
		rc = *text != NULL ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		memcpy(*text, at, *len);
		(*text)[*len] = '\0';
	}
	free(t.answer);
	explain(rc, where, "memory of the past", err, err_len);
	return rc;
}
