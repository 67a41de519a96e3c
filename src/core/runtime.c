/* SPDX-License-Identifier: MIT */
/* Birth and death of a runtime, its timers, and the events that its modules emit. */
#include "core/runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/driver.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/stop.h"
#include "core/wait.h"

const struct td_limits td_limits_default = {
	.grace = 20 * TASKD_SEC,
	.abort_timeout = 250 * TASKD_MSEC,
	.cleanup_timeout = 5 * TASKD_SEC,
	.hog_limit = 10 * TASKD_MSEC,
	.event_bytes = (size_t)256 << 10,
	.keep_ended = 32,
	.level = TASKD_INFO,
};

/* ---- timers ----------------------------------------------------------------------------- */

void td_timer_set(struct td_runtime *rt, struct td_heap_node *node, enum td_timer_kind kind,
		  taskd_nsec when)
{
	td_heap_remove(&rt->timers, node);
	node->kind = kind;
	td_heap_add(&rt->timers, node, when);
	if (td_unlikely(rt->idle) && td_heap_first(&rt->timers) == node)
		td_sched_kick(rt);
}

void td_timers_fire(struct td_runtime *rt, taskd_nsec now)
{
	struct td_heap_node *node;

	while ((node = td_heap_first(&rt->timers)) && node->key <= now) {
		td_heap_remove(&rt->timers, node);
		rt->counters.timers_fired++;
		switch ((enum td_timer_kind)node->kind) {
		case TD_TIMER_WAIT:
			td_wake(rt, TD_CONTAINER_OF(node, struct td_task, wait_timer),
				-TASKD_ETIMEDOUT);
			break;
		case TD_TIMER_ESCALATE:
			td_task_escalate(TD_CONTAINER_OF(node, struct td_task, escalation_timer));
			break;
		case TD_TIMER_GROUP:
			td_stop_deadline(TD_CONTAINER_OF(node, struct td_group, deadline_timer));
			break;
		case TD_TIMER_SCOPE:
			td_scope_timed_out(
				TD_CONTAINER_OF(node, struct td_group, deadline_timer)->scope);
			break;
		}
	}
}

/* ---- events ----------------------------------------------------------------------------- */

void td_emit_text(struct td_runtime *rt, enum td_event_kind kind, enum taskd_level level,
		  struct td_group *group, struct td_task *task, uint8_t stream, const char *text)
{
	char path[TD_PATH_MAX];
	struct td_event event = {
		.realtime_usec = rt->env.realtime_usec(rt->env.data),
		.kind = kind,
		.level = level,
		.stream = stream,
		.task_id = task ? task->id : 0,
		.path = task    ? td_task_path(task, path)
			: group ? td_group_path(group)
				: "/",
		.text = text,
	};

	if (level > rt->limits.level)
		return;
	td_ring_put(&rt->ring, &event);
	rt->env.events(rt->env.data);
}

void td_emit(struct td_runtime *rt, enum td_event_kind kind, enum taskd_level level,
	     struct td_group *group, struct td_task *task, const char *format, ...)
{
	char raw[512], text[512];
	va_list args;

	if (level > rt->limits.level)
		return;
	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	td_utf8_clean(text, sizeof(text), raw, strlen(raw));
	td_emit_text(rt, kind, level, group, task, 0, text);
}

/* ---- calling out ------------------------------------------------------------------------ */

/* Calls the watchers of the first task of the list. */
static void tell_watchers(struct td_runtime *rt)
{
	struct td_task *task = TD_LIST_FIRST(&rt->told, struct td_task, wait_link);

	td_list_remove(&task->wait_link);
	while (task->watchers) {
		struct td_watcher *watcher = task->watchers;

		task->watchers = watcher->next;
		watcher->ended(watcher, task);
	}
	td_task_unref(task);
}

static void tell_done(struct td_runtime *rt)
{
	struct td_stop *stop = rt->done;

	rt->done = stop->next;
	if (!rt->done)
		rt->done_end = &rt->done;
	stop->next = NULL;
	stop->done(stop, stop->data);
}

void td_walk_call(struct td_runtime *rt)
{
	if (rt->telling)
		return;
	/* What they do may end more; those are told here, not from inside: a chain of tasks that
	 * end each other must not become a chain of calls. */
	rt->telling = true;
	while (!td_list_empty(&rt->told) || rt->done) {
		if (!td_list_empty(&rt->told))
			tell_watchers(rt);
		else
			tell_done(rt);
	}
	rt->telling = false;
}

/* ---- birth ------------------------------------------------------------------------------ */

static int init_parts(struct td_runtime *rt)
{
	if (td_ring_init(&rt->ring, rt->limits.event_bytes) < 0)
		return -TASKD_ENOMEM;
	rt->ready_end = &rt->ready;
	rt->done_end = &rt->done;
	td_list_init(&rt->told);
	rt->fd_requests_end = &rt->fd_requests;
	td_stack_pool_init(&rt->stacks);
	if (td_timer_reserve(rt) < 0)
		return -TASKD_ENOMEM;
	rt->root = td_group_new_root(rt);
	return rt->root ? 0 : -TASKD_ENOMEM;
}

static void fini_parts(struct td_runtime *rt)
{
	struct td_task *task;

	if (rt->root)
		td_group_free_tree(rt->root);
	while ((task = rt->free_tasks)) {
		rt->free_tasks = task->ready_next;
		td_mem_free(task);
	}
	td_fd_free_all(rt);
	td_heap_fini(&rt->timers);
	td_stack_pool_fini(&rt->stacks);
	td_ring_fini(&rt->ring);
	td_lock_fini(&rt->lock);
	rt->magic = 0;
	td_mem_free(rt);
}

/* The first thread is offered the role of driver, and starts a spare when it accepts. */
static int start_threads(struct td_runtime *rt)
{
	struct td_thread *t = td_enter();
	int r = td_thread_start(rt, NULL);

	if (r == 0)
		rt->pending = rt->threads;
	td_leave(t);
	if (r < 0)
		return r;
	r = pthread_create(&rt->monitor, NULL, td_driver_monitor, rt);
	rt->monitored = r == 0;
	return -r;
}

/* Ends the pooled threads that can end, and the monitor. Returns: how many cannot. */
static uint32_t end_threads(struct td_runtime *rt)
{
	struct td_thread *t = td_enter();
	uint32_t left = 0;

	rt->stopping = true; /* from here on, no thread is added */
	for (struct td_thread *other = rt->threads; other; other = other->all) {
		other->left = other->current != NULL;
		if (other->left)
			left++;
		else
			td_thread_wake(t, other);
	}
	t->kick = true;
	td_leave(t);
	if (rt->monitored) {
		rt->env.watch_stop(rt->env.data);
		pthread_join(rt->monitor, NULL);
	}
	for (struct td_thread *other = rt->threads, *next; other; other = next) {
		next = other->all;
		if (other->left)
			continue;
		pthread_join(other->id, NULL);
	}
	return left;
}

int td_runtime_new(const struct td_env *env, const struct td_limits *limits, bool threaded,
		   struct td_runtime **ret_rt)
{
	struct td_runtime *rt = td_mem_new(sizeof(*rt));
	struct td_thread *t;
	int r;

	td_assert(env->size == sizeof(*env));
	if (!rt)
		return -TASKD_ENOMEM;
	rt->magic = TD_RUNTIME_MAGIC;
	rt->env = *env;
	rt->limits = *limits;
	rt->threaded = threaded;
	rt->clock = td_now(rt);
	td_lock_init(&rt->lock);
	t = td_thread_register(rt);
	r = t ? init_parts(rt) : -TASKD_ENOMEM;
	if (r == 0 && threaded) {
		r = start_threads(rt);
		if (r < 0)
			(void)end_threads(rt);
	} else if (r == 0) {
		t->driver = true;
		rt->driver = t;
	}
	if (r < 0) {
		fini_parts(rt);
		if (t)
			td_thread_unregister(t);
		return r;
	}
	*ret_rt = rt;
	return 0;
}

void td_runtime_run(struct td_runtime *rt, bool (*done)(void *data), void *data)
{
	struct td_thread *t = td_enter();

	td_assert(!rt->threaded && t->driver && !t->current);
	while (!(done && done(data))) {
		if (!td_driver_round(t) && !rt->ready)
			break;
	}
	td_leave(t);
}

uint32_t td_runtime_free(struct td_runtime *rt)
{
	struct td_thread *t = td_thread_self();
	uint32_t left = 0;

	TD_CHECK(rt, TD_RUNTIME_MAGIC);
	td_assert(!t->current && t->rt == rt && rt->root->state == TD_GROUP_CLOSED);
	if (rt->threaded)
		left = end_threads(rt);
	if (left) {
		/* A ghost may come back at any time and needs its lock and its record. */
		td_thread_unregister(t);
		return left;
	}
	for (struct td_thread *other = rt->threads, *next; other; other = next) {
		next = other->all;
		td_mem_free(other);
	}
	fini_parts(rt);
	td_thread_unregister(t);
	return 0;
}
