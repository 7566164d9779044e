/* SPDX-License-Identifier: BSD-3-Clause */
/* inquiry.c - questions noted, sorted, posted in pieces, and answered from what came. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/metrics.h>

#include "inquiry.h"

#define QUESTIONS_MAX 4000000
#define PATIENCE_MS 10000

struct inquiry {
	const char *where; /* borrowed */
	char **line; /* sorted once they are asked */
	struct sl_past_reply *reply; /* of each line */
	size_t count, cap;
	uint64_t unasked;
	bool answers;
	struct sl_past_sum sum;
};

int inquiry_new(struct inquiry **out, const char *where)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	(*out)->where = where;
	return 0;
}

void inquiry_free(struct inquiry *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < q->count; i++)
		free(q->line[i]);
	free(q->line);
	free(q->reply);
	free(q);
}

uint64_t inquiry_unasked(const struct inquiry *q)
{
	return q->unasked;
}

static bool note(struct inquiry *q, const char *line)
{
	if (q->count == QUESTIONS_MAX)
		return false;
	if (q->count == q->cap) {
		size_t cap = q->cap > 0 ? 2 * q->cap : 1024;
		char **more = reallocarray(q->line, cap, sizeof(*more));
		if (more == NULL)
			return false;
		q->line = more;
		q->cap = cap;
	}
	q->line[q->count] = strdup(line);
	return q->line[q->count] != NULL && ++q->count > 0;
}

static int order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool witness_ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	struct inquiry *q = arg;
	char line[SL_PAST_LINE_MAX], *key = line;
	*out = (struct sl_past_answer){ 0 };
	if (sl_past_question(i, line, sizeof(line)) == 0)
		return false;
	if (!q->answers) {
		q->unasked += !note(q, line);
		return true;
	}
	char **at = q->count > 0 ? bsearch(&key, q->line, q->count, sizeof(*q->line), order) : NULL;
	const struct sl_past_reply *r = at != NULL ? &q->reply[at - q->line] : NULL;
	if (r == NULL || !r->known)
		return false;
	out->count = r->count;
	out->hosts = r->hosts;
	out->at_most = r->at_most;
	return true;
}

static void witness_sum(void *arg, struct sl_past_sum *out)
{
	*out = ((struct inquiry *)arg)->sum;
}

struct sl_witness inquiry_witness(struct inquiry *q)
{
	return (struct sl_witness){ .ask = witness_ask, .sum = witness_sum, .arg = q };
}

/* Each line once. */
static void unique(struct inquiry *q)
{
	size_t n = 0;
	if (q->count > 0)
		qsort(q->line, q->count, sizeof(*q->line), order);
	for (size_t i = 0; i < q->count; i++) {
		if (n > 0 && strcmp(q->line[n - 1], q->line[i]) == 0)
			free(q->line[i]);
		else
			q->line[n++] = q->line[i];
	}
	q->count = n;
}

/* As many lines from `first` on as one body takes, and their answers. */
static int ask_some(struct inquiry *q, size_t first, size_t *asked, char *err, size_t err_len)
{
	char *body = malloc(SL_METRICS_BODY), *text = NULL;
	size_t len = 0, n = first, text_len;
	if (body == NULL)
		return -ENOMEM;
	for (; n < q->count && len + strlen(q->line[n]) <= SL_METRICS_BODY; n++) {
		size_t add = strlen(q->line[n]);
		memcpy(body + len, q->line[n], add);
		len += add;
	}
	int rc = sl_metrics_post(
		q->where, "/memory", body, len, PATIENCE_MS, &text, &text_len, err, err_len);
	free(body);
	if (rc < 0)
		return rc;
	rc = sl_past_reply_read(text, text_len, &q->sum, q->reply + first, n - first);
	if (rc < 0)
		snprintf(err, err_len,
			"%s: what it answers is not understood; is it a sensor of "
			"this version?",
			q->where);
	free(text);
	*asked = n - first;
	return rc;
}

int inquiry_ask(struct inquiry *q, char *err, size_t err_len)
{
	unique(q);
	q->reply = calloc(q->count + 1, sizeof(*q->reply));
	if (q->reply == NULL) {
		snprintf(err, err_len, "%s: no memory for the answers", q->where);
		return -ENOMEM;
	}
	int rc = 0;
	size_t at = 0, asked = 0;
	do {
		rc = ask_some(q, at, &asked, err, err_len);
		at += asked;
	} while (rc == 0 && at < q->count);
	q->answers = rc == 0;
	return rc;
}
