/* SPDX-License-Identifier: BSD-3-Clause */
/* drop.c - user and capabilities of a process whose threads run already. Users are changed for all
 * threads by the C library; capabilities belong to a thread, which alone can give them up
 * (capabilities(7)): each thread is interrupted by a signal and does so. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/privilege.h>

#include "sanitized.h"

#define PATIENCE_NS (10 * SL_SECOND)
#define THREADS_MAX 1024
#define ORDER (SIGRTMIN + 5)

/* What every thread is to do; set before the signal, which orders it. */
static struct {
	bool bounds; /* give up what could be got back; else what there is */
	uint64_t keep;
	_Atomic unsigned done, failed;
} order;

/* ---- One thread; async-signal-safe ---- */

static bool give_up_bounds(uint64_t keep)
{
	for (int i = 0; i < 64; i++)
		if ((keep >> i & 1) == 0)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* looked at in the end */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool give_up(uint64_t keep)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { 0 };
	if (syscall(SYS_capget, &h, d) < 0)
		return false;
	for (int i = 0; i < 2; i++) {
		d[i].permitted &= (uint32_t)(keep >> (32 * i));
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) == 0;
}

static void obey(void)
{
	bool good = order.bounds ? give_up_bounds(order.keep) : give_up(order.keep);
	if (!good)
		atomic_fetch_add(&order.failed, 1);
	atomic_fetch_add(&order.done, 1);
}

static void on_order(int number)
{
	int was = errno;
	(void)number;
	obey();
	errno = was;
}

/* ---- All threads ---- */

static int other_threads(pid_t *out)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;
	if (d == NULL)
		return -errno;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		pid_t tid = (pid_t)atoi(e->d_name);
		if (tid <= 0 || tid == (pid_t)syscall(SYS_gettid))
			continue;
		if (n < THREADS_MAX)
			out[n] = tid;
		n++;
	}
	closedir(d);
	return n;
}

static int await_all(unsigned count)
{
	uint64_t until = sl_clock_mono_ns() + PATIENCE_NS;
	while (atomic_load(&order.done) < count) {
		if (sl_clock_mono_ns() > until)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
	return atomic_load(&order.failed) > 0 ? -EPERM : 0;
}

static int all_threads(bool bounds, uint64_t keep)
{
	pid_t tid[THREADS_MAX];
	struct sigaction was, act = { .sa_handler = on_order, .sa_flags = SA_RESTART };
	int n = SANITIZED_THREADS ? 0 : other_threads(tid);
	if (n < 0 || n > THREADS_MAX)
		return n < 0 ? n : -E2BIG;
	order.bounds = bounds;
	order.keep = keep;
	atomic_store(&order.done, 0);
	atomic_store(&order.failed, 0);
	if (sigaction(ORDER, &act, &was) < 0)
		return -errno;
	unsigned count = 1;
	for (int i = 0; i < n; i++)
		count += syscall(SYS_tgkill, getpid(), tid[i], ORDER) == 0;
	obey();
	int rc = await_all(count);
	if (rc == 0)
		(void)sigaction(ORDER, &was, NULL);
	return rc;
}

/* ---- What came of it ---- */

static bool line_within(const char *line, const char *name, uint64_t keep)
{
	size_t n = strlen(name);
	return strncmp(line, name, n) != 0 || (strtoull(line + n, NULL, 16) & ~keep) == 0;
}

static bool thread_within(const char *tid, uint64_t keep)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", tid);
	FILE *f = fopen(path, "re");
	bool good = true;
	if (f == NULL)
		return errno == ENOENT; /* it has ended */
	while (fgets(line, sizeof(line), f) != NULL)
		good = good && line_within(line, "CapInh:", 0) &&
		       line_within(line, "CapPrm:", keep) && line_within(line, "CapEff:", keep) &&
		       line_within(line, "CapAmb:", 0) && strncmp(line, "NoNewPrivs:\t0", 13) != 0;
	fclose(f);
	return good;
}

static int all_within(uint64_t keep)
{
	DIR *d = opendir("/proc/self/task");
	bool good = d != NULL;
	for (struct dirent *e; good && (e = readdir(d)) != NULL;)
		good = e->d_name[0] == '.' || thread_within(e->d_name, keep);
	if (d != NULL)
		closedir(d);
	return good ? 0 : -EPERM;
}

/* ---- The user ---- */

bool sl_privilege_user(const char *name)
{
	return getpwnam(name) != NULL;
}

static int become(const char *user, bool keeps)
{
	struct passwd *p = getpwnam(user);
	if (p == NULL)
		return -ENOENT;
	if (geteuid() == p->pw_uid && getuid() == p->pw_uid)
		return 0;
	if (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (initgroups(user, p->pw_gid) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
		setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return -errno;
	return 0;
}

int sl_privilege_drop(const char *user, uint64_t keep, char *err, size_t err_len)
{
	int rc = all_threads(true, keep);
	if (rc == 0 && user != NULL) {
		rc = become(user, keep != 0);
		if (rc < 0) {
			snprintf(err, err_len,
				"user %s: %s; only root can become another user, and the user must "
				"exist (deploy/host-setup.sh --user makes sightline)",
				user, rc == -ENOENT ? "there is none" : strerror(-rc));
			return rc;
		}
	}
	if (rc == 0)
		rc = all_threads(false, keep);
	if (rc == 0 && !SANITIZED_THREADS)
		rc = all_within(keep);
	if (rc < 0)
		snprintf(err, err_len, "capabilities could not be given up: %s",
			rc == -EPERM ? "a thread still has some" : strerror(-rc));
	return rc;
}

void sl_privilege_names(uint64_t capabilities, char *out, size_t cap)
{
	static const struct {
		unsigned number;
		const char *name;
	} names[] = {
		{ CAP_DAC_OVERRIDE, "cap_dac_override" },
		{ CAP_NET_ADMIN, "cap_net_admin" },
		{ CAP_NET_RAW, "cap_net_raw" },
		{ CAP_IPC_LOCK, "cap_ipc_lock" },
		{ CAP_BPF, "cap_bpf" },
	};
	snprintf(out, cap, "%s", capabilities == 0 ? "none" : "");
	for (unsigned i = 0; i < 64; i++) {
		char number[16];
		const char *name = number;
		if ((capabilities >> i & 1) == 0)
			continue;
		snprintf(number, sizeof(number), "%u", i);
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			name = names[k].number == i ? names[k].name : name;
		size_t n = strlen(out);
		snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", name);
	}
}
