/* SPDX-License-Identifier: MIT */
/* Intervals and back-off, on the virtual clock. */
#include <taskd/backoff.h>
#include <taskd/interval.h>
#include <taskd/task.h>

#include "tdtest.h"
#include "virtual.h"

#define S TASKD_SEC

static void play(taskd_fn fn, void *arg)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", fn, arg);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	td_task_unref(task);
	virtual_end(rt);
}

/* Ticks five times; after the first it is busy for 3.5 periods. `arg`: when the ticks came. */
struct beat {
	enum taskd_missed policy;
	taskd_nsec at[5];
	uint64_t missed;
};

static int tick(taskd_self *self, void *arg)
{
	struct beat *beat = arg;
	struct taskd_interval interval;
	taskd_nsec begin = taskd_now();

	(void)self;
	ck_assert_int_eq(taskd_interval_start(&interval, 0, beat->policy), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_interval_start(&interval, S, 3), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_interval_start(&interval, S, beat->policy), 0);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(taskd_interval_tick(&interval), 0);
		beat->at[i] = taskd_now() - begin;
		if (i == 0)
			ck_assert_int_eq(taskd_sleep(3 * S + S / 2), 0);
	}
	beat->missed = interval.missed;
	return 0;
}

static void check_beat(enum taskd_missed policy, const taskd_nsec at[5], uint64_t missed)
{
	struct beat beat = {.policy = policy};

	play(tick, &beat);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(beat.at[i], at[i]);
	ck_assert_uint_eq(beat.missed, missed);
}

START_TEST(an_interval_does_with_missed_ticks_what_its_policy_says)
{
	/* The tick at 1 s is late, at 3.5 s; what follows is up to the policy. */
	const taskd_nsec skip[] = {0, 3 * S + S / 2, 4 * S, 5 * S, 6 * S};
	const taskd_nsec burst[] = {0, 3 * S + S / 2, 3 * S + S / 2, 3 * S + S / 2, 4 * S};
	const taskd_nsec delay[] = {0, 3 * S + S / 2, 4 * S + S / 2, 5 * S + S / 2, 6 * S + S / 2};

	check_beat(TASKD_MISSED_SKIP, skip, 2);
	check_beat(TASKD_MISSED_BURST, burst, 0);
	check_beat(TASKD_MISSED_DELAY, delay, 1);
}
END_TEST

static int tick_on(taskd_self *self, void *arg)
{
	struct taskd_interval interval;
	int r;

	(void)self;
	ck_assert_int_eq(taskd_interval_start(&interval, S, TASKD_MISSED_SKIP), 0);
	while ((r = taskd_interval_tick(&interval)) == 0)
		++*(int *)arg;
	return r;
}

static int cancel_ticks(taskd_self *self, void *arg)
{
	struct taskd_outcome outcome;
	taskd_task *task;

	(void)self;
	ck_assert_int_eq(taskd_spawn(NULL, tick_on, arg, &task), 0);
	ck_assert_int_eq(taskd_sleep(2 * S + S / 2), 0);
	taskd_cancel(task, NULL);
	ck_assert_int_eq(taskd_join(task, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	return 0;
}

START_TEST(S1_22_an_interval_is_cancelled_while_it_waits)
{
	int n = 0;

	play(cancel_ticks, &n);
	ck_assert_int_eq(n, 3);
}
END_TEST

static int back_off(taskd_self *self, void *arg)
{
	struct taskd_backoff plain = {.first = S, .cap = 5 * S, .limit = 5};
	const taskd_nsec delays[] = {S, 2 * S, 4 * S, 5 * S, 5 * S};
	taskd_nsec begin = taskd_now();

	(void)self, (void)arg;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(taskd_backoff_next(&plain), delays[i]);
	ck_assert_int_eq(taskd_backoff_next(&plain), -TASKD_ECAPACITY);
	ck_assert_int_eq(taskd_backoff_wait(&plain), -TASKD_ECAPACITY);
	plain.n = 0;
	ck_assert_int_eq(taskd_backoff_wait(&plain), 0);
	ck_assert_int_eq(taskd_now() - begin, S);
	return 0;
}

START_TEST(back_off_grows_to_its_cap_and_ends_at_its_limit)
{
	play(back_off, NULL);
}
END_TEST

static int spread(taskd_self *self, void *arg)
{
	struct taskd_backoff jittered = {.first = S, .cap = S, .jitter = 50};
	struct taskd_backoff endless = {.first = S, .jitter = 100, .n = 200};
	struct taskd_backoff wrong = {.first = 0};
	taskd_nsec least = S, most = 0;

	(void)self, (void)arg;
	for (int i = 0; i < 1000; i++) {
		taskd_nsec delay = taskd_backoff_next(&jittered);

		least = delay < least ? delay : least;
		most = delay > most ? delay : most;
	}
	ck_assert_int_ge(least, S / 2);
	ck_assert_int_le(most, S);
	ck_assert_int_lt(least, S / 2 + S / 20);
	ck_assert_int_gt(most, S - S / 20);
	ck_assert_int_ge(taskd_backoff_next(&endless), 0); /* no overflow */
	ck_assert_int_eq(taskd_backoff_next(&wrong), -TASKD_EINVAL);
	wrong = (struct taskd_backoff){.first = S, .jitter = 101};
	ck_assert_int_eq(taskd_backoff_wait(&wrong), -TASKD_EINVAL);
	return 0;
}

START_TEST(back_off_is_spread_within_its_jitter)
{
	play(spread, NULL);
}
END_TEST

TD_TEST_MAIN("pace", an_interval_does_with_missed_ticks_what_its_policy_says,
	     S1_22_an_interval_is_cancelled_while_it_waits,
	     back_off_grows_to_its_cap_and_ends_at_its_limit, back_off_is_spread_within_its_jitter)
