/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c - huge pages, of each node and size, and where they are mounted. */
#include "look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_PAGES 1024 /* of 2 MiB: what one sensor's tables and pools take by default */

struct mounts {
	char text[256];
};

static bool take_mount(void *arg, const char *line)
{
	struct mounts *m = arg;
	char at[128], type[32], options[256];
	if (sscanf(line, "%*s %127s %31s %255s", at, type, options) != 3 ||
		strcmp(type, "hugetlbfs") != 0)
		return true;
	const char *size = strstr(options, "pagesize=");
	size_t used = strlen(m->text);
	snprintf(m->text + used, sizeof(m->text) - used, "%s%s (%.*s)", used ? ", " : "", at,
		size != NULL ? (int)strcspn(size + 9, ",") : 7,
		size != NULL ? size + 9 : "default");
	return true;
}

struct pages {
	uint64_t total, free;
};

/* Of one size; node: "" for the whole machine. */
static bool pages_of(const struct look *l, const char *node, unsigned kib, struct pages *out)
{
	const char *at = node[0] ? "/sys/devices/system/node/" : "/sys/kernel/mm";
	return look_u64(l, &out->total, "%s%s/hugepages/hugepages-%ukB/nr_hugepages", at, node,
		       kib) &&
	       look_u64(l, &out->free, "%s%s/hugepages/hugepages-%ukB/free_hugepages", at, node,
		       kib);
}

static void tell_node(const struct look *l, const char *node, uint64_t *total)
{
	struct pages small = { 0 }, large = { 0 };
	char mend[128], of[LOOK_NAME + 8] = "";
	bool has_small = pages_of(l, node, 2048, &small);
	bool has_large = pages_of(l, node, 1048576, &large);
	if (node[0])
		snprintf(of, sizeof(of), " on node %s", node + strlen("node"));
	if (!has_small && !has_large) {
		tell(l, SL_HOST_WRONG, "huge pages", "boot a kernel with CONFIG_HUGETLBFS",
			"this kernel has none%s", of);
		return;
	}
	*total += small.total + large.total;
	snprintf(mend, sizeof(mend), "deploy/host-setup.sh --huge %d%s%s", DEFAULT_PAGES,
		node[0] ? "@" : "", node[0] ? node + strlen("node") : "");
	if (small.total + large.total == 0)
		tell(l, SL_HOST_WRONG, "huge pages", mend,
			"none%s, of 2 MiB or of 1 GiB: the sensor runs on pages of 4 KiB, where a "
			"random access to its tables costs 1.6 times as much",
			of);
	else if (small.free + large.free == 0)
		tell(l, SL_HOST_WARNING, "huge pages", mend,
			"all are taken%s (%" PRIu64 " of 2 MiB, %" PRIu64
			" of 1 GiB): another sensor would find none",
			of, small.total, large.total);
	else
		tell(l, SL_HOST_OK, "huge pages", "",
			"%" PRIu64 " of %" PRIu64 " of 2 MiB and %" PRIu64 " of %" PRIu64
			" of 1 GiB are free%s",
			small.free, small.total, large.free, large.total, of);
}

static void tell_advised(const struct look *l)
{
	char enabled[LOOK_NAME];
	if (!look_text(l, enabled, sizeof(enabled), "/sys/kernel/mm/transparent_hugepage/enabled"))
		return;
	if (strstr(enabled, "[never]") != NULL)
		tell(l, SL_HOST_WARNING, "huge pages",
			"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
			"transparent ones are off: what finds no page in the pool lies on pages of "
			"4 KiB");
	else
		tell(l, SL_HOST_OK, "huge pages", "",
			"transparent ones may be asked for where the pool has none");
}

struct nodes {
	const struct look *l;
	uint64_t total;
	bool any;
};

static bool take_node(void *arg, const char *name)
{
	struct nodes *n = arg;
	if (strncmp(name, "node", 4) == 0) {
		tell_node(n->l, name, &n->total);
		n->any = true;
	}
	return true;
}

void look_huge_pages(const struct look *l)
{
	struct nodes nodes = { .l = l };
	look_folder(l, take_node, &nodes, "/sys/devices/system/node");
	if (!nodes.any)
		tell_node(l, "", &nodes.total);
	tell_advised(l);
	struct mounts m = { "" };
	look_lines(l, "/proc/mounts", take_mount, &m);
	if (nodes.total > 0)
		tell(l, SL_HOST_OK, "huge pages", "", "mounted %s%s; the sensor needs no mount",
			m.text[0] ? "on " : "nowhere", m.text);
}
