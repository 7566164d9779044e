/* SPDX-License-Identifier: BSD-3-Clause */
/* misp.h - private to lib/intel: what the parts of the MISP reader share. misp_reader.c finds
 * events and their pieces, misp_types.c says what each type of attribute is, misp_attribute.c reads
 * one attribute, misp_object.c one object, misp_and.c one whose attributes belong together. Control
 * threads. */
#ifndef SL_INTEL_MISP_H
#define SL_INTEL_MISP_H

#include "reading.h"

#define MISP_LABELS_BYTES 1024

enum misp_kind {
	MISP_PLAIN, /* a value of the type `as` */
	MISP_SUFFIX, /* a name, and all below it */
	MISP_PATH, /* a value at several places: the path names them */
	MISP_URI, /* a URL, or the target of a request */
	MISP_PORT, /* "host|port" */
	MISP_FILE, /* "filename|hash": the hash is looked for */
	MISP_DOMAIN_IP,
	MISP_PATTERN, /* a STIX pattern */
	MISP_RULE, /* Snort's or Suricata's */
	MISP_LANGUAGE, /* a pattern in a language that is not read */
	MISP_WEAK, /* true of ordinary traffic where it stands alone */
	MISP_UNSEEN, /* no packet shows it, or it is not looked at */
	MISP_CONTEXT,
};

struct misp_type {
	const char *name;
	enum misp_kind kind;
	const char *as; /* PLAIN, SUFFIX: lib/intel's name of the type */
	const char *path; /* where the value is in a tree */
};

struct misp {
	struct reading *r;
	size_t event_first; /* where the indicators of the event begin in the set */
	const char *source; /* the event's creator, as far as it is known when a piece is read */
	int stop;
};

/* One attribute's head, in a draft that borrows from it; labels has MISP_LABELS_BYTES. */
void misp_draft(const struct misp *m, const struct sl_json *a, char *labels, struct draft *out);
/* "1", 1 and true are yes. */
bool misp_yes(const struct sl_json *a, const char *key);
/* Tags without those that say a TLP, joined with ','; behind what stands there. */
void misp_tags(const struct sl_json *of, char *labels, enum sl_tlp *tlp, uint8_t *confidence);

const struct misp_type *misp_type_find(const char *name);
/* A hash that a packet's file may have, or would have if it were computed. */
bool misp_is_hash(const char *type);

/* When it was last changed: seconds since 1970, as a number or in quotes; 0: not said. */
uint64_t misp_changed_ns(const struct sl_json *of);
/* Begins a version, of which the caller has said when it was changed and whether it was taken back:
 * the newest counts within one creator and uuid. False: it is passed over, and was told. */
bool misp_counts(struct misp *m, const struct sl_json *of, struct version *v);
/* An attribute that stands for itself. 0, -errno. */
int misp_attribute(struct misp *m, const struct sl_json *a);
/* An attribute whose object was taken back then goes with it. */
int misp_gone(struct misp *m, const struct sl_json *of, uint64_t gone_ns);
int misp_object(struct misp *m, const struct sl_json *o);

/* misp_and.c: the attributes of an object together, by what their relations say in an object of
 * this name. */
int misp_object_and(struct misp *m, const struct sl_json *o, const char *name);
/* Attributes of an object, and what of one is used. */
const struct sl_json *misp_members(const struct sl_json *o);
const char *misp_relation(const struct sl_json *a); /* "" where it has none */
const char *misp_value(const struct sl_json *a); /* NULL where it has none */
/* Present and not taken back; and for detection as well. */
bool misp_stands(const struct sl_json *a);
bool misp_armed(const struct sl_json *a);

/* The name armed, the address quiet, both on one message a sighting of its own. Texts as the feed
 * has them; NULL where it has none. exact: the name without what is below it. */
int misp_domain_ip(struct misp *m, const struct draft *meta, const char *name, bool exact,
	const char *address, const char *port);

void misp_context(struct misp *m, const struct sl_json *a, const char *code, const char *reason);
void misp_refuse(struct misp *m, const struct sl_json *a, const char *code, const char *reason,
	const char *part);

#endif
