/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.h - what is known to be ordinary: MISP warninglists, lists of the user's, and a small set
 * that is built in. An indicator that is on one is seldom evidence; which verdict a list's word
 * has is told by its role. Control threads; one asks at a time. */
#ifndef SIGHTLINE_LISTS_H
#define SIGHTLINE_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/addr.h>

/* id, word in the configuration, what an entry is. In the order in which they decide where a value
 * is on several lists. */
#define SL_ROLES(X)                                                                                \
	X(NONE, "ignored", "")                                                                     \
	X(EMPTY_FILE, "empty_file", "a hash of the empty file")                                    \
	X(SUFFIX, "suffix", "a public suffix")                                                     \
	X(SINKHOLE, "sinkhole", "a sinkhole")                                                      \
	X(RESOLVER, "resolver", "a public DNS resolver")                                           \
	X(CERT_STATUS, "crl", "a CRL or OCSP server")                                              \
	X(SHORTENER, "shortener", "a URL shortener")                                               \
	X(CDN, "cdn", "a host of a content delivery network")                                      \
	X(POPULAR, "popular", "a popular name")                                                    \
	X(SERVICE, "service", "a service that ordinary software asks")                             \
	X(KNOWN_FILE, "known_file", "a harmless file or certificate that is everywhere")           \
	X(CLIENT, "client", "a fingerprint of ordinary software")                                  \
	X(GENERIC, "generic", "a known false positive")                                            \
	X(DYNAMIC_DNS, "dynamic_dns", "a dynamic DNS zone")                                        \
	X(TOR, "tor", "a Tor node")                                                                \
	X(DOH, "doh", "a DNS-over-HTTPS server")                                                   \
	X(SCANNER, "scanner", "a scanner")                                                         \
	X(CLOUD, "cloud", "a cloud or shared-hosting range")                                       \
	X(NOTED, "noted", "a list that is worth a note")
#define X(id, word, what) SL_ROLE_##id,
enum sl_role { SL_ROLES(X) SL_ROLE_COUNT };
#undef X
const char *sl_role_word(enum sl_role r);
const char *sl_role_what(enum sl_role r);

/* What a value is, so that a list of domains is not asked about hashes. */
enum sl_listed_kind {
	SL_LISTED_ADDR,
	SL_LISTED_NAME,
	SL_LISTED_URL,
	SL_LISTED_HASH, /* of a file or certificate */
	SL_LISTED_EMAIL,
	SL_LISTED_CLIENT, /* JA3, JA4, HASSH */
	SL_LISTED_OTHER,
};

struct sl_lists;
/* With what is built in, and the public suffix list of the system. 0, -ENOMEM. */
int sl_lists_new(struct sl_lists **out);
void sl_lists_free(struct sl_lists *l);

typedef void (*sl_lists_fn)(void *arg, const char *file, const char *said);
/* spec is "PATH" (MISP warninglists: a file, or a folder, whose other files are passed over) or
 * "ROLE=PATH" (a warninglist, or a plain list with an entry on each line). Plain, gzip, zstd.
 * tell, where not NULL, is told what each file was taken for, or why not. 0; -errno of a path that
 * can't be read; -EINVAL: a named file is no list, or no such role; -E2BIG: 10 million entries in
 * all, 256 MiB of a file, 1,000 expressions. */
int sl_lists_read(struct sl_lists *l, const char *spec, sl_lists_fn tell, void *arg);
/* The same from memory; role NONE: told from the list's name. */
int sl_lists_read_bytes(
	struct sl_lists *l, const char *name, enum sl_role role, const void *p, size_t len);

/* Which roles list a value, as bits. */
struct sl_listed {
	uint32_t at; /* the value, or what an address lies in */
	uint32_t above; /* a name above it */
	uint16_t list[SL_ROLE_COUNT]; /* which list: sl_lists_title */
};
/* text is the normal form. Of an address: addr, version and prefix_len (a network is asked about as
 * a whole). */
void sl_lists_ask(const struct sl_lists *l, enum sl_listed_kind kind, const char *text, size_t len,
	struct sl_listed *out);
void sl_lists_ask_addr(const struct sl_lists *l, const union sl_addr *a, uint8_t version,
	uint8_t prefix_len, struct sl_listed *out);
const char *sl_lists_title(const struct sl_lists *l, uint16_t list);
size_t sl_lists_count(const struct sl_lists *l); /* lists, with those built in */
size_t sl_lists_bytes(const struct sl_lists *l);

/* What the public suffix list says of a name in its normal form. */
enum sl_suffix {
	SL_SUFFIX_NO, /* has no registrable name in it: one label */
	SL_SUFFIX_ITSELF,
	SL_SUFFIX_BELOW, /* a registrable name, or deeper */
	SL_SUFFIX_BELOW_PRIVATE, /* the same below a suffix of the list's private part: names of
				    customers */
};
/* The system's file of public suffixes; NULL: only what was built in. */
const char *sl_lists_suffixes_file(void);
enum sl_suffix sl_lists_suffix(const struct sl_lists *l, const char *name);

#endif
