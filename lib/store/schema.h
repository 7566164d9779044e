/* SPDX-License-Identifier: BSD-3-Clause */
/* schema.h - the tables of the store. A change here raises SCHEMA_VERSION. */
#ifndef SL_STORE_SCHEMA_H
#define SL_STORE_SCHEMA_H

#define SCHEMA_APPLICATION 0x534c7331 /* "SLs1", in the file's header */
#define SCHEMA_VERSION 1

extern const char schema_sql[];
extern const char put_sql[], members_clear_sql[], member_add_sql[];

#endif
