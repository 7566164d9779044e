/* SPDX-License-Identifier: BSD-3-Clause */
/* where.h - the address of a metrics port. Private to lib/metrics. */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <sys/socket.h>

/* False: no PORT, ADDRESS:PORT or [ADDRESS]:PORT. */
bool where_read(const char *where, struct sockaddr_storage *out, socklen_t *len);

#endif
