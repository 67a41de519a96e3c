/* SPDX-License-Identifier: MIT */
/* Delays between attempts that grow, spread at random, and come to an end. */
#ifndef TASKD_BACKOFF_H
#define TASKD_BACKOFF_H

#include <taskd/types.h>

TASKD_BEGIN_DECLS

/*
 * Belongs to whoever declares it: set what is wanted, the rest to zero. The n-th delay is `first`
 * times 2 to the power of n - 1, at most `cap`, less a random part of at most `jitter` percent.
 */
struct taskd_backoff {
	taskd_nsec first; /* at least 1 */
	taskd_nsec cap;   /* 0: none */
	unsigned jitter;  /* percent of each delay, 0 to 100 */
	unsigned limit;   /* how many delays there are; 0: no limit */
	unsigned n;       /* how many there were; set it to 0 after a success */
};

/*
 * Tells the next delay, without waiting. Returns: nanoseconds, or -TASKD_ECAPACITY the limit is
 * reached; -TASKD_EINVAL. Blocks: no.
 */
TASKD_API taskd_nsec taskd_backoff_next(struct taskd_backoff *backoff);

/*
 * Waits for the next delay. Returns: 0 try again. Errors: -TASKD_ECAPACITY the limit is reached,
 * give up; -TASKD_ECANCELED; -TASKD_EINVAL. Blocks: for the delay.
 */
TASKD_API int taskd_backoff_wait(struct taskd_backoff *backoff);

TASKD_END_DECLS

#endif
