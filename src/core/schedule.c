/* SPDX-License-Identifier: MIT */
/* Ticks lie on a grid of `every` from the first run; jitter moves a run, never the grid. */
#include "core/schedule.h"

#include "base/assert.h"

uint64_t td_schedule_next(struct td_schedule *schedule, taskd_nsec now, uint64_t random)
{
	taskd_nsec next, jitter = 0;
	uint64_t missed = 0;

	td_assert(schedule->every > 0);
	if (__builtin_add_overflow(schedule->due_at, schedule->every, &next))
		next = TASKD_FOREVER;
	if (next <= now) {
		uint64_t late = (uint64_t)(now - next) / (uint64_t)schedule->every;

		switch (schedule->missed_policy) {
		case TD_MISSED_BURST:
			break;
		case TD_MISSED_SKIP:
			/* A tick that is due this very moment is not missed. */
			missed = late + ((now - next) % schedule->every != 0);
			if (__builtin_add_overflow(next, (taskd_nsec)missed * schedule->every,
						   &next))
				next = TASKD_FOREVER;
			break;
		case TD_MISSED_DELAY:
			missed = late;
			if (__builtin_add_overflow(now, schedule->every, &next))
				next = TASKD_FOREVER;
			break;
		}
	}
	if (schedule->jitter > 0)
		jitter = (taskd_nsec)(random % (uint64_t)schedule->jitter);
	schedule->due_at = next;
	if (__builtin_add_overflow(next, jitter, &schedule->next_at))
		schedule->next_at = TASKD_FOREVER;
	schedule->missed += missed;
	return missed;
}
