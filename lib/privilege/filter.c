/* SPDX-License-Identifier: BSD-3-Clause */
/* filter.c - the system calls of a program for the rest of its life. What only an attacker has a
 * use for kills; what isn't known here fails, so that a newer C library falls back to what it did
 * before instead of taking the sensor down. */
#include <errno.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <sightline/privilege.h>

#include "sanitized.h"

#define CALL(name) SCMP_SYS(name)

static const int allowed[] = {
	/* memory */
	CALL(brk),
	CALL(mmap),
	CALL(munmap),
	CALL(mremap),
	CALL(mprotect),
	CALL(madvise),
	CALL(mlock),
	CALL(mlock2),
	CALL(munlock),
	CALL(mincore),
	CALL(mbind),
	CALL(get_mempolicy),
	CALL(set_mempolicy),
	CALL(move_pages),
	CALL(memfd_create),
	/* files: intel, the file store, the spool, the store, counters */
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(preadv),
	CALL(write),
	CALL(writev),
	CALL(pwrite64),
	CALL(pwritev),
	CALL(open),
	CALL(openat),
	CALL(close),
	CALL(fcntl),
	CALL(lseek),
	CALL(stat),
	CALL(lstat),
	CALL(fstat),
	CALL(newfstatat),
	CALL(statx),
	CALL(statfs),
	CALL(fstatfs),
	CALL(access),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getdents),
	CALL(getdents64),
	CALL(getcwd),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(fadvise64),
	CALL(fsync),
	CALL(fdatasync),
	CALL(flock),
	CALL(rename),
	CALL(renameat),
	CALL(renameat2),
	CALL(unlink),
	CALL(unlinkat),
	CALL(mkdir),
	CALL(mkdirat),
	CALL(rmdir),
	CALL(chmod),
	CALL(fchmod),
	CALL(fchmodat),
	CALL(fchown),
	CALL(umask),
	CALL(dup),
	CALL(dup2),
	CALL(dup3),
	CALL(pipe),
	CALL(pipe2),
	CALL(utimensat),
	/* threads */
	CALL(futex),
	CALL(set_robust_list),
	CALL(get_robust_list),
	CALL(rseq),
	CALL(gettid),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(sched_setaffinity),
	CALL(sched_getparam),
	CALL(sched_getscheduler),
	CALL(sched_setscheduler),
	CALL(sched_setparam),
	CALL(getcpu),
	CALL(membarrier),
	CALL(set_tid_address),
	CALL(getpriority),
	CALL(setpriority),
	CALL(exit),
	CALL(exit_group),
	CALL(arch_prctl),
	/* signals */
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigtimedwait),
	CALL(rt_sigsuspend),
	CALL(rt_sigpending),
	CALL(sigaltstack),
	CALL(tgkill),
	CALL(pause),
	CALL(restart_syscall),
	/* waiting, and time */
	CALL(poll),
	CALL(ppoll),
	CALL(select),
	CALL(pselect6),
	CALL(epoll_create),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(epoll_pwait2),
	CALL(eventfd),
	CALL(eventfd2),
	CALL(inotify_init1),
	CALL(inotify_add_watch),
	CALL(timerfd_create),
	CALL(timerfd_settime),
	CALL(timerfd_gettime),
	CALL(nanosleep),
	CALL(clock_nanosleep),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(gettimeofday),
	CALL(time),
	/* the network: the bus, metrics, names of collectors */
	CALL(connect),
	CALL(bind),
	CALL(listen),
	CALL(accept),
	CALL(accept4),
	CALL(shutdown),
	CALL(getsockname),
	CALL(getpeername),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(recvmmsg),
	CALL(socketpair),
	/* who and where we are */
	CALL(getpid),
	CALL(getppid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getresuid),
	CALL(getresgid),
	CALL(getgroups),
	CALL(uname),
	CALL(sysinfo),
	CALL(getrlimit),
	CALL(getrusage),
	CALL(times),
	CALL(getrandom),
	CALL(capget),
};

/* No part of these programs makes them; whoever got into one would. */
static const int deadly[] = { CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(kill), CALL(tkill), CALL(pidfd_open),
	CALL(pidfd_getfd), CALL(pidfd_send_signal), CALL(mount), CALL(umount2), CALL(pivot_root),
	CALL(chroot), CALL(move_mount), CALL(open_tree), CALL(fsopen), CALL(fsmount), CALL(setns),
	CALL(unshare), CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load),
	CALL(kexec_file_load), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd),
	CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register), CALL(keyctl),
	CALL(add_key), CALL(request_key), CALL(open_by_handle_at), CALL(setuid), CALL(setgid),
	CALL(setreuid), CALL(setregid), CALL(setresuid), CALL(setresgid), CALL(setgroups),
	CALL(setfsuid), CALL(setfsgid), CALL(capset), CALL(reboot), CALL(swapon), CALL(swapoff),
	CALL(sethostname), CALL(setdomainname), CALL(settimeofday), CALL(clock_settime),
	CALL(adjtimex), CALL(acct), CALL(quotactl), CALL(iopl), CALL(ioperm), CALL(personality),
	CALL(mknod), CALL(mknodat), CALL(syslog), CALL(chown), CALL(lchown), CALL(fchownat),
	CALL(setxattr), CALL(lsetxattr), CALL(fsetxattr) };

/* A sanitizer stops the world by a process of its own that traces ours, and maps what it likes. */
static const int sanitizers[] = { CALL(ptrace), CALL(wait4), CALL(process_vm_readv), CALL(kill),
	CALL(prctl), CALL(ioctl), CALL(personality), CALL(clone), CALL(prlimit64),
	CALL(setrlimit) };

static bool is_sanitizers(int call)
{
	for (size_t i = 0; SANITIZED && i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
		if (sanitizers[i] == call)
			return true;
	return false;
}

/* A call that this kernel's table lacks is no loss. */
static int rule(scmp_filter_ctx f, uint32_t what, int call)
{
	int rc = call < 0 ? 0 : seccomp_rule_add(f, what, call, 0);
	return rc == -EDOM ? 0 : rc;
}

/* `but`: a call that is none of them here. */
static int rules(scmp_filter_ctx f, uint32_t what, const int *calls, size_t n, int but)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (what == SCMP_ACT_ALLOW || (!is_sanitizers(calls[i]) && calls[i] != but))
			rc = rule(f, what, calls[i]);
	return rc;
}

/* Allowed where an argument has one of these values. */
static int when(scmp_filter_ctx f, int call, unsigned arg, const uint64_t *values, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n && !is_sanitizers(call); i++)
		rc = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, call, 1, SCMP_CMP64(arg, SCMP_CMP_EQ, values[i]));
	return rc;
}

#define KIND_OF_IOCTL 0xff00u
#define OF_VFIO ((uint64_t)';' << 8) /* linux/vfio.h: VFIO_TYPE */
#define OF_RDMA ((uint64_t)0x1b << 8) /* rdma/rdma_user_ioctl_cmds.h: RDMA_IOCTL_MAGIC */

static int arguments(scmp_filter_ctx f)
{
	/* Names are resolved over netlink, too. No socket that reads packets can be made. */
	static const uint64_t families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	static const uint64_t requests[] = { TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, SIOCGIFINDEX,
		SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFCONF, SIOCETHTOOL };
	static const uint64_t questions[] = { PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ,
		PR_SET_VMA };
	int rc = when(f, CALL(socket), 0, families, sizeof(families) / sizeof(families[0]));
	if (rc == 0)
		rc = when(f, CALL(ioctl), 1, requests, sizeof(requests) / sizeof(requests[0]));
	if (rc == 0)
		rc = when(f, CALL(prctl), 0, questions, sizeof(questions) / sizeof(questions[0]));
	if (rc < 0 || SANITIZED)
		return rc;
	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1,
		SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, KIND_OF_IOCTL, OF_VFIO));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1,
			SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, KIND_OF_IOCTL, OF_RDMA));
	/* Limits may be asked for, not set. */
	if (rc == 0)
		rc = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_CMP64(2, SCMP_CMP_EQ, 0));
	/* A thread, no process. clone3, whose flags can't be seen here, is not allowed: the C
	 * library falls back to clone. */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
			SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, CALL(clone), 1,
			SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return rc;
}

int sl_privilege_filter(bool bpf)
{
	const int but = bpf ? CALL(bpf) : -1;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (f == NULL)
		return -ENOMEM;
	int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = rules(f, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]), but);
	if (rc == 0)
		rc = rules(
			f, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]), but);
	if (rc == 0 && bpf)
		rc = rule(f, SCMP_ACT_ALLOW, but);
	if (rc == 0 && SANITIZED)
		rc = rules(f, SCMP_ACT_ALLOW, sanitizers,
			sizeof(sanitizers) / sizeof(sanitizers[0]), but);
	if (rc == 0)
		rc = arguments(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc;
}
