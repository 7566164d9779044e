/* SPDX-License-Identifier: BSD-3-Clause */
/* threads.c - DPDK's environment: worker i is lcore i + 1, the main thread is lcore 0. Tables lie
 * in memory of our own (lib/base/mem.c); the environment has memory, huge pages and a look at the
 * PCI bus only where a port needs them, and no files to share but a telemetry socket that is asked
 * for, so that many processes run side by side as any user. Called by main. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_pci.h>

#include <sightline/mem.h>
#include <sightline/source.h>

#include "place.h"
#include "ports.h"

#define ARGS_MAX 64
#define WORKERS_MAX (RTE_MAX_LCORE - 1)
#define MAP_TEXT 4096

static struct {
	struct place place;
	unsigned workers;
	bool huge; /* its memory is on huge pages */
	size_t pages_wanted; /* so that it would be */
	char args_text[MAP_TEXT], map[MAP_TEXT]; /* the environment keeps pointers into both */
	char *argv[ARGS_MAX];
	int argc;
	bool telemetry;
	FILE *log;
	char said[160]; /* its first error since it was asked for, in its words */
} t;

/* ---- Its log: errors are kept for whoever asks, nothing is printed ---- */

static ssize_t log_line(void *cookie, const char *p, size_t len)
{
	size_t n = len < sizeof(t.said) - 1 ? len : sizeof(t.said) - 1;
	if (t.said[0] != '\0') /* what follows from it says less */
		return (ssize_t)len;
	memcpy(t.said, p, n);
	while (n > 0 && (t.said[n - 1] == '\n' || t.said[n - 1] == '.'))
		n--;
	t.said[n] = '\0';
	return (ssize_t)len;
}

static void log_open(void)
{
	t.log = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = log_line });
	if (t.log == NULL)
		return;
	setvbuf(t.log, NULL, _IOLBF, 0);
	rte_openlog_stream(t.log);
}

/* ---- The clock ---- */

/* The environment would sleep 100 ms to measure the rate of the time-stamp counter, which is most
 * of its start; the linker puts this in place of that (--wrap in meson.build). 4 ms against a clock
 * read to the nanosecond are good to some 20 parts in a million; nothing here needs more. */
uint64_t __wrap_get_tsc_freq(void) __attribute__((used));

static uint64_t raw_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t __wrap_get_tsc_freq(void)
{
	uint64_t ns = raw_ns(), tsc = rte_rdtsc();
	nanosleep(&(struct timespec){ .tv_nsec = 4000000 }, NULL);
	ns = raw_ns() - ns;
	tsc = rte_rdtsc() - tsc;
	return (uint64_t)((double)tsc * 1e9 / (double)ns);
}

/* ---- Cores ---- */

static int cores_look(const struct sl_threads *want, char *err, size_t err_len)
{
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return -errno;
	return place_look(&t.place, "", &allowed, want->ports, want->port_count, err, err_len);
}

/* "0@(1,3),1@0,2@2": the main thread on what is left, each worker on its core. */
static int cores_map(unsigned workers)
{
	FILE *f = fmemopen(t.map, sizeof(t.map), "w");
	if (f == NULL)
		return -errno;
	char sep = '(';
	fputs("0@", f);
	for (unsigned i = 0; i < t.place.count; i++) {
		if (!CPU_ISSET(t.place.core[i], &t.place.control))
			continue;
		fprintf(f, "%c%u", sep, t.place.core[i]);
		sep = ',';
	}
	fputc(')', f);
	for (unsigned i = 0, core = 0; i < workers; i++, core++) {
		core = core == t.place.count ? 0 : core; /* round and round */
		fprintf(f, ",%u@%u", i + 1, t.place.core[core]);
	}
	bool full = ftell(f) >= (long)sizeof(t.map) - 1;
	fclose(f);
	return full ? -E2BIG : 0;
}

/* ---- Start ---- */

static int args_add(char *a)
{
	if (t.argc >= ARGS_MAX - 1)
		return -E2BIG;
	t.argv[t.argc++] = a;
	return 0;
}

/* The pool of huge pages of the ordinary size. */
struct huge {
	size_t free_mib, all, page_kib;
};

static struct huge huge_look(void)
{
	char line[128];
	size_t left = 0;
	struct huge h = { .page_kib = 2048 };
	FILE *f = fopen("/proc/meminfo", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "HugePages_Total: %zu", &h.all);
		(void)sscanf(line, "HugePages_Free: %zu", &left);
		(void)sscanf(line, "Hugepagesize: %zu", &h.page_kib);
	}
	if (f != NULL)
		fclose(f);
	h.free_mib = left * h.page_kib / 1024;
	return h;
}

/* Ports of DPDK's get memory of the environment's, of huge pages where there are as many as are
 * needed; it is taken when it is touched. */
static size_t memory_mib(const struct sl_threads *want, unsigned workers, bool huge)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < want->port_count; i++)
		if (strncmp(want->ports[i], "afpacket:", 9) != 0)
			bytes += ethdev_memory(want->ports[i], workers, huge);
	return 4 + (bytes >> 20);
}

static bool is_card(const char *dev)
{
	struct rte_pci_addr addr;
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(dev, ","), dev);
	return rte_pci_addr_parse(name, &addr) == 0;
}

/* Where nothing but this process touches the memory, it needs no address but its own; then what
 * lies together here is in one piece (ethdev_xdp.c). */
static int args_cards(const struct sl_threads *want)
{
	static char allow[] = "-a", none[] = "--no-pci", own[] = "--iova-mode=va";
	int rc = 0;
	bool any = false;
	for (unsigned i = 0; rc == 0 && i < want->port_count; i++) {
		if (!is_card(want->ports[i]))
			continue;
		any = true;
		rc = args_add(allow);
		if (rc == 0)
			rc = args_add((char *)(uintptr_t)want->ports[i]);
	}
	if (rc == 0 && !any)
		rc = args_add(none);
	return rc == 0 && !any ? args_add(own) : rc;
}

/* As many pages as there should be. */
static size_t huge_pages_for(const struct huge *h, size_t mib)
{
	size_t more = mib > h->free_mib ? mib - h->free_mib : 0;
	return h->all + (more * 1024 + h->page_kib - 1) / h->page_kib;
}

static int args_memory(const struct sl_threads *want, unsigned workers)
{
	static char no_huge[] = "--no-huge", m[] = "-m", in_memory[] = "--in-memory", mib[24];
	size_t need = memory_mib(want, workers, true);
	struct huge h = huge_look();
	t.huge = need > 4 && !want->no_huge && h.free_mib >= need;
	t.pages_wanted = huge_pages_for(&h, need);
	if (t.huge)
		return args_add(in_memory);
	snprintf(mib, sizeof(mib), "%zu", memory_mib(want, workers, false));
	(void)args_add(no_huge);
	(void)args_add(m);
	return args_add(mib);
}

static int args_make(const struct sl_threads *want, unsigned workers)
{
	static char fixed[][24] = { "sightline", "--no-shconf", "--log-level=error", "--lcores" };
	static char silent[] = "--no-telemetry", prefix[48];
	const char *extra = want->extra;
	/* Behind a folder's name of our own, several processes have their socket side by side. */
	snprintf(prefix, sizeof(prefix), "--file-prefix=sightline-%d", (int)getpid());
	t.telemetry = want->telemetry;
	(void)args_add(fixed[0]);
	(void)args_add(want->telemetry ? prefix : silent);
	for (size_t i = 1; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		(void)args_add(fixed[i]);
	int rc = args_add(t.map);
	if (rc == 0)
		rc = args_memory(want, workers);
	if (rc == 0)
		rc = args_cards(want);
	if (extra == NULL || rc < 0)
		return rc;
	if (strlen(extra) >= sizeof(t.args_text))
		return -E2BIG;
	memcpy(t.args_text, extra, strlen(extra) + 1);
	char *save = NULL;
	for (char *a = strtok_r(t.args_text, " \t", &save); a != NULL && rc == 0;
		a = strtok_r(NULL, " \t", &save))
		rc = args_add(a);
	return rc;
}

static int refuse(char *err, size_t err_len, int rc, const char *what)
{
	snprintf(err, err_len, "worker threads: %s", what);
	return rc;
}

/* On an argument that it does not know, the environment prints its help on stdout, which is for
 * data: it gets none meanwhile. */
static int eal_init(void)
{
	fflush(stdout);
	int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (out >= 0 && null >= 0)
		(void)dup2(null, STDOUT_FILENO);
	int rc = rte_eal_init(t.argc, t.argv);
	fflush(stdout);
	if (out >= 0 && null >= 0)
		(void)dup2(out, STDOUT_FILENO);
	if (out >= 0)
		close(out);
	if (null >= 0)
		close(null);
	return rc;
}

/* A card needs huge pages, as it is told where they lie. */
static int cards_check(const struct sl_threads *want, unsigned workers, char *err, size_t err_len)
{
	size_t need = memory_mib(want, workers, true);
	struct huge h = huge_look();
	for (unsigned i = 0; i < want->port_count; i++) {
		if (!is_card(want->ports[i]) || (!want->no_huge && h.free_mib >= need))
			continue;
		if (want->no_huge)
			snprintf(err, err_len,
				"port %s: a card needs huge pages; leave --no-huge out",
				want->ports[i]);
		else
			snprintf(err, err_len,
				"port %s: a card needs huge pages: %zu MiB for %u workers, and %zu "
				"are free; sysctl vm.nr_hugepages=%zu, or use fewer workers",
				want->ports[i], need, workers, h.free_mib,
				huge_pages_for(&h, need));
		return -ENOMEM;
	}
	return 0;
}

static int start(const struct sl_threads *want, unsigned workers, char *err, size_t err_len)
{
	const char *extra = want->extra;
	int rc = cores_map(workers);
	if (rc == 0)
		rc = args_make(want, workers);
	if (rc < 0)
		return refuse(err, err_len, rc, "dpdk.extra_args or the list of cores is too long");
	log_open();
	if (eal_init() >= 0)
		return 0;
	rc = rte_errno > 0 ? -rte_errno : -EINVAL;
	snprintf(err, err_len, "worker threads: DPDK does not start: %s%s%s",
		t.said[0] ? t.said : strerror(-rc),
		extra != NULL && extra[0] ? "; dpdk.extra_args: " : "", extra ? extra : "");
	return rc;
}

int sl_threads_start(const struct sl_threads *want, unsigned *workers, char *err, size_t err_len)
{
	if (want->no_huge)
		sl_mem_use_huge(false);
	int rc = cores_look(want, err, err_len);
	if (rc == -EXDEV)
		return rc;
	if (rc < 0)
		return refuse(err, err_len, rc, "the cores of this process can't be read");
	unsigned n = want->workers;
	if (n == 0)
		n = place_workers(&t.place);
	if (n > WORKERS_MAX) {
		if (want->workers > 0)
			return refuse(err, err_len, -EINVAL, "more than 127 are not possible");
		n = WORKERS_MAX;
	}
	rc = cards_check(want, n, err, err_len);
	if (rc < 0)
		return rc;
	place_share(&t.place, n);
	t.workers = n;
	rc = start(want, n, err, err_len);
	if (rc == 0)
		*workers = n;
	return rc;
}

/* ---- Work ---- */

/* The environment orders what was written before the launch, and by the worker before its end; it
 * is not instrumented, though, so that the thread sanitizer is shown the same order here: each
 * release store of `steps` pairs with the acquire load on the other side. */
static struct job {
	int (*fn)(void *);
	void *arg;
	_Atomic unsigned steps;
} jobs[RTE_MAX_LCORE];

static int job_run(void *job)
{
	struct job *j = job;
	(void)atomic_load_explicit(&j->steps, memory_order_acquire);
	int rc = j->fn(j->arg);
	atomic_fetch_add_explicit(&j->steps, 1, memory_order_release);
	return rc;
}

int sl_threads_launch(unsigned i, int (*fn)(void *), void *arg)
{
	if (i >= WORKERS_MAX)
		return -EINVAL;
	struct job *j = &jobs[i];
	j->fn = fn;
	j->arg = arg;
	atomic_fetch_add_explicit(&j->steps, 1, memory_order_release);
	return rte_eal_remote_launch(job_run, j, i + 1);
}

int sl_threads_wait(unsigned i)
{
	int rc = rte_eal_wait_lcore(i + 1);
	(void)atomic_load_explicit(&jobs[i].steps, memory_order_acquire);
	return rc;
}

void sl_threads_pin_control(void)
{
	if (t.place.spare)
		(void)sched_setaffinity(0, sizeof(t.place.control), &t.place.control);
}

int threads_core_take(unsigned workers, bool *last)
{
	struct place *p = &t.place;
	bool may = *last && workers > 1 && workers <= p->count;
	*last = false;
	if (p->count > workers + 1) {
		unsigned core = p->core[workers];
		CPU_CLR(core, &p->control);
		(void)sched_setaffinity(0, sizeof(p->control), &p->control);
		return (int)core;
	}
	*last = may;
	t.workers -= may; /* its core is another's now */
	return may ? (int)p->core[workers - 1] : -1;
}

/* Memory pools keep something for each thread that is known to them. */
void port_thread_enter(int core)
{
	cpu_set_t own;
	CPU_ZERO(&own);
	if (core >= 0) {
		CPU_SET((unsigned)core, &own);
		(void)sched_setaffinity(0, sizeof(own), &own);
	}
	(void)rte_thread_register();
}

void port_thread_leave(void)
{
	rte_thread_unregister();
}

void threads_plan(FILE *f)
{
	place_plan(&t.place, t.workers, f);
}

size_t threads_pages_wanted(void)
{
	return t.huge ? 0 : t.pages_wanted;
}

const char *threads_first_error(void)
{
	static char said[sizeof(t.said)];
	memcpy(said, t.said, sizeof(said));
	t.said[0] = '\0';
	return said;
}

/* The environment leaves its folder behind. What another user's folder is stays: we may have become
 * somebody else since. */
static void folder_remove(void)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/dpdk_telemetry.v2", rte_eal_get_runtime_dir());
	(void)unlink(path);
	(void)rmdir(rte_eal_get_runtime_dir());
}

uint64_t sl_threads_tsc_hz(void)
{
	return rte_get_tsc_hz();
}

void sl_threads_stop(void)
{
	(void)rte_eal_cleanup();
	if (t.telemetry)
		folder_remove();
	if (t.log != NULL) {
		rte_openlog_stream(NULL);
		fclose(t.log);
		t.log = NULL;
	}
}
