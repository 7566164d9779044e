/* SPDX-License-Identifier: BSD-3-Clause */
/* interpose.c - preloaded into the sensor: counts what a worker must not do once packets flow.
 * Threads are told apart by their name. The counts go to the file that INTERPOSE_COUNTS names, at
 * exit. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CALLS(X) X(malloc) X(calloc) X(realloc) X(free) X(pthread_mutex_lock) X(write) X(read)
#define X(name) COUNT_##name,
enum { CALLS(X) COUNTS };
#undef X
static _Atomic unsigned long count[COUNTS];

static bool on_worker(void)
{
	static _Thread_local int known; /* 0: not yet */
	if (known <= 0) {
		char name[16] = "";
		prctl(PR_GET_NAME, name);
		/* A thread gets its name after it began: only a worker's stands for good. */
		known = strncmp(name, "rte-worker", 10) == 0 ? 1 : -1;
	}
	return known > 0;
}

static void note(int which)
{
	if (on_worker())
		atomic_fetch_add(&count[which], 1);
}

/* Found once, before any thread of the program: dlsym may allocate. */
#define REAL(name) static __typeof__(name) *real_##name;
REAL(pthread_mutex_lock)
REAL(write)
REAL(read)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

__attribute__((constructor)) static void find(void)
{
	real_pthread_mutex_lock =
		(__typeof__(pthread_mutex_lock) *)dlsym(RTLD_NEXT, "pthread_mutex_lock");
	real_write = (__typeof__(write) *)dlsym(RTLD_NEXT, "write");
	real_read = (__typeof__(read) *)dlsym(RTLD_NEXT, "read");
}

void *malloc(size_t n)
{
	note(COUNT_malloc);
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t m)
{
	note(COUNT_calloc);
	return __libc_calloc(n, m);
}

void *realloc(void *p, size_t n)
{
	note(COUNT_realloc);
	return __libc_realloc(p, n);
}

void free(void *p)
{
	if (p != NULL)
		note(COUNT_free);
	__libc_free(p);
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	note(COUNT_pthread_mutex_lock);
	if (real_pthread_mutex_lock == NULL)
		find();
	return real_pthread_mutex_lock(m);
}

ssize_t write(int fd, const void *p, size_t n)
{
	note(COUNT_write);
	if (real_write == NULL)
		find();
	return real_write(fd, p, n);
}

ssize_t read(int fd, void *p, size_t n)
{
	note(COUNT_read);
	if (real_read == NULL)
		find();
	return real_read(fd, p, n);
}

__attribute__((destructor)) static void tell(void)
{
	static const char *const name[] = {
#define X(name) #name,
		CALLS(X)
#undef X
	};
	const char *path = getenv("INTERPOSE_COUNTS");
	FILE *f = path != NULL ? fopen(path, "w") : NULL;
	if (f == NULL)
		return;
	for (int i = 0; i < COUNTS; i++)
		fprintf(f, "%s %lu\n", name[i], atomic_load(&count[i]));
	fclose(f);
}
