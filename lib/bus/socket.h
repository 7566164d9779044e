/* SPDX-License-Identifier: BSD-3-Clause */
/* socket.h - what the files of lib/bus share: the context, sockets with their options set, and
 * which endpoints may be used while there are no keys. */
#ifndef SL_BUS_SOCKET_H
#define SL_BUS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

struct sl_bus {
	void *ctx;
	unsigned monitors; /* numbers the inproc names of monitor sockets */
};

/* Longest endpoint, with its zero. */
#define BUS_URL 256

/* Checks an endpoint and writes the form that ZeroMQ gets: "localhost" becomes the address that it
 * must mean. ipc:// and inproc:// always pass, tcp:// only with a loopback address. 0; -EACCES:
 * not loopback; -EINVAL: no endpoint of these kinds. */
int bus_endpoint(const char *url, char out[BUS_URL]);

struct bus_limits {
	int send_hwm, receive_hwm; /* messages for each peer */
	int64_t message_max; /* bytes of an incoming frame; a peer that sends more is cut off */
};
/* A socket with these limits and linger 0. */
int bus_socket(void **out, void *ctx, int type, const struct bus_limits *limits);
int bus_bind(void *socket, const char *url, char *bound, size_t cap);
int bus_connect(void *socket, const char *url);
/* Drops the frames of a message that are left. */
void bus_skip(void *socket);
bool bus_more(void *socket);

struct sl_intake;
struct sl_stream_out;
void *bus_intake_socket(struct sl_intake *in);
void *bus_stream_socket(struct sl_stream_out *s);

#endif
