/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - cores by the node of the ports: memory and cards of another node are twice as far.
 * Control thread, before any other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define PATH 512

static bool read_text(char *out, size_t cap, const char *path)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	bool good = fgets(out, (int)cap, f) != NULL;
	fclose(f);
	return good;
}

/* ---- The node of a port ---- */

/* The kernel's device that is in the name of a port. */
static bool interface_of(const char *dev, char out[16])
{
	const char *at = strncmp(dev, "afpacket:", 9) == 0 ? dev + 9 : strstr(dev, "iface=");
	if (at == NULL)
		return false;
	at = strncmp(at, "iface=", 6) == 0 ? at + 6 : at;
	size_t n = strcspn(at, ",");
	if (n == 0 || n >= 16 || memchr(at, '/', n) != NULL)
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

/* A PCI address, with its domain or without. */
static bool card_of(const char *dev, char out[16])
{
	unsigned domain = 0, bus, slot, function;
	if (strspn(dev, "0123456789abcdefABCDEF:.") != strcspn(dev, ","))
		return false;
	if (sscanf(dev, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4) {
		domain = 0;
		if (sscanf(dev, "%2x:%2x.%1x", &bus, &slot, &function) != 3)
			return false;
	}
	if (slot > 0x1f || function > 7)
		return false;
	snprintf(out, 16, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, slot & 0x1f,
		function & 7);
	return true;
}

/* -1: the port is of no node, or it is not known. */
static int node_of(const char *root, const char *dev)
{
	char path[PATH], text[16], name[16];
	if (card_of(dev, name))
		snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/numa_node", root, name);
	else if (interface_of(dev, name))
		snprintf(path, sizeof(path), "%s/sys/class/net/%s/device/numa_node", root, name);
	else
		return -1;
	return read_text(text, sizeof(text), path) ? atoi(text) : -1;
}

static int find_node(struct place *p, const char *root, const char *const *port, unsigned ports,
	char *err, size_t err_len)
{
	p->node = -1;
	for (unsigned i = 0; i < ports; i++) {
		int node = node_of(root, port[i]);
		if (node < 0 || node == p->node)
			continue;
		if (p->node >= 0) {
			snprintf(err, err_len,
				"port %s: it is on NUMA node %d, and %s on node %d; start one "
				"sensor for the ports of each node",
				port[i], node, p->port, p->node);
			return -EXDEV;
		}
		p->node = node;
		p->port = port[i];
	}
	return 0;
}

/* ---- Cores ---- */

/* "0-3,8" as the kernel writes it. */
static void read_list(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (char *end; *list >= '0' && *list <= '9'; list = *end == ',' ? end + 1 : end) {
		unsigned long first = strtoul(list, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < CPU_SETSIZE; i++)
			CPU_SET(i, set);
	}
}

static void add(struct place *p, const cpu_set_t *of, const cpu_set_t *but)
{
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, of) && !CPU_ISSET(i, but))
			p->core[p->count++] = i;
}

int place_look(struct place *p, const char *root, const cpu_set_t *allowed, const char *const *port,
	unsigned ports, char *err, size_t err_len)
{
	char path[PATH], list[4096];
	cpu_set_t near, none;
	*p = (struct place){ .allowed = *allowed };
	int rc = find_node(p, root, port, ports, err, err_len);
	if (rc < 0)
		return rc;
	CPU_ZERO(&near);
	CPU_ZERO(&none);
	snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%d/cpulist", root, p->node);
	if (p->node >= 0 && read_text(list, sizeof(list), path))
		read_list(list, &near);
	CPU_AND(&near, &near, allowed);
	add(p, &near, &none);
	p->near = p->count;
	add(p, allowed, &near);
	return p->count > 0 ? 0 : -EINVAL;
}

unsigned place_workers(const struct place *p)
{
	unsigned n = p->near > 0 ? p->near : p->count;
	return n == p->count && n > 1 ? n - 1 : n; /* control has another node's, or one of these */
}

void place_share(struct place *p, unsigned workers)
{
	p->control = p->allowed;
	p->spare = workers < p->count;
	for (unsigned i = 0; p->spare && i < workers; i++)
		CPU_CLR(p->core[i], &p->control);
}

void place_plan(const struct place *p, unsigned workers, FILE *f)
{
	fputs("workers: cores", f);
	for (unsigned i = 0; i < workers; i++)
		fprintf(f, "%c%u", i == 0 ? ' ' : ',', p->core[i % p->count]);
	if (p->node < 0)
		fputs(" (no port is of a NUMA node)", f);
	else if (p->near == 0)
		fprintf(f,
			"; WARNING: port %s is on NUMA node %d, of whose cores this process has "
			"none",
			p->port, p->node);
	else if (workers > p->near && p->near < p->count)
		fprintf(f,
			"; WARNING: NUMA node %d of port %s has %u cores for this process, and "
			"other workers are on another",
			p->node, p->port, p->near);
	else
		fprintf(f, " (NUMA node %d, of port %s)", p->node, p->port);
	fprintf(f, "; control: %s", p->spare ? "the other cores" : "shares them");
}
