/* SPDX-License-Identifier: BSD-3-Clause */
/* live.c - the ruleset in force, under liburcu's QSBR flavour.
 *
 * The exchange in publish (release) pairs with the load in get (acquire): a reader that sees the
 * pointer sees the tables. The grace period pairs with each reader's next quiescent state, offline
 * or unregister: after it no reader uses the old pointer. */
#ifndef __SANITIZE_THREAD__ /* which must not see liburcu's own barriers as races */
#define _LGPL_SOURCE /* quiescent states as one store, not a call */
#endif
#include <urcu-qsbr.h>

#include <sightline/match.h>

static struct sl_ruleset *in_force;

/* ThreadSanitizer does not see the barriers inside liburcu; these tell it of the second pairing. */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define GRACE_ENTER() __tsan_release(&in_force)
#define GRACE_OVER() __tsan_acquire(&in_force)
#else
#define GRACE_ENTER() (void)0
#define GRACE_OVER() (void)0
#endif

void sl_ruleset_reader_register(void)
{
	urcu_qsbr_register_thread();
}

void sl_ruleset_reader_unregister(void)
{
	GRACE_ENTER();
	urcu_qsbr_unregister_thread();
}

void sl_ruleset_reader_offline(void)
{
	GRACE_ENTER();
	urcu_qsbr_thread_offline();
}

void sl_ruleset_reader_online(void)
{
	urcu_qsbr_thread_online();
}

const struct sl_ruleset *sl_ruleset_get(void)
{
	return __atomic_load_n(&in_force, __ATOMIC_ACQUIRE);
}

void sl_ruleset_quiescent(void)
{
	GRACE_ENTER();
	urcu_qsbr_quiescent_state();
}

struct sl_ruleset *sl_ruleset_publish(struct sl_ruleset *next)
{
	struct sl_ruleset *old = __atomic_exchange_n(&in_force, next, __ATOMIC_ACQ_REL);
	urcu_qsbr_synchronize_rcu();
	GRACE_OVER();
	return old;
}
