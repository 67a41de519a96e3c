/* SPDX-License-Identifier: MIT */
/* <taskd/task.h>: time, outcomes, other tasks, cleanups, memory. */
#include <taskd/task.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/cancel.h"
#include "core/cleanup.h"
#include "core/scope.h"
#include "core/wait.h"
#include "plugin/api.h"

struct td_task *td_api_current(const char *function)
{
	struct td_thread *t = td_thread_self();

	if (td_likely(t && t->current))
		return t->current;
	td_assert_failed(function, "a taskd function was called outside a task", 0);
}

taskd_self *taskd_current(void)
{
	struct td_thread *t = td_thread_self();

	return t && t->current ? &t->current->self : NULL;
}

int taskd_checkpoint_slow(taskd_self *self)
{
	if (__atomic_load_n(&self->signals, __ATOMIC_RELAXED) & TD_ASK_FORCE)
		td_leave(td_enter_task());
	return __atomic_load_n(&self->signals, __ATOMIC_RELAXED) & TD_ASK_STOP ? -TASKD_ECANCELED
									       : 0;
}

taskd_nsec taskd_now(void)
{
	struct td_thread *t = td_thread_self();
	struct timespec ts;

	if (td_likely(t != NULL))
		return td_now(t->rt);
	/* A thread of a plugin's own. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (taskd_nsec)ts.tv_sec * TASKD_SEC + ts.tv_nsec;
}

int taskd_sleep_until(taskd_nsec when)
{
	struct td_thread *t;
	int r;

	(void)td_api_current(__func__);
	t = td_enter_task();
	r = td_wait_until(&t, when);
	td_leave(t);
	return r;
}

int taskd_sleep(taskd_nsec duration)
{
	return taskd_sleep_until(td_later(taskd_now(), duration));
}

int taskd_yield(void)
{
	struct td_thread *t;
	int r;

	(void)td_api_current(__func__);
	t = td_enter_task();
	r = td_wait_yield(&t);
	td_leave(t);
	return r;
}

taskd_nsec taskd_deadline(void)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	taskd_nsec deadline = td_task_deadline(task);

	td_leave(t);
	return deadline;
}

/* ---- how it ended ----------------------------------------------------------------------- */

/* Not allocated before the lock is taken: who is stopped by force there never comes back. */
#define MESSAGE_MAX sizeof(((struct taskd_outcome *)NULL)->message)

__attribute__((format(printf, 2, 0))) static void format_message(char message[MESSAGE_MAX],
								 const char *format, va_list args)
{
	char raw[MESSAGE_MAX];

	(void)vsnprintf(raw, sizeof(raw), format, args);
	td_utf8_clean(message, MESSAGE_MAX, raw, strlen(raw));
}

int taskd_fail(int code, const char *format, ...)
{
	struct td_task *task = td_api_current(__func__);
	char message[MESSAGE_MAX];
	struct td_thread *t;
	va_list args;

	va_start(args, format);
	format_message(message, format, args);
	va_end(args);
	t = td_enter_task();
	td_mem_free(task->message);
	task->message = td_mem_strdup(message);
	td_leave(t);
	return code;
}

void taskd_panic(const char *format, ...)
{
	struct td_task *task = td_api_current(__func__);
	char message[MESSAGE_MAX];
	struct td_thread *t;
	va_list args;

	va_start(args, format);
	format_message(message, format, args);
	va_end(args);
	t = td_enter_task();
	td_task_set_outcome(task, TASKD_PANICKED, 0, message);
	td_task_leave(t, task);
}

/* ---- other tasks ------------------------------------------------------------------------ */

/* The size of the options before they had a token. */
#define OPTIONS_MIN offsetof(struct taskd_spawn_options, token)

int taskd_spawn(const struct taskd_spawn_options *options, taskd_fn fn, void *arg,
		taskd_task **ret_task)
{
	struct td_task *self = td_api_current(__func__), *task = NULL;
	struct td_spawn spawn = {.fn = fn, .arg = arg, .grace = -1};
	struct td_thread *t;
	int r;

	if (!fn || (options && options->size != OPTIONS_MIN && options->size != sizeof(*options)))
		return -TASKD_EINVAL;
	if (options) {
		spawn.name = options->name;
		spawn.driver = options->driver;
		spawn.stack_size = options->stack_size;
		spawn.timeout = options->timeout;
		if (options->size > OPTIONS_MIN)
			spawn.token = (struct td_token *)options->token;
		if (spawn.driver > TASKD_DRIVER_THREAD || spawn.timeout < 0)
			return -TASKD_EINVAL;
	}
	t = td_enter_task();
	r = td_task_spawn(t->rt, td_scope_group(self), &spawn, ret_task ? &task : NULL, NULL);
	td_leave(t);
	if (r == 0 && ret_task)
		*ret_task = (taskd_task *)task;
	return r;
}

int taskd_join(taskd_task *handle, struct taskd_outcome *ret_outcome)
{
	struct td_task *task;
	struct td_thread *t;
	int r;

	(void)td_api_current(__func__);
	task = td_api_handle(handle, __func__);
	t = td_enter_task();
	r = td_wait_join(&t, task);
	if (r == 0) {
		if (ret_outcome)
			td_task_outcome(task, ret_outcome);
		task->handles--;
		td_task_unref(task);
	}
	td_leave(t);
	return r;
}

void taskd_cancel(taskd_task *handle, const char *message)
{
	struct td_task *task = td_api_task(handle), *self = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	char path[TD_PATH_MAX];
	struct td_reason *reason =
		td_reason_new(TD_REASON_REQUESTED, td_task_path(self, path), message);

	if (reason)
		reason->realtime_usec = t->rt->env.realtime_usec(t->rt->env.data);
	td_task_ask(task, TD_ASK_CANCEL, reason);
	td_reason_unref(reason);
	td_leave(t);
}

void taskd_abort(taskd_task *handle)
{
	struct td_thread *t;

	(void)td_api_current(__func__);
	t = td_enter_task();
	td_task_abort(td_api_task(handle), NULL);
	/* It may have been the caller itself. */
	if (t->current->asked & TD_ASK_FORCE)
		td_task_land(t, t->current);
	td_leave(t);
}

bool taskd_is_finished(const taskd_task *handle)
{
	const struct td_task *task = (const struct td_task *)handle;
	struct td_thread *t;
	bool finished;

	(void)td_api_current(__func__);
	t = td_enter_task();
	finished = td_task_ended(task);
	td_leave(t);
	return finished;
}

uint64_t taskd_task_id(const taskd_task *handle)
{
	return ((const struct td_task *)handle)->id;
}

void taskd_release(taskd_task *handle)
{
	struct td_task *task;
	struct td_thread *t;

	if (!handle)
		return;
	(void)td_api_current(__func__);
	task = td_api_handle(handle, __func__);
	t = td_enter_task();
	task->handles--;
	td_task_unref(task);
	td_leave(t);
}

/* ---- cleanups and memory ---------------------------------------------------------------- */

int taskd_defer(void (*fn)(void *arg), void *arg)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t;
	int r;

	if (!fn)
		return -TASKD_EINVAL;
	t = td_enter_task();
	r = td_defer_push(task, fn, arg);
	td_leave(t);
	return r;
}

bool taskd_undefer(void (*fn)(void *arg), void *arg)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	bool found = td_defer_take(task, fn, arg);

	td_leave(t);
	return found;
}

void *taskd_alloc(size_t size)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	void *memory = td_arena_new(task, size);

	td_leave(t);
	return memory;
}

char *taskd_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = taskd_alloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *taskd_printf(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	text = taskd_alloc((size_t)n + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

static void mask(int step)
{
	struct td_task *task = td_api_current("taskd_mask_cancel()");
	struct td_thread *t = td_enter_task();

	/* Cleanups are masked from the outside; their own pairs nest inside. */
	if (step > 0 || task->masked > (task->stage == TD_STAGE_CLEANUP ? 1 : 0))
		task->masked = (uint16_t)(task->masked + step);
	td_task_update_signals(task);
	td_leave(t);
}

void taskd_mask_cancel(void)
{
	mask(1);
}

void taskd_unmask_cancel(void)
{
	mask(-1);
}
