/* SPDX-License-Identifier: BSD-3-Clause */
/* record.h - what a worker tells the publisher, as variable-length records in its ring. Written by
 * app/sensor/worker.c, read by lib/sighting. Records hold values, never pointers; a ruleset's
 * numbers are good because a set is kept until the publisher has drained what names it. */
#ifndef SIGHTLINE_RECORD_H
#define SIGHTLINE_RECORD_H

#include <sightline/observable.h>

enum sl_record_kind {
	SL_REC_OBSERVABLE, /* for --emit observables */
	SL_REC_HIT,
	SL_REC_EXPRESSION, /* an expression of a detection that spans flows became true */
	SL_REC_FLOW, /* a flow ended */
	SL_REC_CLOCK, /* the worker's packet time has reached ts_ns */
	SL_REC_CAPTURE, /* this worker is done with the capture */
	SL_REC_END, /* this worker is done */
	SL_REC_FILE_BYTES, /* struct sl_record_file */
	SL_REC_FILE_END, /* the same: the file is over */
	SL_REC_FILES, /* every hit of the files that ended before this was told */
	SL_REC_FILES_LOST, /* an end of a file was not told: those not ended by now never will */
	SL_REC_FACT, /* struct sl_record_fact */
};

/* The flow as it stands when the record is written. */
struct sl_record_flow {
	union sl_addr src, dst;
	uint16_t sport, dport;
	uint8_t version, proto;
	uint8_t outcome, end; /* enum sl_outcome, enum sl_flow_end */
	uint8_t vlan_count;
	uint16_t tunnels; /* as in struct sl_flow */
	uint8_t shed; /* bits, as of struct sl_flow */
	char app[12]; /* parser's name, "" */
	uint16_t vlan[SL_VLAN_MAX];
	uint64_t id, first_ns, last_ns;
	uint64_t packets[2], bytes[2];
	uint64_t missing_bytes[2];
};

/* A leaf that was true, and where; SL_WHERE_NONE: of the flow itself. */
struct sl_matched {
	uint16_t leaf, where;
};

struct sl_record {
	uint32_t kind; /* enum sl_record_kind */
	uint32_t generation; /* HIT: of the ruleset that the numbers belong to */
	uint64_t ts_ns;
	struct sl_record_flow flow; /* OBSERVABLE, HIT, FLOW */
	/* OBSERVABLE and HIT */
	uint32_t message;
	uint16_t where;
	uint8_t type, dir, part, flags, outcome;
	uint8_t match; /* HIT */
	uint16_t capture;
	uint16_t value_len; /* bytes of the value */
	uint16_t said_len; /* HIT: bytes of the flow's sl_said entries */
	uint16_t indicator_count; /* HIT: indicators of one listed value; of a tree, and for
				     EXPRESSION: 1, the detection's own */
	uint16_t expression; /* EXPRESSION: which */
	uint16_t matched_count; /* HIT of a tree, EXPRESSION: leaves that were true */
	/* Then: indicator numbers (uint32_t each), matched leaves (struct sl_matched each), value,
	 * said entries. */
	_Alignas(8) uint8_t tail[];
};

#define SL_RECORD_FILE_TYPE 96

struct sl_record_file {
	uint32_t kind; /* SL_REC_FILE_BYTES, SL_REC_FILE_END */
	uint32_t len; /* of tail */
	uint64_t file; /* number, one worker's own */
	uint64_t flow; /* id */
	uint64_t offset; /* of tail in the file */
	uint32_t message;
	bool whole; /* END */
	uint8_t sha256[32]; /* END, whole */
	char type[SL_RECORD_FILE_TYPE]; /* END; "": not known */
	uint8_t tail[];
};

/* What a flow or message says of hosts, for hosts.h. */
enum sl_fact {
	SL_FACT_FLOW, /* a parser was found for the flow src -> dst */
	SL_FACT_ASKED, /* src asked dst for a name, or for who has it (via SL_VIA_PROXY: by HTTP or
			  SOCKS; the name may be empty) */
	SL_FACT_ANSWERED, /* dst answered src, who had asked for the name, with the addresses (there
			     may be none) */
	SL_FACT_NAMED, /* src says its name; version 0: src is a MAC address */
	SL_FACT_LEASED, /* src was given to the MAC address dst */
};
enum sl_fact_via { SL_VIA_OTHER, SL_VIA_DNS, SL_VIA_PROXY, SL_VIA_WEB, SL_VIA_MAIL };
enum sl_named_by { SL_NAMED_DHCP, SL_NAMED_MDNS, SL_NAMED_NBNS, SL_NAMED_COUNT };

#define SL_FACT_ADDRESSES 16
#define SL_FACT_SLOT_NS                                                                            \
	(UINT64_C(60) * 1000000000) /* a worker tells the same fact once in so long */
struct sl_fact_address {
	union sl_addr a;
	uint64_t version;
};

struct sl_record_fact {
	uint32_t kind; /* SL_REC_FACT */
	uint8_t fact; /* enum sl_fact */
	uint8_t via; /* FLOW, ASKED: enum sl_fact_via; NAMED: enum sl_named_by */
	uint8_t version; /* of src, dst */
	uint8_t hops; /* FLOW: hop limit of a packet of src over TCP; 0: not known */
	uint64_t ts_ns;
	union sl_addr src, dst;
	uint16_t addresses, name_len;
	/* Then: addresses (struct sl_fact_address each), name in normal form. */
	_Alignas(8) uint8_t tail[];
};

static inline const uint32_t *sl_record_indicators(const struct sl_record *r)
{
	return (const uint32_t *)(const void *)r->tail;
}

static inline const struct sl_matched *sl_record_matched(const struct sl_record *r)
{
	return (const struct sl_matched *)(const void *)(r->tail + (size_t)4 * r->indicator_count);
}

static inline struct sl_span sl_record_value(const struct sl_record *r)
{
	return sl_span(r->tail + (size_t)4 * (r->indicator_count + r->matched_count), r->value_len);
}

static inline struct sl_span sl_record_said(const struct sl_record *r)
{
	return sl_span(sl_record_value(r).p + r->value_len, r->said_len);
}

#endif
