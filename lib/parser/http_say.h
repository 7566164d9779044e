/* SPDX-License-Identifier: BSD-3-Clause */
/* http_say.h - the observables of a head of HTTP/1, one step after another, so that a full batch
 * stops between two of them. */
#ifndef PARSER_HTTP_SAY_H
#define PARSER_HTTP_SAY_H

#include <sightline/observable.h>

#include "http_head.h"

/* Where a head that is being said stands; zero: at its begin. */
struct http_say {
	uint32_t message;
	uint8_t step;
	uint8_t item; /* of a list inside a step */
};

/* False: the batch is full; the same call goes on behind what was added. */
bool http_say(struct http_say *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b);

/* A value without the line ends that it is folded over, in `flat` where it has some. */
#define HTTP_FLAT_MAX (SL_VALUE_MAX + 64) /* longer than any value, so that its cut shows */
struct sl_span http_flat(struct sl_span value, uint8_t flat[HTTP_FLAT_MAX]);

#endif
