/* SPDX-License-Identifier: BSD-3-Clause */
/* sanitized.h - whether this build is one with sanitizers: they trace the process, and have threads
 * of their own that block all signals. Private to lib/privilege. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#endif
