/* SPDX-License-Identifier: MIT */
/* <taskd/interval.h> and <taskd/backoff.h>: when the next one is due. */
#include <taskd/backoff.h>
#include <taskd/interval.h>
#include <taskd/task.h>

#include "core/schedule.h"
#include "plugin/api.h"

int taskd_interval_start(struct taskd_interval *interval, taskd_nsec period,
			 enum taskd_missed policy)
{
	if (period < 1 || policy > TASKD_MISSED_DELAY)
		return -TASKD_EINVAL;
	*interval =
		(struct taskd_interval){.period = period, .due_at = taskd_now(), .policy = policy};
	return 0;
}

int taskd_interval_tick(struct taskd_interval *interval)
{
	static const enum td_missed policies[] = {
		[TASKD_MISSED_SKIP] = TD_MISSED_SKIP,
		[TASKD_MISSED_BURST] = TD_MISSED_BURST,
		[TASKD_MISSED_DELAY] = TD_MISSED_DELAY,
	};
	struct td_schedule schedule = {.every = interval->period,
				       .due_at = interval->due_at,
				       .missed_policy = policies[interval->policy]};
	int r = taskd_sleep_until(interval->due_at);

	if (r < 0)
		return r;
	/* What has passed meanwhile counts against the ticks after this one. */
	interval->missed += td_schedule_next(&schedule, taskd_now(), 0);
	interval->due_at = schedule.due_at;
	return 0;
}

/* The delay without jitter: doubles until the cap, or the end of time. */
static taskd_nsec plain_delay(const struct taskd_backoff *backoff)
{
	taskd_nsec cap = backoff->cap > 0 ? backoff->cap : TASKD_FOREVER;
	taskd_nsec delay = backoff->first;

	for (unsigned i = 0; i < backoff->n && delay < cap; i++)
		delay = delay > cap / 2 ? cap : delay * 2;
	return delay < cap ? delay : cap;
}

taskd_nsec taskd_backoff_next(struct taskd_backoff *backoff)
{
	taskd_nsec delay, spread;
	struct td_thread *t;
	uint64_t random;

	(void)td_api_current(__func__);
	if (backoff->first < 1 || backoff->cap < 0 || backoff->jitter > 100)
		return -TASKD_EINVAL;
	if (backoff->limit && backoff->n >= backoff->limit)
		return -TASKD_ECAPACITY;
	delay = plain_delay(backoff);
	backoff->n++;
	t = td_enter_task();
	random = t->rt->env.random(t->rt->env.data);
	td_leave(t);
	spread = delay / 100 * (taskd_nsec)backoff->jitter +
		 delay % 100 * (taskd_nsec)backoff->jitter / 100;
	return delay - (taskd_nsec)(random % ((uint64_t)spread + 1));
}

int taskd_backoff_wait(struct taskd_backoff *backoff)
{
	taskd_nsec delay = taskd_backoff_next(backoff);

	return delay < 0 ? (int)delay : taskd_sleep(delay);
}
