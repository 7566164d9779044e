/* SPDX-License-Identifier: BSD-3-Clause */
/* mem.c - large blocks, on huge pages where the pool has some. Control threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <sightline/mem.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define SMALL_PAGE ((size_t)4096)

static bool use_huge = true;
static _Atomic size_t huge_bytes, mapped_bytes;

/* Which blocks lie on pages of the pool, so that giving one back is counted right. */
struct huge {
	struct huge *next;
	const void *p;
};
static struct huge *huge_blocks;
static pthread_mutex_t huge_lock = PTHREAD_MUTEX_INITIALIZER;

void sl_mem_use_huge(bool yes)
{
	use_huge = yes;
}

/* A size is rounded the same way when it is mapped and unmapped. */
static size_t rounded(size_t bytes)
{
	size_t page = bytes >= HUGE_PAGE ? HUGE_PAGE : SMALL_PAGE;
	return (bytes + page - 1) / page * page;
}

/* Pages of 4 KiB, aligned to 2 MiB, so that the kernel may make them huge later. */
static void *map_aligned(size_t len)
{
	uint8_t *p = mmap(
		NULL, len + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	size_t head = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (head > 0)
		munmap(p, head);
	munmap(p + head + len, HUGE_PAGE - head);
	if (use_huge)
		(void)madvise(p + head, len, MADV_HUGEPAGE); /* advice only */
	return p + head;
}

void sl_mem_advise_huge(void *p, size_t bytes)
{
	size_t head = (SMALL_PAGE - (uintptr_t)p % SMALL_PAGE) % SMALL_PAGE;
	if (use_huge && bytes >= 2 * HUGE_PAGE)
		(void)madvise((uint8_t *)p + head, bytes - head, MADV_HUGEPAGE);
}

static void *map_huge(size_t len)
{
	struct huge *h = malloc(sizeof(*h));
	if (h == NULL)
		return MAP_FAILED;
	h->p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (h->p == MAP_FAILED) {
		free(h);
		return MAP_FAILED;
	}
	atomic_fetch_add(&huge_bytes, len);
	pthread_mutex_lock(&huge_lock);
	h->next = huge_blocks;
	huge_blocks = h;
	void *p = (void *)(uintptr_t)h->p;
	pthread_mutex_unlock(&huge_lock);
	return p;
}

static bool forget_huge(const void *p)
{
	pthread_mutex_lock(&huge_lock);
	struct huge **at = &huge_blocks;
	while (*at != NULL && (*at)->p != p)
		at = &(*at)->next;
	struct huge *h = *at;
	if (h != NULL)
		*at = h->next;
	pthread_mutex_unlock(&huge_lock);
	free(h);
	return h != NULL;
}

bool sl_mem_is_huge(const void *p)
{
	pthread_mutex_lock(&huge_lock);
	const struct huge *h = huge_blocks;
	while (h != NULL && h->p != p)
		h = h->next;
	pthread_mutex_unlock(&huge_lock);
	return h != NULL;
}

void *sl_mem_map(size_t bytes)
{
	size_t len = rounded(bytes);
	if (bytes == 0 || len < bytes)
		return NULL;
	void *p = MAP_FAILED;
	if (use_huge && len >= HUGE_PAGE)
		p = map_huge(len);
	if (p == MAP_FAILED && len >= HUGE_PAGE) {
		p = map_aligned(len);
		if (p == NULL)
			return NULL;
	}
	if (p == MAP_FAILED)
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	atomic_fetch_add(&mapped_bytes, len);
	return p;
}

void sl_mem_unmap(void *p, size_t bytes)
{
	if (p == NULL)
		return;
	size_t len = rounded(bytes);
	if (len >= HUGE_PAGE && forget_huge(p))
		atomic_fetch_sub(&huge_bytes, len);
	munmap(p, len);
	atomic_fetch_sub(&mapped_bytes, len);
}

size_t sl_mem_huge_bytes(void)
{
	return atomic_load(&huge_bytes);
}

size_t sl_mem_mapped_bytes(void)
{
	return atomic_load(&mapped_bytes);
}
