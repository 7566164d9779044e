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
};

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
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

#define PLAIN "text/plain; charset=utf-8"

static enum MHD_Result asked(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	static char other[] = "this is a sensor: its counters are at /metrics\n",
		    method_no[] = "GET is all that is answered here\n";
	static int begun;
	struct sl_metrics_port *p = arg;
	char *text;
	size_t len;
	(void)version;
	(void)upload;
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

int sl_metrics_serve(struct sl_metrics_port *p, sl_metrics_fill fill, void *arg)
{
	p->fill = fill;
	p->arg = arg;
	p->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
		asked, p, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)p->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CLIENT_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_BYTES, MHD_OPTION_END);
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
