/* SPDX-License-Identifier: MIT */
/* Waiting: timers, order, descriptors, and what a switch must keep. */
#include <errno.h>
#include <string.h>

#include <taskd/io.h>
#include <taskd/task.h>

#include "tdtest.h"
#include "base/rand.h"
#include "core/cancel.h"
#include "virtual.h"

#define S TASKD_SEC

/* ---- timers ----------------------------------------------------------------------------- */

#define MANY 500

static taskd_nsec last_wake;
static int n_woken;

static int sleep_once(taskd_self *self, void *arg)
{
	taskd_nsec until = taskd_now() + *(taskd_nsec *)arg;

	(void)self;
	ck_assert_int_eq(taskd_sleep_until(until), 0);
	ck_assert_int_eq(taskd_now(), until);
	ck_assert_int_ge(taskd_now(), last_wake);
	last_wake = taskd_now();
	n_woken++;
	return 0;
}

/* S2-32: never early, and in order. */
START_TEST(sleepers_wake_in_the_order_of_their_time)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	static taskd_nsec naps[MANY];
	struct td_rand rand;

	td_rand_seed(&rand, td_test_seed());
	n_woken = 0;
	last_wake = 0;
	for (int i = 0; i < MANY; i++) {
		naps[i] = (taskd_nsec)td_rand_below(&rand, 50) * S;
		td_task_unref(virtual_spawn(rt, rt->root, NULL, sleep_once, &naps[i]));
	}
	virtual_run(rt);
	ck_assert_int_eq(n_woken, MANY);
	virtual_end(rt);
}
END_TEST

static int odd_naps(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_sleep(0), 0);
	ck_assert_int_eq(taskd_sleep(-5), 0);
	ck_assert_int_eq(taskd_sleep_until(0), 0);
	ck_assert_int_eq(taskd_sleep_until(INT64_MIN), 0);
	return 0;
}

/* S1-42: what does not fit waits for ever. */
START_TEST(naps_in_the_past_take_no_time)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start_at = world.now;
	struct td_task *task = virtual_spawn(rt, rt->root, NULL, odd_naps, NULL);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	ck_assert_int_eq(world.now, start_at);
	ck_assert_int_eq(td_later(5, TASKD_FOREVER), TASKD_FOREVER);
	ck_assert_int_eq(td_later(5, TASKD_FOREVER - 5), TASKD_FOREVER);
	ck_assert_int_eq(td_later(5, -1), 5);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int nap_2ms(taskd_self *self, void *arg)
{
	(void)self;
	for (int i = 0; i < 2000; i++)
		*(int *)arg += taskd_sleep(2 * TASKD_MSEC) == 0;
	return 0;
}

/* S2-32: the reference hangs within 2000 rounds, when its timer fires early. */
START_TEST(a_loop_of_short_naps_ends)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	taskd_nsec start_at = world.now;
	int n = 0;

	td_task_unref(virtual_spawn(rt, rt->root, NULL, nap_2ms, &n));
	virtual_run(rt);
	ck_assert_int_eq(n, 2000);
	ck_assert_int_eq(world.now, start_at + 4 * S);
	virtual_end(rt);
}
END_TEST

/* ---- order ------------------------------------------------------------------------------ */

static char trace[1024];

static int say(taskd_self *self, void *arg)
{
	(void)self;
	for (int i = 0; i < 3; i++) {
		virtual_append(trace, sizeof(trace), arg);
		ck_assert_int_eq(taskd_yield(), 0);
	}
	return 0;
}

/* S2-7 (as decided), S2-9: first in, first out; S2-8: a task that waits is not run. */
START_TEST(ready_tasks_run_in_turn)
{
	static char a[] = "a", b[] = "b", c[] = "c";
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	trace[0] = '\0';
	td_task_unref(virtual_spawn(rt, rt->root, NULL, say, a));
	td_task_unref(virtual_spawn(rt, rt->root, NULL, say, b));
	td_task_unref(virtual_spawn(rt, rt->root, NULL, say, c));
	virtual_run(rt);
	ck_assert_str_eq(trace, "abcabcabc");
	virtual_end(rt);
}
END_TEST

static bool over;

static int run_always(taskd_self *self, void *arg)
{
	(void)self;
	while (!over) {
		++*(int *)arg;
		ck_assert_int_eq(taskd_yield(), 0);
	}
	return 0;
}

static int end_it(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_sleep(100 * TASKD_MSEC), 0);
	over = true;
	return 0;
}

/* S2-5, S2-7: the reference never runs the 65th of 65 tasks that are always ready. */
START_TEST(with_many_always_ready_none_starves)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int n[3 * TD_BUDGET] = {0};

	over = false;
	world.creep = 10 * TASKD_USEC;
	for (int i = 0; i < 3 * TD_BUDGET; i++)
		td_task_unref(virtual_spawn(rt, rt->root, NULL, run_always, &n[i]));
	td_task_unref(virtual_spawn(rt, rt->root, NULL, end_it, NULL));
	virtual_run(rt);
	for (int i = 1; i < 3 * TD_BUDGET; i++) {
		ck_assert_int_ge(n[i], n[0] - 1);
		ck_assert_int_le(n[i], n[0] + 1);
	}
	ck_assert_int_gt(n[0], 10);
	ck_assert_uint_gt(world.n_waits, 10); /* the outside world was looked at meanwhile */
	virtual_end(rt);
}
END_TEST

/* ---- what a switch keeps ---------------------------------------------------------------- */

static int keep_errno(taskd_self *self, void *arg)
{
	int value = *(int *)arg;

	(void)self;
	ck_assert_int_eq(errno, 0); /* each task starts without an error */
	for (int i = 0; i < 10; i++) {
		errno = value;
		ck_assert_int_eq(taskd_yield(), 0);
		ck_assert_int_eq(errno, value);
		ck_assert_int_eq(taskd_sleep(S), 0);
		ck_assert_int_eq(errno, value);
	}
	return 0;
}

START_TEST(each_task_has_its_own_errno)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int values[] = {11, 22, 33};

	errno = 5;
	for (int i = 0; i < 3; i++)
		td_task_unref(virtual_spawn(rt, rt->root, NULL, keep_errno, &values[i]));
	virtual_run(rt);
	virtual_end(rt);
}
END_TEST

/* As in the C++ ABI: exceptions that are being handled, per thread. */
static struct {
	void *caught;
	unsigned uncaught;
} eh;

static void *eh_globals(void)
{
	return &eh;
}

static int keep_exceptions(taskd_self *self, void *arg)
{
	(void)self;
	ck_assert_ptr_null(eh.caught);
	ck_assert_uint_eq(eh.uncaught, 0);
	eh.caught = arg;
	eh.uncaught = 1;
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(taskd_yield(), 0);
		ck_assert_ptr_eq(eh.caught, arg);
		ck_assert_uint_eq(eh.uncaught, 1);
	}
	if (*(int *)arg) {
		eh.caught = NULL;
		eh.uncaught = 0;
	} /* else it is left in the middle of a handler */
	return 0;
}

START_TEST(each_task_has_its_own_exceptions)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int values[] = {1, 0, 1, 0, 1};

	eh.caught = NULL;
	eh.uncaught = 0;
	rt->cxa_globals = eh_globals;
	for (int i = 0; i < 5; i++)
		td_task_unref(virtual_spawn(rt, rt->root, NULL, keep_exceptions, &values[i]));
	virtual_run(rt);
	for (int i = 0; i < 5; i++)
		td_task_unref(virtual_spawn(rt, rt->root, NULL, keep_exceptions, &values[i]));
	virtual_run(rt);
	virtual_end(rt);
}
END_TEST

static int use_floats(taskd_self *self, void *arg)
{
	double x = *(int *)arg, sum = 0;

	(void)self;
	for (int i = 0; i < 100; i++) {
		sum += x * i;
		ck_assert_int_eq(taskd_yield(), 0);
	}
	ck_assert(sum == x * 4950);
	return 0;
}

START_TEST(a_switch_keeps_registers)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int values[20];

	for (int i = 0; i < 20; i++) {
		values[i] = i;
		td_task_unref(virtual_spawn(rt, rt->root, NULL, use_floats, &values[i]));
	}
	virtual_run(rt);
	virtual_end(rt);
}
END_TEST

/* ---- descriptors (of a world where none is ever ready) ----------------------------------- */

static int wait_fds(taskd_self *self, void *arg)
{
	taskd_nsec start_at = taskd_now();
	char byte;

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_wait_fd(-1, TASKD_READABLE, S), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_wait_fd(5, 0, S), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_wait_fd(5, 4, S), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_now(), start_at);
	ck_assert_int_eq(taskd_wait_fd(999, TASKD_READABLE, S), -EPERM);
	ck_assert_int_eq(taskd_now(), start_at);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(taskd_wait_fd(5, TASKD_READABLE | TASKD_WRITABLE, S),
				 -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_now(), start_at + 100 * S);
	ck_assert_int_eq(taskd_wait_fd(5, TASKD_READABLE, 0), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_wait_fd(5, TASKD_READABLE, -1), -TASKD_ETIMEDOUT);
	ck_assert_int_eq((int)taskd_read(5, &byte, 1, S), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_wait_fd(5, TASKD_READABLE, TASKD_FOREVER), -TASKD_ECANCELED);
	return 0;
}

START_TEST(a_wait_for_a_descriptor_times_out)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, NULL, wait_fds, NULL);
	struct td_thread *t;

	virtual_run(rt);
	ck_assert_int_eq(task->wait_kind, TD_WAIT_FD);
	t = td_enter();
	td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("wait", sleepers_wake_in_the_order_of_their_time, naps_in_the_past_take_no_time,
	     a_loop_of_short_naps_ends, ready_tasks_run_in_turn,
	     with_many_always_ready_none_starves, each_task_has_its_own_errno,
	     each_task_has_its_own_exceptions, a_switch_keeps_registers,
	     a_wait_for_a_descriptor_times_out)
