/* SPDX-License-Identifier: MIT */
/*
 * The role of driver moves from thread to thread. It is offered to a spare and accepted by it, both
 * under the lock, and can be taken back in between: so a hog that suspends in time keeps it.
 * There is always one spare.
 */
#include "core/driver.h"

#include "base/assert.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/wait.h"

#define POLL_EVERY TASKD_MSEC /* the outside world waits no longer than that */

bool td_driver_offer(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;
	struct td_thread *spare = rt->pool;

	td_assert(t->driver && rt->driver == t);
	if (!spare || rt->pending)
		return false;
	rt->pool = spare->next;
	spare->idle = false;
	rt->pending = spare;
	rt->driver = NULL;
	__atomic_store_n(&t->driver, false, __ATOMIC_RELAXED);
	td_thread_wake(td_thread_self(), spare);
	return true;
}

void td_driver_take_back(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;

	td_assert(rt->pending && !rt->driver);
	rt->pending = NULL;
	rt->driver = t;
	__atomic_store_n(&t->driver, true, __ATOMIC_RELAXED);
	rt->counters.takebacks++;
}

/* The watch is armed while there is work, so that an idle daemon has no wake-ups. */
static void arm_watch(struct td_runtime *rt)
{
	if (rt->threaded && !__atomic_exchange_n(&rt->armed, 1, __ATOMIC_SEQ_CST))
		rt->env.watch_arm(rt->env.data, rt->limits.hog_limit / 2);
}

static void accept_offer(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;

	rt->pending = NULL;
	rt->driver = t;
	__atomic_store_n(&t->driver, true, __ATOMIC_RELAXED);
	if (!rt->pool)
		(void)td_thread_start(rt, NULL); /* without one, hogs are waited for */
	/* The first driver may find work before it was ever idle. */
	arm_watch(rt);
}

/* Waits for the outside world, the lock released. */
static bool wait_idle(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;
	struct td_heap_node *first = td_heap_first(&rt->timers);
	taskd_nsec until = first ? first->key : TASKD_FOREVER;
	bool more;

	if (td_stack_pool_trim(&rt->stacks))
		until = 0; /* there is more to give back: only look */
	__atomic_store_n(&rt->idle, true, __ATOMIC_SEQ_CST);
	rt->counters.idles++;
	td_leave(t);
	more = rt->env.wait(rt->env.data, until);
	t = td_enter();
	td_assert(t->driver);
	__atomic_store_n(&rt->idle, false, __ATOMIC_SEQ_CST);
	rt->kicked = false;
	td_fd_wake_fired(rt);
	arm_watch(rt);
	return more;
}

bool td_driver_round(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;
	struct td_task *task;
	taskd_nsec now;

	rt->budget = TD_BUDGET;
	td_fd_take_requests(rt);
	now = rt->clock = td_now(rt);
	td_timers_fire(rt, now);
	if (!rt->ready)
		return wait_idle(t);
	if (now - rt->polled_at >= POLL_EVERY) {
		rt->polled_at = now;
		(void)rt->env.wait(rt->env.data, 0);
		td_fd_wake_fired(rt);
	}
	task = td_sched_pop(rt);
	if (task)
		td_sched_run(t, task);
	return true;
}

/* Waits, out of the pool or in it, until something is assigned to the thread. */
static void wait_assignment(struct td_thread *t)
{
	td_leave(t);
	while (!__atomic_load_n(&t->go, __ATOMIC_ACQUIRE))
		td_futex_wait(&t->go, 0);
	__atomic_store_n(&t->go, 0, __ATOMIC_RELAXED);
	(void)td_enter();
}

static void leave_pool(struct td_thread *t)
{
	for (struct td_thread **at = &t->rt->pool; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	t->idle = false;
}

void td_driver_main(struct td_thread *t)
{
	struct td_runtime *rt = t->rt;

	(void)td_enter();
	while (!rt->stopping) {
		if (t->bound) {
			if (t->bound->place == TD_AT_QUEUE &&
			    (t->bound->stack || td_sched_bind(rt, t->bound) == 0)) {
				td_sched_run(t, t->bound);
			} else if (t->bound->place == TD_AT_QUEUE) {
				struct td_task *task = t->bound;

				t->bound = NULL;
				task->place = TD_AT_NOTHING;
				td_task_set_outcome(task, TASKD_FAILED, -TASKD_ENOMEM,
						    "no memory for its stack");
				td_task_finish(rt, task);
			} else {
				wait_assignment(t);
			}
		} else if (rt->pending == t) {
			accept_offer(t);
		} else if (t->driver) {
			(void)td_driver_round(t);
		} else {
			t->next = rt->pool;
			rt->pool = t;
			t->idle = true;
			wait_assignment(t);
			if (t->idle)
				leave_pool(t);
		}
	}
	td_leave(t);
}

/* A fiber has held the driver for hog-limit: it keeps its thread, a spare becomes the driver. */
static void hand_over(struct td_runtime *rt, uint64_t dispatches)
{
	struct td_thread *t = td_enter(), *driver = rt->driver;
	struct td_task *hog = driver ? driver->current : NULL;

	if (hog && rt->counters.dispatches == dispatches && !rt->pending) {
		if (!rt->pool)
			(void)td_thread_start(rt, NULL); /* it will be there the next time */
		if (td_driver_offer(driver)) {
			if (hog->hog < TD_HOG_MAX)
				hog->hog += 2;
			rt->counters.hogs++;
			td_emit(rt, TD_EVENT_HOG, TASKD_NOTICE, hog->group, hog,
				"ran longer than hog-limit; the others go on without it");
		}
	}
	td_leave(t);
}

void *td_driver_monitor(void *data)
{
	struct td_runtime *rt = data;
	uint64_t last = 0;
	int same = 0;

	if (!td_thread_register(rt))
		return NULL;
	while (rt->env.watch_wait(rt->env.data)) {
		uint64_t now;

		if (__atomic_load_n(&rt->idle, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&rt->armed, 0, __ATOMIC_SEQ_CST);
			same = 0;
			/* The driver may have become busy before it saw the watch off. */
			if (__atomic_load_n(&rt->idle, __ATOMIC_SEQ_CST) ||
			    __atomic_exchange_n(&rt->armed, 1, __ATOMIC_SEQ_CST))
				continue;
		}
		now = __atomic_load_n(&rt->counters.dispatches, __ATOMIC_RELAXED);
		if (now != last) {
			last = now;
			same = 0;
		} else if (++same >= 2) {
			same = 0;
			hand_over(rt, now);
		}
		rt->env.watch_arm(rt->env.data, rt->limits.hog_limit / 2);
	}
	td_thread_unregister(td_thread_self());
	return NULL;
}
