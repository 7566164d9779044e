/* SPDX-License-Identifier: BSD-3-Clause */
/* where.c - PORT, ADDRESS:PORT and [ADDRESS]:PORT as a socket's address. Pure. */
#include "where.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/metrics.h>

static bool read_port(const char *text, in_port_t *out)
{
	size_t n = strspn(text, "0123456789");
	unsigned long v = n > 0 && n <= 5 && text[n] == '\0' ? strtoul(text, NULL, 10) : 65536;
	*out = htons((uint16_t)v);
	return v < 65536;
}

bool where_read(const char *where, struct sockaddr_storage *out, socklen_t *len)
{
	char address[INET6_ADDRSTRLEN] = "127.0.0.1";
	const char *port = strrchr(where, ':');
	bool six = where[0] == '[';
	if (port != NULL) {
		const char *begin = where + six, *end = port - six;
		if (end <= begin || (size_t)(end - begin) >= sizeof(address) ||
			(six && *end != ']'))
			return false;
		memcpy(address, begin, (size_t)(end - begin));
		address[end - begin] = '\0';
	}
	port = port != NULL ? port + 1 : where;
	memset(out, 0, sizeof(*out));
	if (six) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
		a->sin6_family = AF_INET6;
		*len = sizeof(*a);
		return read_port(port, &a->sin6_port) &&
		       inet_pton(AF_INET6, address, &a->sin6_addr) == 1;
	}
	struct sockaddr_in *a = (struct sockaddr_in *)out;
	a->sin_family = AF_INET;
	*len = sizeof(*a);
	return read_port(port, &a->sin_port) && inet_pton(AF_INET, address, &a->sin_addr) == 1;
}

bool sl_metrics_where(const char *where)
{
	struct sockaddr_storage a;
	socklen_t len;
	return where_read(where, &a, &len);
}
