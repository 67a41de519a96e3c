/* SPDX-License-Identifier: MIT */
/* <taskd/token.h>: cancel tokens. */
#include <taskd/token.h>

#include "core/cleanup.h"
#include "core/token.h"
#include "core/wait.h"
#include "plugin/api.h"

static struct td_token *token_of(taskd_token *handle)
{
	struct td_token *token = (struct td_token *)handle;

	TD_CHECK(token, TD_TOKEN_MAGIC);
	return token;
}

/* The cleanup of the task that made it. */
static void drop(void *arg)
{
	struct td_thread *t = td_enter_task();

	td_token_unref(arg);
	td_leave(t);
}

int taskd_token_new(taskd_token **ret_token)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	struct td_token *token = td_token_new(t->rt);
	int r = token ? td_defer_push(task, drop, token) : -TASKD_ENOMEM;

	if (r < 0)
		td_token_unref(token);
	else
		*ret_token = (taskd_token *)token;
	td_leave(t);
	return r;
}

taskd_token *taskd_token_ref(taskd_token *handle)
{
	struct td_thread *t;

	(void)td_api_current(__func__);
	t = td_enter_task();
	(void)td_token_ref(token_of(handle));
	td_leave(t);
	return handle;
}

void taskd_token_unref(taskd_token *handle)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t;

	if (!handle)
		return;
	t = td_enter_task();
	/* Of the task that made it, it is this one that is given back. */
	(void)td_defer_take(task, drop, handle);
	td_token_unref(token_of(handle));
	td_leave(t);
}

static void cancel(struct td_thread *t, struct td_token *token, const char *message)
{
	char path[TD_PATH_MAX];
	struct td_reason *reason;

	reason = td_reason_new(TD_REASON_REQUESTED,
			       t->current ? td_task_path(t->current, path) : "token", message);
	if (reason)
		reason->realtime_usec = t->rt->env.realtime_usec(t->rt->env.data);
	td_token_cancel(token, reason);
	td_reason_unref(reason);
}

void taskd_token_cancel(taskd_token *handle, const char *message)
{
	struct td_token *token = token_of(handle);
	struct td_thread *t = td_thread_self(), *guest = NULL;

	if (!t)
		guest = td_thread_register(token->rt);
	t = t && t->current ? td_enter_task() : td_enter();
	cancel(t, token, message);
	td_leave(t);
	if (guest)
		td_thread_unregister(guest);
}

bool taskd_token_is_cancelled(const taskd_token *handle)
{
	return __atomic_load_n(&((const struct td_token *)handle)->cancelled, __ATOMIC_ACQUIRE);
}

int taskd_token_check(const taskd_token *handle)
{
	return taskd_token_is_cancelled(handle) ? -TASKD_ECANCELED : 0;
}

int taskd_token_wait(taskd_token *handle, taskd_nsec timeout)
{
	struct td_token *token = token_of(handle);
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t = td_enter_task();
	int r = 0;

	if (!token->cancelled) {
		td_list_append(&token->waiters, &task->wait_link);
		r = td_wait(&t, TD_WAIT_TOKEN, td_later(td_now(t->rt), timeout));
	} else if (task->self.signals & TD_ASK_STOP) {
		r = -TASKD_ECANCELED;
	}
	td_leave(t);
	return r;
}
