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

#define CARDS_MAX 64
#define INTERFACES_MAX 256
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

/* The interface itself, or what is built on it (a bond, a bridge, a VLAN). */
static bool carries_default(const struct look *l, const char *interface, unsigned depth)
{
	struct route r = { interface, false };
	look_lines(l, "/proc/net/route", take_route4, &r);
	look_lines(l, "/proc/net/ipv6_route", take_route6, &r);
	if (r.carries || depth == 0)
		return r.carries;
	char names[64][LOOK_NAME];
	size_t n = look_folder(l, names, 64, "/sys/class/net/%s", interface);
	for (size_t i = 0; i < n; i++)
		if (strncmp(names[i], "upper_", 6) == 0 &&
			carries_default(l, names[i] + 6, depth - 1))
			return true;
	return false;
}

/* ---- A card ---- */

struct card {
	char address[LOOK_NAME], driver[LOOK_NAME];
	char interfaces[256]; /* with blanks between */
	unsigned vendor, device;
	int node; /* -1: not said */
	bool carries;
};

/* The interfaces of a card are those whose device lies below it: a virtio card has a bus of its
 * own between the two. */
static void find_interfaces(const struct look *l, struct card *c)
{
	char names[INTERFACES_MAX][LOOK_NAME], to[PATH_MAX], part[LOOK_NAME + 2];
	size_t n = look_folder(l, names, INTERFACES_MAX, "/sys/class/net");
	snprintf(part, sizeof(part), "/%s/", c->address);
	for (size_t i = 0; i < n; i++) {
		if (!look_link(l, to, sizeof(to) - 1, "/sys/class/net/%s/device", names[i]))
			continue;
		size_t len = strlen(to);
		memcpy(to + len, "/", 2);
		if (strstr(to, part) == NULL)
			continue;
		size_t used = strlen(c->interfaces);
		snprintf(c->interfaces + used, sizeof(c->interfaces) - used, "%s%s",
			used ? " " : "", names[i]);
		c->carries |= carries_default(l, names[i], UPPER_DEPTH);
	}
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
	find_interfaces(l, c);
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

static void tell_firmware(const struct look *l)
{
	char names[INTERFACES_MAX][LOOK_NAME];
	int fd = l->recorded ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = fd < 0 ? 0 : look_folder(l, names, INTERFACES_MAX, "/sys/class/net");
	for (size_t i = 0; i < n; i++) {
		struct ethtool_drvinfo info;
		if (!look_there(l, "/sys/class/net/%s/device", names[i]) ||
			!ask_firmware(fd, names[i], &info))
			continue;
		bool said = info.fw_version[0] != '\0' && strcmp(info.fw_version, "N/A") != 0;
		tell(l, SL_HOST_OK, "firmware", "", "%s: driver %.32s %.32s, firmware %.32s",
			names[i], info.driver, info.version, said ? info.fw_version : "not told");
	}
	if (fd >= 0)
		close(fd);
}

void look_nics(const struct look *l)
{
	char names[INTERFACES_MAX][LOOK_NAME];
	size_t n = look_folder(l, names, INTERFACES_MAX, "/sys/bus/pci/devices"), cards = 0;
	bool any = false;
	for (size_t i = 0; i < n && cards < CARDS_MAX; i++) {
		struct card c;
		if (!read_card(l, names[i], &c))
			continue;
		cards++;
		any |= tell_card(l, &c);
	}
	if (!any)
		tell(l, SL_HOST_WARNING, "nic",
			"add a card for the tap; meanwhile sightline-sensor --port afpacket:IFACE",
			cards > 0
				? "no card is free for DPDK: the default route needs what there is"
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

void look_iommu(const struct look *l)
{
	char names[1][LOOK_NAME];
	bool guest = false;
	look_lines(l, "/proc/cpuinfo", is_guest_line, &guest);
	if (look_folder(l, names, 1, "/sys/kernel/iommu_groups") == 0)
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
