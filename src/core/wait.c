/* SPDX-License-Identifier: MIT */
/*
 * A task waits for one thing at a time, with or without a deadline. Requests for descriptors are
 * queued: only the driver touches the event loop.
 */
#include "core/wait.h"

#include <taskd/io.h>

#include "base/assert.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/runtime.h"
#include "core/sched.h"

/*
 * What a task is told that may not wait any more. One that swallows it in a loop would never
 * suspend: once its share is used up, the others get theirs.
 */
static int refuse(struct td_thread **t, struct td_task *task)
{
	struct td_runtime *rt = (*t)->rt;

	if ((*t)->driver && --rt->budget <= 0) {
		td_sched_ready(rt, task);
		*t = td_sched_suspend(*t, task);
	}
	return -TASKD_ECANCELED;
}

int td_wait(struct td_thread **t, enum td_wait_kind kind, taskd_nsec until)
{
	struct td_runtime *rt = (*t)->rt;
	struct td_task *task = (*t)->current;

	td_assert(task && task->place == TD_AT_THREAD);
	if (task->self.signals & TD_ASK_STOP) {
		td_wait_unlink(rt, task);
		return refuse(t, task);
	}
	task->wait_kind = (uint8_t)kind;
	task->wait_result = 0;
	task->place = TD_AT_WAIT;
	if (task->state != TD_TASK_ENDING)
		td_task_set_state(task, TD_TASK_WAITING);
	if (until != TASKD_FOREVER)
		td_timer_set(rt, &task->wait_timer, TD_TIMER_WAIT, until);
	*t = td_sched_suspend(*t, task);
	return task->wait_result;
}

/* Calls a wait for a descriptor off; the driver tells the loop. */
static void drop_fdwait(struct td_runtime *rt, struct td_task *task)
{
	struct td_fdwait *wait = task->fdwait;

	task->fdwait = NULL;
	wait->task = NULL;
	if (wait->armed) {
		wait->next = NULL;
		*rt->fd_requests_end = wait;
		rt->fd_requests_end = &wait->next;
		td_sched_kick(rt);
	} /* else it is among the requests or the fired ones, and goes from there */
}

void td_wait_unlink(struct td_runtime *rt, struct td_task *task)
{
	td_timer_clear(rt, &task->wait_timer);
	td_list_remove(&task->wait_link);
	if (task->fdwait)
		drop_fdwait(rt, task);
}

void td_wake(struct td_runtime *rt, struct td_task *task, int result)
{
	td_assert(task->place == TD_AT_WAIT);
	td_wait_unlink(rt, task);
	task->wait_result = result;
	td_sched_ready(rt, task);
}

int td_wait_until(struct td_thread **t, taskd_nsec when)
{
	int r = td_wait(t, TD_WAIT_TIMER, when);

	return r == -TASKD_ETIMEDOUT ? 0 : r;
}

int td_wait_yield(struct td_thread **t)
{
	struct td_task *task = (*t)->current;

	if (task->self.signals & TD_ASK_STOP)
		return refuse(t, task);
	td_sched_ready((*t)->rt, task);
	*t = td_sched_suspend(*t, task);
	return task->self.signals & TD_ASK_STOP ? -TASKD_ECANCELED : 0;
}

int td_wait_join(struct td_thread **t, struct td_task *target)
{
	struct td_task *task = (*t)->current;

	if (td_task_ended(target))
		return 0;
	td_list_append(&target->waiters, &task->wait_link);
	return td_wait(t, TD_WAIT_JOIN, TASKD_FOREVER);
}

/* ---- descriptors ------------------------------------------------------------------------ */

static struct td_fdwait *fdwait_new(struct td_runtime *rt)
{
	struct td_fdwait *wait = rt->fd_free;

	if (!wait)
		return td_mem_new(sizeof(*wait));
	rt->fd_free = wait->next;
	*wait = (struct td_fdwait){0};
	return wait;
}

static void fdwait_free(struct td_runtime *rt, struct td_fdwait *wait)
{
	wait->next = rt->fd_free;
	rt->fd_free = wait;
}

int td_wait_fd(struct td_thread **t, int fd, int events, taskd_nsec until)
{
	struct td_runtime *rt = (*t)->rt;
	struct td_task *task = (*t)->current;
	struct td_fdwait *wait;

	if (fd < 0 || events == 0 || (events & ~(TASKD_READABLE | TASKD_WRITABLE)) != 0)
		return -TASKD_EINVAL;
	if (task->self.signals & TD_ASK_STOP)
		return refuse(t, task);
	wait = fdwait_new(rt);
	if (!wait)
		return -TASKD_ENOMEM;
	wait->fd = fd;
	wait->events = events;
	wait->task = task;
	task->fdwait = wait;
	*rt->fd_requests_end = wait;
	rt->fd_requests_end = &wait->next;
	td_sched_kick(rt);
	return td_wait(t, TD_WAIT_FD, until);
}

void td_fd_take_requests(struct td_runtime *rt)
{
	struct td_fdwait *wait = rt->fd_requests, *next;

	rt->fd_requests = NULL;
	rt->fd_requests_end = &rt->fd_requests;
	for (; wait; wait = next) {
		int r;

		next = wait->next;
		wait->next = NULL;
		if (!wait->task) {
			if (wait->armed)
				rt->env.fd_disarm(rt->env.data, wait);
			fdwait_free(rt, wait);
			continue;
		}
		r = rt->env.fd_arm(rt->env.data, wait);
		if (r == 0) {
			wait->armed = true;
			continue;
		}
		wait->task->fdwait = NULL;
		td_wake(rt, wait->task, r);
		fdwait_free(rt, wait);
	}
}

void td_runtime_fd_fired(struct td_runtime *rt, struct td_fdwait *wait, int events)
{
	/* No lock here: the list is the driver's own, and a wait that was called off meanwhile is
	 * sorted out when the list is taken. */
	wait->fired = events;
	wait->fired_next = rt->fd_fired;
	rt->fd_fired = wait;
}

void td_fd_wake_fired(struct td_runtime *rt)
{
	struct td_fdwait *wait = rt->fd_fired, *next;

	rt->fd_fired = NULL;
	for (; wait; wait = next) {
		struct td_task *task = wait->task;

		next = wait->fired_next;
		if (!task)
			continue; /* it is among the requests, to be disarmed and freed */
		wait->armed = false;
		task->fdwait = NULL;
		td_wake(rt, task, wait->fired);
		fdwait_free(rt, wait);
	}
}

void td_fd_free_all(struct td_runtime *rt)
{
	struct td_fdwait *wait;

	td_fd_take_requests(rt);
	while ((wait = rt->fd_free)) {
		rt->fd_free = wait->next;
		td_mem_free(wait);
	}
}
