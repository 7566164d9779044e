/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - bench-generate: traffic that captures can't give, as a capture. The same options give
 * the same bytes. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/config.h>

#include "generate.h"

#define BEGIN_S 1767225600u /* 2026-01-01 00:00:00 UTC */
#define SNAPLEN 262144u

static const struct profile profiles[] = {
	{ .name = "web",
		.share = { [KIND_HTTP] = 20, [KIND_TLS] = 45, [KIND_DNS] = 35 },
		.flows = 10000 },
	{ .name = "http", .share = { [KIND_HTTP] = 100 }, .flows = 10000 },
	{ .name = "tls", .share = { [KIND_TLS] = 100 }, .flows = 10000 },
	{ .name = "dns", .share = { [KIND_DNS] = 100 }, .flows = 10000 },
	{ .name = "dns-flood", .share = { [KIND_FLOOD] = 100 }, .flows = 1 },
	{ .name = "flows",
		.share = { [KIND_CHAT] = 70, [KIND_DATAGRAMS] = 30 },
		.flows = 1000000,
		.size = { 90, 250, 1200 },
		.size_share = { 6, 4, 2 } },
	{ .name = "new-flows",
		.share = { [KIND_SYN] = 50, [KIND_DATAGRAM] = 50 },
		.flows = 1,
		.size = { FRAME_LEAST },
		.size_share = { 12 } },
	{ .name = "random",
		.share = { [KIND_DATAGRAM] = 100 },
		.flows = 1,
		.size = { FRAME_LEAST },
		.size_share = { 12 },
		.random_addresses = true },
	{ .name = "smallest",
		.share = { [KIND_DATAGRAMS] = 100 },
		.flows = 1000000,
		.size = { FRAME_LEAST },
		.size_share = { 12 },
		.random_addresses = true },
	{ .name = "imix",
		.share = { [KIND_DATAGRAMS] = 100 },
		.flows = 10000,
		.size = { FRAME_LEAST, 590, 1514 },
		.size_share = { 7, 4, 1 } },
	{ .name = "tunnels",
		.share = { [KIND_HTTP] = 20, [KIND_TLS] = 45, [KIND_DNS] = 35 },
		.flows = 10000,
		.tunnels = true },
	{ .name = "elephants", .share = { [KIND_BULK] = 100 }, .flows = 16 },
};

static const struct sl_opt opts[] = {
	{ .flag = "profile",
		.letter = 'p',
		.kind = SL_OPT_CHOICE,
		.arg = "NAME",
		.def = "web",
		.choices = "web|http|tls|dns|dns-flood|flows|new-flows|random|smallest|imix|"
			   "tunnels|elephants",
		.help = "web: HTTP, TLS and DNS with names that people might give; http, tls, dns: "
			"of "
			"one of them; dns-flood: each packet asks for a name that nobody asked "
			"for; "
			"flows: a million connections that last, with what no parser knows; "
			"new-flows: "
			"each packet begins one; random: each packet has addresses and ports of "
			"its own; "
			"smallest: frames of 64 bytes (60 and the checksum of the wire) of a "
			"million "
			"flows between random addresses; imix: frames of 64, 594 and 1518 bytes, 7 "
			"to 4 "
			"to 1; tunnels: web in VXLAN, GRE and IP in IP; elephants: 16 downloads "
			"without "
			"end" },
	{ .flag = "packets",
		.letter = 'n',
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "1000000",
		.min = 1,
		.max = 1e12,
		.help = "how many" },
	{ .flag = "seed",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "1",
		.min = 0,
		.max = 1e15,
		.help = "other traffic of the same kind" },
	{ .flag = "flows",
		.kind = SL_OPT_U64,
		.arg = "N",
		.min = 1,
		.max = 5e8,
		.help = "open at once: each is begun in turn, then each packet is one's at random; "
			"default: the profile's" },
	{ .flag = "names",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "100000",
		.min = 2,
		.max = 1e9,
		.help = "names of servers, at most; the nth most popular comes with a chance of "
			"about 1/n" },
	{ .flag = "ipv6",
		.kind = SL_OPT_U64,
		.arg = "PERCENT",
		.def = "0",
		.min = 0,
		.max = 100,
		.help = "flows over IPv6" },
	{ .flag = "rate",
		.kind = SL_OPT_U64,
		.arg = "PPS",
		.def = "1000000",
		.min = 1,
		.max = 1e9,
		.help = "packets a second, by their time stamps" },
	{ .flag = "mark",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "0",
		.min = 0,
		.max = 1e12,
		.help = "every Nth packet, from packet N on, is a question for pK.mark.example "
			"instead, "
			"where K is the packet's number, the first one's being 0; 0: none is" },
	{ .flag = "told",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "write what was made as one JSON object" },
};

static const struct sl_program program = {
	.name = "bench-generate",
	.usage = "[OPTIONS] FILE",
	.about = "Writes a capture of made traffic (pcap, nanoseconds) to FILE, or to standard "
		 "output for "
		 "'-': the sensor reads it by --replay -. Lengths and checksums are right, and the "
		 "same options give the same bytes.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};

static const struct profile *profile_of(const char *name)
{
	size_t i = 0;
	while (strcmp(profiles[i].name, name) != 0)
		i++;
	return &profiles[i];
}

static enum kind kind_of(const struct generator *g)
{
	unsigned at = (unsigned)(draw(g, g->begun, 0) % 100), kind = 0;
	while (at >= g->profile->share[kind])
		at -= g->profile->share[kind++];
	return (enum kind)kind;
}

/* ---- The capture ---- */

static void put_head(FILE *to)
{
	const uint32_t head[] = { 0xa1b23c4d, 4 << 16 | 2, 0, 0, SNAPLEN, 1 };
	fwrite(head, sizeof(head), 1, to);
}

static void put_packet(FILE *to, const struct frame *f, uint64_t at_ns)
{
	uint32_t head[] = { (uint32_t)(BEGIN_S + at_ns / SL_SECOND), (uint32_t)(at_ns % SL_SECOND),
		f->len, f->len };
	fwrite(head, sizeof(head), 1, to);
	fwrite(f->at, f->len, 1, to);
}

static uint64_t time_of(uint64_t number, uint64_t rate)
{
	return number / rate * SL_SECOND + number % rate * SL_SECOND / rate;
}

/* 0; -errno. */
static int generate(struct generator *g, const struct sl_config *c, FILE *to)
{
	static struct frame f;
	uint64_t packets = sl_config_u64(c, "packets"), mark = sl_config_u64(c, "mark");
	uint64_t flows =
		sl_config_given(c, "flows") ? sl_config_u64(c, "flows") : g->profile->flows;
	struct talk *open = calloc(flows, sizeof(*open)), single;
	if (open == NULL)
		return -ENOMEM;
	put_head(to);
	for (g->number = 0; g->number < packets && !ferror(to); g->number++) {
		struct talk *t =
			&open[g->number < flows ? g->number : draw(g, g->number, 1) % flows];
		bool marked = mark > 0 && g->number > 0 && g->number % mark == 0;
		if (marked)
			talk_begin(g, t = &single, KIND_MARK);
		else if (!t->open)
			talk_begin(g, t, kind_of(g));
		talk_next(g, t, &f);
		put_packet(to, &f, time_of(g->number, sl_config_u64(c, "rate")));
		g->told.packets++;
		g->told.bytes += f.len;
	}
	free(open);
	return fflush(to) == 0 && !ferror(to) ? 0 : -errno;
}

static int tell(const struct told *t, const char *path)
{
	FILE *f = fopen(path, "w");
	if (f == NULL)
		return -errno;
	fprintf(f,
		"{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"flows\":%" PRIu64
		",\"http_requests\":%" PRIu64 ",\"tls_hellos\":%" PRIu64 ",\"dns_queries\":%" PRIu64
		",\"marks\":%" PRIu64 "}\n",
		t->packets, t->bytes, t->flows, t->http_requests, t->tls_hellos, t->dns_queries,
		t->marks);
	return fclose(f) == 0 ? 0 : -errno;
}

static int fail(const char *what, int rc, int status)
{
	fprintf(stderr, "bench-generate: error: %s: %s\n", what, strerror(-rc));
	return status;
}

static int write_all(struct generator *g, const struct sl_config *c, const char *path)
{
	const char *told = sl_config_text(c, "told");
	FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
	if (to == NULL)
		return fail(path, -errno, 2);
	setvbuf(to, NULL, _IOFBF, 1 << 20);
	int rc = generate(g, c, to);
	if (rc == 0 && to != stdout && fclose(to) != 0)
		rc = -errno;
	if (rc < 0)
		return fail(path, rc, 1);
	rc = told != NULL ? tell(&g->told, told) : 0;
	return rc < 0 ? fail(told, rc, 1) : 0;
}

int main(int argc, char **argv)
{
	static struct generator g;
	struct sl_config *c;
	char err[512];
	size_t files;
	int rc = sl_config_load(&c, &program, argc, argv, err, sizeof(err));
	if (rc != 0) {
		if (rc < 0)
			fprintf(stderr, "bench-generate: error: %s\n", err);
		return rc > 0 ? 0 : 2;
	}
	char *const *path = sl_config_operands(c, &files);
	if (files != 1) {
		fputs("bench-generate: error: name one file to write to, or '-'\n", stderr);
		sl_config_free(c);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader that ends is an error of writing */
	g.profile = profile_of(sl_config_text(c, "profile"));
	g.key = (struct sl_hash_key){ sl_config_u64(c, "seed") * 0x9e3779b97f4a7c15u + 1,
		0x2545f4914f6cdd1d };
	g.names = sl_config_u64(c, "names");
	g.ipv6 = (unsigned)sl_config_u64(c, "ipv6");
	fill_pools(&g);
	rc = write_all(&g, c, path[0]);
	sl_config_free(c);
	return rc;
}
