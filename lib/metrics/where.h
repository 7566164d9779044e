/* SPDX-License-Identifier: BSD-3-Clause */
/* where.h - the address of a metrics port, and what comes from one. Private to lib/metrics. */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <sys/socket.h>

/* False: no PORT, ADDRESS:PORT or [ADDRESS]:PORT. */
bool where_read(const char *where, struct sockaddr_storage *out, socklen_t *len);
/* read.c: behind the head of a whole HTTP/1.x answer; NULL: it is none, or its status isn't 200. */
const char *http_body(const char *http, size_t len);

#endif
