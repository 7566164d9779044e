/* SPDX-License-Identifier: BSD-3-Clause */
/* reading.h - private to lib/intel: what the readers share. A reader turns text into drafts; a
 * draft that can be used becomes an indicator, one that can't a finding. Control threads. */
#ifndef SL_INTEL_READING_H
#define SL_INTEL_READING_H

#include <sightline/book.h>
#include <sightline/compress.h>
#include <sightline/hash.h>
#include <sightline/intel.h>
#include <sightline/json.h>
#include <sightline/mem.h>
#include <sightline/policy.h>

#define LINE_MAX_BYTES ((size_t)64 << 10)
#define PEEK_BYTES ((size_t)64 << 10)

/* What a version of an indicator became: version.c. */
struct version {
	uint64_t name[2]; /* of (source, id): keyed hashes, so that nobody finds two alike */
	uint64_t modified_ns; /* 0: not said */
	size_t first; /* its indicators in the set */
	uint64_t line;
	uint32_t count;
	uint32_t source;
	uint32_t counted[SL_VERDICT_COUNT], in_part;
	bool revoked, nameless;
};

struct sl_intel {
	struct sl_book book;
	struct sl_detection *detections;
	size_t detection_count, detection_cap;
	size_t wholes; /* indicators as their feeds count them: with all their parts and leaves */
	struct version *versions;
	size_t version_count, version_slots;
	uint32_t *version_slot; /* 1 + number; open addressing, a power of two */
	struct sl_hash_key version_key[2];
	size_t dead; /* entries that a newer version replaced, without a name until the set closes
			ranks */
	struct sl_intel_rule *rules;
	size_t rule_count, rule_cap, rule_bytes;
	struct sl_intel_source *sources;
	size_t source_count, source_cap;
	struct sl_arena *arena;
	uint64_t holds_from_ns, holds_until_ns; /* sl_intel_holds */
};

/* An indicator of several parts that is being read: whatever is told of its parts, it gets one
 * verdict. */
struct entry {
	bool open;
	bool seen[SL_VERDICT_COUNT]; /* of the part under way */
	size_t parts[SL_VERDICT_COUNT];
	size_t of_time; /* parts that are armed, and not valid now */
};

/* What the categories of a reputation list are called, by their number from 1; "" where no file
 * beside it says so. */
struct categories {
	struct category {
		char name[64], about[256];
	} at[61];
};

/* One file on its way in. */
struct reading {
	struct sl_intel *set;
	const struct sl_intel_options *o;
	struct sl_input *in;
	const char *path;
	const char *name; /* of the source, where the entries name none */
	size_t source; /* its row in set->sources, which may move */
	size_t first; /* where its indicators begin in the set's book */
	bool in_folder; /* met in a folder, not named by the user */
	struct entry entry;
	bool on_disk; /* the path is a file's, which has others beside it */
	bool in_archive;
	bool archive; /* the input is an archive, whose members are to be read in its place */
	const struct categories *categories; /* while a reputation list is read */
};

/* One entry of a feed, as it says it. NULL or 0 where it says nothing; nothing is owned. */
struct draft {
	uint64_t line;
	const char *id, *name, *source, *severity, *labels;
	const char *type; /* a type's name as feeds write it; NULL: told from the value */
	const char *where; /* a place of the vocabulary */
	const char *value;
	size_t value_len;
	const char *match;
	const char *valid_from, *valid_until;
	const char *first_seen, *last_seen; /* by whoever saw it: no bounds, but its age */
	const char *written; /* when its entry was last changed */
	const char *quiet; /* why it is seen but not told; NULL: judged like any other */
	const char *part; /* which branch of a tree it is, as a pattern; NULL: it is the whole */
	const char *note_code, *note; /* how it was read, where that is worth telling; NULL: as it
					 is written */
	const char *suggestion; /* a pattern to use instead; NULL */
	uint8_t below; /* enum sl_below */
	enum sl_tlp tlp;
	uint8_t confidence; /* SL_CONFIDENCE_NONE where none */
	bool test;
	bool allow; /* benign: hits of its own source on this value are undone; not judged */
	bool observable; /* bare: armed where its source says `arm_observables` only, else context
			  */
};

/* What became of the part of a feed's type name: our type, and the place it is narrowed to. */
struct type_name {
	const char *text;
	enum sl_type type;
	const char *where;
	enum { TYPE_SEEN, TYPE_CONTEXT, TYPE_UNSEEN } kind; /* explains; stays on a host */
};
const struct type_name *type_name_find(const char *text);

/* What a value says of itself. */
enum shape {
	SHAPE_NONE,
	SHAPE_ADDR,
	SHAPE_PREFIX,
	SHAPE_ADDR_PORT,
	SHAPE_DOMAIN, /* wildcards and a leading dot allowed */
	SHAPE_DOMAIN_PORT,
	SHAPE_URL,
	SHAPE_HASH,
	SHAPE_EMAIL,
	SHAPE_MAC
};
/* text is made plain already. */
enum shape shape_of(const char *text, size_t len);
bool has_scheme(const char *text, size_t len);
/* What feeds write in the place of a port where any is meant. */
bool says_no_port(const char *text);
bool looks_like_regex(const char *text, size_t len);

struct fault;
/* draft.c: takes the value through its normal form, judges, and adds it or says why not. 0,
 * -ENOMEM, or -E2BIG: as many as are allowed. */
int draft_add(struct reading *r, const struct draft *d);
/* The same of a value that by itself is armed; of any other nothing is told, and the answer is 1.
 */
int draft_add_plain(struct reading *r, const struct draft *d);
/* What the configuration has on the source that it names, or on its file. */
void draft_policy(const struct reading *r, const struct draft *d, struct sl_source_policy *policy);
/* Its bounds of validity. False: *why. */
bool draft_times(const struct draft *d, struct sl_indicator *i, struct fault *why);
/* Whether it is ts_ns or later: whoever judges by the clock asks here, so that the set knows until
 * when its verdicts are those that it would come to again. */
bool reading_reached(const struct reading *r, uint64_t ts_ns);
/* age.c: RFC 3339, a date alone, YYYYMMDD, or seconds since 1970. */
bool time_read(const char *text, uint64_t *out);
/* When it is from: 0 where nothing says so. */
uint64_t age_reported(const struct draft *d, uint64_t valid_from_ns, uint64_t published_ns);
/* The labels with "probation" among them, so that sightings show it; the set's, or NULL: no memory.
 */
const char *draft_probation(struct reading *r, const char *labels);
/* The indicator that a detection is, all but its value; text is the pattern, copied. False: its
 * times are wrong or it is not valid now, *why says so. -errno in *rc. */
bool draft_detection(struct reading *r, const struct draft *d, const char *text,
	struct sl_indicator *out, struct fault *why, int *rc);
/* value.c: fills type, match, value and address of *out from the draft. 0, or what is wrong. */
struct fault {
	const char *code, *reason;
	const char *part; /* NULL: the draft's value */
	enum sl_intel_verdict verdict;
};
struct value_text {
	char text[SL_VALUE_MAX + 1]; /* normal form */
	char plain[SL_VALUE_MAX + 1]; /* without defanging */
	const char *note_code, *note; /* what was mended and is worth telling */
};
bool value_read(
	const struct draft *d, struct sl_indicator *out, struct value_text *t, struct fault *why);

/* set.c */
int set_source_open(struct sl_intel *set, const char *path, size_t *out);
/* One verdict more: of an indicator, or of the part of one that is open. */
void reading_count(struct reading *r, enum sl_intel_verdict v);
/* As many indicators as are allowed, or as many leaves as so many may have. */
bool reading_full(const struct reading *r);
/* As many versions as are remembered: a feed of nothing but revocations fills no memory. */
bool reading_full_of_versions(const struct reading *r);
/* What is told between open and close is of one indicator; each part ends with entry_part. */
void entry_open(struct reading *r);
void entry_part(struct reading *r);
void entry_close(struct reading *r, const struct draft *meta);
/* version.c: around the reading of an indicator that has versions. COUNTS: what was there before is
 * gone, read it (or, revoked, don't) and end; else pass it over. */
enum version_order { VERSION_COUNTS, VERSION_OLDER, VERSION_SAME };
void version_name(struct reading *r, struct version *v, const char *source, const char *id);
enum version_order version_begin(struct reading *r, struct version *v);
int version_end(struct reading *r, struct version *v);
/* The indicator of this id is taken back by its own source. 0, -ENOMEM. */
int version_revoke(struct reading *r, const char *source, const char *id, uint64_t written_ns);
/* After a read: replaced indicators are taken out of the set. */
int set_close_ranks(struct sl_intel *set);
/* Counts the verdict and tells the finding. */
void reading_tell(struct reading *r, const struct sl_finding *f);
/* Tells a finding beside the one that is counted for its entry. */
void reading_note(struct reading *r, const struct sl_finding *f);
void reading_refuse(struct reading *r, uint64_t line, const char *id, const char *code,
	const char *reason, const char *part);

/* Keeps a rule of an IDS for its reader, and tells it; refused where there are too many. 0,
 * -ENOMEM.
 */
int reading_rule(struct reading *r, uint64_t line, const char *id, const char *text);

/* archive.c: reads the members of an archive, each as a file of its own. */
int archive_read(struct reading *r, struct sl_archive *a, bool in_folder);
/* read.c: one input, which the reading names; what could not be finished is told. */
int reading_open(struct reading *r, struct sl_intel *set, const char *path,
	const struct sl_intel_options *o, bool in_folder);
int input_read(struct reading *r);
int reading_judged(struct reading *r, int rc);

/* types.c: the type that a file's name gives to its bare hashes of 32 digits ("ja3-malware.csv"),
 * or NULL. */
const char *type_by_path(const char *path, const char *value, size_t len);

/* lines.c: a text line by line, bounded. A line that is longer is given cut, with *cut set. The
 * newline, a carriage return before it and a byte order mark are off. 0 and *line NULL at the end;
 * -errno of the input. */
struct lines {
	struct sl_input *in;
	char *buf;
	size_t from, upto;
	uint64_t number;
	bool ended;
};
int lines_init(struct lines *l, struct sl_input *in);
void lines_fini(struct lines *l);
/* Every line of the input but those that are too long, which are refused. */
int lines_each(struct reading *r,
	int (*each)(struct reading *r, uint64_t number, const char *line, size_t len));
int lines_next(struct lines *l, const char **line, size_t *len, bool *cut);

/* json_text.c: feeds the rest of the input to `in`, through buf of PEEK_BYTES; what is no JSON is
 * refused, and what was read before it stays. *stop: what the functions that `in` hands values to
 * stopped with, which is its answer where it is below 0. Else 0, or -errno of the input. */
int reading_json(struct reading *r, struct sl_json_in *in, char *buf, const int *stop);

/* The formats: whether the first bytes are one (whole: they are all there is), and the reader. */
struct format {
	const char *name;
	bool (*recognise)(const char *head, size_t len, bool whole);
	int (*read)(struct reading *r);
};
extern const struct format formats[];
bool native_recognise(const char *head, size_t len, bool whole);
int native_read(struct reading *r);
bool stix_recognise(const char *head, size_t len, bool whole);
int stix_read(struct reading *r);
bool stix1_recognise(const char *head, size_t len, bool whole);
int stix1_read(struct reading *r);
bool openioc_recognise(const char *head, size_t len, bool whole);
int openioc_read(struct reading *r);
bool misp_recognise(const char *head, size_t len, bool whole);
int misp_read(struct reading *r);
bool hosts_recognise(const char *head, size_t len, bool whole);
int hosts_read(struct reading *r);
bool adblock_recognise(const char *head, size_t len, bool whole);
int adblock_read(struct reading *r);
bool rpz_recognise(const char *head, size_t len, bool whole);
int rpz_read(struct reading *r);
bool dataset_recognise(const char *head, size_t len, bool whole);
int dataset_read(struct reading *r);
bool iprep_recognise(const char *head, size_t len, bool whole);
int iprep_read(struct reading *r);
bool abuse_recognise(const char *head, size_t len, bool whole);
int abuse_read(struct reading *r);
bool known_recognise(const char *head, size_t len, bool whole);
int known_read(struct reading *r);
bool csv_recognise(const char *head, size_t len, bool whole);
int csv_read(struct reading *r);
/* The header that the configuration gives the tables of this source, or NULL. */
const char *csv_described(const struct reading *r);
bool list_recognise(const char *head, size_t len, bool whole);
int list_read(struct reading *r);
bool warninglist_recognise(const char *head, size_t len, bool whole);
int warninglist_read(struct reading *r);

/* iprep_reader.c: a line of the file that names a reputation list's categories; the texts are the
 * line's. */
struct category_text {
	unsigned long number;
	const char *name;
	size_t name_len;
	const char *about;
	size_t about_len;
};
struct dirent;
/* Of the files beside a list, those that may name its categories: of scandir's kind. */
int categories_named(const struct dirent *d);
bool category_line(const char *line, size_t len, struct category_text *out);
/* known_reader.c: whether a file is one of categories. */
bool categories_are(const char *head, size_t len, bool whole);

/* Looks at the lines of a head: calls each for every whole one. */
void head_lines(const char *head, size_t len, bool whole,
	void (*each)(void *arg, const char *line, size_t len), void *arg);
/* A list's line without its comment and white space around it; 0: nothing is left. */
size_t list_value(const char *line, size_t len, const char **value);

/* The texts of an array joined with ','; what does not fit is left out. */
void labels_join(const struct sl_json *list, char *out, size_t cap);

/* tree.c: one indicator that is a tree, as its format says it, in a pattern that is borrowed: takes
 * its values through their normal forms, judges each branch, makes of what is left indicators (a
 * branch that is one value) and detections, and tells the rest. meta is the draft without a value.
 * 0, -ENOMEM, -E2BIG. */
int composite_add(struct reading *r, const struct draft *meta, const struct sl_pattern *p);

/* meta.c: whether bare observables of this file are armed, as if they were indicators. */
bool source_arms_observables(const struct reading *r);

/* pattern.c: an indicator that is a STIX pattern. 0, -ENOMEM, -E2BIG. */
int pattern_add(struct reading *r, const struct draft *meta, const char *text, size_t len);
/* A network (the draft's value) and a port on one flow, which no table lists together. */
int network_port_add(struct reading *r, const struct draft *d, unsigned port);

/* marking.c: the fixed ids of TLP 1 and TLP 2.0. SL_TLP_NONE: another id. */
enum sl_tlp tlp_of_marking(const char *id);
/* By name: "TLP:AMBER+STRICT", "amber", "white". SL_TLP_NONE: no such. */
enum sl_tlp tlp_of_text(const char *text);

#endif
