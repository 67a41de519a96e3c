/* SPDX-License-Identifier: MIT */
/*
 * The scheduler. A task that suspends picks the next ready one and switches to it directly: one
 * switch a dispatch. A task that ends goes on, on the same stack, as the next one that has not
 * started yet.
 */
#include "core/sched.h"

#include "base/assert.h"
#include "core/cancel.h"
#include "core/driver.h"
#include "core/fiber.h"
#include "core/runtime.h"
#include "core/switch.h"

/* __cxa_eh_globals of the Itanium C++ ABI: caught exceptions, and how many are uncaught. */
struct eh_globals {
	void *caught;
	unsigned uncaught;
};

void td_sched_kick(struct td_runtime *rt)
{
	struct td_thread *t = td_thread_self();

	if (rt->idle && !rt->kicked && !t->driver) {
		rt->kicked = true;
		t->kick = true;
	}
}

/* A thread task is bound to its thread until it is forced off its stack. */
static bool on_own_thread(const struct td_task *task)
{
	return task->thread && task->thread->bound == task;
}

/* Takes a task out of the queue, wherever it is in there. */
static inline void dequeue(struct td_runtime *rt, struct td_task *task)
{
	td_assert(*task->ready_at == task);
	*task->ready_at = task->ready_next;
	if (task->ready_next)
		task->ready_next->ready_at = task->ready_at;
	else
		rt->ready_end = task->ready_at;
	task->ready_next = NULL; /* as wait_link: in no list */
}

void td_sched_ready(struct td_runtime *rt, struct td_task *task)
{
	task->place = TD_AT_QUEUE;
	if (task->state != TD_TASK_ENDING)
		td_task_set_state(task, TD_TASK_READY);
	if (td_unlikely(on_own_thread(task))) {
		td_thread_wake(td_thread_self(), task->thread);
		return;
	}
	task->thread = NULL;
	task->ready_next = NULL;
	task->ready_at = rt->ready_end;
	*rt->ready_end = task;
	rt->ready_end = &task->ready_next;
	if (td_unlikely(rt->idle))
		td_sched_kick(rt);
}

void td_sched_unready(struct td_runtime *rt, struct td_task *task)
{
	td_assert(task->place == TD_AT_QUEUE);
	task->place = TD_AT_NOTHING;
	if (!on_own_thread(task))
		dequeue(rt, task);
}

/* Bytes of the slot; the guard is taken off it. */
static size_t stack_size(const struct td_task *task)
{
	if (task->info && task->info->stack_size)
		return task->info->stack_size;
	return task->driver == TASKD_DRIVER_THREAD ? TD_STACK_LARGE : TD_STACK_SMALL;
}

int td_sched_bind(struct td_runtime *rt, struct td_task *task)
{
	task->stack = td_stack_get(&rt->stacks, stack_size(task));
	if (!task->stack)
		return -TASKD_ENOMEM;
	task->sp = td_switch_prepare((void *)task->stack->san.low, task->stack->san.size,
				     td_fiber_entry, task);
	return 0;
}

/* Moves the one that the environment picks to the front. */
static void pick(struct td_runtime *rt)
{
	struct td_task **at = &rt->ready, *task;
	uint32_t n = 0;

	for (task = rt->ready; task; task = task->ready_next)
		n++;
	if (n == 0)
		return;
	for (n = rt->env.pick(rt->env.data, n); n > 0; n--)
		at = &(*at)->ready_next;
	task = *at;
	if (task == rt->ready)
		return;
	dequeue(rt, task);
	task->ready_next = rt->ready;
	task->ready_at = &rt->ready;
	rt->ready->ready_at = &task->ready_next;
	rt->ready = task;
}

struct td_task *td_sched_first(struct td_runtime *rt)
{
	if (td_unlikely(rt->env.pick != NULL))
		pick(rt);
	return rt->ready;
}

struct td_task *td_sched_pop(struct td_runtime *rt)
{
	for (;;) {
		struct td_task *task = td_sched_first(rt);

		if (!task)
			return NULL;
		dequeue(rt, task);
		if (td_likely(task->stack != NULL) || td_sched_bind(rt, task) == 0)
			return task;
		task->place = TD_AT_NOTHING;
		td_task_set_outcome(task, TASKD_FAILED, -TASKD_ENOMEM, "no memory for its stack");
		td_task_finish(rt, task);
	}
}

/* As td_sched_pop(), for a switch from one started task to the next. */
static inline struct td_task *pop_started(struct td_runtime *rt)
{
	struct td_task *task = rt->ready;

	if (td_unlikely(rt->env.pick != NULL || !task || !task->stack))
		return td_sched_pop(rt);
	dequeue(rt, task);
	return task;
}

/* The books of a dispatch: `n` runs on `t` from here on. */
static inline void dispatched(struct td_thread *t, struct td_task *n)
{
	struct td_runtime *rt = t->rt;

	n->place = TD_AT_THREAD;
	if (n->state != TD_TASK_ENDING)
		td_task_set_state(n, TD_TASK_RUNNING);
	n->thread = t;
	t->current = n;
	__atomic_store_n(&rt->counters.dispatches, rt->counters.dispatches + 1, __ATOMIC_RELAXED);
	/* A known hog gives the role away before it runs: the others do not wait for detection. */
	if (td_unlikely(n->hog >= 2) && t->driver && td_driver_offer(t)) {
		n->hogging = true;
		t->hogging_since = td_now(rt);
	}
}

/* After a run as a known hog: one that has mended its ways is trusted again. */
static void judge_hog(struct td_thread *t, struct td_task *task)
{
	task->hogging = false;
	if (td_now(t->rt) - t->hogging_since < t->rt->limits.hog_limit)
		task->hog--;
	else if (task->hog < TD_HOG_MAX)
		task->hog++;
}

static inline struct td_thread *suspend(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;
	struct td_task *n = NULL;
	struct td_san *here = &task->stack->san;
	int saved_errno = *t->errno_at;

	if (td_unlikely(task->hogging))
		judge_hog(t, task);
	if (!on_own_thread(task)) {
		if (td_unlikely(!t->driver) && rt->pending && !t->bound)
			td_driver_take_back(t);
		if (td_likely(t->driver) && td_likely(--rt->budget > 0))
			n = pop_started(rt);
	}
	if (n == task) {
		dispatched(t, n);
		return t;
	}
	if (td_likely(n != NULL)) {
		dispatched(t, n);
		td_san_switch_start(here, &n->stack->san);
		t = td_switch(&task->sp, n->sp, t);
	} else {
		t->current = NULL;
		td_san_switch_start(here, &t->san);
		t = td_switch(&task->sp, t->sp, t);
	}
	td_san_switch_finish(here);
	*t->errno_at = saved_errno;
	return t;
}

/* In a process with C++ in it. Apart, so that others do not pay for it. */
__attribute__((noinline)) static struct td_thread *suspend_with_exceptions(struct td_thread *t,
									   struct td_task *task)
{
	struct td_runtime *rt = t->rt;
	struct eh_globals eh = *(struct eh_globals *)rt->cxa_globals();

	t = suspend(t, task);
	*(struct eh_globals *)rt->cxa_globals() = eh;
	return t;
}

struct td_thread *td_sched_suspend(struct td_thread *t, struct td_task *task)
{
	return td_likely(!t->rt->cxa_globals) ? suspend(t, task) : suspend_with_exceptions(t, task);
}

void td_sched_begin(struct td_thread *t)
{
	*t->errno_at = 0;
	if (t->rt->cxa_globals)
		*(struct eh_globals *)t->rt->cxa_globals() = (struct eh_globals){0};
}

bool td_sched_adopt(struct td_thread *t, struct td_task *task, struct td_stack *stack)
{
	struct td_runtime *rt = t->rt;

	td_assert(rt->ready == task && !task->stack);
	if (stack_size(task) > TD_STACK_SMALL || stack->class != 0)
		return false;
	dequeue(rt, task);
	rt->budget--;
	task->stack = stack;
	dispatched(t, task);
	return true;
}

void td_sched_exit(struct td_thread *t, struct td_stack *stack)
{
	struct td_runtime *rt = t->rt;
	struct td_task *n = NULL;
	void *nowhere;

	t->current = NULL;
	if (!t->bound) {
		if (!t->driver && rt->pending)
			td_driver_take_back(t);
		if (t->driver && --rt->budget > 0)
			n = td_sched_pop(rt);
	}
	/* Nobody takes the stack while we stand on it: that would need the lock, which goes to
	 * the one we switch to. */
	if (stack)
		td_stack_put(&rt->stacks, stack);
	if (n) {
		dispatched(t, n);
		td_san_switch_start(NULL, &n->stack->san);
		td_switch(&nowhere, n->sp, t);
	} else {
		td_san_switch_start(NULL, &t->san);
		td_switch(&nowhere, t->sp, t);
	}
	td_assert(!"a fiber that was left for good is not resumed");
	__builtin_unreachable();
}

void td_sched_run(struct td_thread *t, struct td_task *task)
{
	dispatched(t, task);
	td_san_switch_start(&t->san, &task->stack->san);
	td_switch(&t->sp, task->sp, t);
	td_san_switch_finish(&t->san);
	t->current = NULL;
}
