/* SPDX-License-Identifier: BSD-3-Clause */
/* privilege.h - what a program gives up once it has opened what takes privileges: the user root,
 * capabilities, gaining any by running another program, and the system calls that it has no use
 * for. Of the whole process, threads that run already included. Main thread, at start. The one door
 * to the seccomp library. */
#ifndef SIGHTLINE_PRIVILEGE_H
#define SIGHTLINE_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_CAPABILITY(number) (UINT64_C(1) << (number)) /* number: of linux/capability.h */

/* Whether a user of this name exists. */
bool sl_privilege_user(const char *name);

/* Becomes the user (NULL: stays who it is) with that user's groups, gives up every capability but
 * those in keep, in every set of every thread, and the way to get one back (no_new_privs). Another
 * user's capabilities stay with the calling thread alone. Threads that block all signals must not
 * exist yet. Then every thread is looked at: one that has more is a failure. 0; -errno, err says
 * what and how to mend it, and the process must end. */
int sl_privilege_drop(const char *user, uint64_t keep, char *err, size_t err_len);

/* From now on, of all threads: calls that only an attacker makes (running a program, tracing,
 * mounting, modules, other processes ...) kill the process with SIGSYS; those that these programs
 * make go on; any other fails with ENOSYS. bpf: the process takes its own program off an interface
 * at the end (AF_XDP), so that bpf(2) goes on as well. Builds with sanitizers allow what these need
 * on top. 0, or -errno. */
int sl_privilege_filter(bool bpf);

/* "cap_net_admin, cap_net_raw", or "none". */
void sl_privilege_names(uint64_t capabilities, char *out, size_t cap);

#endif
