/* SPDX-License-Identifier: BSD-3-Clause */
/* rights.c - what the user who asks may do: capabilities, locked memory, and the user whom a sensor
 * becomes. */
#include "look.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What opening a port takes, and which. linux/capability.h numbers them. */
static const struct need {
	unsigned number;
	const char *name, *kind;
} needs[] = {
	{ CAP_NET_RAW, "cap_net_raw", "afpacket, AF_XDP" },
	{ CAP_NET_ADMIN, "cap_net_admin", "AF_XDP, promiscuous mode" },
	{ CAP_BPF, "cap_bpf", "AF_XDP" },
	{ CAP_IPC_LOCK, "cap_ipc_lock", "huge pages, vfio-pci" },
};
#define ALL "cap_net_raw,cap_net_admin,cap_bpf,cap_ipc_lock"

static bool take_caps(void *arg, const char *line)
{
	if (strncmp(line, "CapEff:", 7) != 0)
		return true;
	*(uint64_t *)arg = strtoull(line + 7, NULL, 16);
	return false;
}

struct lock {
	char soft[32];
};

static bool take_lock(void *arg, const char *line)
{
	struct lock *k = arg;
	return sscanf(line, "Max locked memory %31s", k->soft) != 1;
}

static bool take_user(void *arg, const char *line)
{
	bool *found = arg;
	*found |= strncmp(line, "sightline:", 10) == 0;
	return !*found;
}

static void tell_caps(const struct look *l, uint64_t have)
{
	char missing[256] = "";
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((have >> needs[i].number & 1) == 0)
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				"%s%s (%s)", missing[0] ? ", " : "", needs[i].name, needs[i].kind);
	if (missing[0] != '\0')
		tell(l, SL_HOST_WARNING, "capabilities",
			"start the sensor as root, which gives them up once its ports are open, or "
			"setcap " ALL "+ep $(command -v sightline-sensor)",
			"this user lacks what opening a port takes: %s", missing);
	else
		tell(l, SL_HOST_OK, "capabilities", "", "this user may open ports of every kind");
}

void look_rights(const struct look *l)
{
	uint64_t have = 0;
	struct lock k = { "" };
	bool user = false;
	look_lines(l, "/proc/self/status", take_caps, &have);
	tell_caps(l, have);
	look_lines(l, "/proc/self/limits", take_lock, &k);
	bool locks = (have >> CAP_IPC_LOCK & 1) != 0 || strcmp(k.soft, "unlimited") == 0;
	if (!locks && k.soft[0] != '\0')
		tell(l, SL_HOST_WARNING, "memlock", "deploy/host-setup.sh --memlock",
			"this user may lock %s bytes: a card's rings and AF_XDP need more", k.soft);
	else if (locks)
		tell(l, SL_HOST_OK, "memlock", "", "memory may be locked without bound");
	look_lines(l, "/etc/passwd", take_user, &user);
	if (user)
		tell(l, SL_HOST_OK, "user", "", "a sensor started as root becomes sightline");
	else
		tell(l, SL_HOST_WARNING, "user", "deploy/host-setup.sh --user",
			"there is no user sightline: a sensor started as root stays root");
}
