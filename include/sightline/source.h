/* SPDX-License-Identifier: BSD-3-Clause */
/* source.h - where packets come from: a capture file now, ports behind the same table of operations
 * later. The one place that knows DPDK. */
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

struct sl_source;

/* Operations of a source. A queue belongs to one worker; only that worker calls with its number. */
struct sl_source_ops {
	const char *name;
	/* Up to max (<= SL_BURST) packets into pkt[0..*n). Never blocks. */
	enum sl_rx (*rx_burst)(struct sl_source *s, uint16_t queue, struct sl_packet *pkt,
		uint16_t max, uint16_t *n);
	/* The burst is done with, but for the packets that were held. Takes the array and the
	 * count of one rx_burst as they were given. */
	void (*release)(struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t n);
	/* Keep a packet's bytes beyond its burst, until drop_held. -ENOBUFS: the share of held
	 * packets is used up. */
	int (*hold)(struct sl_source *s, uint16_t queue, struct sl_packet *pkt);
	void (*drop_held)(struct sl_source *s, uint16_t queue, void *owner);
	/* The time up to which the queue has given everything, where the last rx_burst gave
	 * nothing: what comes is later, but for packets whose time runs backwards. In a replay the
	 * latest packet time that was read for any queue; on a port the wall time, less what may
	 * still lie in its ring. 0: not known. NULL: only packets have a time. No system call. */
	uint64_t (*now)(struct sl_source *s, uint16_t queue);
	/* Ask the hardware to keep a flow's further packets away; NULL: it can't. */
	int (*bypass)(struct sl_source *s, uint16_t queue, const struct sl_packet *pkt);
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
};
/* Starts the environment with t->workers lcores, in memory only, so that many processes run side by
 * side; *workers is how many there are. Several lcores share a core where there are more of them
 * than cores. Called once, by main, before any other thread. 0 or -errno; err says what and how to
 * mend it. */
int sl_threads_start(const struct sl_threads *t, unsigned *workers, char *err, size_t err_len);
/* Runs fn(arg) on worker i's own core. */
int sl_threads_launch(unsigned i, int (*fn)(void *), void *arg);
/* Waits for worker i; its return value. */
int sl_threads_wait(unsigned i);
/* Puts the calling thread on the cores that no worker has to itself, where there are any. The main
 * thread is there after sl_threads_start, and so are the threads that it makes. */
void sl_threads_pin_control(void);
void sl_threads_stop(void);

/* ---- Replay of capture files ---- */

struct sl_replay_options {
	const char *const *paths; /* '-' is stdin; borrowed until close */
	unsigned path_count;
	unsigned queues; /* workers */
	uint32_t loop; /* passes, 1 at least */
	size_t memory_bytes; /* what packets in flight may take; a looped capture must fit. Taken
				as it is needed; 1.5 MiB for each queue at least */
	/* In sanitizer builds each packet's tail is poisoned, so that an over-read is seen. */
};

/* How far a replay has come; a moment's picture, any thread. */
struct sl_replay_progress {
	uint64_t bytes_read,
		bytes_total; /* of the files as they lie on disk; total 0: unknown (stdin) */
	uint64_t packets;
	unsigned capture; /* number of the capture being read, from 0 */
};

/* What happened to one capture, once it is read. */
struct sl_replay_result {
	const char *path;
	uint64_t packets;
	int error; /* 0, or -errno: read only in part, or not at all */
	uint64_t offset; /* of the damage, in the capture after decompression */
	char what[160]; /* the damage in words, empty where there is none */
};

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

#endif
