/* SPDX-License-Identifier: BSD-3-Clause */
/* sanitized.h - whether this build is one with sanitizers: they trace the process, and that of
 * threads keeps signals back, so that there the calling thread alone gives up what it has. Private
 * to lib/privilege. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__has_feature)
#define CLANG_HAS(what) __has_feature(what)
#else
#define CLANG_HAS(what) 0
#endif

#if defined(__SANITIZE_THREAD__) || CLANG_HAS(thread_sanitizer)
#define SANITIZED_THREADS true
#else
#define SANITIZED_THREADS false
#endif
#if defined(__SANITIZE_ADDRESS__) || CLANG_HAS(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED SANITIZED_THREADS
#endif

#endif
