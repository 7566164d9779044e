/* SPDX-License-Identifier: BSD-3-Clause */
/* around.h - what a sighting says of its hosts beyond the flow: roles, names, who asked. */
#ifndef SL_SIGHTING_AROUND_H
#define SL_SIGHTING_AROUND_H

#include <sightline/hosts.h>
#include <sightline/record.h>
#include <sightline/wire.h>

struct around; /* an answer, and the message's parts that say it; one piece of memory */

/* The question for a hit: about the names that its observable or its flow says. */
void around_question(
	const struct sl_hosts *h, const struct sl_record *r, struct sl_hosts_question *out);
/* Makes the message say the present answer. True: it is another than *a was. Without memory it
 * stays as it was. */
bool around_update(struct around **a, const struct sl_hosts *h, const struct sl_hosts_question *q,
	Sightline__V1__Sighting *m);

#endif
