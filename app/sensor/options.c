/* SPDX-License-Identifier: BSD-3-Clause */
/* options.c - what sightline-sensor can be told, as one table. Constant. */
#include <sightline/breaker.h>
#include <sightline/hosts.h>
#include <sightline/memory.h>
#include <sightline/policy.h>

#include "sensor.h"

#define NOT_YET(what) what " is not built yet"
#define TEXT(x) #x

static const struct sl_opt opts[] = {
	{ .key = "replay",
		.flag = "replay",
		.letter = 'r',
		.kind = SL_OPT_LIST,
		.arg = "FILE",
		.help = "read packets from a capture file (pcap or pcapng, plain, gzip or zstd; "
			"'-' is standard input); repeatable, each file is its own capture" },
	{ .key = "port",
		.flag = "port",
		.letter = 'p',
		.kind = SL_OPT_LIST,
		.arg = "DEV",
		.help = "read packets from a port: afpacket:IFACE, a PCI address, or a virtual "
			"device of "
			"DPDK's such as net_af_xdp0,iface=IFACE; repeatable" },
	{ .key = "intel",
		.flag = "intel",
		.letter = 'i',
		.kind = SL_OPT_LIST,
		.arg = "PATH",
		.help = "indicators to arm: a file or a folder; repeatable; the format is "
			"recognised from the content" },
	{ .key = "allow",
		.kind = SL_OPT_LIST,
		.arg = "PATH",
		.help = "files of values that are never reported, in the formats of intel" },
	SL_JUDGING_OPTS,
	{ .key = "rules",
		.flag = "rules",
		.letter = 'R',
		.kind = SL_OPT_LIST,
		.arg = "PATH",
		.missing = NOT_YET("the rule language"),
		.help = "Suricata-format rules" },
	{ .key = "emit",
		.flag = "emit",
		.kind = SL_OPT_LIST,
		.arg = "KIND",
		.choices = "observables|sightings|flows",
		.help = "JSON lines on standard output: observables, sightings or flows; "
			"repeatable" },
	{ .key = "publish",
		.flag = "publish",
		.kind = SL_OPT_TEXT,
		.arg = "URL",
		.help = "publish sightings on this ZeroMQ endpoint, such as tcp://127.0.0.1:7611" },
	{ .key = "collector",
		.flag = "collector",
		.kind = SL_OPT_TEXT,
		.arg = "URL",
		.help = "deliver sightings to this collector, such as tcp://127.0.0.1:7610" },
	{ .key = "intel_from",
		.flag = "collector-intel",
		.kind = SL_OPT_TEXT,
		.arg = "URL",
		.help = "arm what this collector hands out as well, such as tcp://127.0.0.1:7612, "
			"and what changes of it; the last good set is kept, for a start without "
			"the collector" },
	{ .key = "intel_kept",
		.flag = "intel-kept",
		.kind = SL_OPT_TEXT,
		.arg = "DIR",
		.help = "folder for the last good set of --collector-intel, of this sensor alone; "
			"without it /var/lib/sightline/kept as root or where its user may "
			"write there, kept in the current folder otherwise" },
	{ .key = "home_net",
		.flag = "home-net",
		.kind = SL_OPT_LIST,
		.comma = true,
		.arg = "CIDR,...",
		.def = SL_HOME_NET_DEFAULT,
		.help = "own networks: an indicator never fires on an address in them" },
	{ .key = "validity",
		.flag = "validity",
		.kind = SL_OPT_CHOICE,
		.arg = "V",
		.choices = "packet|ignore|now",
		.help = "when an indicator's period of validity counts: at the packet's time (of "
			"a port, that is now), never, or at the time of the load; what was seen "
			"before valid_from and fires nevertheless is marked before_valid; default: "
			"packet on a port, ignore in a replay" },
	{ .key = "speed",
		.flag = "speed",
		.kind = SL_OPT_TEXT,
		.arg = "S",
		.def = "max",
		.help = "replay pace: max takes packets as fast as it can and misses none; "
			"original (as "
			"the capture's timestamps), or a rate such as 10gbit or 5mpps, lets each "
			"packet "
			"fall due by the clock, and counts as missed what finds its ring of 4096 "
			"full" },
	{ .key = "loop",
		.flag = "loop",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "1",
		.min = 1,
		.max = 1e9,
		.help = "replay N times over; each pass gets fresh addresses, so that flows are "
			"new "
			"ones, and goes on in time where the last one ended" },
	{ .key = "workers",
		.flag = "workers",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "0",
		.min = 0,
		.max = 120,
		.help = "worker threads; 0: one for each core it may use, less one for control" },
	{ .key = "checksums",
		.flag = "checksums",
		.kind = SL_OPT_CHOICE,
		.arg = "C",
		.def = "count",
		.choices = "count|verify",
		.help = "a wrong IP, TCP or UDP checksum is counted and the packet used, or "
			"dropped "
			"and counted" },
	{ .key = "shed",
		.flag = "shed",
		.kind = SL_OPT_CHOICE,
		.arg = "S",
		.def = "auto",
		.choices = "auto|never",
		.help = "what a worker does whose queue fills up: leave undone what costs most, in "
			"a stated order and counted, so that headers are matched to the last; or "
			"miss packets. At full speed no replay sheds" },
	{ .key = "shed_elephant",
		.kind = SL_OPT_SIZE,
		.def = "1MiB",
		.min = 1024,
		.max = 1e15,
		.help = "a flow longer than this is an elephant: under overload it is not read any "
			"further" },
	{ .key = "timing",
		.flag = "timing",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "time the stages of one burst of packets in 16, and say at the end what "
			"each "
			"costs; less than 2 % slower" },
	{ .flag = "stats",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "at exit, write every counter as one JSON object ('-' is standard "
			"output)" },
	{ .key = "metrics",
		.flag = "metrics",
		.kind = SL_OPT_TEXT,
		.arg = "[ADDRESS:]PORT",
		.help = "counters as Prometheus text on this HTTP port, at /metrics, for "
			"Prometheus and sightline status; on loopback unless an address is "
			"given" },
	{ .key = "allow_empty",
		.flag = "allow-empty",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "start although no indicator is armed" },
	{ .key = "reload_min_ratio",
		.flag = "reload-min-ratio",
		.kind = SL_OPT_DOUBLE,
		.arg = "R",
		.def = "0.5",
		.min = 0,
		.max = 1,
		.help = "refuse a reload that would leave less than this share of the armed "
			"indicators, of all or of one feed" },
	{ .key = "reload_max_ratio",
		.kind = SL_OPT_DOUBLE,
		.def = "10",
		.min = 0,
		.max = 1e9,
		.help = "refuse a reload in which a feed has more than so many times the "
			"indicators that it had, and reload_max_more beyond them; 0: none is" },
	{ .key = "reload_max_more",
		.kind = SL_OPT_U64,
		.def = "100000",
		.min = 0,
		.max = 1e9,
		.help = "growth of a feed that is never refused" },
	{ .key = "no_huge",
		.flag = "no-huge",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "run without huge pages" },
	{ .key = "no_seccomp",
		.flag = "no-seccomp",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "allow all system calls: for debuggers and profilers" },
	{ .key = "user",
		.kind = SL_OPT_TEXT,
		.arg = "NAME",
		.help = "the user it becomes once its ports are open; on a port, started as root, "
			"sightline where there is one" },
	{ .key = "sensor.name",
		.kind = SL_OPT_TEXT,
		.arg = "NAME",
		.help = "name of this sensor in its sightings; default: the host's name" },
	{ .key = "sightings.window",
		.kind = SL_OPT_DURATION,
		.def = "5m",
		.min = 1e9,
		.max = 864e11,
		.help = "repeats within so long of packet time are one sighting" },
	{ .key = "sightings.max_open",
		.kind = SL_OPT_U64,
		.def = "262144",
		.min = 1024,
		.max = 1e8,
		.help = "sightings remembered at once; at the bound one that is over gives way, "
			"else the oldest closes early, counted" },
	{ .key = "sightings.memory",
		.kind = SL_OPT_SIZE,
		.def = "512MiB",
		.min = 1 << 20,
		.max = 1e12,
		.help = "memory for them; the bound is kept as that of sightings.max_open" },
	{ .key = "flow.max",
		.kind = SL_OPT_U64,
		.def = "1048576",
		.min = 1024,
		.max = 268435456,
		.help = "flows a worker remembers at once; at the bound one is put out: what "
			"nothing answered first, what is read or sighted last" },
#define X(id, name, seconds, what)                                                                 \
	{ .key = "flow.timeout." name,                                                             \
		.kind = SL_OPT_DURATION,                                                           \
		.def = TEXT(seconds) "s",                                                          \
		.min = 1e9,                                                                        \
		.max = 864e11,                                                                     \
		.help = "silence after which a flow has ended: " what },
	SL_FLOW_TIMEOUTS(X)
#undef X
		{ .key = "flow.context_max",
			.kind = SL_OPT_U64,
			.def = "131072",
			.min = 0,
			.max = 268435456,
			.help = "flows a worker keeps the context of (names, URLs), 512 bytes "
				"each" },
	{ .key = "match.tree_states",
		.kind = SL_OPT_U64,
		.def = "65536",
		.min = 1024,
		.max = 268435456,
		.help = "messages of which a worker remembers how far they satisfy an indicator "
			"that is a tree, 64 bytes each; at the bound a flow's oldest is forgotten, "
			"counted" },
	{ .key = "correlator.max_states",
		.kind = SL_OPT_U64,
		.def = "65536",
		.min = 16,
		.max = 16777216,
		.help = "hosts, for each indicator that joins several observations, of which is "
			"remembered what they did; at the bound the oldest is forgotten, counted" },
	{ .key = "correlator.memory",
		.kind = SL_OPT_SIZE,
		.def = "128MiB",
		.min = 1048576,
		.max = 1e12,
		.help = "memory for observations that wait to be joined" },
	SL_HOSTS_OPTS,
	SL_BREAKER_OPTS,
	SL_MEMORY_OPTS,
	SL_IMPACT_OPTS,
	{ .key = "stream.memory",
		.kind = SL_OPT_SIZE,
		.def = "64MiB",
		.min = 1048576,
		.max = 1e11,
		.help = "memory of a worker for TCP segments that came before their turn; at the "
			"bound their holes are given up, counted" },
	{ .key = "overlap_policy",
		.kind = SL_OPT_LIST,
		.comma = true,
		.arg = "[CIDR=]POLICY,...",
		.def = "linux",
		.help = "whose bytes count where IP fragments or TCP segments to a network "
			"overlap: "
			"first, last, bsd, linux or windows; the longest prefix counts, a policy "
			"alone is everybody else's" },
	{ .key = "stream.memory_total",
		.kind = SL_OPT_SIZE,
		.def = "1GiB",
		.min = 1048576,
		.max = 1e12,
		.help = "the same, of all workers together" },
	{ .key = "stream.flow_memory",
		.kind = SL_OPT_SIZE,
		.def = "2MiB",
		.min = 4096,
		.max = 1073741824,
		.help = "the same, of one direction of a flow" },
	{ .key = "stream.flow_segments",
		.kind = SL_OPT_U64,
		.def = "1024",
		.min = 1,
		.max = 8192,
		.help = "TCP segments kept before their turn of one direction of a flow" },
	{ .key = "stream.depth",
		.kind = SL_OPT_SIZE,
		.def = "0",
		.min = 0,
		.max = 4294967295.0,
		.help = "bytes read of one direction of a TCP connection; what is beyond is "
			"counted, and files that reach there are partial; 0: all" },
	{ .key = "exclude",
		.flag = "exclude",
		.kind = SL_OPT_LIST,
		.comma = true,
		.arg = "WHAT,...",
		.help = "packets that nothing looks at, counted: of an address or network, "
			"port:N, "
			"port:N-M, vlan:N, tcp, udp, sctp, icmp, icmpv6, proto:N, or several of "
			"them "
			"joined by '+', such as 10.9.0.0/24+port:3260" },
	{ .key = "duplicates.policy",
		.kind = SL_OPT_CHOICE,
		.arg = "P",
		.def = "count",
		.choices = "keep|count|drop",
		.help = "copies of packets, as mirror ports send them: not looked for, estimated "
			"from "
			"one packet in 64, or dropped and counted" },
	{ .key = "duplicates.window",
		.kind = SL_OPT_DURATION,
		.def = "50ms",
		.min = 1e5,
		.max = 1e10,
		.help = "how long after a packet its copy may come" },
	{ .key = "defrag.memory",
		.kind = SL_OPT_SIZE,
		.def = "32MiB",
		.min = 1048576,
		.max = 1e11,
		.help = "memory of a worker for IP fragments; at the bound the oldest datagram is "
			"put out, counted" },
	{ .key = "defrag.max",
		.kind = SL_OPT_U64,
		.def = "16384",
		.min = 16,
		.max = 16777216,
		.help = "datagrams a worker waits for the fragments of; at the bound the oldest is "
			"put out" },
	{ .key = "defrag.max_fragments",
		.kind = SL_OPT_U64,
		.def = "8192",
		.min = 2,
		.max = 1e6,
		.help = "fragments of one datagram; one more gives it up" },
	{ .key = "defrag.timeout_v4",
		.kind = SL_OPT_DURATION,
		.def = "30s",
		.min = 1e6,
		.max = 36e11,
		.help = "an IPv4 datagram that is not whole so long after its first fragment never "
			"will be" },
	{ .key = "defrag.timeout_v6",
		.kind = SL_OPT_DURATION,
		.def = "60s",
		.min = 1e6,
		.max = 36e11,
		.help = "an IPv6 datagram, likewise" },
	{ .key = "parser.memory",
		.kind = SL_OPT_SIZE,
		.def = "64MiB",
		.min = 1048576,
		.max = 1e12,
		.help = "memory of a worker for the state of protocol parsers" },
	{ .key = "file.memory",
		.kind = SL_OPT_SIZE,
		.def = "32MiB",
		.min = 10485760,
		.max = 1e12,
		.help = "memory of a worker to undo content codings (gzip, br, zstd); what finds "
			"none stays a partial file, counted" },
	{ .key = "file_store.dir",
		.kind = SL_OPT_TEXT,
		.arg = "DIR",
		.help = "folder for files that messages carried, each under its SHA-256; it must "
			"exist" },
	{ .key = "file_store.policy",
		.kind = SL_OPT_CHOICE,
		.arg = "P",
		.def = "none",
		.choices = "none|matched|all",
		.help = "which whole files are kept: none, those whose name, type or hash "
			"satisfied "
			"an indicator, or all" },
	{ .key = "file_store.types",
		.kind = SL_OPT_LIST,
		.arg = "TYPE",
		.help = "keep files of these media types alone, such as application/pdf or "
			"image/" },
	{ .key = "file_store.max_size",
		.kind = SL_OPT_SIZE,
		.def = "16MiB",
		.min = 1,
		.max = 1e12,
		.help = "keep no file larger than this" },
	{ .key = "file_store.quota",
		.kind = SL_OPT_SIZE,
		.def = "1GiB",
		.min = 1,
		.max = 1e15,
		.help = "bytes that the folder may hold; beyond that no file is kept, counted" },
	{ .key = "replay_memory",
		.kind = SL_OPT_SIZE,
		.def = "512MiB",
		.min = 8388608,
		.max = 1e13,
		.help = "packets of a replay that are in memory at once; a looped or paced "
			"capture "
			"must fit" },
	{ .key = "port_ring",
		.kind = SL_OPT_SIZE,
		.def = "32MiB",
		.min = 1048576,
		.max = 1e11,
		.help = "memory of the ring of each worker and port that the kernel fills "
			"(afpacket); where packets are dealt out, all of a port in one" },
	{ .key = "port_spread",
		.kind = SL_OPT_CHOICE,
		.def = "outer",
		.choices = "outer|inner|tuple",
		.help = "which worker gets a packet of a port: by the outermost pair of addresses "
			"that the device sees; by the innermost, where a tunnel's directions "
			"differ outside, which a thread with a core of its own then deals out; or "
			"by addresses and ports, where few hosts talk: fragments and the data "
			"connections of FTP then come to other workers than their flow" },
	{ .key = "idle",
		.flag = "idle",
		.kind = SL_OPT_CHOICE,
		.arg = "I",
		.def = "auto",
		.choices = "auto|interrupt|pause|poll",
		.help = "what a worker does where no packet comes: auto blocks until one comes, "
			"where every port can be waited for; interrupt refuses ports that can't; "
			"pause rests on its core for up to 40 microseconds at a time; poll asks "
			"again at once" },
	{ .key = "watchdog",
		.kind = SL_OPT_DURATION,
		.def = "10s",
		.min = 1e8,
		.max = 36e11,
		.help = "a worker on ports, or the dispatcher, that stands still for so long ends "
			"the sensor with status 1; time in which the machine gave the watchdog no "
			"core either "
			"doesn't count" },
	{ .key = "ring",
		.kind = SL_OPT_SIZE,
		.def = "4MiB",
		.min = 1048576,
		.max = 1073741824,
		.help = "memory of the ring between a worker and the publisher" },
	{ .key = "delivery.queue",
		.kind = SL_OPT_SIZE,
		.def = "64MiB",
		.min = 1048576,
		.max = 1e12,
		.help = "sightings that wait for the collector; at the bound the oldest are lost, "
			"counted" },
	{ .key = "dpdk.telemetry",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "DPDK's telemetry socket, in a folder of this process below "
			"/var/run/dpdk" },
	{ .key = "dpdk.extra_args",
		.kind = SL_OPT_TEXT,
		.arg = "ARGS",
		.help = "more arguments for DPDK's environment" },
};

const struct sl_program sensor_program = {
	.name = "sightline-sensor",
	.usage = "--replay FILE | --port DEV [--intel PATH]... [--emit KIND]...",
	.about =
		"Reads packets, matches what they say against indicators, and tells what it saw as "
		"sightings.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};
