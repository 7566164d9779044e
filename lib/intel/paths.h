/* SPDX-License-Identifier: BSD-3-Clause */
/* paths.h - private to lib/intel: what an object path of STIX stands for on a network. */
#ifndef SL_INTEL_PATHS_H
#define SL_INTEL_PATHS_H

#include <sightline/detection.h>

enum path_kind {
	PATH_UNSEEN, /* nothing on a network says it: a process, a registry key */
	PATH_CONTEXT, /* explains, and changes nothing: custom properties, what a type repeats */
	PATH_VALUE, /* an observable */
	PATH_FIELD, /* a number of the flow */
};

/* Which family of messages a place belongs to: what can be said in one message together. */
enum {
	FAMILY_FLOW = 1 << 0, /* of every message of the flow */
	FAMILY_DNS = 1 << 1,
	FAMILY_NAMES = 1 << 2, /* mDNS, LLMNR, NBNS */
	FAMILY_HTTP = 1 << 3,
	FAMILY_SSDP = 1 << 4,
	FAMILY_TLS = 1 << 5,
	FAMILY_QUIC = 1 << 6,
	FAMILY_SSH = 1 << 7,
	FAMILY_MAIL = 1 << 8,
	FAMILY_FTP = 1 << 9,
	FAMILY_SMB = 1 << 10,
	FAMILY_OTHER = 1 << 11,
};

struct path_row {
	const char *path; /* as the language writes it; '*' a key of any name, "[*]" left out */
	enum path_kind kind;
	const char *type; /* VALUE: the name by which lib/intel reads such a value */
	const char *wheres; /* VALUE: places, blank between them; NULL: all of the type */
	enum sl_flow_field field; /* FIELD */
	bool name_too; /* VALUE: a name may stand there for the address that it leads to */
	bool weak; /* VALUE: true of ordinary traffic whatever the value is */
	const char *reason; /* UNSEEN: why; NULL: it is seen on a host only */
};

extern const struct path_row path_rows[];
extern const size_t path_row_count;

/* Never NULL. */
const struct path_row *path_find(const struct sl_path *p);
/* The places of a row, as a mask; type is that of the value. */
void path_wheres(
	const struct path_row *row, enum sl_type type, uint64_t out[(SL_WHERE_COUNT + 63) / 64]);
/* A constant as values of the field are: a number or a time in quotes, a protocol's name in any
 * spelling. The text of the latter is static. */
void constant_for_field(enum sl_flow_field field, struct sl_constant *c);
/* FAMILY_* of the places in a mask. */
unsigned wheres_families(const uint64_t wheres[(SL_WHERE_COUNT + 63) / 64]);

#endif
