/* SPDX-License-Identifier: BSD-3-Clause */
/* hot.h - the last include of every file that runs on a worker: what must not be there does not
 * compile. */
#ifndef SIGHTLINE_HOT_H
#define SIGHTLINE_HOT_H
#pragma GCC poison malloc calloc realloc free strdup printf fprintf snprintf sprintf time
#pragma GCC poison pthread_mutex_lock pthread_cond_wait fopen read write
#endif
