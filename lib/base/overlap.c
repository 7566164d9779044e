/* SPDX-License-Identifier: BSD-3-Clause */
/* overlap.c - the receiver's policy for overlapping pieces, by network. Built by control, then read
 * by any thread. Networks lie in order of prefix length, the longest first, so that the first that
 * covers an address is the one: a site has a handful. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/overlap.h>

struct net {
	uint64_t q[2], mask[2];
	uint8_t version, bits;
	enum sl_overlap policy;
};

struct sl_overlap_nets {
	struct net *net;
	size_t count;
	enum sl_overlap otherwise;
};

bool sl_overlap_parse(const char *text, size_t len, enum sl_overlap *out)
{
	static const char *const names[SL_OVERLAP_COUNT] = { [SL_OVERLAP_FIRST] = "first",
		[SL_OVERLAP_LAST] = "last",
		[SL_OVERLAP_BSD] = "bsd",
		[SL_OVERLAP_LINUX] = "linux",
		[SL_OVERLAP_WINDOWS] = "windows" };
	for (unsigned i = 0; i < SL_OVERLAP_COUNT; i++)
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
			*out = (enum sl_overlap)i;
			return true;
		}
	return false;
}

int sl_overlap_nets_new(struct sl_overlap_nets **out)
{
	struct sl_overlap_nets *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	n->otherwise = SL_OVERLAP_LINUX;
	*out = n;
	return 0;
}

void sl_overlap_nets_free(struct sl_overlap_nets *n)
{
	if (n == NULL)
		return;
	free(n->net);
	free(n);
}

static bool net_parse(const char *text, size_t len, struct net *out)
{
	union sl_addr a, mask = { .q = { 0, 0 } };
	if (!sl_prefix_parse(text, len, &a, &out->version, &out->bits)) {
		if (!sl_addr_parse(text, len, &a, &out->version))
			return false;
		out->bits = out->version == 4 ? 32 : 128;
	}
	for (unsigned i = 0; i < out->bits; i++)
		mask.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	memcpy(out->q, a.q, sizeof(out->q));
	memcpy(out->mask, mask.q, sizeof(out->mask));
	return true;
}

static bool net_is(const struct net *a, const struct net *b)
{
	return a->version == b->version && a->bits == b->bits && a->q[0] == b->q[0] &&
	       a->q[1] == b->q[1];
}

static int net_put(struct sl_overlap_nets *n, const struct net *e)
{
	struct net *net = realloc(n->net, (n->count + 1) * sizeof(*net));
	if (net == NULL)
		return -ENOMEM;
	n->net = net;
	size_t at = 0;
	for (; at < n->count && net[at].bits >= e->bits; at++)
		if (net_is(&net[at], e))
			return -EINVAL;
	memmove(net + at + 1, net + at, (n->count - at) * sizeof(*net));
	net[at] = *e;
	n->count++;
	return 0;
}

int sl_overlap_nets_add(struct sl_overlap_nets *n, const char *text, size_t len)
{
	const char *sign = memchr(text, '=', len);
	if (sign == NULL)
		return sl_overlap_parse(text, len, &n->otherwise) ? 0 : -EINVAL;
	size_t head = (size_t)(sign - text);
	struct net e = { 0 };
	if (!net_parse(text, head, &e) || !sl_overlap_parse(sign + 1, len - head - 1, &e.policy))
		return -EINVAL;
	return net_put(n, &e);
}

enum sl_overlap sl_overlap_of(
	const struct sl_overlap_nets *n, const union sl_addr *receiver, uint8_t version)
{
	if (n == NULL)
		return SL_OVERLAP_LINUX;
	for (size_t i = 0; i < n->count; i++) {
		const struct net *e = &n->net[i];
		if (e->version == version && ((receiver->q[0] ^ e->q[0]) & e->mask[0]) == 0 &&
			((receiver->q[1] ^ e->q[1]) & e->mask[1]) == 0)
			return e->policy;
	}
	return n->otherwise;
}
