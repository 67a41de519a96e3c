/* SPDX-License-Identifier: MIT */
/* Stops: cancel, drain, abort, report, and that each of them ends. */
#include <string.h>

#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/wait.h"
#include "virtual.h"

#define S TASKD_SEC

static int wait_forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_sleep(TASKD_FOREVER);
}

/* Takes a while to end once it was asked. */
static int slow_to_end(taskd_self *self, void *arg)
{
	(void)self;
	(void)taskd_sleep(TASKD_FOREVER);
	taskd_mask_cancel();
	(void)taskd_sleep(*(taskd_nsec *)arg);
	taskd_unmask_cancel();
	return -TASKD_ECANCELED;
}

static int swallow(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	for (;;)
		(void)taskd_sleep(S);
	return 0;
}

static struct td_task *start(struct td_runtime *rt, struct td_group *group, const char *name,
			     taskd_fn fn, void *arg)
{
	struct td_task *task = virtual_spawn(rt, group, name, fn, arg);

	td_task_unref(task);
	return task;
}

/* S1-39, S1-40, S1-41, S2-30: idle is success at once, whatever the grace, and takes no time. */
START_TEST(stopping_an_idle_group_succeeds_at_once)
{
	for (taskd_nsec grace = -1; grace <= 1; grace++) {
		struct virtual_world world;
		struct td_runtime *rt = virtual_runtime(&world);
		struct td_group *group = virtual_group(rt->root, "g");
		struct td_stop *stop;

		virtual_stop(group, grace, &stop);
		ck_assert_ptr_nonnull(stop);
		ck_assert_int_eq(group->state, TD_GROUP_CLOSED);
		ck_assert_uint_eq(stop->n_tasks, 0);
		ck_assert_uint_eq(stop->n_aborted, 0);
		ck_assert_int_eq(stop->abort_at, 0);
		ck_assert_int_eq(stop->done_at, stop->asked_at);
		ck_assert_str_eq(stop->path, "g");
		td_stop_free(stop);
		virtual_end(rt);
	}
}
END_TEST

/* S1-34: the reference loses a cancellation that nobody listens to; here it is a latch. S1-19. */
START_TEST(a_stopped_group_stays_stopped)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_spawn spawn = {.fn = wait_forever, .grace = -1};
	struct td_stop *stop, *again;

	virtual_stop(group, S, &stop);
	virtual_run(rt);
	ck_assert_int_eq(td_task_spawn(rt, group, &spawn, NULL, NULL), -TASKD_ECLOSED);
	ck_assert_int_eq(td_group_new(group, "child", NULL, NULL, NULL), -TASKD_ECLOSED);
	virtual_stop(group, S, &again);
	ck_assert_ptr_nonnull(again);
	td_stop_free(stop);
	td_stop_free(again);
	virtual_end(rt);
}
END_TEST

/* S1-9, S1-35, S1-36: operations cover the subtree; siblings and parents are left alone. */
START_TEST(a_stop_covers_the_subtree_and_nothing_else)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_group *ab = virtual_group(a, "b");
	struct td_group *abc = virtual_group(ab, "c");
	struct td_group *other = virtual_group(rt->root, "other");
	struct td_task *above = virtual_spawn(rt, rt->root, "above", wait_forever, NULL);
	struct td_task *beside = virtual_spawn(rt, other, "beside", wait_forever, NULL);
	struct td_stop *stop;

	start(rt, a, "one", wait_forever, NULL);
	start(rt, abc, "two", wait_forever, NULL);
	virtual_run(rt);
	virtual_stop(a, 10 * S, &stop);
	ck_assert_ptr_null(stop); /* waits for the task of the grandchild */
	virtual_run(rt);
	ck_assert_ptr_nonnull(stop);
	ck_assert_uint_eq(stop->n_tasks, 2);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_int_eq(a->state, TD_GROUP_CLOSED);
	ck_assert_int_eq(ab->state, TD_GROUP_CLOSED);
	ck_assert_int_eq(abc->state, TD_GROUP_CLOSED);
	ck_assert_int_eq(other->state, TD_GROUP_OPEN);
	ck_assert_int_eq(rt->root->state, TD_GROUP_OPEN);
	ck_assert_int_eq(above->state, TD_TASK_WAITING);
	ck_assert_int_eq(beside->state, TD_TASK_WAITING);
	td_task_unref(above);
	td_task_unref(beside);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* A middle group without tasks, whose only child was closed before. */
START_TEST(a_group_with_closed_children_alone_closes)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_group *ab = virtual_group(a, "b");
	struct td_stop *stop, *outer;

	virtual_stop(ab, S, &stop);
	ck_assert_ptr_nonnull(stop);
	ck_assert_int_eq(a->state, TD_GROUP_OPEN);
	virtual_stop(rt->root, S, &outer);
	virtual_run(rt);
	ck_assert_int_eq(a->state, TD_GROUP_CLOSED);
	ck_assert_ptr_nonnull(outer);
	td_stop_free(stop);
	td_stop_free(outer);
	virtual_end(rt);
}
END_TEST

/* S3-23, S3-26, S1-49: cancel, drain up to the grace, abort. Done the moment it is empty. */
START_TEST(the_report_says_who_ended_how_and_when)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	taskd_nsec two = 2 * S, start_at;
	struct td_stop *stop;

	start(rt, group, "quick", wait_forever, NULL);
	start(rt, group, "slow", slow_to_end, &two);
	start(rt, group, "never", swallow, NULL);
	virtual_run_for(rt, S / 2);
	start_at = world.now;
	world.creep = TASKD_USEC;
	virtual_stop(group, 5 * S, &stop);
	virtual_run(rt);
	ck_assert_ptr_nonnull(stop);
	ck_assert_int_ge(stop->asked_at, start_at);
	ck_assert_int_le(stop->asked_at, start_at + TASKD_MSEC);
	ck_assert_int_ge(stop->abort_at, start_at + 5 * S);
	ck_assert_int_le(stop->done_at, start_at + 5 * S + 100 * TASKD_MSEC);
	ck_assert_int_eq(stop->grace, 5 * S);
	ck_assert_uint_eq(stop->n_tasks, 3);
	ck_assert_uint_eq(stop->n_aborted, 1);
	ck_assert_uint_eq(stop->n_condemned, 0);
	ck_assert_str_eq(stop->tasks[0].path, "g/quick");
	ck_assert_int_eq(stop->tasks[0].outcome.kind, TASKD_CANCELLED);
	ck_assert_int_le(stop->tasks[0].took, TASKD_MSEC);
	ck_assert_str_eq(stop->tasks[1].path, "g/slow");
	ck_assert_int_eq(stop->tasks[1].outcome.kind, TASKD_CANCELLED);
	ck_assert_int_ge(stop->tasks[1].took, 2 * S);
	ck_assert_int_le(stop->tasks[1].took, 2 * S + 100 * TASKD_MSEC);
	ck_assert_str_eq(stop->tasks[2].path, "g/never");
	ck_assert_int_eq(stop->tasks[2].outcome.kind, TASKD_ABORTED);
	ck_assert_int_ge(stop->tasks[2].took, 5 * S);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_STOP, "stopped in 5"), 1);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* S3-24: no grace is an abort at once. S1-50, S3-27: nobody survives it. */
START_TEST(no_grace_aborts_at_once)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_group *child = virtual_group(group, "child");
	taskd_nsec hour = 3600 * S, start_at;
	struct td_stop *stop;

	for (int i = 0; i < 5; i++)
		start(rt, i % 2 ? group : child, NULL, slow_to_end, &hour);
	virtual_run(rt);
	start_at = world.now;
	virtual_stop(group, 0, &stop);
	virtual_run(rt);
	ck_assert_uint_eq(stop->n_aborted, 5);
	ck_assert_int_eq(stop->done_at, start_at);
	ck_assert_int_eq(stop->abort_at, start_at);
	ck_assert_uint_eq(rt->n_tasks, 0);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* S3-24: who cleans up within the grace completes its cleanup. */
START_TEST(who_ends_within_the_grace_is_not_aborted)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	taskd_nsec four = 4 * S, start_at;
	struct td_stop *stop;

	start(rt, group, NULL, slow_to_end, &four);
	virtual_run(rt);
	start_at = world.now;
	virtual_stop(group, 5 * S, &stop);
	virtual_run(rt);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_int_eq(stop->done_at, start_at + 4 * S);
	ck_assert_int_eq(stop->abort_at, 0);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_FORCED, ""), 0);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* Two stops: the earlier deadline wins, in both orders; both are reported. */
START_TEST(a_later_stop_can_only_shorten)
{
	for (int order = 0; order < 2; order++) {
		struct virtual_world world;
		struct td_runtime *rt = virtual_runtime(&world);
		struct td_group *group = virtual_group(rt->root, "g");
		taskd_nsec hour = 3600 * S, start_at;
		struct td_stop *first, *second;

		start(rt, group, NULL, slow_to_end, &hour);
		virtual_run(rt);
		start_at = world.now;
		virtual_stop(group, order ? 3 * S : 10 * S, &first);
		virtual_run_for(rt, S);
		virtual_stop(group, order ? 10 * S : 2 * S, &second);
		virtual_run(rt);
		ck_assert_int_eq(first->done_at, start_at + 3 * S);
		ck_assert_int_eq(second->done_at, start_at + 3 * S);
		ck_assert_uint_eq(first->n_aborted, 1);
		ck_assert_uint_eq(second->n_aborted, 1);
		ck_assert_int_eq(second->asked_at, start_at + S);
		td_stop_free(first);
		td_stop_free(second);
		virtual_end(rt);
	}
}
END_TEST

/* S0-22, S3-26: grace is spent inside what the parent has left, never added to it. */
START_TEST(a_nested_stop_ends_within_the_time_of_the_outer_one)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_group *child = virtual_group(group, "child");
	taskd_nsec hour = 3600 * S, start_at;
	struct td_stop *outer, *inner;

	start(rt, child, NULL, slow_to_end, &hour);
	virtual_run(rt);
	start_at = world.now;
	virtual_stop(group, 3 * S, &outer);
	virtual_run_for(rt, S);
	virtual_stop(child, 60 * S, &inner);
	virtual_run(rt);
	ck_assert_int_eq(inner->done_at, start_at + 3 * S);
	ck_assert_int_eq(outer->done_at, start_at + 3 * S);
	ck_assert_int_eq(inner->abort_at, start_at + 3 * S);
	td_stop_free(outer);
	td_stop_free(inner);
	virtual_end(rt);
}
END_TEST

START_TEST(a_stop_of_a_child_is_shorter_than_that_of_its_parent)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_group *child = virtual_group(group, "child");
	taskd_nsec hour = 3600 * S, start_at;
	struct td_stop *outer, *inner;

	start(rt, child, NULL, slow_to_end, &hour);
	start(rt, group, NULL, slow_to_end, &hour);
	virtual_run(rt);
	start_at = world.now;
	virtual_stop(child, 2 * S, &inner);
	virtual_stop(group, 5 * S, &outer);
	virtual_run(rt);
	ck_assert_int_eq(inner->done_at, start_at + 2 * S);
	ck_assert_int_eq(outer->done_at, start_at + 5 * S);
	ck_assert_uint_eq(inner->n_aborted, 1);
	ck_assert_uint_eq(outer->n_aborted, 2);
	td_stop_free(outer);
	td_stop_free(inner);
	virtual_end(rt);
}
END_TEST

static int tell_deadline(taskd_self *self, void *arg)
{
	taskd_nsec *deadline = arg;

	(void)self;
	deadline[0] = taskd_deadline();
	(void)taskd_sleep(TASKD_FOREVER);
	deadline[1] = taskd_deadline();
	return -TASKD_ECANCELED;
}

START_TEST(a_task_sees_the_deadline_of_the_stop)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_group *child = virtual_group(group, "child");
	taskd_nsec deadline[2] = {0}, start_at;
	struct td_stop *stop;

	start(rt, child, NULL, tell_deadline, deadline);
	virtual_run(rt);
	start_at = world.now;
	virtual_stop(group, 7 * S, &stop);
	virtual_run(rt);
	ck_assert_int_eq(deadline[0], TASKD_FOREVER);
	ck_assert_int_eq(deadline[1], start_at + 7 * S);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* S1-33: idempotent. */
START_TEST(a_reason_reaches_every_task_of_the_subtree)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_group *child = virtual_group(group, "child");
	struct td_task *task = virtual_spawn(rt, child, "a", wait_forever, NULL);
	struct td_reason *reason = td_reason_new(TD_REASON_SHUTDOWN, "/", "SIGTERM");
	struct taskd_outcome outcome;
	struct td_thread *t;

	virtual_run(rt);
	t = td_enter();
	ck_assert_int_eq(td_group_stop(group, S, reason, NULL, NULL), 0);
	td_leave(t);
	ck_assert_ptr_eq(task->reason, reason);
	ck_assert_ptr_eq(child->reason, reason);
	virtual_run(rt);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	ck_assert_str_eq(outcome.message, "SIGTERM");
	td_reason_unref(reason);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S1-18: the reference runs three in four of those; here none. */
START_TEST(what_never_started_never_runs)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct taskd_outcome outcome;
	struct td_stop *stop;
	struct td_task *task;

	for (int i = 0; i < 999; i++)
		start(rt, group, NULL, wait_forever, NULL);
	task = virtual_spawn(rt, group, "last", wait_forever, NULL);
	virtual_stop(group, 5 * S, &stop);
	ck_assert_ptr_nonnull(stop); /* nothing to wait for */
	ck_assert_uint_eq(stop->n_tasks + stop->more, 1000);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_uint_eq(rt->counters.dispatches, 0);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	ck_assert_str_eq(outcome.message, "never started");
	td_task_unref(task);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

START_TEST(the_list_of_a_report_is_bounded)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_stop *stop;

	for (int i = 0; i < 3000; i++)
		start(rt, rt->root, NULL, wait_forever, NULL);
	virtual_run(rt);
	virtual_stop(rt->root, 0, &stop);
	virtual_run(rt);
	ck_assert_uint_eq(stop->n_tasks, TD_STOP_LIST_MAX);
	ck_assert_uint_eq(stop->more, 3000 - TD_STOP_LIST_MAX);
	ck_assert_uint_eq(stop->n_aborted, 3000);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

static int try_stop(struct td_group *group, struct td_stop **ret_stop)
{
	struct td_thread *t = td_enter();
	int r = td_group_stop(group, S, NULL, virtual_keep_stop, ret_stop);

	td_leave(t);
	if (r < 0) {
		ck_assert_int_eq(group->state, TD_GROUP_OPEN);
		ck_assert_ptr_null(group->stops);
		ck_assert_int_eq(group->deadline_at, TASKD_FOREVER);
	}
	return r;
}

START_TEST(a_stop_without_memory_changes_nothing)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_stop *stop = NULL;

	start(rt, rt->root, "a", wait_forever, NULL);
	virtual_run(rt);
	TD_TEST_TORTURE(try_stop(rt->root, &stop));
	virtual_run(rt);
	ck_assert_uint_eq(stop->n_tasks + stop->more, 1);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

/* ---- a callback that changes the tree --------------------------------------------------- */

static void remove_it(struct td_stop *stop, void *data)
{
	struct td_runtime *rt = data;
	struct td_group *group = td_group_find(rt, stop->path);

	ck_assert_int_eq(td_group_remove(group, NULL), 0);
	td_stop_free(stop);
}

START_TEST(a_group_may_be_removed_when_its_stop_is_done)
{
	for (int grace = 0; grace <= 1; grace++) {
		for (int started = 0; started <= 1; started++) {
			struct virtual_world world;
			struct td_runtime *rt = virtual_runtime(&world);
			struct td_group *group = virtual_group(rt->root, "g");
			struct td_group *child = virtual_group(group, "c");
			struct td_thread *t;

			for (int i = 0; i < 3; i++) {
				start(rt, group, NULL, wait_forever, NULL);
				start(rt, child, NULL, wait_forever, NULL);
			}
			if (started)
				virtual_run(rt);
			t = td_enter();
			ck_assert_int_eq(td_group_stop(child, grace, NULL, remove_it, rt), 0);
			ck_assert_int_eq(td_group_stop(group, grace, NULL, remove_it, rt), 0);
			td_leave(t);
			virtual_run(rt);
			ck_assert_ptr_null(td_group_find(rt, "g"));
			ck_assert_uint_eq(rt->n_groups, 1);
			virtual_end(rt);
		}
	}
}
END_TEST

/* ---- one task --------------------------------------------------------------------------- */

START_TEST(the_stop_of_a_task_ends_it_after_its_grace)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec hour = 3600 * S, start_at;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", slow_to_end, &hour);
	struct td_thread *t;

	virtual_run(rt);
	start_at = world.now;
	t = td_enter();
	td_task_stop(task, 4 * S, NULL);
	td_task_stop(task, 9 * S, NULL); /* cannot extend */
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	ck_assert_int_eq(task->ended_at, start_at + 4 * S);
	td_task_unref(task);

	task = virtual_spawn(rt, rt->root, "b", slow_to_end, &hour);
	virtual_run(rt);
	start_at = world.now;
	t = td_enter();
	td_task_stop(task, -1, NULL); /* that of the root: 20 s */
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_ABORTED);
	ck_assert_int_eq(task->ended_at, start_at + 20 * S);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S2-19: in the reference a parked task that is aborted stays for ever; here abort wakes it. */
START_TEST(a_thousand_parked_tasks_are_gone_after_an_abort)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *tasks[1000];
	struct td_thread *t;

	for (int i = 0; i < 1000; i++)
		tasks[i] = virtual_spawn(rt, rt->root, NULL, wait_forever, NULL);
	virtual_run(rt);
	t = td_enter();
	for (int i = 999; i >= 0; i--)
		td_task_abort(tasks[i], NULL);
	td_leave(t);
	ck_assert_uint_eq(rt->n_tasks, 0);
	ck_assert_uint_eq(rt->stacks.n_live, 0);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(virtual_outcome(tasks[i]), TASKD_ABORTED);
		td_task_unref(tasks[i]);
	}
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("stop", stopping_an_idle_group_succeeds_at_once, a_stopped_group_stays_stopped,
	     a_stop_covers_the_subtree_and_nothing_else, a_group_with_closed_children_alone_closes,
	     the_report_says_who_ended_how_and_when, no_grace_aborts_at_once,
	     who_ends_within_the_grace_is_not_aborted, a_later_stop_can_only_shorten,
	     a_nested_stop_ends_within_the_time_of_the_outer_one,
	     a_stop_of_a_child_is_shorter_than_that_of_its_parent,
	     a_task_sees_the_deadline_of_the_stop, a_reason_reaches_every_task_of_the_subtree,
	     what_never_started_never_runs, the_list_of_a_report_is_bounded,
	     a_stop_without_memory_changes_nothing, a_group_may_be_removed_when_its_stop_is_done,
	     the_stop_of_a_task_ends_it_after_its_grace,
	     a_thousand_parked_tasks_are_gone_after_an_abort)
