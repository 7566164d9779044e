/* SPDX-License-Identifier: BSD-3-Clause */
/* type.h - what a file is, by its first bytes. */
#ifndef PARSER_FILE_TYPE_H
#define PARSER_FILE_TYPE_H

#include <sightline/span.h>

#define TYPE_HEAD 1024 /* bytes that are enough */

/* A media type, or NULL where the bytes say nothing. `head`: the file's first bytes, TYPE_HEAD of
 * them or all. Pure; one pass for each of a fixed number of marks. */
const char *file_type(struct sl_span head);

#endif
