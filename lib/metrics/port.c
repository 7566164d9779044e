/* SPDX-License-Identifier: BSD-3-Clause */
/* port.c - the HTTP port: one thread of the library's, which reads counters that others write. */
#include "where.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include <sightline/metrics.h>

#define CLIENTS 16
#define CLIENT_SECONDS 10
#define CLIENT_BYTES ((size_t)16 << 10) /* of a request with what answers it, each */

struct sl_metrics_port {
	int fd; /* the daemon's once it runs */
	struct MHD_Daemon *daemon;
	sl_metrics_fill fill;
	void *arg;
	const char *path; /* that is posted to; NULL: none */
	sl_metrics_reply reply;
	void *reply_arg;
};

/* What a client posts. */
struct body {
	size_t len;
	bool over;
	char bytes[SL_METRICS_BODY];
};
static int begun; /* in the place of a body where there is none */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
	char *text, size_t len, enum MHD_ResponseMemoryMode owned)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, text, owned);
	if (r == NULL) {
		if (owned == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

#define PLAIN "text/plain; charset=utf-8"

static bool from_loopback(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info != NULL ? info->client_addr : NULL;
	if (a == NULL)
		return false;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)a;
	return a->sa_family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
						   (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) &&
							   in6->sin6_addr.s6_addr[12] == 127));
}

static enum MHD_Result refused(struct MHD_Connection *c, unsigned status)
{
	static char elsewhere[] = "this is answered on the sensor's own host alone\n",
		    large[] = "too much at once: 64 KiB are read\n", bad[] = "no questions\n";
	char *text = status == MHD_HTTP_FORBIDDEN	    ? elsewhere
		     : status == MHD_HTTP_CONTENT_TOO_LARGE ? large
							    : bad;
	return answer(c, status, PLAIN, text, strlen(text), MHD_RESPMEM_PERSISTENT);
}

/* Called again and again: for the head, for each piece of the body, at its end. */
static enum MHD_Result posted(struct sl_metrics_port *p, struct MHD_Connection *c,
	const char *upload, size_t *upload_len, void **state)
{
	struct body *b = *state;
	char *text;
	size_t len;
	if (!from_loopback(c))
		return refused(c, MHD_HTTP_FORBIDDEN);
	if (b == NULL) {
		*state = calloc(1, sizeof(*b));
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*upload_len > 0) {
		b->over |= *upload_len > sizeof(b->bytes) - b->len;
		if (!b->over)
			memcpy(b->bytes + b->len, upload, *upload_len);
		b->len += b->over ? 0 : *upload_len;
		*upload_len = 0;
		return MHD_YES;
	}
	if (b->over)
		return refused(c, MHD_HTTP_CONTENT_TOO_LARGE);
	if (p->reply(p->reply_arg, b->bytes, b->len, &text, &len) != 0)
		return refused(c, MHD_HTTP_BAD_REQUEST);
	return answer(c, MHD_HTTP_OK, PLAIN, text, len, MHD_RESPMEM_MUST_FREE);
}

static void completed(
	void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)c;
	(void)why;
	if (*state != &begun)
		free(*state);
	*state = NULL;
}

static enum MHD_Result asked(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	static char other[] = "this is a sensor: its counters are at /metrics\n",
		    method_no[] = "GET is all that is answered here\n";
	struct sl_metrics_port *p = arg;
	char *text;
	size_t len;
	(void)version;
	if (p->path != NULL && strcmp(method, MHD_HTTP_METHOD_POST) == 0 &&
		strcmp(url, p->path) == 0)
		return posted(p, c, upload, upload_len, state);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, PLAIN, method_no,
			sizeof(method_no) - 1, MHD_RESPMEM_PERSISTENT);
	if (*state == NULL) { /* headers are read, an upload isn't */
		*state = &begun;
		return MHD_YES;
	}
	if (*upload_len > 0) { /* nobody wants it */
		*upload_len = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return answer(c, MHD_HTTP_NOT_FOUND, PLAIN, other, sizeof(other) - 1,
			MHD_RESPMEM_PERSISTENT);
	if (sl_metrics_text(p->fill, p->arg, &text, &len) < 0)
		return MHD_NO;
	return answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, len,
		MHD_RESPMEM_MUST_FREE);
}

static void url_of(int fd, char at[SL_METRICS_AT])
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";
	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		(void)getnameinfo((const struct sockaddr *)&a, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	bool six = a.ss_family == AF_INET6;
	snprintf(at, SL_METRICS_AT, "http://%s%s%s:%s/metrics", six ? "[" : "", host,
		six ? "]" : "", port);
}

static int open_socket(const struct sockaddr_storage *a, socklen_t len)
{
	int one = 1, fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)a, len) < 0 || listen(fd, CLIENTS) < 0) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int sl_metrics_open(struct sl_metrics_port **out, const char *where, char at[SL_METRICS_AT],
	char *err, size_t err_len)
{
	struct sockaddr_storage a;
	socklen_t len;
	if (!where_read(where, &a, &len)) {
		snprintf(err, err_len,
			"metrics %s: no port; give PORT, ADDRESS:PORT or [ADDRESS]:PORT", where);
		return -EINVAL;
	}
	int fd = open_socket(&a, len);
	struct sl_metrics_port *p = fd < 0 ? NULL : calloc(1, sizeof(*p));
	if (p == NULL) {
		int rc = fd < 0 ? fd : -ENOMEM;
		if (fd >= 0)
			close(fd);
		snprintf(err, err_len, "metrics %s: %s; %s", where, strerror(-rc),
			rc == -EADDRINUSE
				? "end the program that has this port, or give another"
				: "give an address of this machine, and a port that this user "
				  "may open");
		return rc;
	}
	p->fd = fd;
	url_of(fd, at);
	*out = p;
	return 0;
}

void sl_metrics_posts(
	struct sl_metrics_port *p, const char *path, sl_metrics_reply reply, void *arg)
{
	p->path = path;
	p->reply = reply;
	p->reply_arg = arg;
}

int sl_metrics_serve(struct sl_metrics_port *p, sl_metrics_fill fill, void *arg)
{
	p->fill = fill;
	p->arg = arg;
	p->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
		asked, p, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)p->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CLIENT_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_END);
	return p->daemon != NULL ? 0 : -EIO;
}

void sl_metrics_close(struct sl_metrics_port *p)
{
	if (p == NULL)
		return;
	if (p->daemon != NULL)
		MHD_stop_daemon(p->daemon); /* closes the socket, too */
	else
		close(p->fd);
	free(p);
}
