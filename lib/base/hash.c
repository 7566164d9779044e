/* SPDX-License-Identifier: BSD-3-Clause */
/* hash.c - drawing the key of the process's tables. Control thread, at start. */
#include <errno.h>
#include <sys/random.h>

#include <sightline/hash.h>

int sl_hash_key_draw(struct sl_hash_key *out)
{
	struct sl_hash_key k;
	if (getrandom(&k, sizeof(k), 0) != (ssize_t)sizeof(k))
		return -EIO;
	*out = k;
	return 0;
}
