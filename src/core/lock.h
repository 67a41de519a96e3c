/* SPDX-License-Identifier: MIT */
/*
 * The one lock of a runtime: a futex word. The driver takes and releases it all the time, everybody
 * else ("foreign" threads: control, hogs, thread tasks) rarely, and must not starve: a foreign
 * thread raises `want`, and the driver does not take the lock past it.
 *
 * The lock belongs to a thread, never to a fiber: it may be taken on one stack and released on
 * another, but always by the same thread.
 */
#ifndef TD_CORE_LOCK_H
#define TD_CORE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct td_lock {
	uint32_t word __attribute__((aligned(64))); /* 1: held */
	uint32_t want;                              /* a foreign thread waits */
	uint32_t want_sleeper;                      /* the driver sleeps on `turn` */
	uint32_t turn; /* counts the ends of `want`: sleeping on `want` itself could miss one */
	uint32_t sleepers;
	bool strict; /* no membarrier(2) here: release with a full barrier */
	pthread_mutex_t foreign;
};

void td_lock_init(struct td_lock *lock);
void td_lock_fini(struct td_lock *lock);
void td_lock_slow(struct td_lock *lock);
void td_lock_foreign(struct td_lock *lock); /* acquires, from a thread that is not the driver */
void td_lock_wait_turn(struct td_lock *lock);

/* futex(2) on a private word; neither changes errno. */
void td_futex_wait(uint32_t *word, uint32_t expected);
void td_futex_wake(uint32_t *word, int n);

static inline void td_lock_driver(struct td_lock *lock)
{
	if (__builtin_expect(__atomic_load_n(&lock->want, __ATOMIC_RELAXED), 0))
		td_lock_wait_turn(lock);
	if (__builtin_expect(__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE), 0))
		td_lock_slow(lock);
}

static inline void td_lock_release(struct td_lock *lock)
{
#ifdef __SANITIZE_THREAD__
	__atomic_exchange_n(&lock->word, 0, __ATOMIC_SEQ_CST);
#else
	if (__builtin_expect(lock->strict, 0))
		__atomic_exchange_n(&lock->word, 0, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
#endif
	if (__builtin_expect(__atomic_load_n(&lock->sleepers, __ATOMIC_RELAXED), 0))
		td_futex_wake(&lock->word, 1);
}

#endif
