/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_journal.c - a journal beside a snapshot, as a start finds it: bytes as they are, or, behind
 * a first byte 'S', each line pair made a record with a right sum. Whatever it says, what is read
 * of it is what is read the next time, and what is added goes on from there. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"

#include "made.h"

#include "../../lib/handout/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] = "{a}\n{b}\n{c}\n";

static struct step snapshot(void)
{
	struct step s = { .head = { .number = 7, .lines = 3, .bytes = sizeof(base) - 1 } };
	if (sl_digest_of(SL_SHA256, base, sizeof(base) - 1, s.head.id) < 0)
		abort();
	return s;
}

/* Changes of ten bytes at most, each a record that follows. */
static void write_records(int folder, const uint8_t *p, size_t len)
{
	struct journal j = { .fd = -1 };
	struct journal_head h = snapshot().head;
	uint64_t at;
	if (journal_begin(&j, folder, 7, 0) < 0)
		abort();
	while (len > 0) {
		size_t n = (size_t)p[0] % 11 < len - 1 ? (size_t)p[0] % 11 : len - 1;
		struct sl_set_text change = { (const char *)p + 1, n };
		h.number += p[0] < 250;
		journal_chain(h.id, change, h.id);
		h.id[0] ^= p[0] == 249;
		if (journal_add(&j, &h, change, &at) < 0)
			abort();
		p += n + 1;
		len -= n + 1;
	}
	journal_end(&j);
}

static void write_bytes(int folder, const uint8_t *p, size_t len)
{
	int fd = openat(folder, "journal-7", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p, len) != (ssize_t)len)
		abort();
	close(fd);
}

static struct step last_read(int folder, size_t *count, unsigned *torn)
{
	struct history h;
	struct step known = snapshot();
	if (history_read(&h, folder, &known, 1) < 0)
		abort();
	struct step last = *history_last(&h);
	if (!history_follows(&h, 7, last.head.number))
		abort();
	*count = h.count;
	*torn = h.torn;
	history_fini(&h);
	return last;
}

static void add_one(int folder)
{
	struct history h;
	struct step known = snapshot(), s = { .delta = true };
	struct sl_set_text change = { "+{z}\n", 5 };
	if (history_read(&h, folder, &known, 1) < 0 || history_room(&h) < 0)
		abort();
	s.head = history_last(&h)->head;
	s.head.number++;
	journal_chain(s.head.id, change, s.head.id);
	if (history_write(&h, &s.head, change, &s.change) < 0)
		abort();
	history_fini(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct made m = { .g = NULL };
	size_t count, again;
	unsigned torn;
	made_dirs(&m);
	int folder = open(m.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		abort();
	if (size > 0 && data[0] == 'S')
		write_records(folder, data + 1, size - 1);
	else
		write_bytes(folder, data, size);
	struct step first = last_read(folder, &count, &torn);
	if (first.head.number < UINT64_MAX) {
		add_one(folder);
		struct step second = last_read(folder, &again, &torn);
		if (torn != 0 || again != count + 1 || second.head.number != first.head.number + 1)
			abort();
	}
	close(folder);
	made_clean(&m);
	return 0;
}
