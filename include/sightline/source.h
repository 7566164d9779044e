/* SPDX-License-Identifier: BSD-3-Clause */
/* source.h - where packets come from: capture files and ports behind one table of operations. The
 * one place that knows DPDK. */
#ifndef SIGHTLINE_SOURCE_H
#define SIGHTLINE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/packet.h>

/* What a call of rx_burst says beside its packets. */
enum sl_rx {
	SL_RX_OK, /* n packets, n may be 0: nothing there yet */
	SL_RX_END_CAPTURE, /* no packet; this queue has seen the end of one capture: flush, then
			      call again. pkt[0].ts_ns is the latest time in the whole capture, so
			      that what ends by then does not depend on the number of queues; 0: it
			      was stopped */
	SL_RX_END, /* no packet, and none will come */
};

#define SL_QUEUE_FULL 256 /* how full a queue can be: what comes next is missed */

struct sl_source;

/* Operations of a source. A queue belongs to one worker; only that worker calls with its number. */
struct sl_source_ops {
	const char *name;
	/* Up to max (<= SL_BURST) packets into pkt[0..*n). Never blocks. */
	enum sl_rx (*rx_burst)(struct sl_source *s, uint16_t queue, struct sl_packet *pkt,
		uint16_t max, uint16_t *n);
	/* The burst is done with. Takes the array and the count of one rx_burst as they were given.
	 */
	void (*release)(struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t n);
	/* Nothing came: blocks for some 0.1 s at most, until something may be there. False: it
	 * can't wait. NULL: it never blocks. The caller is offline to whatever waits for it. */
	bool (*wait)(struct sl_source *s, uint16_t queue);
	/* The time up to which the queue has given everything, where the last rx_burst gave
	 * nothing: what comes is later, but for packets whose time runs backwards. In a replay the
	 * latest packet time that was read for any queue; on a port the wall time, less what may
	 * still lie in its ring. 0: not known. NULL: only packets have a time. No system call. */
	uint64_t (*now)(struct sl_source *s, uint16_t queue);
	/* How full the queue is that rx_burst takes from, of SL_QUEUE_FULL; what the last burst
	 * gave is not in it. As fine as the source can tell: of a device that can't be asked, full
	 * for an eighth of a second after it was seen to have missed something. No system call.
	 * NULL: packets wait for the worker, and none is ever missed. */
	unsigned (*fill)(struct sl_source *s, uint16_t queue);
	/* Packets come from now on. Control. 0 or -errno. */
	int (*start)(struct sl_source *s);
	/* Ends early. Any thread, async-signal-safe. */
	void (*stop)(struct sl_source *s);
	void (*close)(struct sl_source *s);
};

struct sl_source {
	const struct sl_source_ops *ops;
};

/* ---- Workers' threads: DPDK's environment, lcores and pinning ---- */

struct sl_threads {
	unsigned workers; /* wanted; 0: one for each core this process may use, less one for control
			   */
	bool no_huge; /* don't try huge pages: sl_mem_use_huge(false) */
	bool telemetry; /* DPDK's telemetry socket, in a folder of this process' own */
	const char *extra; /* more EAL arguments, or NULL */
	const char *const *ports; /* as sl_ports_open will be told: DPDK's need memory of its own */
	unsigned port_count;
};
/* Starts the environment with t->workers lcores, in memory only, so that many processes run side by
 * side; *workers is how many there are. Several lcores share a core where there are more of them
 * than cores. Called once, by main, before any other thread. 0 or -errno; err says what and how to
 * mend it. */
int sl_threads_start(const struct sl_threads *t, unsigned *workers, char *err, size_t err_len);
/* What the time-stamp counter counts in a second; 0: not known. After sl_threads_start. */
uint64_t sl_threads_tsc_hz(void);
/* Runs fn(arg) on worker i's own core. */
int sl_threads_launch(unsigned i, int (*fn)(void *), void *arg);
/* Waits for worker i; its return value. */
int sl_threads_wait(unsigned i);
/* Puts the calling thread on the cores that no worker has to itself, where there are any. The main
 * thread is there after sl_threads_start, and so are the threads that it makes. */
void sl_threads_pin_control(void);
void sl_threads_stop(void);

/* ---- Replay of capture files ---- */

/* How fast packets fall due. At full speed a queue is pulled and nothing is ever missed. Of a paced
 * replay each queue has the descriptor ring of a NIC: a packet that falls due, by the time-stamp
 * counter, while SL_PACE_RING of the queue's wait there is missed, and counted. */
enum sl_pace_unit {
	SL_PACE_MAX, /* full speed */
	SL_PACE_ORIGINAL, /* as the capture's timestamps say */
	SL_PACE_BITS, /* of the wire, where each frame takes SL_PACE_GAP bytes more */
	SL_PACE_PACKETS,
};
#define SL_PACE_RING 4096
#define SL_PACE_GAP 20 /* bytes: preamble, start of frame and inter-packet gap (IEEE 802.3) */

struct sl_pace {
	enum sl_pace_unit unit;
	double per_second; /* bits or packets; not for the others */
};
/* "max", "original", or a rate: "10gbit", "2.5mbit", "5mpps", "300kpps", "1000pps". False: none of
 * them. */
bool sl_pace_parse(const char *text, struct sl_pace *out);

#define SL_FRESH_BITS 16 /* of an IPv4 address, at most; 32 of an IPv6 address */

struct sl_replay_options {
	const char *const *paths; /* '-' is stdin; borrowed until close */
	unsigned path_count;
	unsigned queues; /* workers */
	uint32_t loop; /* passes, 1 at least */
	size_t memory_bytes; /* what packets in flight may take; a looped or paced capture must
				fit. Taken as it is needed; 1.5 MiB for each queue at least */
	struct sl_pace pace;
	uint8_t fresh_bits; /* low bits of an IPv4 address that each pass after the first changes;
			       0: SL_FRESH_BITS. After 2^bits - 1 passes they come again */
	/* In sanitizer builds each packet's tail is poisoned, so that an over-read is seen. */
};

/* How far a replay has come; a moment's picture, any thread. */
struct sl_replay_progress {
	uint64_t bytes_read,
		bytes_total; /* of the files as they lie on disk; total 0: unknown (stdin) */
	uint64_t packets, missed; /* given to queues; and not, because their ring was full */
	unsigned capture; /* number of the capture being read, from 0 */
};

/* What a replay was so far; exact once it has ended. */
struct sl_replay_sums {
	uint64_t sent; /* of captures whose delivery has begun, in all passes, or until it was
			  stopped: at the end all were given or missed */
	uint64_t missed;
	uint64_t wire_bytes; /* paced: of those given, with SL_PACE_GAP for each frame */
	uint64_t longest_ns; /* from the first packet to the end, of the slowest queue */
	uint64_t queues_ns; /* the same, of all queues together */
	uint64_t rehearsed, rehearsed_ns; /* packets, and time of all queues together */
	uint64_t begun_ns; /* paced: when the last capture's first packet fell due, by the wall
			      clock; 0: none has */
	uint64_t mapped_bytes, huge_bytes; /* memory of packets; of that, on huge pages */
};

/* What happened to one capture, once it is read. */
struct sl_replay_result {
	const char *path;
	uint64_t packets;
	int error; /* 0, or -errno: read only in part, or not at all */
	uint64_t offset; /* of the damage, in the capture after decompression */
	char what[160]; /* the damage in words, empty where there is none */
};

/* Whether the first SL_RX_END_CAPTURE of each queue ends a rehearsal: a looped replay at full speed
 * gives its first capture's packets some passes more, and before all others, for a worker that only
 * receives and releases. What that takes, the path behind it is measured against; those packets are
 * not counted. */
bool sl_replay_rehearses(const struct sl_source *s);

/* Opens the first capture, so that a missing file is known before anything starts; a thread of the
 * source's own reads ahead once started. Packets are given to queues by a symmetric hash of their
 * address pair; what has no address goes to queue 0. Within a queue the order is the capture's. A
 * later capture that can't be read has its SL_RX_END_CAPTURE and its result all the same. -errno,
 * and err is "PATH: what": a path that is missing, or a first one that is no capture. Waits for the
 * first 64 KiB of a pipe. */
int sl_replay_open(
	struct sl_source **out, const struct sl_replay_options *o, char *err, size_t err_len);
/* Timestamp of the first packet of the first capture (0: none). Before start. */
uint64_t sl_replay_first_ts(struct sl_source *s);
/* SHA-256 over the first 64 KiB of each capture's bytes (decompressed), in order; reads the head of
 * each file, stdin is looked at without being consumed. Before start. */
int sl_replay_boot_id(struct sl_source *s, uint8_t out[32]);
int sl_replay_start(struct sl_source *s);
/* Ends early: queues give SL_RX_END_CAPTURE, then SL_RX_END, at once; what was not delivered by
 * then never is, and the captures' results say no error for it. Any thread, async-signal-safe. */
void sl_replay_stop(struct sl_source *s);
/* Of a looped replay, bytes count once for each pass. */
void sl_replay_progress(struct sl_source *s, struct sl_replay_progress *out);
/* After all queues gave SL_RX_END: one result for each capture, in order. */
const struct sl_replay_result *sl_replay_results(struct sl_source *s, unsigned *count);
/* Any thread. */
void sl_replay_sums(struct sl_source *s, struct sl_replay_sums *out);

/* ---- Ports ---- */

/* By what a packet of a port goes to a worker; always the same in both directions. */
enum sl_spread {
	SL_SPREAD_OUTER, /* the outermost pair of addresses that the device sees: all that two
			    hosts say to each other meets */
	SL_SPREAD_INNER, /* the innermost; with a dispatcher on a core of its own */
	SL_SPREAD_TUPLE, /* the outermost pair of addresses and, of TCP and UDP, of ports: few
			    hosts spread, too, but fragments and a flow that another one
			    announces (FTP's data) come to other workers */
};

struct sl_ports_options {
	const char *const *devs; /* afpacket:IFACE; borrowed until close */
	unsigned dev_count; /* each a different one */
	unsigned queues; /* workers */
	bool fewer; /* where a dispatcher is needed it may have the last worker's core */
	enum sl_spread spread;
	size_t ring_bytes; /* afpacket: memory of the ring of each queue of each port */
	uint8_t fresh_bits; /* as in a replay, for a file that a port of DPDK's gives without end */
};

/* Opens the ports, which take no packet before start. Queue i of every port belongs to worker i. A
 * packet goes to a worker by a symmetric hash of its address pair, the same on every port, so that
 * a tap may give each direction to a port of its own. -errno, and err is "port DEV: cause; fix";
 * nothing is left open then. */
int sl_ports_open(
	struct sl_source **out, const struct sl_ports_options *o, char *err, size_t err_len);
/* The first port that a worker can't wait for; NULL: all can be. */
const char *sl_ports_unwaitable(const struct sl_source *s);
/* How many workers are to be started; control, after open. */
unsigned sl_ports_workers(const struct sl_source *s);
/* How often the dispatcher went round, as it does many times a second; false: none deals packets
 * now. Control, after start. */
bool sl_ports_dispatcher(const struct sl_source *s, uint64_t *rounds);
/* What was decided for each port, and what it follows from: one line a call. */
void sl_ports_plan(struct sl_source *s, void (*line)(void *arg, const char *text), void *arg);
/* Ten times a second or so: reads the devices' own counters and the state of links; a link that
 * went down or came up is said through `line`. -ENODEV: a port is gone, and err says which. */
int sl_ports_look(struct sl_source *s, void (*line)(void *arg, const char *text), void *arg,
	char *err, size_t err_len);
/* Every counter of every port by its key, name{label="x"}; missed packets are all that was lost
 * between the port and a worker. What a card of the kernel's lost before that is counted by its
 * driver, and told as the device's. Any thread; exact once sl_ports_look was called after the end.
 */
typedef void (*sl_port_fn)(void *arg, const char *key, const char *help, uint64_t value);
void sl_ports_counters(struct sl_source *s, sl_port_fn tell, void *arg);

#endif
