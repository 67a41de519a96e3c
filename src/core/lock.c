/* SPDX-License-Identifier: MIT */
/* The slow paths of the lock. They run inside calls of tasks, so none of them may touch errno. */
#include "core/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"

#define SPINS 200 /* about a microsecond: longer than any critical section of the driver */

static inline void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

void td_futex_wait(uint32_t *word, uint32_t expected)
{
	int saved = errno;

	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
	errno = saved;
}

void td_futex_wake(uint32_t *word, int n)
{
	int saved = errno;

	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
	errno = saved;
}

void td_lock_init(struct td_lock *lock)
{
	int saved = errno;

	*lock = (struct td_lock){0};
	pthread_mutex_init(&lock->foreign, NULL);
	lock->strict =
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0;
	errno = saved;
}

void td_lock_fini(struct td_lock *lock)
{
	td_assert(lock->word == 0);
	pthread_mutex_destroy(&lock->foreign);
}

void td_lock_slow(struct td_lock *lock)
{
	for (int i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) == 0)
			return;
		relax();
	}
	for (;;) {
		bool taken;

		/* The release is a plain store followed by a load of `sleepers`. The barrier makes
		 * sure that it either sees us, or that we see the lock free. */
		__atomic_add_fetch(&lock->sleepers, 1, __ATOMIC_SEQ_CST);
		if (!lock->strict) {
			int saved = errno;

			(void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
			errno = saved;
		}
		taken = __atomic_exchange_n(&lock->word, 1, __ATOMIC_SEQ_CST) == 0;
		if (!taken)
			td_futex_wait(&lock->word, 1);
		__atomic_sub_fetch(&lock->sleepers, 1, __ATOMIC_SEQ_CST);
		if (taken)
			return;
	}
}

void td_lock_foreign(struct td_lock *lock)
{
	int saved = errno;
	uint32_t asleep;

	pthread_mutex_lock(&lock->foreign);
	__atomic_store_n(&lock->want, 1, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE))
		td_lock_slow(lock);
	__atomic_store_n(&lock->want, 0, __ATOMIC_SEQ_CST);
	/* The flag first, then the turn: a driver whose flag is taken here has read the turn before
	 * that, and will not sleep on the new one, for which the flag would be missing. */
	asleep = __atomic_exchange_n(&lock->want_sleeper, 0, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&lock->turn, 1, __ATOMIC_SEQ_CST);
	if (asleep)
		td_futex_wake(&lock->turn, 1);
	pthread_mutex_unlock(&lock->foreign);
	errno = saved;
}

void td_lock_wait_turn(struct td_lock *lock)
{
	for (int i = 0; i < SPINS && __atomic_load_n(&lock->want, __ATOMIC_ACQUIRE); i++)
		relax();
	for (;;) {
		uint32_t turn = __atomic_load_n(&lock->turn, __ATOMIC_ACQUIRE);

		__atomic_store_n(&lock->want_sleeper, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&lock->want, __ATOMIC_SEQ_CST))
			return;
		td_futex_wait(&lock->turn, turn);
	}
}
