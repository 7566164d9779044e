/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.h - what the two capture formats share; private to lib/source. */
#ifndef SOURCE_CAPTURE_H
#define SOURCE_CAPTURE_H

#include <stdbool.h>

#include <sightline/capture.h>
#include <sightline/span.h>

/* A block or record with all that belongs to it fits in the window. */
#define CAPTURE_WINDOW ((size_t)1 << 20)

/* One interface of a pcapng section. */
struct iface {
	uint16_t linktype;
	uint8_t tsresol; /* as in the option: top bit: power of 2, else of 10 */
	uint32_t snaplen;
	int64_t tsoffset; /* seconds */
};

struct sl_capture {
	struct sl_input *in; /* borrowed */
	struct sl_capture_damage *damage; /* borrowed */
	uint8_t *buf; /* owned */
	size_t room; /* its bytes: CAPTURE_WINDOW once something needs them */
	size_t at, len; /* buf[at..len) is not yet used */
	uint64_t offset; /* of buf[at] in the capture */
	bool in_end; /* the input has given all */
	int in_error; /* or broke off: -errno */
	int ended; /* 1, or -errno: what every later call gives */

	int (*next)(struct sl_capture *c, struct sl_capture_packet *p);
	bool little; /* numbers of the file, or of the section */

	/* pcap */
	bool nano, modified, swapped_len, maybe_swapped_len;
	uint16_t linktype;

	/* pcapng */
	struct iface *ifaces; /* owned */
	uint32_t iface_count, iface_room;
	uint64_t last_ns; /* a simple packet block has no time of its own */
};

/* Makes n (<= CAPTURE_WINDOW) bytes stand at buf[at]; how many there are, which is fewer only where
 * the input ends. */
size_t capture_need(struct sl_capture *c, size_t n);
void capture_used(struct sl_capture *c, size_t n);
/* Passes n bytes by; false where there are fewer. */
bool capture_skip(struct sl_capture *c, uint64_t n);
/* The damage at `offset`, in words; returns the error. */
int capture_damaged(struct sl_capture *c, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The input ended (or broke off) inside `what`, which began at `offset`. */
int capture_cut(struct sl_capture *c, uint64_t offset, const char *what);

static inline uint16_t capture_u16(const struct sl_capture *c, const uint8_t *p)
{
	return (uint16_t)(c->little ? p[0] | p[1] << 8 : p[0] << 8 | p[1]);
}

static inline uint32_t capture_u32(const struct sl_capture *c, const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return c->little ? v : __builtin_bswap32(v); /* x86: memory is little-endian */
}

static inline uint64_t capture_u64(const struct sl_capture *c, const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return c->little ? v : __builtin_bswap64(v);
}

/* Each format's opener: buf holds at least its magic number. */
int pcap_open(struct sl_capture *c);
int pcapng_open(struct sl_capture *c);

#endif
