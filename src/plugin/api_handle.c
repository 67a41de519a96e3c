/* SPDX-License-Identifier: MIT */
/* <taskd/task.h>: what a handle tells about its task. */
#include <taskd/task.h>

#include <stdio.h>

#include "core/wait.h"
#include "plugin/api.h"

struct td_task *td_api_handle(taskd_task *handle, const char *function)
{
	struct td_task *task = (struct td_task *)handle;

	/* Records are used again: this finds most mistakes, not all. */
	if (!task || task->magic != TD_TASK_MAGIC || task->handles == 0)
		taskd_panic("%s: this handle was given back already, by taskd_join() or "
			    "taskd_release()",
			    function);
	return task;
}

int taskd_wait(taskd_task *handle, taskd_nsec timeout, struct taskd_outcome *ret_outcome)
{
	struct td_task *self = td_api_current(__func__), *task = td_api_handle(handle, __func__);
	struct td_thread *t = td_enter_task();
	int r = 0;

	if (self->self.signals & TD_ASK_STOP) {
		r = -TASKD_ECANCELED;
	} else if (!td_task_ended(task)) {
		td_list_append(&task->waiters, &self->wait_link);
		r = td_wait(&t, TD_WAIT_JOIN, td_later(td_now(t->rt), timeout));
	}
	if (r == 0 && ret_outcome)
		td_task_outcome(task, ret_outcome);
	td_leave(t);
	return r;
}

taskd_nsec taskd_task_elapsed(const taskd_task *handle)
{
	const struct td_task *task = td_api_handle((taskd_task *)handle, __func__);

	return taskd_now() - task->created_at;
}

char *taskd_task_name(const taskd_task *handle, char *buffer, size_t size)
{
	const struct td_task *task = td_api_handle((taskd_task *)handle, __func__);
	char name[TD_TASK_NAME_MAX];

	if (size > 0)
		(void)snprintf(buffer, size, "%s", td_task_name(task, name));
	return buffer;
}
