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

static int ask(int fd, uint64_t until_ns)
{
	for (size_t sent = 0; sent < sizeof(request) - 1;) {
		ssize_t n = send(fd, request + sent, sizeof(request) - 1 - sent, MSG_NOSIGNAL);
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

static int exchange(const struct sockaddr_storage *a, socklen_t alen, unsigned timeout_ms,
	char *buf, size_t *len)
{
	uint64_t until = sl_clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
	int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connected(fd, a, alen, until);
	rc = rc ? rc : ask(fd, until);
	rc = rc ? rc : take(fd, buf, len, until);
	close(fd);
	return rc;
}

int sl_metrics_fetch(
	struct sl_metrics **out, const char *where, unsigned timeout_ms, char *err, size_t err_len)
{
	struct sockaddr_storage a;
	socklen_t alen;
	size_t len = 0;
	if (!bare(where, &a, &alen)) {
		snprintf(err, err_len, "%s: no address; give PORT, ADDRESS:PORT or [ADDRESS]:PORT",
			where);
		return -EINVAL;
	}
	char *buf = malloc(ANSWER_MAX);
	int rc = buf == NULL ? -ENOMEM : exchange(&a, alen, timeout_ms, buf, &len);
	if (rc == 0)
		rc = sl_metrics_answer(out, buf, len);
	free(buf);
	if (rc == -ECONNREFUSED)
		snprintf(err, err_len, "%s: nobody is there; start the sensor with --metrics %s",
			where, where);
	else if (rc == -EPROTO)
		snprintf(err, err_len, "%s: what is there has no metrics; is it a sensor's port?",
			where);
	else if (rc < 0)
		snprintf(err, err_len, "%s: %s", where, strerror(-rc));
	return rc;
}
