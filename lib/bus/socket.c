/* SPDX-License-Identifier: BSD-3-Clause */
/* socket.c - the ZeroMQ context, sockets, and the rule that TCP stays on this machine until there
 * are keys. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/addr.h>
#include <sightline/bus.h>

#include "socket.h"

int sl_bus_new(struct sl_bus **out)
{
	struct sl_bus *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	b->ctx = zmq_ctx_new();
	if (b->ctx == NULL) {
		free(b);
		return -ENOMEM;
	}
	*out = b;
	return 0;
}

void sl_bus_free(struct sl_bus *b)
{
	if (b == NULL)
		return;
	while (zmq_ctx_term(b->ctx) < 0 && zmq_errno() == EINTR)
		;
	free(b);
}

static bool loopback(const union sl_addr *a, uint8_t version)
{
	static const uint8_t one[16] = { [15] = 1 };
	return version == 4 ? a->b[0] == 127 : memcmp(a->b, one, sizeof(one)) == 0;
}

static bool port_text(const char *p)
{
	if (strcmp(p, "*") == 0)
		return true;
	size_t n = strspn(p, "0123456789");
	return n > 0 && n < 6 && p[n] == '\0' && atoi(p) <= 65535;
}

static int tcp_endpoint(const char *host, char out[BUS_URL])
{
	const char *colon = strrchr(host, ':');
	if (colon == NULL || !port_text(colon + 1))
		return -EINVAL;
	size_t len = (size_t)(colon - host);
	if (len == 9 && memcmp(host, "localhost", 9) == 0) {
		snprintf(out, BUS_URL, "tcp://127.0.0.1%s", colon);
		return 0;
	}
	union sl_addr a;
	uint8_t version;
	bool six = len > 2 && host[0] == '[' && host[len - 1] == ']';
	if (!sl_addr_parse(host + six, len - 2 * six, &a, &version) || !loopback(&a, version))
		return -EACCES;
	snprintf(out, BUS_URL, "tcp://%s", host);
	return 0;
}

int bus_endpoint(const char *url, char out[BUS_URL])
{
	if (strlen(url) >= BUS_URL)
		return -EINVAL;
	if (strncmp(url, "tcp://", 6) == 0)
		return tcp_endpoint(url + 6, out);
	bool ipc = strncmp(url, "ipc://", 6) == 0 && url[6] != '\0';
	bool inproc = strncmp(url, "inproc://", 9) == 0 && url[9] != '\0';
	if (!ipc && !inproc)
		return -EINVAL;
	memcpy(out, url, strlen(url) + 1);
	return 0;
}

int sl_bus_check(const char *url)
{
	char at[BUS_URL];
	return bus_endpoint(url, at);
}

static int set_int(void *s, int option, int value)
{
	return zmq_setsockopt(s, option, &value, sizeof(value)) == 0 ? 0 : -zmq_errno();
}

int bus_socket(void **out, void *ctx, int type, const struct bus_limits *limits)
{
	void *s = zmq_socket(ctx, type);
	if (s == NULL)
		return -zmq_errno();
	int rc = set_int(s, ZMQ_LINGER, 0);
	rc = rc ? rc : set_int(s, ZMQ_SNDHWM, limits->send_hwm);
	rc = rc ? rc : set_int(s, ZMQ_RCVHWM, limits->receive_hwm);
	rc = rc ? rc : set_int(s, ZMQ_RECONNECT_IVL, 100);
	rc = rc ? rc : set_int(s, ZMQ_RECONNECT_IVL_MAX, 2000);
	if (rc == 0 && zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &limits->message_max, sizeof(int64_t)))
		rc = -zmq_errno();
	if (rc < 0) {
		zmq_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* IPv6 only where it is asked for: with it, ZeroMQ names every address in its mapped form. */
static int prepare(void *socket, const char *url, char at[BUS_URL])
{
	int rc = bus_endpoint(url, at);
	return rc < 0 ? rc : set_int(socket, ZMQ_IPV6, strncmp(at, "tcp://[", 7) == 0);
}

int bus_bind(void *socket, const char *url, char *bound, size_t cap)
{
	char at[BUS_URL];
	int rc = prepare(socket, url, at);
	if (rc < 0)
		return rc;
	if (zmq_bind(socket, at) < 0)
		return -zmq_errno();
	if (bound != NULL && zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &cap) < 0)
		return -zmq_errno();
	return 0;
}

int bus_connect(void *socket, const char *url)
{
	char at[BUS_URL];
	int rc = prepare(socket, url, at);
	if (rc < 0)
		return rc;
	return zmq_connect(socket, at) < 0 ? -zmq_errno() : 0;
}

bool bus_more(void *socket)
{
	int more = 0;
	size_t len = sizeof(more);
	return zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &len) == 0 && more;
}

void bus_skip(void *socket)
{
	while (bus_more(socket)) {
		zmq_msg_t m;
		zmq_msg_init(&m);
		int rc = zmq_msg_recv(&m, socket, ZMQ_DONTWAIT);
		zmq_msg_close(&m);
		if (rc < 0)
			return;
	}
}

int sl_bus_wait(struct sl_intake *in, struct sl_stream_out *out, int timeout_ms)
{
	zmq_pollitem_t items[] = {
		{ .socket = bus_intake_socket(in), .events = ZMQ_POLLIN },
		{ .socket = bus_stream_socket(out), .events = ZMQ_POLLIN },
	};
	int rc = zmq_poll(items, 2, timeout_ms);
	return rc < 0 ? -zmq_errno() : rc;
}
