/* SPDX-License-Identifier: MIT */
/* What a task leaves behind: cleanups on every path, and its memory. */
#include <string.h>

#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/cleanup.h"
#include "virtual.h"

#define S TASKD_SEC

static char trace[256];

static void note(void *arg)
{
	virtual_append(trace, sizeof(trace), arg);
}

static void force(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_task_abort(task, NULL);
	td_leave(t);
}

/* Runs one task; `act` (NULL: nothing) is done to it once it waits. */
static struct taskd_outcome run_one(taskd_fn fn, void (*act)(struct td_task *task))
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", fn, NULL);
	struct taskd_outcome outcome;

	trace[0] = '\0';
	if (act) {
		virtual_run_for(rt, TASKD_MSEC);
		act(task);
	}
	virtual_run(rt);
	ck_assert(td_task_ended(task));
	td_task_outcome(task, &outcome);
	ck_assert_ptr_null(task->defers);
	ck_assert_ptr_null(task->arena);
	ck_assert_ptr_null(task->left);
	td_task_unref(task);
	virtual_end(rt);
	return outcome;
}

static void defer_123(void)
{
	/* The texts live in the task's memory: it outlives the cleanups. */
	ck_assert_int_eq(taskd_defer(note, taskd_strdup("1")), 0);
	ck_assert_int_eq(taskd_defer(note, taskd_printf("%d", 2)), 0);
	ck_assert_int_eq(taskd_defer(note, taskd_strdup("3")), 0);
}

static int then_return(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	defer_123();
	return 0;
}

static int then_fail(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	defer_123();
	return taskd_fail(1, "no");
}

static int then_panic(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	defer_123();
	taskd_panic("no");
}

static int then_wait(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	defer_123();
	return taskd_sleep(TASKD_FOREVER);
}

static int then_abort(taskd_self *self, void *arg)
{
	(void)arg;
	defer_123();
	force((struct td_task *)(void *)self);
	(void)taskd_now(); /* not a call that stops it */
	(void)taskd_yield();
	ck_abort_msg("it came back");
	return 0;
}

static void cancel_it(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
}

/* S0-30: last registered, first run, whatever ended the task. */
START_TEST(cleanups_run_in_reverse_on_every_path)
{
	ck_assert_int_eq(run_one(then_return, NULL).kind, TASKD_COMPLETED);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(run_one(then_fail, NULL).kind, TASKD_FAILED);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(run_one(then_panic, NULL).kind, TASKD_PANICKED);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(run_one(then_wait, cancel_it).kind, TASKD_CANCELLED);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(run_one(then_wait, force).kind, TASKD_ABORTED);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(run_one(then_abort, NULL).kind, TASKD_ABORTED);
	ck_assert_str_eq(trace, "321");
}
END_TEST

static int defer_local(taskd_self *self, void *arg)
{
	char text[] = "local";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, text), 0);
	return taskd_sleep(TASKD_FOREVER);
}

/* Forbidden by the header, and still not a crash: the stack is kept until the cleanups are over. */
START_TEST(the_stack_of_an_aborted_task_is_kept_for_its_cleanups)
{
	run_one(defer_local, force);
	ck_assert_str_eq(trace, "local");
}
END_TEST

static int take_back(taskd_self *self, void *arg)
{
	static char a[] = "a", b[] = "b";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, a), 0);
	ck_assert_int_eq(taskd_defer(note, b), 0);
	ck_assert_int_eq(taskd_defer(note, a), 0);
	ck_assert(taskd_undefer(note, a));
	ck_assert_int_eq(taskd_defer(NULL, a), -TASKD_EINVAL);
	ck_assert(taskd_undefer(note, a));
	ck_assert(!taskd_undefer(note, a));
	return 0;
}

START_TEST(a_cleanup_can_be_taken_back)
{
	run_one(take_back, NULL);
	ck_assert_str_eq(trace, "b");
}
END_TEST

static int without_memory(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	td_mem_fail_nth(1);
	ck_assert_int_eq(taskd_defer(note, NULL), -TASKD_ENOMEM);
	td_mem_fail_nth(1);
	ck_assert_ptr_null(taskd_alloc(1));
	td_mem_fail_nth(1);
	ck_assert_ptr_null(taskd_strdup("x"));
	td_mem_fail_nth(1);
	ck_assert_ptr_null(taskd_printf("x"));
	td_mem_fail_nth(1);
	ck_assert_int_eq(taskd_fail(4, "lost"), 4);
	td_mem_fail_nth(0);
	ck_assert_ptr_null(taskd_alloc(SIZE_MAX));
	ck_assert_ptr_null(taskd_alloc(SIZE_MAX - 40));
	return 4;
}

START_TEST(without_memory_everything_says_so)
{
	struct taskd_outcome outcome = run_one(without_memory, NULL);

	ck_assert_int_eq(outcome.kind, TASKD_FAILED);
	ck_assert_int_eq(outcome.code, 4);
}
END_TEST

static int use_memory(taskd_self *self, void *arg)
{
	unsigned char *blocks[200];

	(void)self, (void)arg;
	for (size_t i = 0; i < 200; i++) {
		blocks[i] = taskd_alloc(i * 13);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
		for (size_t k = 0; k < i * 13; k++)
			ck_assert_uint_eq(blocks[i][k], 0);
		memset(blocks[i], (int)i, i * 13);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < i * 13; k++)
			ck_assert_uint_eq(blocks[i][k], i);
	return 0;
}

START_TEST(memory_of_a_task_is_zeroed_aligned_and_its_own)
{
	ck_assert_int_eq(run_one(use_memory, NULL).kind, TASKD_COMPLETED);
}
END_TEST

/* ---- cleanups that take their time ------------------------------------------------------ */

static void wait_a_second(void *arg)
{
	ck_assert_int_eq(taskd_sleep(S), 0); /* shielded from the cancellation */
	ck_assert_int_eq(taskd_checkpoint(taskd_current()), 0);
	taskd_unmask_cancel(); /* does not lift the shield */
	ck_assert_int_eq(taskd_sleep(S), 0);
	note(arg);
}

static int defer_waits(taskd_self *self, void *arg)
{
	static char a[] = "a", b[] = "b";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(wait_a_second, a), 0);
	ck_assert_int_eq(taskd_defer(wait_a_second, b), 0);
	return taskd_sleep(TASKD_FOREVER);
}

/* S0-30: masked from cancellation, with a bounded budget. */
START_TEST(cleanups_may_wait_within_their_budget)
{
	ck_assert_int_eq(run_one(defer_waits, cancel_it).kind, TASKD_CANCELLED);
	ck_assert_str_eq(trace, "ba");
	ck_assert_int_eq(run_one(defer_waits, force).kind, TASKD_ABORTED);
	ck_assert_str_eq(trace, "ba");
}
END_TEST

static void wait_forever(void *arg)
{
	note(arg);
	(void)taskd_sleep(TASKD_FOREVER);
	ck_abort_msg("it came back");
}

static int defer_stuck(taskd_self *self, void *arg)
{
	static char one[] = "1", two[] = "2", three[] = "3";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, one), 0);
	ck_assert_int_eq(taskd_defer(wait_forever, two), 0);
	ck_assert_int_eq(taskd_defer(note, three), 0);
	return 0;
}

START_TEST(a_cleanup_that_waits_for_ever_is_aborted_and_the_next_one_runs)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start_at = world.now;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", defer_stuck, NULL);

	trace[0] = '\0';
	virtual_run(rt);
	ck_assert_str_eq(trace, "321");
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	ck_assert_int_eq(task->ended_at, start_at + rt->limits.cleanup_timeout);
	ck_assert_uint_eq(task->info->cleanups_failed, 1);
	ck_assert_uint_eq(rt->counters.cleanups_failed, 1);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_FORCED, "a cleanup"), 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* The stop of the group does not cut a cleanup short, and still ends. */
START_TEST(a_stop_waits_for_cleanups_and_no_longer)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	taskd_nsec start_at = world.now;
	struct td_stop *stop;

	trace[0] = '\0';
	for (int i = 0; i < 3; i++)
		td_task_unref(virtual_spawn(rt, group, NULL, defer_stuck, NULL));
	virtual_run_for(rt, S);
	virtual_stop(group, 0, &stop);
	virtual_run(rt);
	ck_assert_ptr_nonnull(stop);
	ck_assert_int_eq(stop->done_at, start_at + rt->limits.cleanup_timeout);
	ck_assert_uint_eq(stop->n_tasks, 3);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_str_eq(trace, "323232111");
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

static void panic(void *arg)
{
	note(arg);
	taskd_panic("in a cleanup");
}

static int defer_panic(taskd_self *self, void *arg)
{
	static char one[] = "1", two[] = "2";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, one), 0);
	ck_assert_int_eq(taskd_defer(panic, two), 0);
	return 0;
}

START_TEST(a_cleanup_that_panics_does_not_stop_the_next_one)
{
	struct taskd_outcome outcome = run_one(defer_panic, NULL);

	ck_assert_int_eq(outcome.kind, TASKD_PANICKED);
	ck_assert_str_eq(outcome.message, "in a cleanup");
	ck_assert_str_eq(trace, "21");
}
END_TEST

static void defer_more(void *arg)
{
	static char late[] = "late";

	note(arg);
	ck_assert_int_eq(taskd_defer(note, late), 0);
}

static int defer_nested(taskd_self *self, void *arg)
{
	static char one[] = "1", two[] = "2";

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(note, one), 0);
	ck_assert_int_eq(taskd_defer(defer_more, two), 0);
	return 0;
}

START_TEST(a_cleanup_may_register_another)
{
	run_one(defer_nested, NULL);
	ck_assert_str_eq(trace, "2late1");
}
END_TEST

static int n_rounds;

static void defer_again(void *arg)
{
	n_rounds++;
	(void)taskd_sleep(TASKD_MSEC);
	ck_assert_int_eq(taskd_defer(defer_again, arg), 0);
}

static int defer_endless(taskd_self *self, void *arg)
{
	static char one[] = "1";

	(void)self;
	ck_assert_int_eq(taskd_defer(note, one), 0);
	return taskd_defer(defer_again, arg);
}

/* Every stop is bounded: what a cleanup registers shares its budget. */
START_TEST(a_cleanup_that_registers_itself_again_does_not_run_for_ever)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start_at = world.now;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", defer_endless, NULL);

	trace[0] = '\0';
	n_rounds = 0;
	virtual_run(rt);
	ck_assert_int_gt(n_rounds, 1);
	ck_assert_str_eq(trace, "1");
	ck_assert_int_eq(task->ended_at, start_at + rt->limits.cleanup_timeout);
	ck_assert_uint_eq(rt->counters.cleanups_failed, 1);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("cleanup", cleanups_run_in_reverse_on_every_path,
	     the_stack_of_an_aborted_task_is_kept_for_its_cleanups, a_cleanup_can_be_taken_back,
	     without_memory_everything_says_so, memory_of_a_task_is_zeroed_aligned_and_its_own,
	     cleanups_may_wait_within_their_budget,
	     a_cleanup_that_waits_for_ever_is_aborted_and_the_next_one_runs,
	     a_stop_waits_for_cleanups_and_no_longer,
	     a_cleanup_that_panics_does_not_stop_the_next_one, a_cleanup_may_register_another,
	     a_cleanup_that_registers_itself_again_does_not_run_for_ever)
