/* SPDX-License-Identifier: BSD-3-Clause */
/* privilege_test.c - a process of its own for each case: what is forbidden kills it, what is
 * unknown fails, ordinary life goes on; and what it gave up is gone from each of its threads. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/privilege.h>

#if defined(__SANITIZE_THREAD__)
#define THREADS_SANITIZED 1 /* only the calling thread is changed there */
#else
#define THREADS_SANITIZED 0
#endif

/* The case in a child; the status that waitpid gives. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(fn());
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int executes(void)
{
	char path[] = "/bin/true";
	char *const argv[] = { path, NULL };
	if (sl_privilege_filter(false) < 0)
		return 77;
	execv(path, argv);
	return 1;
}

static int forks(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	return syscall(SYS_fork) == 0 ? 0 : 1;
}

static int clones_a_process(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0 ? 0 : 1;
}

static int mounts(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
	return 1;
}

static int becomes_root(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	syscall(SYS_setuid, 0);
	return 1;
}

static int loads_a_module(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	syscall(SYS_finit_module, -1, "", 0);
	return 1;
}

/* The process that took a program onto an interface may take it off. */
static int takes_off(void)
{
	if (sl_privilege_filter(true) < 0)
		return 77;
	return syscall(SYS_bpf, -1, NULL, 0) < 0 && errno != ENOSYS ? 0 : 1;
}

static int loads_a_program(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	syscall(SYS_bpf, -1, NULL, 0);
	return 1;
}

static sem_t go;

static void *executes_later(void *arg)
{
	while (sem_wait(&go) < 0)
		;
	(void)syscall(SYS_execve, "/bin/true", NULL, NULL);
	return arg;
}

/* A thread that was there before is held to it as well. */
static int old_thread_executes(void)
{
	pthread_t t;
	sem_init(&go, 0, 0);
	if (pthread_create(&t, NULL, executes_later, NULL) != 0 || sl_privilege_filter(false) < 0)
		return 77;
	sem_post(&go);
	pthread_join(t, NULL);
	return 1;
}

static void forbidden_kills(void **state)
{
	static int (*const cases[])(void) = { executes, forks, mounts, becomes_root, loads_a_module,
		loads_a_program, old_thread_executes };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = in_child(cases[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("case %zu: status %#x", i, (unsigned)status);
	}
	int status = in_child(clones_a_process); /* sanitizers make some */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
#else
	(void)status;
#endif
}

static int unknown(void)
{
	if (sl_privilege_filter(false) < 0)
		return 77;
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != ENOSYS)
		return 1;
	return syscall(SYS_lookup_dcookie, 0, NULL, 0) < 0 && errno == ENOSYS ? 0 : 2;
}

static void unknown_fails(void **state)
{
	assert_int_equal(in_child(unknown), 0);
}

static void *add(void *arg)
{
	++*(int *)arg;
	return NULL;
}

/* Threads, memory, files and sockets, as the programs use them. */
static int ordinary(void)
{
	int n = 0, pair[2];
	char path[] = "/tmp/sightline-privilege-XXXXXX", b;
	pthread_t t;
	if (sl_privilege_filter(false) < 0)
		return 77;
	for (int i = 0; i < 4; i++)
		if (pthread_create(&t, NULL, add, &n) != 0 || pthread_join(t, NULL) != 0)
			return 1;
	void *p = malloc((size_t)64 << 20);
	if (p == NULL || n != 4)
		return 2;
	free(p);
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || unlink(path) < 0 || close(fd) < 0)
		return 3;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || close(s) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 4;
	return send(pair[0], "y", 1, 0) == 1 && recv(pair[1], &b, 1, 0) == 1 && b == 'y' ? 0 : 5;
}

static void ordinary_life_goes_on(void **state)
{
	assert_int_equal(in_child(ordinary), 0);
	assert_int_equal(in_child(takes_off), 0);
}

/* ---- User and capabilities ---- */

#if !THREADS_SANITIZED
static sem_t stay;

static void *stays(void *arg)
{
	while (sem_wait(&stay) < 0)
		;
	return arg;
}

/* Of every thread: whether the line of its status that begins so ends so. */
static bool all_threads_say(const char *begin, const char *end)
{
	char path[64], line[256];
	bool good = true;
	unsigned threads = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f == NULL)
			continue;
		threads++;
		while (fgets(line, sizeof(line), f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			if (strncmp(line, begin, strlen(begin)) == 0)
				good &= strcmp(line + strlen(begin), end) == 0;
		}
		fclose(f);
	}
	if (d != NULL)
		closedir(d);
	return good && threads >= 4;
}

static int drops_to(const char *user, uint64_t keep)
{
	char err[256];
	pthread_t t[3];
	sem_init(&stay, 0, 0);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&t[i], NULL, stays, NULL) != 0)
			return 77;
	if (sl_privilege_drop(user, keep, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	return 0;
}

#define NOTHING "\t0000000000000000"

static int becomes_nobody(void)
{
	int rc = drops_to("nobody", 0);
	if (rc != 0)
		return rc;
	if (getuid() == 0 || setuid(0) == 0)
		return 2;
	if (!all_threads_say("CapPrm:", NOTHING) || !all_threads_say("CapEff:", NOTHING) ||
		!all_threads_say("CapInh:", NOTHING) || !all_threads_say("CapBnd:", NOTHING) ||
		!all_threads_say("NoNewPrivs:", "\t1"))
		return 3;
	return sl_privilege_filter(false) == 0 && all_threads_say("Seccomp:", "\t2") ? 0 : 4;
}

/* Root with one capability; in all threads alike, as nobody else became. */
static int keeps_one(void)
{
	int rc = drops_to(NULL, SL_CAPABILITY(CAP_NET_ADMIN));
	if (rc != 0)
		return rc;
	return all_threads_say("CapEff:", "\t0000000000001000") &&
			       all_threads_say("CapBnd:", "\t0000000000001000") &&
			       all_threads_say("NoNewPrivs:", "\t1")
		       ? 0
		       : 2;
}
#endif

static int becomes_nobody_of_one(void)
{
	char err[256], line[256];
	bool has = false;
	if (sl_privilege_drop("nobody", SL_CAPABILITY(CAP_NET_ADMIN), err, sizeof(err)) < 0)
		return 1;
	FILE *f = fopen("/proc/self/status", "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		has |= strcmp(line, "CapEff:\t0000000000001000\n") == 0;
	return has && getuid() != 0 ? 0 : 2;
}

static int becomes_noone(void)
{
	char err[256] = "";
	int rc = sl_privilege_drop("no-such-user", 0, err, sizeof(err));
	return rc == -ENOENT && strstr(err, "no-such-user") != NULL ? 0 : 1;
}

static void a_user_is_become(void **state)
{
	assert_int_equal(in_child(becomes_noone), 0);
	if (geteuid() == 0) /* nobody else can */
		assert_int_equal(in_child(becomes_nobody_of_one), 0);
	else
		assert_int_not_equal(in_child(becomes_nobody_of_one), 0);
}

#if !THREADS_SANITIZED
static void every_thread_gives_up(void **state)
{
	if (geteuid() == 0) {
		assert_int_equal(in_child(becomes_nobody), 0);
		assert_int_equal(in_child(keeps_one), 0);
	} else
		assert_int_not_equal(in_child(becomes_nobody), 0);
}
#endif

static void names_are_told(void **state)
{
	char text[128];
	sl_privilege_names(0, text, sizeof(text));
	assert_string_equal(text, "none");
	sl_privilege_names(SL_CAPABILITY(CAP_NET_ADMIN) | SL_CAPABILITY(CAP_DAC_OVERRIDE) |
				   SL_CAPABILITY(CAP_SYS_TIME),
		text, sizeof(text));
	assert_string_equal(text, "cap_dac_override, cap_net_admin, 25");
	assert_true(sl_privilege_user("root"));
	assert_false(sl_privilege_user("no-such-user"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_kills),
		cmocka_unit_test(unknown_fails),
		cmocka_unit_test(ordinary_life_goes_on),
		cmocka_unit_test(a_user_is_become),
#if !THREADS_SANITIZED
		cmocka_unit_test(every_thread_gives_up),
#endif
		cmocka_unit_test(names_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
