/* SPDX-License-Identifier: BSD-3-Clause */
/* http.c - a source on a server: one GET, conditional where the server gave something to ask by
 * (RFC 9110 13), bounded in time and size. The only file that knows libcurl. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/config.h>

#include "feeds.h"

#define REDIRECTS_MAX 5L
#define CONNECT_MS 15000L
#define RETRY_AFTER_MAX_S 86400

int http_begin(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOMEM;
}

void http_end(void)
{
	curl_global_cleanup();
}

struct transfer {
	struct feed *f;
	char *bytes;
	size_t len, cap;
	bool over, memory;
};

static size_t on_bytes(char *p, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	len *= one;
	if (len > t->f->o.max_bytes - t->len) {
		t->over = true;
		return 0;
	}
	if (t->len + len > t->cap) {
		size_t cap = (t->len + len) * 2;
		char *more = realloc(t->bytes, cap);
		t->memory = more == NULL;
		if (more == NULL)
			return 0;
		t->bytes = more;
		t->cap = cap;
	}
	memcpy(t->bytes + t->len, p, len);
	t->len += len;
	return len;
}

/* A header's value, where it is this one and fits. */
static void header_take(const char *line, size_t len, const char *name, char out[VALIDATOR_MAX])
{
	size_t n = strlen(name);
	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return;
	const char *p = line + n + 1, *end = line + len;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (unsigned char)end[-1] <= ' ')
		end--;
	out[0] = '\0';
	if ((size_t)(end - p) >= VALIDATOR_MAX)
		return;
	for (const char *c = p; c < end; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return;
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
}

static size_t on_header(char *p, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	len *= one;
	if (len > 5 && memcmp(p, "HTTP/", 5) == 0) /* another answer, behind a redirection */
		t->f->pending = (struct validators){ 0 };
	header_take(p, len, "etag", t->f->pending.etag);
	header_take(p, len, "last-modified", t->f->pending.modified);
	return len;
}

static int on_progress(
	void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	const struct transfer *t = arg;
	(void)total, (void)now, (void)up_total, (void)up_now;
	return atomic_load(t->f->stop);
}

/* *list is the caller's to free, on failure too. */
static bool conditions(const struct feed *f, struct curl_slist **list)
{
	const struct {
		const char *name, *value;
	} each[] = { { "If-None-Match", f->known.etag },
		{ "If-Modified-Since", f->known.modified } };
	for (size_t i = 0; f->has && i < 2; i++) {
		char line[VALIDATOR_MAX + 32];
		if (each[i].value[0] == '\0')
			continue;
		snprintf(line, sizeof(line), "%s: %s", each[i].name, each[i].value);
		struct curl_slist *more = curl_slist_append(*list, line);
		if (more == NULL)
			return false;
		*list = more;
	}
	return true;
}

static bool prepare(CURL *c, struct transfer *t, struct curl_slist *headers)
{
	long timeout_ms = (long)(t->f->o.timeout_ns / 1000000);
	char agent[64];
	snprintf(agent, sizeof(agent), "sightline-collector/%.*s",
		(int)strcspn(sl_version_text(), " "), sl_version_text());
	return curl_easy_setopt(c, CURLOPT_URL, t->f->location) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
		       timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, agent) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

/* A server that says when to come again is believed, within a day. */
static void heed(struct feed *f, CURL *c)
{
	curl_off_t wait_s = 0;
	if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait_s) != CURLE_OK || wait_s <= 0)
		return;
	if (wait_s > RETRY_AFTER_MAX_S)
		wait_s = RETRY_AFTER_MAX_S;
	f->after_ns = sl_clock_mono_ns() + (uint64_t)wait_s * SL_SECOND;
}

static enum look judged(struct transfer *t, CURL *c, CURLcode rc)
{
	struct feed *f = t->f;
	long status = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (t->over)
		snprintf(f->said, sizeof(f->said), "the server says more than max_size");
	else if (t->memory || rc == CURLE_OUT_OF_MEMORY)
		snprintf(f->said, sizeof(f->said), "no memory for what the server says");
	else if (rc != CURLE_OK)
		snprintf(f->said, sizeof(f->said), "%s", curl_easy_strerror(rc));
	else if (status == 200)
		return LOOK_NEW;
	else if (status == 304 && f->has)
		return LOOK_SAME;
	else
		snprintf(f->said, sizeof(f->said), "the server answers with status %ld", status);
	heed(f, c);
	return LOOK_FAILED;
}

enum look http_look(struct feed *f, struct pieces *out)
{
	struct transfer t = { .f = f };
	struct curl_slist *headers = NULL;
	enum look look = LOOK_FAILED;
	f->pending = (struct validators){ 0 };
	snprintf(f->said, sizeof(f->said), "no memory for a request");
	CURL *c = curl_easy_init();
	if (c != NULL && conditions(f, &headers) && prepare(c, &t, headers))
		look = judged(&t, c, curl_easy_perform(c));
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	if (look != LOOK_NEW) {
		free(t.bytes);
		return look;
	}
	struct piece one = { .p = t.bytes, .len = t.len };
	return pieces_add(out, &one, f->name) == 0 ? LOOK_NEW : LOOK_FAILED;
}
