/* SPDX-License-Identifier: BSD-3-Clause */
/* netdev.c - one network device of the kernel, asked over rtnetlink (rtnetlink(7)). A device that
 * was removed and made again under its name has another index, and is gone. Control threads. */
#include <errno.h>
#include <net/if.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netdev.h"

#define ANSWER_BYTES 16384

struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
};

static void take_stats(struct netdev *d, const struct rtattr *a)
{
	struct rtnl_link_stats64 s = { 0 };
	size_t len = RTA_PAYLOAD(a);
	memcpy(&s, RTA_DATA(a), len < sizeof(s) ? len : sizeof(s));
	d->dropped = s.rx_dropped - d->base_dropped;
	d->missed = s.rx_missed_errors + s.rx_fifo_errors - d->base_missed;
	d->errors = s.rx_errors - d->base_errors;
	d->unsent = s.tx_dropped - d->base_unsent;
}

static uint32_t number(const struct rtattr *a)
{
	uint32_t v = 0;
	if (RTA_PAYLOAD(a) >= sizeof(v))
		memcpy(&v, RTA_DATA(a), sizeof(v));
	return v;
}

static void take(struct netdev *d, struct nlmsghdr *h)
{
	struct ifinfomsg *info = NLMSG_DATA(h);
	int left = (int)IFLA_PAYLOAD(h);
	d->hardware = info->ifi_type;
	d->up = (info->ifi_flags & IFF_UP) != 0;
	d->running = (info->ifi_flags & IFF_RUNNING) != 0;
	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_MTU)
			d->mtu = number(a);
		else if (a->rta_type == IFLA_NUM_RX_QUEUES)
			d->rx_queues = number(a);
		else if (a->rta_type == IFLA_STATS64)
			take_stats(d, a);
	}
}

int netdev_look(struct netdev *d)
{
	alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	struct request r = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.info)),
				     .nlmsg_type = RTM_GETLINK,
				     .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_family = AF_UNSPEC, .ifi_index = d->index } };
	if (send(d->fd, &r, r.head.nlmsg_len, 0) < 0)
		return -errno;
	ssize_t n = recv(d->fd, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)answer;
	if (!NLMSG_OK(h, (size_t)n))
		return -EIO;
	if (h->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
	take(d, h);
	return 0;
}

/* What the device's bus says; virtual devices have none. */
static int node_of(const char *name)
{
	char path[64];
	int node = -1;
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/device/numa_node", name);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &node) != 1)
		node = -1;
	fclose(f);
	return node;
}

int netdev_open(struct netdev *d, const char *name)
{
	*d = (struct netdev){ .fd = -1, .index = (int)if_nametoindex(name) };
	if (d->index == 0 || strlen(name) >= sizeof(d->name))
		return -ENODEV;
	memcpy(d->name, name, strlen(name) + 1);
	d->node = node_of(name);
	d->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc = d->fd < 0 ? -errno : netdev_look(d);
	if (rc < 0) {
		netdev_close(d);
		return rc;
	}
	d->base_dropped = d->dropped;
	d->base_missed = d->missed;
	d->base_errors = d->errors;
	d->base_unsent = d->unsent;
	d->dropped = d->missed = d->errors = d->unsent = 0;
	return 0;
}

void netdev_close(struct netdev *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}
