/* SPDX-License-Identifier: BSD-3-Clause */
/* inquiry.h - what a running sensor remembers, asked over its metrics port: indicators are read
 * once to know what is to be asked, all of it is asked at once, and they are read again with the
 * answers. One owner. Private to app/sightline. */
#ifndef INQUIRY_H
#define INQUIRY_H

#include <sightline/past.h>

struct inquiry;
int inquiry_new(struct inquiry **out, const char *where);
void inquiry_free(struct inquiry *q); /* NULL is allowed */
/* Until inquiry_ask it notes what it is asked, and from then on it answers. */
struct sl_witness inquiry_witness(struct inquiry *q);
/* 0; -errno, and err says what and how to mend it. */
int inquiry_ask(struct inquiry *q, char *err, size_t err_len);
/* Questions that were too many. */
uint64_t inquiry_unasked(const struct inquiry *q);

#endif
