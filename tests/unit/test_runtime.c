/* SPDX-License-Identifier: MIT */
/* The runtime as a whole, on the virtual clock. */
#include <taskd/task.h>

#include "tdtest.h"
#include "core/driver.h"
#include "virtual.h"

static int n_runs;

static int count(taskd_self *self, void *arg)
{
	(void)self;
	n_runs += *(int *)arg;
	return 0;
}

START_TEST(a_spawned_task_runs_and_completes)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct taskd_outcome outcome;
	int one = 1;
	struct td_task *task;

	n_runs = 0;
	task = virtual_spawn(rt, rt->root, "a", count, &one);
	ck_assert_int_eq(task->state, TD_TASK_READY);
	virtual_run(rt);
	ck_assert_int_eq(n_runs, 1);
	ck_assert(td_task_ended(task));
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int sleeper(taskd_self *self, void *arg)
{
	taskd_nsec *woke = arg;
	int r;

	(void)self;
	r = taskd_sleep(3 * TASKD_SEC);
	*woke = taskd_now();
	return r;
}

/* S2-32: never early */
START_TEST(a_sleeper_wakes_exactly_when_it_is_due)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start = world.now, woke = 0;

	td_task_unref(virtual_spawn(rt, rt->root, NULL, sleeper, &woke));
	virtual_run(rt);
	ck_assert_int_eq(woke - start, 3 * TASKD_SEC);
	virtual_end(rt);
}
END_TEST

static int parent(taskd_self *self, void *arg)
{
	struct taskd_outcome outcome;
	taskd_task *child;
	int i, one = 1;

	(void)self, (void)arg;
	for (i = 0; i < 1000; i++) {
		ck_assert_int_eq(taskd_spawn(NULL, count, &one, &child), 0);
		ck_assert_int_eq(taskd_join(child, &outcome), 0);
		ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	}
	return 0;
}

START_TEST(children_are_joined)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	n_runs = 0;
	td_task_unref(virtual_spawn(rt, rt->root, "parent", parent, NULL));
	virtual_run(rt);
	ck_assert_int_eq(n_runs, 1000);
	virtual_end(rt);
}
END_TEST

static char trace[256];

static void note(void *arg)
{
	size_t length = strlen(trace);

	(void)snprintf(trace + length, sizeof(trace) - length, "%s", (const char *)arg);
}

static int swallow(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, taskd_strdup("1")), 0);
	ck_assert_int_eq(taskd_defer(note, taskd_strdup("2")), 0);
	for (;;)
		(void)taskd_sleep(TASKD_SEC);
	return 0;
}

static void keep_stop(struct td_stop *stop, void *data)
{
	*(struct td_stop **)data = stop;
}

START_TEST(a_task_that_swallows_cancellation_spins_until_it_is_aborted)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_stop *stop = NULL;
	struct td_group *group;
	struct td_task *task;
	struct td_thread *t;

	ck_assert_int_eq(td_group_new(rt->root, "g", NULL, &group, NULL), 0);
	trace[0] = '\0';
	task = virtual_spawn(rt, group, "a", swallow, NULL);
	t = td_enter();
	for (int i = 0; i < 3; i++)
		td_driver_round(t);
	ck_assert_int_eq(task->state, TD_TASK_WAITING);
	ck_assert_int_eq(td_group_stop(group, 0, NULL, keep_stop, &stop), 0);
	td_leave(t);
	virtual_run(rt);
	ck_assert_ptr_nonnull(stop);
	ck_assert_uint_eq(stop->n_aborted, 1);
	ck_assert_str_eq(trace, "21");
	ck_assert_int_eq(group->state, TD_GROUP_CLOSED);
	td_stop_free(stop);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int panicker(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, taskd_strdup("c")), 0);
	taskd_panic("it broke: %d", 7);
}

START_TEST(a_panic_ends_the_task_and_runs_its_cleanups)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct taskd_outcome outcome;
	struct td_task *task = virtual_spawn(rt, rt->root, "p", panicker, NULL);

	trace[0] = '\0';
	virtual_run(rt);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_PANICKED);
	ck_assert_str_eq(outcome.message, "it broke: 7");
	ck_assert_str_eq(trace, "c");
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("runtime", a_spawned_task_runs_and_completes, a_sleeper_wakes_exactly_when_it_is_due,
	     children_are_joined, a_task_that_swallows_cancellation_spins_until_it_is_aborted,
	     a_panic_ends_the_task_and_runs_its_cleanups)
