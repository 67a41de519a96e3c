/* SPDX-License-Identifier: MIT */
/* A regular beat inside of one task. For a task that as a whole runs regularly, see `every`. */
#ifndef TASKD_INTERVAL_H
#define TASKD_INTERVAL_H

#include <taskd/types.h>

TASKD_BEGIN_DECLS

/* What becomes of ticks that have passed while the task was busy. */
enum taskd_missed {
	TASKD_MISSED_SKIP = 0,  /* they are left out; the grid stays */
	TASKD_MISSED_BURST = 1, /* each is made up for, at once */
	TASKD_MISSED_DELAY = 2, /* the grid begins anew, one period from the late tick */
};

/* An interval belongs to whoever declares it. Its members are read, not written, but by the two
 * functions. */
struct taskd_interval {
	taskd_nsec period;
	taskd_nsec due_at; /* the tick that comes next */
	uint64_t missed;   /* ticks that were left out so far */
	enum taskd_missed policy;
};

/*
 * Prepares an interval whose first tick is now. `period` in nanoseconds, at least 1.
 * Returns: 0. Errors: -TASKD_EINVAL. Blocks: no.
 */
TASKD_API int taskd_interval_start(struct taskd_interval *interval, taskd_nsec period,
				   enum taskd_missed policy) TASKD_WARN_UNUSED;

/*
 * Waits for the next tick; never early. Returns: 0. Errors: -TASKD_ECANCELED, the tick is then
 * still to come. Blocks: until the tick.
 */
TASKD_API int taskd_interval_tick(struct taskd_interval *interval);

TASKD_END_DECLS

#endif
