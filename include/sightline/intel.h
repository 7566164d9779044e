/* SPDX-License-Identifier: BSD-3-Clause */
/* intel.h - indicators as this program knows them, whatever they came in as, and the readers that
 * make them. Control threads only. Reading is streaming and bounded: no feed can crash, hang or
 * fill memory; what can't be used is said with file, line and reason, counted, and the rest is
 * used. */
#ifndef SIGHTLINE_INTEL_H
#define SIGHTLINE_INTEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sightline/addr.h>
#include <sightline/detection.h>
#include <sightline/observable.h>

/* How a value is compared. */
#define SL_MATCHES(X)                                                                              \
	X(EXACT, "exact")                                                                          \
	X(SUFFIX, "suffix")                                                                        \
	X(BELOW, "below") X(PREFIX, "prefix") X(PATTERN, "pattern") X(TREE, "tree")
#define X(id, text) SL_MATCH_##id,
enum sl_match_kind { SL_MATCHES(X) SL_MATCH_COUNT };
#undef X
const char *sl_match_text(enum sl_match_kind m);

#define SL_TLPS(X)                                                                                 \
	X(NONE, "")                                                                                \
	X(CLEAR, "clear")                                                                          \
	X(GREEN, "green") X(AMBER, "amber") X(AMBER_STRICT, "amber+strict") X(RED, "red")
#define X(id, text) SL_TLP_##id,
enum sl_tlp { SL_TLPS(X) SL_TLP_COUNT };
#undef X
const char *sl_tlp_text(enum sl_tlp t);

#define SL_CONFIDENCE_NONE 255

/* What a name below a domain that is listed as itself means: nothing, a sighting marked `below`, or
 * one like any other. */
enum sl_below { SL_BELOW_NO, SL_BELOW_MARKED, SL_BELOW_YES };

/* One indicator. Strings are the set's, good as long as it; "" where the feed says nothing. */
struct sl_indicator {
	const char *id, *source, *name;
	const char *severity; /* "low", "medium", "high", "critical" or what the feed says */
	const char *labels; /* joined with ',' */
	const char *quiet_reason;
	const char *part; /* which branch of a composite indicator this is, as a pattern; "" where
			     it is the whole */
	/* The value in its normal form: text for all types but addresses, where addr and prefix_len
	 * hold it and value is the text ("10.0.0.0/8"). A URL without a scheme stands for any:
	 * value begins with "//". */
	const char *value;
	uint32_t value_len;
	uint16_t where; /* enum sl_where that it is narrowed to; SL_WHERE_NONE: every where of its
			   type */
	uint16_t port; /* beside an address or name: this port at the value's end of the same flow;
			  0: any */
	uint8_t type; /* enum sl_type */
	uint8_t match; /* enum sl_match_kind: EXACT, SUFFIX (name and all below), PREFIX (URL);
			  addresses: EXACT */
	uint8_t version, prefix_len; /* addresses; 32 or 128: one host */
	uint8_t tlp; /* enum sl_tlp */
	uint8_t confidence; /* 0 to 100, SL_CONFIDENCE_NONE */
	bool test, quiet;
	bool allow; /* a `benign` entry: hits of its own source on this value are undone */
	uint8_t below; /* enum sl_below: what a name under this EXACT domain is */
	uint8_t impact; /* enum sl_intel_verdict: what becomes of it where it would fire on too many
			   hosts, as sl_past_impact says; ARMED: nothing */
	uint16_t leaf; /* of a detection: which leaf this value is of */
	uint32_t detection; /* 1 + number of the detection that it is a leaf of, or (match TREE)
			       that it is; 0: it stands alone */
	union sl_addr addr;
	uint64_t valid_from_ns, valid_until_ns; /* 0: no bound; until is exclusive */
	uint64_t reported_ns; /* when it is from, as its feed says: 0 where it doesn't */
};

/* What the checker says of one entry of a feed. */
enum sl_intel_verdict {
	SL_ARMED,
	SL_QUIET,
	SL_REFUSED,
	SL_CONTEXT,
	SL_NOT_VALID,
	SL_VERDICT_COUNT
};
const char *sl_intel_verdict_text(enum sl_intel_verdict v);

struct sl_finding {
	const char *file;
	uint64_t line; /* from 1; 0: the whole file */
	const char *id; /* "" where there is none */
	enum sl_intel_verdict verdict;
	const char *code; /* "BAD_ADDRESS": stable, for machines; sl_intel_codes has them all */
	const char *reason; /* a plain sentence */
	const char *part; /* the offending value or comparison, "" where it is the whole */
	const char *suggestion; /* a complete valid STIX 2.1 pattern, or "" */
	const char *scope;
	/* What the network that it was asked about saw of it; NULL: nothing was asked, or can be
	 * told. It is that network's own affair, and no feed's author's. */
	const struct sl_past_answer *past;
};
/* Called for each entry that is not plainly armed; strings are good during the call. */
typedef void (*sl_finding_fn)(void *arg, const struct sl_finding *f);

/* Every code, what is done about it unless the configuration says otherwise, and what it means. */
struct sl_intel_code {
	const char *code;
	enum sl_intel_verdict verdict;
	const char *meaning;
};
const struct sl_intel_code *sl_intel_codes(size_t *count);
/* As a table for people; Markdown where asked. */
void sl_intel_codes_print(FILE *out, bool markdown);

struct sl_lists;
struct sl_policy;
struct sl_nets;
struct sl_witness;
struct sl_past_answer;

enum sl_validity { SL_VALID_PACKET, SL_VALID_IGNORE, SL_VALID_NOW };

struct sl_intel_options {
	enum sl_validity validity;
	uint64_t now_ns; /* for NOW, and the instant that counts as packet time when N not valid is
			    told */
	uint64_t max_entries; /* indicators in all; 0: 20,000,000 */
	const struct sl_lists *lists; /* what is known to be ordinary; NULL: nothing is */
	const struct sl_policy *policy; /* by source; NULL: the defaults */
	const struct sl_nets *home; /* own networks: an indicator of one is refused; NULL: none */
	/* What the network saw before; NULL: nobody knows. An indicator that would have fired on
	 * impact_hosts of its hosts, and on impact_percent of all of them, is quiet. */
	const struct sl_witness *past;
	unsigned impact_hosts, impact_percent; /* 0: 20, and 10 */
	bool taken_as_said; /* values are not judged: an allow-list of the user's own */
	sl_finding_fn finding;
	void *arg;
	/* Also the pattern to use instead of one that is armed with a note. */
	bool propose;
	/* Findings also for what is plainly armed and for each object that is context. */
	bool tell_all;
};

struct sl_intel_source {
	const char *name; /* source as the indicators name it: the file's own word for it, else its
			     name without folder */
	const char *path;
	const char
		*format; /* of the formats' table: "csv", "stix2.1" ...; "": none was recognised */
	uint64_t count[SL_VERDICT_COUNT]; /* indicators; NOT_VALID ones are in ARMED as well where
					     validity goes by packet time */
	uint64_t in_part; /* of those armed or quiet: some of their parts are not */
	uint64_t rules; /* kept: they are context as well */
};

/* A rule of Snort or Suricata that stood in a feed in the place of a value, as it was read: for a
 * reader of rules. What its feed took back later is among them. */
struct sl_intel_rule {
	const char *id, *text;
	uint64_t line;
	size_t source; /* its row in sl_intel_sources */
};

/* Indicators from any number of files. One owner. */
struct sl_intel;
int sl_intel_new(struct sl_intel **out);
void sl_intel_free(struct sl_intel *in);
/* Reads a file, or every regular file of a folder and its folders in order of name, adding to the
 * set. Plain, gzip, zstd, and the members of a zip archive, each as a file of its own
 * ("archive.zip/member.csv"); the format is recognised from the content. 0: read (also where no
 * entry was usable: the counts tell); -errno where a file can't be opened or read: a finding says
 * so, files after it are still read. */
int sl_intel_read(struct sl_intel *in, const char *path, const struct sl_intel_options *o);
/* The same from memory, for tests and fuzzing; name stands for the file. */
int sl_intel_read_bytes(struct sl_intel *in, const char *name, const void *p, size_t len,
	const struct sl_intel_options *o);
/* The indicators (book.h), as long as the set. */
struct sl_book;
const struct sl_book *sl_intel_book(const struct sl_intel *in);
/* How many indicators these are as their feeds count them: one that is a tree, or falls apart into
 * several, is one. */
size_t sl_intel_wholes(const struct sl_intel *in);
/* Trees, in the order in which their indicators stand. */
const struct sl_detection *sl_intel_detections(const struct sl_intel *in, size_t *count);
const struct sl_intel_rule *sl_intel_rules(const struct sl_intel *in, size_t *count);
const struct sl_intel_source *sl_intel_sources(const struct sl_intel *in, size_t *count);
size_t sl_intel_bytes(const struct sl_intel *in);
/* From when until when (exclusive) a reading of the same files comes to the same verdicts by the
 * clock; whether an indicator is valid at packet time is no verdict. */
void sl_intel_holds(const struct sl_intel *in, uint64_t *from_ns, uint64_t *until_ns);
/* How many of the book's entries are not valid at this time. */
size_t sl_intel_out_of_time(const struct sl_intel *in, uint64_t now_ns);

/* ---- In an image (image.h) ---- */

struct sl_image_out;
struct sl_image_in;
void sl_intel_save(const struct sl_intel *in, struct sl_image_out *o);
/* To a set from an image nothing is added. 0; -ENOMEM; -EBADMSG: what stands there is no set. */
int sl_intel_load(struct sl_intel **out, struct sl_image_in *in);

/* Reads all paths as the sensor would and writes what it makes of each entry to out: a line for
 * what is not plainly armed and a summary for each file, or JSON lines for every entry. 0: all
 * armed; 1: some not; 2: a file could not be read. */
int sl_intel_check(const char *const *paths, size_t n, bool json, FILE *out);
struct sl_intel_check_options {
	bool json;
	FILE *report; /* a report for the feeds' authors, in Markdown: every finding, with a
			 corrected pattern where there is one; NULL: none */
	const struct sl_lists *lists;
	const struct sl_policy *policy;
	const struct sl_nets *home;
	const struct sl_witness *past; /* as in sl_intel_options */
	unsigned impact_hosts, impact_percent;
};
int sl_intel_check_by(
	const char *const *paths, size_t n, const struct sl_intel_check_options *how, FILE *out);

/* Writes what each object path of STIX stands for on a network, a line each; or as roff, for the
 * manual. */
void sl_intel_paths(FILE *out, bool roff);

/* "hxxps://evil[.]example" and its kind made plain again; returns the length written, *changed
 * whether anything was. 0: longer than cap. */
size_t sl_refang(const char *text, size_t len, char *out, size_t cap, bool *changed);

#endif
