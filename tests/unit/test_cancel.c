/* SPDX-License-Identifier: MIT */
/* Cancellation, masks and forced abort of single tasks. */
#include <string.h>

#include <taskd/io.h>
#include <taskd/task.h>

#include "tdtest.h"
#include "core/cancel.h"
#include "virtual.h"

#define S TASKD_SEC

static void ask(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
}

static void force(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_task_abort(task, NULL);
	td_leave(t);
}

static int wait_forever(taskd_self *self, void *arg)
{
	(void)self;
	if (arg)
		++*(int *)arg;
	return taskd_sleep(TASKD_FOREVER);
}

/* Asks the task behind `arg` to stop, a second from now. */
static int ask_later(taskd_self *self, void *arg)
{
	(void)self;
	ck_assert_int_eq(taskd_sleep(S), 0);
	ask(arg);
	return 0;
}

/* ---- cancellation ----------------------------------------------------------------------- */

static int look_often(taskd_self *self, void *arg)
{
	int *n_refused = arg;
	char byte = 0;

	ck_assert_int_eq(taskd_checkpoint(self), 0);
	ck_assert_int_eq(taskd_sleep(TASKD_FOREVER), -TASKD_ECANCELED);
	for (int i = 0; i < 100; i++) {
		*n_refused += taskd_sleep(0) == -TASKD_ECANCELED;
		*n_refused += taskd_sleep(S) == -TASKD_ECANCELED;
		*n_refused += taskd_yield() == -TASKD_ECANCELED;
		*n_refused += taskd_checkpoint(self) == -TASKD_ECANCELED;
		*n_refused += taskd_wait_fd(0, TASKD_READABLE, S) == -TASKD_ECANCELED;
		*n_refused += taskd_read(0, &byte, 1, S) == -TASKD_ECANCELED;
		*n_refused += taskd_write(2, &byte, 0, S) == -TASKD_ECANCELED;
	}
	return -TASKD_ECANCELED;
}

/* S3-17, S3-18: every call that may block answers the same, again and again. */
START_TEST(a_swallowed_cancellation_comes_back)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int n_refused = 0;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", look_often, &n_refused);

	td_task_unref(virtual_spawn(rt, rt->root, "b", ask_later, task));
	virtual_run(rt);
	ck_assert_int_eq(n_refused, 700);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int swallow(taskd_self *self, void *arg)
{
	(void)self;
	for (;;) {
		(void)taskd_sleep(S);
		++*(int *)arg;
	}
	return 0;
}

static int yield_often(taskd_self *self, void *arg)
{
	(void)self;
	for (int i = 0; i < 100; i++)
		*(int *)arg += taskd_yield() == 0;
	return 0;
}

/* Who swallows cancellations in a loop spins, but it spins among the others. */
START_TEST(a_task_that_swallows_cancellations_does_not_starve_the_others)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int n_swallowed = 0, n_yields = 0;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", swallow, &n_swallowed);
	struct td_task *other;

	virtual_run_for(rt, S / 2);
	ask(task);
	other = virtual_spawn(rt, rt->root, "b", yield_often, &n_yields);
	while (!td_task_ended(other)) {
		struct td_thread *t = td_enter();

		(void)td_driver_round(t);
		td_leave(t);
	}
	ck_assert_int_eq(n_yields, 100);
	ck_assert_int_gt(n_swallowed, 0);
	ck_assert(!td_task_ended(task));
	force(task);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	td_task_unref(task);
	td_task_unref(other);
	virtual_end(rt);
}
END_TEST

/* S0-19, S1-18 (as decided) */
START_TEST(a_task_cancelled_before_it_starts_never_runs)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int n_runs = 0;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", wait_forever, &n_runs);

	ask(task);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED); /* at once */
	virtual_run(rt);
	ck_assert_int_eq(n_runs, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int complete_anyway(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_sleep(TASKD_FOREVER), -TASKD_ECANCELED);
	return 0;
}

/* S0-19 (as decided): it keeps its value, marked. */
START_TEST(a_task_may_complete_after_it_was_asked_to_stop)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", complete_anyway, NULL);
	struct taskd_outcome outcome;

	virtual_run(rt);
	ask(task);
	virtual_run(rt);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	ck_assert_str_eq(outcome.message, "completed after it was asked to stop");
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S3-20: idempotent, and who comes during or after it is not missed. */
START_TEST(asking_twice_changes_nothing)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", wait_forever, NULL);

	virtual_run(rt);
	ask(task);
	ask(task);
	ck_assert_uint_eq(rt->counters.cancelled, 1);
	virtual_run(rt);
	ask(task);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int wait_for_child(taskd_self *self, void *arg)
{
	taskd_task *child;
	int r;

	(void)self;
	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, NULL, &child), 0);
	r = taskd_join(child, NULL);
	*(bool *)arg = r == -TASKD_ECANCELED && !taskd_is_finished(child);
	taskd_release(child);
	return r;
}

/* S0-20 (as decided): who stops waiting for a task does not end it. */
START_TEST(a_join_is_cancelled_without_touching_what_it_waits_for)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	bool as_expected = false;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", wait_for_child, &as_expected);

	virtual_run(rt);
	ask(task);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	ck_assert(as_expected);
	ck_assert_uint_eq(rt->n_tasks, 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* ---- masks ------------------------------------------------------------------------------ */

static int masked(taskd_self *self, void *arg)
{
	taskd_nsec *woke = arg;

	taskd_mask_cancel();
	taskd_mask_cancel();
	ck_assert_int_eq(taskd_sleep(2 * S), 0);
	ck_assert_int_eq(taskd_checkpoint(self), 0);
	taskd_unmask_cancel();
	ck_assert_int_eq(taskd_sleep(2 * S), 0); /* they nest */
	*woke = taskd_now();
	taskd_unmask_cancel();
	ck_assert_int_eq(taskd_checkpoint(self), -TASKD_ECANCELED);
	taskd_unmask_cancel(); /* one too many is harmless */
	taskd_mask_cancel();
	ck_assert_int_eq(taskd_yield(), 0);
	taskd_unmask_cancel();
	return taskd_sleep(S);
}

START_TEST(masks_nest_and_hold_cancellation_off)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec woke = 0, start_at = world.now;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", masked, &woke);

	td_task_unref(virtual_spawn(rt, rt->root, "b", ask_later, task));
	virtual_run(rt);
	ck_assert_int_eq(woke, start_at + 4 * S);
	ck_assert_int_eq(virtual_outcome(task), TASKD_CANCELLED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int masked_forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	taskd_mask_cancel();
	return taskd_sleep(TASKD_FOREVER);
}

START_TEST(a_mask_does_not_hold_off_force)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", masked_forever, NULL);

	virtual_run(rt);
	ask(task);
	virtual_run(rt);
	ck_assert_int_eq(task->state, TD_TASK_WAITING);
	force(task);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* ---- force ------------------------------------------------------------------------------ */

static int n_after;

static int abort_itself(taskd_self *self, void *arg)
{
	(void)arg;
	force((struct td_task *)(void *)self); /* as another thread would while it runs */
	n_after = 1;
	(void)taskd_checkpoint(self);
	n_after = 2;
	return 0;
}

/* A task that runs gets no further than its next call. */
START_TEST(a_running_task_ends_at_its_next_call)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", abort_itself, NULL);

	n_after = 0;
	virtual_run(rt);
	ck_assert_int_eq(n_after, 1);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	ck_assert_uint_eq(rt->counters.aborted, 1);
	ck_assert_uint_eq(rt->stacks.n_live, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int return_after_abort(taskd_self *self, void *arg)
{
	(void)arg;
	force((struct td_task *)(void *)self);
	return 5;
}

/* Honest: it came back by itself, so it was not aborted. */
START_TEST(a_task_that_returns_before_force_reaches_it_was_not_aborted)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", return_after_abort, NULL);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_FAILED);
	ck_assert_uint_eq(rt->counters.aborted, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int yield_forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	while (taskd_yield() == 0)
		;
	return 0;
}

START_TEST(a_ready_task_is_taken_out_of_the_queue)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *tasks[10];
	struct td_thread *t;

	for (int i = 0; i < 10; i++)
		tasks[i] = virtual_spawn(rt, rt->root, NULL, yield_forever, NULL);
	t = td_enter();
	(void)td_driver_round(t);
	td_leave(t);
	for (int i = 9; i >= 0; i -= 3) { /* last, middle, first */
		ck_assert_int_eq(tasks[i]->state, TD_TASK_READY);
		force(tasks[i]);
		ck_assert_int_eq(virtual_outcome(tasks[i]), TASKD_ABORTED);
	}
	t = td_enter();
	(void)td_driver_round(t);
	td_leave(t);
	ck_assert_uint_eq(rt->n_tasks, 6);
	for (int i = 0; i < 10; i++)
		td_task_unref(tasks[i]);
	virtual_end(rt);
}
END_TEST

static int panic(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	taskd_panic("late");
}

/* An abort of a task that nobody holds, while it has not started: it is gone afterwards. */
START_TEST(an_unstarted_task_that_nobody_holds_can_be_aborted)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *tasks[2000]; /* more than control blocks are kept */

	for (int i = 0; i < 2000; i++) {
		tasks[i] = virtual_spawn(rt, rt->root, NULL, panic, NULL);
		td_task_unref(tasks[i]);
	}
	for (int i = 0; i < 2000; i++)
		force(tasks[i]);
	ck_assert_uint_eq(rt->n_tasks, 0);
	ck_assert_uint_eq(rt->counters.aborted, 0);
	virtual_end(rt);
}
END_TEST

/* ---- timeouts --------------------------------------------------------------------------- */

static int spawn_with_timeout(taskd_self *self, void *arg)
{
	struct taskd_spawn_options options = {
		.size = sizeof(options), .name = "child", .timeout = 3 * S};
	struct taskd_outcome *outcome = arg;
	taskd_task *child;

	(void)self;
	ck_assert_int_eq(taskd_spawn(&options, wait_forever, NULL, &child), 0);
	ck_assert_int_eq(taskd_join(child, outcome), 0);
	options.size--;
	ck_assert_int_eq(taskd_spawn(&options, wait_forever, NULL, NULL), -TASKD_EINVAL);
	options.size++;
	options.timeout = -1;
	ck_assert_int_eq(taskd_spawn(&options, wait_forever, NULL, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_spawn(NULL, NULL, NULL, NULL), -TASKD_EINVAL);
	return 0;
}

START_TEST(a_timeout_asks_a_task_to_stop)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start_at = world.now;
	struct taskd_outcome outcome;

	td_task_unref(virtual_spawn(rt, rt->root, "a", spawn_with_timeout, &outcome));
	virtual_run(rt);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	ck_assert_str_eq(outcome.message, "timeout of the run");
	ck_assert_int_eq(world.now, start_at + 3 * S);
	virtual_end(rt);
}
END_TEST

START_TEST(a_timeout_is_followed_by_the_grace_and_then_by_force)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_spawn spawn = {
		.name = "a", .fn = masked_forever, .timeout = 3 * S, .grace = 2 * S};
	taskd_nsec start_at = world.now;
	struct td_thread *t = td_enter();
	struct td_task *task;

	ck_assert_int_eq(td_task_spawn(rt, rt->root, &spawn, &task, NULL), 0);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	ck_assert_int_eq(task->ended_at, start_at + 5 * S);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("cancel", a_swallowed_cancellation_comes_back,
	     a_task_that_swallows_cancellations_does_not_starve_the_others,
	     a_task_cancelled_before_it_starts_never_runs,
	     a_task_may_complete_after_it_was_asked_to_stop, asking_twice_changes_nothing,
	     a_join_is_cancelled_without_touching_what_it_waits_for,
	     masks_nest_and_hold_cancellation_off, a_mask_does_not_hold_off_force,
	     a_running_task_ends_at_its_next_call,
	     a_task_that_returns_before_force_reaches_it_was_not_aborted,
	     a_ready_task_is_taken_out_of_the_queue,
	     an_unstarted_task_that_nobody_holds_can_be_aborted, a_timeout_asks_a_task_to_stop,
	     a_timeout_is_followed_by_the_grace_and_then_by_force)
