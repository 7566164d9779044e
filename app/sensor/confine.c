/* SPDX-License-Identifier: BSD-3-Clause */
/* confine.c - what the sensor gives up once its ports are open: root, capabilities, system calls.
 * From then on it reads what strangers wrote. Control thread, before workers and publisher begin.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sightline/log.h>
#include <sightline/privilege.h>

#include "builder.h"

#define ORDINARY_USER "sightline"

/* Whom it becomes; NULL: it stays who it is. */
static const char *user_of(const struct sl_config *c, bool ports, bool quietly)
{
	const char *user = sl_config_text(c, "user");
	if (user != NULL || !ports || geteuid() != 0)
		return user;
	if (sl_privilege_user(ORDINARY_USER))
		return ORDINARY_USER;
	if (quietly)
		return NULL;
	sl_warn("stays root: there is no user " ORDINARY_USER
		" (deploy/host-setup.sh --user makes it), and the configuration names none");
	return NULL;
}

/* Their program is taken off the interface at the end. */
static bool has_xdp(const struct sl_config *c)
{
	size_t n;
	const char *const *port = sl_config_list(c, "port", &n);
	bool any = false;
	for (size_t i = 0; i < n; i++)
		any |= strncmp(port[i], "net_af_xdp", strlen("net_af_xdp")) == 0;
	return any;
}

static uint64_t kept(bool xdp, const char *user)
{
	uint64_t keep = xdp ? SL_CAPABILITY(CAP_NET_ADMIN) | SL_CAPABILITY(CAP_BPF) : 0;
	if (user == NULL && geteuid() == 0) /* root without it reads less than anybody else */
		keep |= SL_CAPABILITY(CAP_DAC_OVERRIDE);
	return keep;
}

int confine(const struct sl_config *c, char *err, size_t err_len)
{
	size_t ports;
	char names[128];
	(void)sl_config_list(c, "port", &ports);
	const char *user = user_of(c, ports > 0, false);
	bool xdp = has_xdp(c);
	uint64_t keep = kept(xdp, user);
	bool filter = !sl_config_flag(c, "no_seccomp");
	int rc = sl_privilege_drop(user, keep, err, err_len);
	if (rc < 0)
		return rc;
	rc = filter ? sl_privilege_filter(xdp) : 0;
	if (rc < 0) {
		snprintf(err, err_len,
			"the filter of system calls is refused by this kernel: %s; "
			"--no-seccomp runs without",
			strerror(-rc));
		return rc;
	}
	sl_privilege_names(keep, names, sizeof(names));
	if (ports > 0 || user != NULL)
		sl_info("runs as %s; capabilities kept: %s; system calls %s",
			user != NULL	 ? user
			: geteuid() == 0 ? "root"
					 : "who started it",
			names, filter ? "filtered" : "not filtered");
	return 0;
}

int confine_nursery(const struct sl_config *c, char *err, size_t err_len)
{
	size_t ports;
	(void)sl_config_list(c, "port", &ports);
	const char *user = user_of(c, ports > 0, true);
	return sl_privilege_drop(user, kept(false, user), err, err_len);
}
