/* SPDX-License-Identifier: BSD-3-Clause */
/* nic.c - network cards: which driver has each, whether DPDK can have it, its firmware, and the
 * IOMMU that keeps its memory accesses in bounds. The interface that carries the default route is
 * never one to give away. */
#include "look.h"

#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPPER_DEPTH 4 /* an interface in a bond in a bridge with a VLAN on it */
#define ROUTE_UP 1u /* RTF_UP */

/* Kernel drivers of the cards that DPDK 22.11 drives, in the NIC table of the README. `shares`:
 * DPDK works through the kernel driver, which keeps the card. */
static const struct family {
	const char *driver, *dpdk;
	bool shares;
} families[] = {
	{ "mlx5_core", "mlx5", true },
	{ "mlx4_core", "mlx4", true },
	{ "ice", "ice", false },
	{ "i40e", "i40e", false },
	{ "ixgbe", "ixgbe", false },
	{ "ixgbevf", "ixgbe", false },
	{ "igb", "e1000", false },
	{ "igbvf", "e1000", false },
	{ "e1000e", "e1000", false },
	{ "igc", "igc", false },
	{ "iavf", "iavf", false },
	{ "ena", "ena", false },
	{ "gve", "gve", false },
	{ "virtio-pci", "virtio", false },
	{ "vmxnet3", "vmxnet3", false },
	{ "bnxt_en", "bnxt", false },
};

static const struct family *family_of(const char *driver)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(families[i].driver, driver) == 0)
			return &families[i];
	return NULL;
}

/* ---- Who carries the default route ---- */

struct route {
	const char *interface;
	bool carries;
};

static bool take_route4(void *arg, const char *line)
{
	struct route *r = arg;
	char name[LOOK_NAME];
	unsigned to, flags, mask;
	if (sscanf(line, "%63s %x %*x %x %*d %*d %*d %x", name, &to, &flags, &mask) == 4)
		r->carries |= to == 0 && mask == 0 && (flags & ROUTE_UP) &&
			      strcmp(name, r->interface) == 0;
	return !r->carries;
}

static bool take_route6(void *arg, const char *line)
{
	struct route *r = arg;
	char to[33], name[LOOK_NAME];
	unsigned bits, flags;
	if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %63s", to, &bits, &flags, name) == 4)
		r->carries |= bits == 0 && (flags & ROUTE_UP) && strcmp(name, "lo") != 0 &&
			      strspn(to, "0") == 32 && strcmp(name, r->interface) == 0;
	return !r->carries;
}

struct upper {
	const struct look *l;
	unsigned depth;
	bool carries;
};

static bool carries_default(const struct look *l, const char *interface, unsigned depth);

static bool take_upper(void *arg, const char *name)
{
	struct upper *u = arg;
	if (strncmp(name, "upper_", 6) == 0)
		u->carries = carries_default(u->l, name + 6, u->depth - 1);
	return !u->carries;
}

/* The interface itself, or what is built on it (a bond, a bridge, a VLAN). */
static bool carries_default(const struct look *l, const char *interface, unsigned depth)
{
	struct route r = { interface, false };
	look_lines(l, "/proc/net/route", take_route4, &r);
	look_lines(l, "/proc/net/ipv6_route", take_route6, &r);
	if (r.carries || depth == 0)
		return r.carries;
	struct upper u = { l, depth, false };
	look_folder(l, take_upper, &u, "/sys/class/net/%s", interface);
	return u.carries;
}

/* ---- A card ---- */

struct card {
	char address[LOOK_NAME], driver[LOOK_NAME];
	char interfaces[256]; /* with blanks between */
	unsigned vendor, device;
	int node; /* -1: not said */
	bool carries;
};

struct finding {
	const struct look *l;
	struct card *c;
};

/* The interfaces of a card are those whose device lies below it: a virtio card has a bus of its
 * own between the two. */
static bool take_interface(void *arg, const char *name)
{
	const struct finding *f = arg;
	struct card *c = f->c;
	char to[PATH_MAX], part[LOOK_NAME + 2];
	snprintf(part, sizeof(part), "/%s/", c->address);
	if (!look_link(f->l, to, sizeof(to) - 1, "/sys/class/net/%s/device", name))
		return true;
	size_t len = strlen(to);
	memcpy(to + len, "/", 2);
	if (strstr(to, part) == NULL)
		return true;
	size_t used = strlen(c->interfaces);
	snprintf(c->interfaces + used, sizeof(c->interfaces) - used, "%s%s", used ? " " : "", name);
	c->carries |= carries_default(f->l, name, UPPER_DEPTH);
	return true;
}

/* False: no network card. */
static bool read_card(const struct look *l, const char *address, struct card *c)
{
	uint64_t class, vendor = 0, device = 0;
	char node[16];
	if (!look_u64(l, &class, "/sys/bus/pci/devices/%s/class", address) || class >> 16 != 2)
		return false;
	*c = (struct card){ .node = -1 };
	snprintf(c->address, sizeof(c->address), "%s", address);
	(void)look_u64(l, &vendor, "/sys/bus/pci/devices/%s/vendor", address);
	(void)look_u64(l, &device, "/sys/bus/pci/devices/%s/device", address);
	c->vendor = (unsigned)vendor;
	c->device = (unsigned)device;
	if (look_text(l, node, sizeof(node), "/sys/bus/pci/devices/%s/numa_node", address))
		(void)sscanf(node, "%d", &c->node);
	look_link_name(l, c->driver, "/sys/bus/pci/devices/%s/driver", address);
	look_folder(l, take_interface, &(struct finding){ l, c }, "/sys/class/net");
	return true;
}

static void card_name(const struct card *c, char *out, size_t cap)
{
	char node[24] = "";
	if (c->node >= 0)
		snprintf(node, sizeof(node), ", node %d", c->node);
	snprintf(out, cap, "%s%s%s (%04x:%04x, %s%s)", c->address, c->interfaces[0] ? " " : "",
		c->interfaces, c->vendor, c->device, c->driver[0] ? c->driver : "no driver", node);
}

static bool is_dpdks(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "igb_uio") == 0 ||
	       strcmp(driver, "uio_pci_generic") == 0;
}

static void tell_unbound(const struct look *l, const struct card *c, const char *name)
{
	char mend[256];
	const struct family *f = family_of(c->driver);
	bool vfio = look_there(l, "/sys/bus/pci/drivers/vfio-pci") || look_modules(l);
	if (vfio && (f != NULL || c->driver[0] == '\0'))
		snprintf(mend, sizeof(mend), "deploy/host-setup.sh --bind %s", c->address);
	else
		snprintf(mend, sizeof(mend), "sightline-sensor --port afpacket:%.*s",
			(int)strcspn(c->interfaces, " "),
			c->interfaces[0] ? c->interfaces : "IFACE");
	if (f == NULL && c->driver[0] != '\0')
		tell(l, SL_HOST_WARNING, "nic", mend,
			"%s: DPDK 22.11 is not known to drive it; the kernel's sockets can read it",
			name);
	else
		tell(l, SL_HOST_WARNING, "nic", mend,
			"%s: the kernel has it%s%s%s; DPDK can't read it before it is bound to "
			"vfio-pci%s",
			name, f != NULL ? ", and DPDK drives it by net_" : "",
			f != NULL ? f->dpdk : "", "", vfio ? "" : ", which this kernel has not");
}

/* A free card's memory and cores. */
static void tell_place(const struct look *l, const struct card *c)
{
	char cpus[512];
	if (c->node < 0 || !look_text(l, cpus, sizeof(cpus),
				   "/sys/devices/system/node/node%d/cpulist", c->node))
		return;
	if (cpus[0] == '\0')
		tell(l, SL_HOST_WARNING, "numa",
			"put the card into a slot of a node with cores and memory",
			"card %s is on node %d, which has no core: each packet crosses to another",
			c->address, c->node);
}

static bool tell_card(const struct look *l, const struct card *c)
{
	char name[512];
	const struct family *f = family_of(c->driver);
	card_name(c, name, sizeof(name));
	if (c->carries) {
		tell(l, SL_HOST_OK, "nic", "",
			"%s: carries the default route, and is left to the kernel", name);
		return false;
	}
	if (is_dpdks(c->driver))
		tell(l, SL_HOST_OK, "nic", "", "%s: ready for sightline-sensor --port %s", name,
			c->address);
	else if (f != NULL && f->shares)
		tell(l, SL_HOST_OK, "nic", "",
			"%s: ready for sightline-sensor --port %s; DPDK works beside the kernel's "
			"driver",
			name, c->address);
	else
		tell_unbound(l, c, name);
	tell_place(l, c);
	return true;
}

/* ---- Firmware ---- */

static bool ask_firmware(int fd, const char *interface, struct ethtool_drvinfo *info)
{
	struct ifreq r = { .ifr_data = (void *)info };
	*info = (struct ethtool_drvinfo){ .cmd = ETHTOOL_GDRVINFO };
	if (strlen(interface) >= sizeof(r.ifr_name))
		return false;
	memcpy(r.ifr_name, interface, strlen(interface) + 1);
	return ioctl(fd, SIOCETHTOOL, &r) == 0;
}

struct asking {
	const struct look *l;
	int fd;
};

static bool take_firmware(void *arg, const char *name)
{
	const struct asking *a = arg;
	struct ethtool_drvinfo info;
	if (!look_there(a->l, "/sys/class/net/%s/device", name) ||
		!ask_firmware(a->fd, name, &info))
		return true;
	bool said = info.fw_version[0] != '\0' && strcmp(info.fw_version, "N/A") != 0;
	tell(a->l, SL_HOST_OK, "firmware", "", "%s: driver %.32s %.32s, firmware %.32s", name,
		info.driver, info.version, said ? info.fw_version : "not told");
	return true;
}

static void tell_firmware(const struct look *l)
{
	struct asking a = { l, l->recorded ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	if (a.fd < 0)
		return;
	look_folder(l, take_firmware, &a, "/sys/class/net");
	close(a.fd);
}

struct cards {
	const struct look *l;
	bool any, free; /* there is one; one that DPDK could have */
};

static bool take_device(void *arg, const char *address)
{
	struct cards *all = arg;
	struct card c;
	if (!read_card(all->l, address, &c))
		return true;
	all->any = true;
	all->free |= tell_card(all->l, &c);
	return true;
}

void look_nics(const struct look *l)
{
	struct cards all = { .l = l };
	look_folder(l, take_device, &all, "/sys/bus/pci/devices");
	if (!all.free)
		tell(l, SL_HOST_WARNING, "nic",
			"add a card for the tap; meanwhile sightline-sensor --port afpacket:IFACE",
			all.any ? "no card is free for DPDK: the default route needs what there is"
				: "no network card on PCI: DPDK has nothing to drive");
	tell_firmware(l);
}

/* ---- The IOMMU ---- */

static const char *iommu_mend(const struct look *l, bool guest)
{
	if (!look_there(l, "/sys/bus/pci/drivers/vfio-pci") && !look_modules(l))
		return "boot a kernel with vfio-pci; capture with --port afpacket:IFACE needs none";
	if (guest)
		return "give the guest an IOMMU, or deploy/host-setup.sh --bind ADDRESS "
		       "--no-iommu";
	return "switch it on in the firmware, deploy/host-setup.sh --iommu, and reboot";
}

static bool is_guest_line(void *arg, const char *line)
{
	if (strncmp(line, "flags", 5) != 0)
		return true;
	*(bool *)arg = look_word(line, "hypervisor");
	return false;
}

static bool take_group(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
	return false;
}

void look_iommu(const struct look *l)
{
	bool guest = false, on = false;
	look_lines(l, "/proc/cpuinfo", is_guest_line, &guest);
	look_folder(l, take_group, &on, "/sys/kernel/iommu_groups");
	if (!on)
		tell(l, SL_HOST_WARNING, "iommu", iommu_mend(l, guest),
			"none, or it is off: a card under vfio-pci could write to any memory");
	else
		tell(l, SL_HOST_OK, "iommu", "", "on");
	if (look_there(l, "/sys/bus/pci/drivers/vfio-pci"))
		tell(l, SL_HOST_OK, "vfio", "", "vfio-pci is there");
	else if (look_modules(l))
		tell(l, SL_HOST_WARNING, "vfio", "modprobe vfio-pci",
			"vfio-pci is not loaded: no card can be given to DPDK");
	else
		tell(l, SL_HOST_WARNING, "vfio",
			"boot a kernel with vfio-pci; capture with --port afpacket:IFACE needs "
			"none",
			"this kernel has no vfio-pci and loads no modules: no card can be given to "
			"DPDK");
}
