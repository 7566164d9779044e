/* SPDX-License-Identifier: BSD-3-Clause */
/* nets.c - a small set of prefixes (HOME_NET, allow-lists). Built by control, then read by any
 * thread. A handful of entries is compared one by one: two masked compares each, faster than any
 * tree at this size. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/addr.h>

struct net {
	uint64_t q[2], mask[2];
	uint8_t version;
};

struct sl_nets {
	struct net *net;
	size_t count, cap;
};

int sl_nets_new(struct sl_nets **out)
{
	struct sl_nets *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	*out = n;
	return 0;
}

void sl_nets_free(struct sl_nets *n)
{
	if (n == NULL)
		return;
	free(n->net);
	free(n);
}

int sl_nets_add(struct sl_nets *n, const char *text, size_t len)
{
	union sl_addr a, mask = { .q = { 0, 0 } };
	uint8_t version, bits;
	if (!sl_prefix_parse(text, len, &a, &version, &bits)) {
		if (!sl_addr_parse(text, len, &a, &version))
			return -EINVAL;
		bits = version == 4 ? 32 : 128;
	}
	if (n->count == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 8;
		struct net *net = realloc(n->net, cap * sizeof(*net));
		if (net == NULL)
			return -ENOMEM;
		n->net = net;
		n->cap = cap;
	}
	for (unsigned i = 0; i < 16; i++)
		mask.b[i] = bits >= (i + 1) * 8 ? 0xff
			    : bits > i * 8	? (uint8_t)(0xff00 >> (bits - i * 8))
						: 0;
	n->net[n->count++] = (struct net){ { a.q[0], a.q[1] }, { mask.q[0], mask.q[1] }, version };
	return 0;
}

bool sl_nets_has(const struct sl_nets *n, const union sl_addr *a, uint8_t version)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct net *e = &n->net[i];
		if (e->version == version && ((a->q[0] ^ e->q[0]) & e->mask[0]) == 0 &&
			((a->q[1] ^ e->q[1]) & e->mask[1]) == 0)
			return true;
	}
	return false;
}

bool sl_nets_empty(const struct sl_nets *n)
{
	return n->count == 0;
}
