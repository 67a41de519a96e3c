/* SPDX-License-Identifier: MIT */
/* When periodic tasks run: the arithmetic, and the tasks themselves on the virtual clock. */
#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/schedule.h"
#include "virtual.h"

#define S TASKD_SEC

static struct td_schedule every(taskd_nsec interval, enum td_missed policy)
{
	return (struct td_schedule){
		.every = interval, .missed_policy = policy, .due_at = 100 * S, .next_at = 100 * S};
}

START_TEST(a_run_in_time_is_followed_by_the_next_tick)
{
	for (int policy = TD_MISSED_SKIP; policy <= TD_MISSED_DELAY; policy++) {
		struct td_schedule schedule = every(10 * S, (enum td_missed)policy);

		ck_assert_uint_eq(td_schedule_next(&schedule, 103 * S, 0), 0);
		ck_assert_int_eq(schedule.next_at, 110 * S);
		ck_assert_int_eq(schedule.due_at, 110 * S);
	}
}
END_TEST

START_TEST(skip_leaves_out_the_ticks_that_have_passed)
{
	struct td_schedule schedule = every(10 * S, TD_MISSED_SKIP);

	ck_assert_uint_eq(td_schedule_next(&schedule, 135 * S, 0), 3);
	ck_assert_int_eq(schedule.next_at, 140 * S);
	ck_assert_uint_eq(schedule.missed, 3);
}
END_TEST

START_TEST(a_tick_that_is_due_this_moment_is_not_missed)
{
	struct td_schedule schedule = every(10 * S, TD_MISSED_SKIP);

	ck_assert_uint_eq(td_schedule_next(&schedule, 110 * S, 0), 0);
	ck_assert_int_eq(schedule.next_at, 110 * S);
}
END_TEST

START_TEST(burst_makes_up_for_each)
{
	struct td_schedule schedule = every(10 * S, TD_MISSED_BURST);

	for (int i = 1; i <= 3; i++) {
		ck_assert_uint_eq(td_schedule_next(&schedule, 135 * S, 0), 0);
		ck_assert_int_eq(schedule.next_at, 100 * S + i * 10 * S);
	}
	ck_assert_uint_eq(td_schedule_next(&schedule, 135 * S, 0), 0);
	ck_assert_int_eq(schedule.next_at, 140 * S);
	ck_assert_uint_eq(schedule.missed, 0);
}
END_TEST

START_TEST(delay_counts_from_the_late_end)
{
	struct td_schedule schedule = every(10 * S, TD_MISSED_DELAY);

	ck_assert_uint_eq(td_schedule_next(&schedule, 135 * S, 0), 2);
	ck_assert_int_eq(schedule.next_at, 145 * S);
	ck_assert_uint_eq(td_schedule_next(&schedule, 146 * S, 0), 0);
	ck_assert_int_eq(schedule.next_at, 155 * S);
}
END_TEST

/* S1-21: what does not fit saturates. */
START_TEST(intervals_without_end_saturate)
{
	for (int policy = TD_MISSED_SKIP; policy <= TD_MISSED_DELAY; policy++) {
		struct td_schedule schedule = every(TASKD_FOREVER, (enum td_missed)policy);

		td_schedule_next(&schedule, 200 * S, 5);
		ck_assert_int_eq(schedule.next_at, TASKD_FOREVER);
		schedule = every(TASKD_FOREVER - 150 * S, (enum td_missed)policy);
		schedule.jitter = TASKD_FOREVER;
		td_schedule_next(&schedule, TASKD_FOREVER - 1, UINT64_MAX);
		ck_assert_int_ge(schedule.next_at, 0);
	}
}
END_TEST

START_TEST(jitter_spreads_but_does_not_drift)
{
	struct td_schedule schedule = every(10 * S, TD_MISSED_SKIP);

	schedule.jitter = 2 * S;
	for (int i = 1; i <= 1000; i++) {
		td_schedule_next(&schedule, schedule.next_at,
				 (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
		ck_assert_int_eq(schedule.due_at, 100 * S + i * 10 * S);
		ck_assert_int_ge(schedule.next_at, schedule.due_at);
		ck_assert_int_lt(schedule.next_at, schedule.due_at + 2 * S);
	}
}
END_TEST

/* ---- tasks ------------------------------------------------------------------------------ */

struct ticks {
	int n;
	taskd_nsec at[64];
	taskd_nsec busy; /* how long each run takes */
	int n_cleanups;
};

static void cleaned(void *arg)
{
	((struct ticks *)arg)->n_cleanups++;
}

static int tick(taskd_self *self, void *arg)
{
	struct ticks *ticks = arg;

	(void)self;
	ck_assert_int_lt(ticks->n, 64);
	ticks->at[ticks->n++] = taskd_now();
	ck_assert_int_eq(taskd_defer(cleaned, ticks), 0);
	ck_assert_ptr_nonnull(taskd_alloc(100000));
	return ticks->busy ? taskd_sleep(ticks->busy) : 0;
}

static struct td_task *spawn_periodic(struct td_runtime *rt, struct td_spawn spawn)
{
	struct td_thread *t = td_enter();
	struct td_task *task = NULL;

	spawn.name = "tick";
	if (spawn.grace == 0)
		spawn.grace = -1;
	ck_assert_int_eq(td_task_spawn(rt, rt->root, &spawn, &task, NULL), 0);
	td_leave(t);
	return task;
}

/* S1-20: the first run is at once; here the period does not grow by the time of the body. */
START_TEST(a_periodic_task_runs_at_every_tick)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {.busy = 3 * S};
	taskd_nsec start = world.now;
	struct td_task *task =
		spawn_periodic(rt, (struct td_spawn){.fn = tick, .arg = &ticks, .every = 10 * S});

	virtual_run_for(rt, 35 * S);
	ck_assert_int_eq(ticks.n, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(ticks.at[i], start + i * 10 * S);
	ck_assert_int_eq(ticks.n_cleanups, 4);
	ck_assert_uint_eq(task->info->schedule->runs, 4);
	ck_assert_uint_eq(task->info->schedule->failures, 0);
	ck_assert_int_eq(task->info->schedule->last_duration, 3 * S);
	ck_assert_ptr_null(task->arena); /* freed with each run */
	ck_assert(!td_task_ended(task));
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

START_TEST(missed_ticks_are_counted_and_told)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {.busy = 25 * S};
	taskd_nsec start = world.now;

	td_task_unref(
		spawn_periodic(rt, (struct td_spawn){.fn = tick, .arg = &ticks, .every = 10 * S}));
	virtual_run_for(rt, 31 * S);
	ck_assert_int_eq(ticks.n, 2);
	ck_assert_int_eq(ticks.at[1], start + 30 * S);
	ck_assert_uint_eq(rt->counters.missed, 2);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_MISSED, "2 runs missed"), 1);
	virtual_end(rt);
}
END_TEST

START_TEST(jitter_delays_the_first_run_too)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	taskd_nsec start = world.now;

	td_task_unref(spawn_periodic(
		rt,
		(struct td_spawn){.fn = tick, .arg = &ticks, .every = 100 * S, .jitter = 50 * S}));
	virtual_run_for(rt, 1000 * S);
	ck_assert_int_eq(ticks.n, 10);
	ck_assert_int_gt(ticks.at[0], start);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_ge(ticks.at[i], start + i * 100 * S);
		ck_assert_int_lt(ticks.at[i], start + i * 100 * S + 50 * S);
	}
	virtual_end(rt);
}
END_TEST

/* S1-22 */
START_TEST(a_periodic_task_is_cancelled_in_its_rest)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	struct td_task *task =
		spawn_periodic(rt, (struct td_spawn){.fn = tick, .arg = &ticks, .every = 10 * S});
	struct td_thread *t;

	virtual_run_for(rt, 5 * S);
	t = td_enter();
	ck_assert_int_eq(task->wait_kind, TD_WAIT_SCHEDULE);
	td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	ck_assert_int_eq(ticks.n, 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S1-22 */
START_TEST(a_periodic_task_is_cancelled_in_its_body)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {.busy = 8 * S};
	struct td_task *task =
		spawn_periodic(rt, (struct td_spawn){.fn = tick, .arg = &ticks, .every = 10 * S});
	struct td_thread *t;

	virtual_run_for(rt, 5 * S);
	t = td_enter();
	td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	ck_assert_int_eq(ticks.n, 1);
	ck_assert_int_eq(ticks.n_cleanups, 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int panic_twice(taskd_self *self, void *arg)
{
	struct ticks *ticks = arg;

	(void)self;
	ck_assert_int_eq(taskd_defer(cleaned, ticks), 0);
	if (++ticks->n <= 2)
		taskd_panic("run %d", ticks->n);
	return 0;
}

START_TEST(a_panic_in_a_run_keeps_the_schedule)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	struct td_task *task = spawn_periodic(
		rt, (struct td_spawn){.fn = panic_twice, .arg = &ticks, .every = 10 * S});

	virtual_run_for(rt, 15 * S);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_PANICKED);
	ck_assert_str_eq(task->info->schedule->last.message, "run 2");
	virtual_run_for(rt, 20 * S);
	ck_assert_int_eq(ticks.n, 4);
	ck_assert_int_eq(ticks.n_cleanups, 4);
	ck_assert_uint_eq(task->info->schedule->runs, 4);
	ck_assert_uint_eq(task->info->schedule->failures, 2);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_COMPLETED);
	ck_assert_str_eq(task->info->schedule->last.message, "");
	ck_assert_uint_eq(rt->stacks.n_live, 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

START_TEST(the_outcome_of_the_last_run_is_not_that_of_a_task_cancelled_in_its_rest)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_stop *stop;
	struct ticks ticks = {0};
	struct td_task *task = spawn_periodic(
		rt, (struct td_spawn){.fn = panic_twice, .arg = &ticks, .every = 10 * S});

	virtual_run_for(rt, 5 * S);
	virtual_stop(rt->root, 10 * S, &stop);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	ck_assert_int_eq(stop->tasks[0].outcome.kind, TASKD_CANCELLED);
	td_stop_free(stop);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

START_TEST(a_resting_task_has_no_code_to_abort)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_stop *stop;
	struct ticks ticks = {0};
	struct td_task *task =
		spawn_periodic(rt, (struct td_spawn){.fn = tick, .arg = &ticks, .every = 10 * S});

	virtual_run_for(rt, 5 * S);
	virtual_stop(rt->root, 0, &stop);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_uint_eq(rt->counters.aborted, 0);
	td_stop_free(stop);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int obey_or_not(taskd_self *self, void *arg)
{
	struct ticks *ticks = arg;
	bool obeys = ticks->n++ % 2 == 0;

	(void)self;
	ck_assert_int_eq(taskd_defer(cleaned, ticks), 0);
	while (taskd_sleep(100 * S) == 0 || !obeys)
		;
	return -TASKD_ECANCELED;
}

/* A timeout ends the run, by cancellation or by force; the schedule goes on. */
START_TEST(a_timeout_ends_the_run_alone)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	struct td_task *task = spawn_periodic(rt, (struct td_spawn){.fn = obey_or_not,
								    .arg = &ticks,
								    .every = 10 * S,
								    .timeout = 2 * S,
								    .grace = 1 * S});

	virtual_run_for(rt, 5 * S);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_CANCELLED);
	ck_assert_str_eq(task->info->schedule->last.message, "timeout of the run");
	ck_assert_ptr_null(task->reason);
	world.creep = TASKD_USEC;
	virtual_run_for(rt, 10 * S);
	world.creep = 0;
	ck_assert_int_eq(ticks.n, 2);
	ck_assert_uint_eq(task->info->schedule->runs, 2);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_ABORTED);
	ck_assert(!td_task_ended(task));
	virtual_run_for(rt, 10 * S);
	ck_assert_int_eq(ticks.n, 3);
	ck_assert_int_eq(ticks.n_cleanups, 3);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_CANCELLED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* The clock goes on while the body computes, and another thread fires the timers. */
static int compute(taskd_self *self, void *arg)
{
	struct ticks *ticks = arg;
	struct td_thread *t = td_enter();
	struct virtual_world *world = t->rt->env.data;

	ticks->n++;
	for (int i = 0; i < 3; i++) {
		world->now += S;
		td_timers_fire(t->rt, world->now);
	}
	td_leave(t);
	ck_assert_int_eq(taskd_checkpoint(self), 0);
	ck_abort_msg("it came back");
	return 0;
}

START_TEST(a_timeout_ends_a_run_that_computes_alone)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	struct td_task *task = spawn_periodic(rt, (struct td_spawn){.fn = compute,
								    .arg = &ticks,
								    .every = 10 * S,
								    .timeout = 2 * S,
								    .grace = 1 * S});

	virtual_run_for(rt, 25 * S);
	ck_assert_int_eq(ticks.n, 3);
	ck_assert_int_eq(task->info->schedule->last.kind, TASKD_ABORTED);
	ck_assert_uint_eq(rt->counters.aborted, 3);
	ck_assert(!td_task_ended(task));
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int masked_forever(taskd_self *self, void *arg)
{
	struct ticks *ticks = arg;

	(void)self;
	ticks->n++;
	ck_assert_int_eq(taskd_defer(cleaned, ticks), 0);
	taskd_mask_cancel();
	return taskd_sleep(TASKD_FOREVER);
}

START_TEST(a_run_that_waits_masked_is_aborted_and_the_next_one_comes)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct ticks ticks = {0};
	struct td_task *task = spawn_periodic(rt, (struct td_spawn){.fn = masked_forever,
								    .arg = &ticks,
								    .every = 10 * S,
								    .timeout = 2 * S,
								    .grace = 1 * S});

	virtual_run_for(rt, 25 * S);
	ck_assert_int_eq(ticks.n, 3);
	ck_assert_int_eq(ticks.n_cleanups, 3);
	ck_assert_uint_eq(rt->counters.aborted, 3);
	ck_assert_uint_eq(rt->stacks.n_live, 1);
	ck_assert_int_eq(task->masked, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("schedule", a_run_in_time_is_followed_by_the_next_tick,
	     skip_leaves_out_the_ticks_that_have_passed,
	     a_tick_that_is_due_this_moment_is_not_missed, burst_makes_up_for_each,
	     delay_counts_from_the_late_end, intervals_without_end_saturate,
	     jitter_spreads_but_does_not_drift, a_periodic_task_runs_at_every_tick,
	     missed_ticks_are_counted_and_told, jitter_delays_the_first_run_too,
	     a_periodic_task_is_cancelled_in_its_rest, a_periodic_task_is_cancelled_in_its_body,
	     a_panic_in_a_run_keeps_the_schedule,
	     the_outcome_of_the_last_run_is_not_that_of_a_task_cancelled_in_its_rest,
	     a_resting_task_has_no_code_to_abort, a_timeout_ends_the_run_alone,
	     a_timeout_ends_a_run_that_computes_alone,
	     a_run_that_waits_masked_is_aborted_and_the_next_one_comes)
