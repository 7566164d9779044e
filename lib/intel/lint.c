/* SPDX-License-Identifier: BSD-3-Clause */
/* lint.c - whether a value deserves to be armed: what is true of ordinary traffic by construction
 * is refused. Control threads. */
#include "lint.h"

static bool in(const union sl_addr *a, uint8_t version, const char *cidr)
{
	union sl_addr net;
	uint8_t v, bits;
	if (!sl_prefix_parse(cidr, strlen(cidr), &net, &v, &bits) || v != version)
		return false;
	for (unsigned i = 0; i < bits; i++)
		if ((a->b[i / 8] ^ net.b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* IANA's special-purpose registries, and multicast. */
static const char *const special[] = {
	"0.0.0.0/8",
	"10.0.0.0/8",
	"100.64.0.0/10",
	"127.0.0.0/8",
	"169.254.0.0/16",
	"172.16.0.0/12",
	"192.168.0.0/16",
	"224.0.0.0/4",
	"240.0.0.0/4",
	"::1/128",
	"fc00::/7",
	"fe80::/10",
	"ff00::/8",
};

static void say(
	struct judgement *out, enum sl_intel_verdict v, const char *code, const char *reason)
{
	*out = (struct judgement){ v, code, reason };
}

void lint_value(const struct reading *r, const struct draft *d, const struct sl_indicator *i,
	struct judgement *out)
{
	(void)r;
	(void)d;
	say(out, SL_ARMED, "", "");
	if (i->type != SL_TYPE_IPV4 && i->type != SL_TYPE_IPV6)
		return;
	for (size_t n = 0; n < sizeof(special) / sizeof(special[0]); n++)
		if (in(&i->addr, i->version, special[n]))
			say(out, SL_REFUSED, "PRIVATE_ADDRESS",
				"Private, reserved and multicast addresses are in use on every "
				"network.");
	if (i->prefix_len < (i->version == 4 ? 16 : 32))
		say(out, SL_REFUSED, "TOO_WIDE",
			"The network is wider than /16 (IPv4) or /32 (IPv6).");
}

void lint_pattern(const struct reading *r, const struct sl_node *test, struct judgement *out)
{
	(void)r;
	bool empty = test->constants == 0 || test->constant[0].len < 2;
	say(out, empty ? SL_REFUSED : SL_ARMED, empty ? "MATCHES_ALL" : "",
		empty ? "It matches everything." : "");
}
