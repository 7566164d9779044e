/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_xdp.c - AF_XDP through DPDK's driver (net_af_xdp). Its rings take frames of one buffer,
 * which the kernel wants within a page, with what stands before the frame. The driver tells the
 * kernel of as many bytes as its buffers have, one behind the other, while the pool lets none cross
 * a page: only where each fills a page is that the same place; what lies beyond, the kernel takes
 * and never gives back. The driver counts only what found no buffer, not what found its ring full.
 * Control threads. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "ethdev.h"
#include "ethdev_xdp.h"

#define PAGE 4096u
#define KERNEL_ROOM 256u /* XDP_PACKET_HEADROOM */
/* Before a frame: the pool's header, the mbuf with our part, its headroom. */
#define BEFORE (64u + sizeof(struct rte_mbuf) + sizeof(struct eth_owner) + RTE_PKTMBUF_HEADROOM)
#define ROOM ((uint32_t)(PAGE - BEFORE))
#define MTU_MAX (ROOM - KERNEL_ROOM - RTE_ETHER_HDR_LEN - 8)
#define FDS_MAX 4096

bool xdp_is(const struct port *p)
{
	return strncmp(p->dev, "net_af_xdp", 10) == 0;
}

static int refuse(const struct port *p, int rc, char *err, size_t err_len, const char *why)
{
	snprintf(err, err_len, "port %.64s: %s", p->dev, why);
	return rc;
}

static unsigned channels(const struct netdev *d)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq r = { .ifr_data = (void *)&c };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(r.ifr_name, d->name, sizeof(d->name));
	int rc = fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &r);
	if (fd >= 0)
		close(fd);
	unsigned n = rc == 0 ? c.combined_count + c.rx_count : d->rx_queues;
	return n > 0 ? n : 1;
}

unsigned xdp_queues(const struct port *p)
{
	char text[16];
	if (!xdp_is(p))
		return 0;
	return ethdev_argument(p->dev, "queue_count", text, sizeof(text)) ? (unsigned)atoi(text)
									  : channels(&p->netdev);
}

bool xdp_ask(const char *dev, unsigned *queues, uint32_t *mtu)
{
	struct port p = { .dev = dev, .netdev = { .fd = -1 } };
	char name[64];
	if (!xdp_is(&p) || !ethdev_argument(dev, "iface", name, sizeof(name)) ||
		netdev_open(&p.netdev, name) < 0)
		return false;
	*queues = xdp_queues(&p);
	*mtu = p.netdev.mtu;
	netdev_close(&p.netdev);
	return true;
}

static int xdp_check(struct port *p, char *err, size_t err_len)
{
	char text[256];
	unsigned have = channels(&p->netdev), use = xdp_queues(p);
	if (use != have) {
		snprintf(text, sizeof(text),
			"queue_count=%u, and %s has %u queues: what comes on the others would not "
			"be seen; leave queue_count out, or ethtool -L %s combined %u",
			use, p->netdev.name, have, p->netdev.name, use);
		return refuse(p, -EINVAL, err, err_len, text);
	}
	if (have > ETH_QUEUES_MAX) {
		snprintf(text, sizeof(text), "%u queues are too many; ethtool -L %s combined %u",
			have, p->netdev.name, ETH_QUEUES_MAX);
		return refuse(p, -EINVAL, err, err_len, text);
	}
	if (p->netdev.mtu > MTU_MAX) {
		snprintf(text, sizeof(text),
			"an MTU of %u is more than AF_XDP takes; ip link set %s mtu %u, or use "
			"afpacket:%s",
			p->netdev.mtu, p->netdev.name, MTU_MAX, p->netdev.name);
		return refuse(p, -EMSGSIZE, err, err_len, text);
	}
	return 0;
}

int xdp_devargs(struct port *p, char *args, size_t len, char *err, size_t err_len)
{
	char name[64];
	int n = snprintf(args, len, "%s", p->dev);
	bool there = xdp_is(p) || strncmp(p->dev, "net_af_packet", 13) == 0; /* net_tap makes it */
	if (there && ethdev_argument(p->dev, "iface", name, sizeof(name)) &&
		netdev_open(&p->netdev, name) < 0) {
		char text[128];
		snprintf(text, sizeof(text),
			"no such network device: %s; ip link shows which there are", name);
		return refuse(p, -ENODEV, err, err_len, text);
	}
	if (xdp_is(p) && p->netdev.fd < 0)
		return refuse(p, -EINVAL, err, err_len,
			"no device is named; write net_af_xdp0,iface=IFACE");
	if (xdp_is(p)) {
		libbpf_set_print(NULL);
		libxdp_set_print(NULL);
		int rc = xdp_check(p, err, err_len);
		if (rc < 0)
			return rc;
		if (strstr(p->dev, ",queue_count=") == NULL && (size_t)n < len)
			n += snprintf(args + n, len - (size_t)n, ",queue_count=%u", xdp_queues(p));
		/* Asking the kernel for packets where none are costs a call each time. */
		if (strstr(p->dev, ",busy_budget=") == NULL && (size_t)n < len)
			n += snprintf(args + n, len - (size_t)n, ",busy_budget=0");
	}
	return (size_t)n < len ? 0 : refuse(p, -E2BIG, err, err_len, "its name is too long");
}

uint32_t xdp_room(const struct port *p, uint32_t wanted)
{
	return xdp_is(p) ? ROOM : wanted;
}

static bool is_xdp_socket(int fd)
{
	int domain;
	socklen_t len = sizeof(domain);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_XDP;
}

int xdp_new_fd(void)
{
	static uint64_t told[FDS_MAX / 64];
	for (int fd = 0; fd < FDS_MAX; fd++) {
		uint64_t bit = UINT64_C(1) << (fd % 64);
		if ((told[fd / 64] & bit) != 0 || !is_xdp_socket(fd))
			continue;
		told[fd / 64] |= bit;
		return fd;
	}
	return -1;
}

static struct xdp_statistics statistics(int fd)
{
	struct xdp_statistics s = { 0 };
	socklen_t len = sizeof(s);
	if (fd < 0 || getsockopt(fd, SOL_XDP, XDP_STATISTICS, &s, &len) < 0)
		memset(&s, 0, sizeof(s));
	return s;
}

uint64_t xdp_missed(int fd)
{
	struct xdp_statistics s = statistics(fd);
	return s.rx_dropped + s.rx_ring_full;
}

void xdp_tell(const struct port *p, unsigned queue, int fd, sl_port_fn tell, void *arg)
{
	struct xdp_statistics s = statistics(fd);
	int q = (int)queue;
	port_tell(p, "sightline_port_xdp_dropped_total",
		"packets that found no buffer (XDP_STATISTICS)", q, s.rx_dropped, tell, arg);
	port_tell(p, "sightline_port_xdp_ring_full_total",
		"packets that found the socket's ring full", q, s.rx_ring_full, tell, arg);
	port_tell(p, "sightline_port_xdp_fill_empty_total", "times that the kernel had no buffer",
		q, s.rx_fill_ring_empty_descs, tell, arg);
	port_tell(p, "sightline_port_xdp_invalid_total", "buffers that the kernel refused", q,
		s.rx_invalid_descs, tell, arg);
}
