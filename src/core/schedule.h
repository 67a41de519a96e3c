/* SPDX-License-Identifier: MIT */
/* When a periodic task runs next. Pure arithmetic on the clock that it is given. */
#ifndef TD_CORE_SCHEDULE_H
#define TD_CORE_SCHEDULE_H

#include "core/task.h"

/*
 * Sets due_at and next_at for the run after the one that has ended at `now`, as the missed-tick
 * policy says: skip leaves out the ticks that have passed, burst makes up for each at once, delay
 * counts from now. `random` spreads the jitter. Returns: how many ticks were left out.
 */
uint64_t td_schedule_next(struct td_schedule *schedule, taskd_nsec now, uint64_t random);

#endif
