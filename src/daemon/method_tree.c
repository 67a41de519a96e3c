/* SPDX-License-Identifier: MIT */
/* io.taskd.Manager: List, Get, Cancel, Stop. */
#include <inttypes.h>

#include "base/mem.h"
#include "core/cancel.h"
#include "daemon/codec.h"
#include "daemon/control.h"
#include "daemon/find.h"
#include "daemon/session.h"
#include "daemon/stopping.h"
#include "wire/peer.h"

/* ---- List, Get -------------------------------------------------------------------------- */

static void write_list(struct td_json_writer *w, void *data)
{
	struct td_group *top = data;
	struct td_group *group;

	td_json_begin_array(w, "groups");
	for (group = top; group; group = td_group_next(top, group))
		if (!group->unlisted)
			td_codec_group(w, NULL, group);
	td_json_end_array(w);
	td_json_begin_array(w, "tasks");
	for (group = top; group; group = td_group_next(top, group)) {
		struct td_task *task;

		TD_LIST_FOREACH (task, &group->tasks, link)
			td_codec_task(w, NULL, task);
		TD_LIST_FOREACH (task, &group->ended, link)
			td_codec_task(w, NULL, task);
	}
	td_json_end_array(w);
}

static int handle_list(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_app *app = data;
	const char *path = td_json_text_or(td_call_parameters(call), "group", "/");
	struct td_thread *t = td_enter();
	struct td_group *group = td_find_group(app->rt, path, failure);

	if (group)
		td_call_reply_with(call, write_list, group);
	td_leave(t);
	return group ? 0 : failure->code;
}

static void write_group(struct td_json_writer *w, void *data)
{
	td_codec_group(w, "group", data);
}

static void write_task(struct td_json_writer *w, void *data)
{
	td_codec_task(w, "task", data);
}

static int handle_get(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_app *app = data;
	const char *path = td_json_text_or(td_call_parameters(call), "path", "");
	struct td_thread *t = td_enter();
	struct td_group *group;
	struct td_task *task;
	int r = td_find(app->rt, path, &group, &task, failure);

	if (r == 0 && task)
		td_call_reply_with(call, write_task, task);
	else if (r == 0)
		td_call_reply_with(call, write_group, group);
	td_leave(t);
	return r;
}

/* ---- Cancel ----------------------------------------------------------------------------- */

static void write_cancelled(struct td_json_writer *w, void *data)
{
	td_json_add_int(w, "cancelled", *(int64_t *)data);
}

static int64_t cancel_group(struct td_group *group, struct td_reason *reason,
			    struct td_failure *failure)
{
	int64_t n = group->n_below;

	if (td_group_stop(group, -1, reason, NULL, NULL) < 0)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory to stop in order");
	return n;
}

static int64_t cancel(struct td_app *app, struct td_call *call, const char *path,
		      struct td_failure *failure)
{
	struct td_group *group;
	struct td_task *task;
	struct td_reason *reason;
	int64_t n = td_find(app->rt, path, &group, &task, failure);

	if (n < 0)
		return n;
	if (task && td_task_ended(task))
		return td_fail(failure, -TASKD_ENOTASK, path, "%s has ended already", path);
	reason = td_session_reason(call, TD_REASON_REQUESTED, path,
				   td_json_text_or(td_call_parameters(call), "reason", NULL));
	if (!reason)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the reason");
	if (task) {
		td_task_stop(task, -1, reason);
		n = 1;
	} else {
		n = cancel_group(group, reason, failure);
	}
	td_reason_unref(reason);
	return n;
}

static int handle_cancel(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_app *app = data;
	const char *path = td_json_text_or(td_call_parameters(call), "path", "");
	struct td_thread *t;
	int64_t n = td_session_may_change(call, failure);

	if (n < 0)
		return (int)n;
	t = td_enter();
	n = cancel(app, call, path, failure);
	td_leave(t);
	if (n < 0)
		return (int)n;
	td_call_reply_with(call, write_cancelled, &n);
	return 0;
}

/* ---- Stop ------------------------------------------------------------------------------- */

/* A stop in progress: of a group, whose report comes from the core, or of one task, for which a
 * report of one line is made. Outlives the client. */
struct stopping {
	struct td_call *call; /* NULL: the client has gone */
	struct td_app *app;
	struct td_task *task; /* handle; NULL: a group */
	struct td_watcher watcher;
	struct td_letter letter;
	struct td_stop stop; /* of a task */
	struct td_stopped line;
};

static void on_gone(struct td_call *call, void *data)
{
	(void)call;
	((struct stopping *)data)->call = NULL;
}

static void write_report(struct td_json_writer *w, void *data)
{
	td_codec_report(w, "report", data);
}

static void on_group_stopped(const struct td_stop *stop, void *data)
{
	struct stopping *stopping = data;

	if (stopping->call)
		td_call_reply_with(stopping->call, write_report, (void *)stop);
	td_mem_free(stopping);
}

static void on_task_letter(struct td_letter *letter)
{
	struct stopping *stopping = TD_CONTAINER_OF(letter, struct stopping, letter);
	struct td_stop *stop = &stopping->stop;
	char path[TD_PATH_MAX];
	struct td_thread *t = td_enter();
	struct td_task *task = stopping->task;

	stopping->line = (struct td_stopped){.path = (char *)td_task_path(task, path),
					     .id = task->id,
					     .took = task->ended_at - stop->asked_at};
	td_task_outcome(task, &stopping->line.outcome);
	stop->path = (char *)td_group_path(task->group);
	stop->done_at = task->ended_at;
	stop->n_aborted = task->outcome_kind == TASKD_ABORTED;
	stop->n_condemned = task->outcome_kind == TASKD_CONDEMNED;
	if (stop->n_aborted || stop->n_condemned)
		stop->abort_at = stop->asked_at + stop->grace < stop->done_at
					 ? stop->asked_at + stop->grace
					 : stop->done_at;
	stop->tasks = &stopping->line;
	stop->n_tasks = 1;
	if (stopping->call)
		td_call_reply_with(stopping->call, write_report, stop);
	td_task_unref(task);
	td_leave(t);
	td_mem_free(stopping);
}

static void on_task_ended(struct td_watcher *watcher, struct td_task *task)
{
	struct stopping *stopping = watcher->data;

	(void)task;
	stopping->letter.read = on_task_letter;
	td_inbox_put(&stopping->app->inbox, &stopping->letter);
}

static void stop_task(struct stopping *stopping, struct td_task *task, taskd_nsec grace,
		      struct td_reason *reason)
{
	stopping->task = td_task_ref(task);
	stopping->watcher = (struct td_watcher){.ended = on_task_ended, .data = stopping};
	stopping->stop.asked_at = td_now(stopping->app->rt);
	stopping->stop.grace = grace >= 0                             ? grace
			       : task->info && task->info->grace >= 0 ? task->info->grace
								      : td_group_grace(task->group);
	td_task_watch(task, &stopping->watcher);
	td_task_stop(task, grace, reason);
}

static int begin_stop(struct stopping *stopping, const char *path, taskd_nsec grace,
		      const char *message, struct td_failure *failure)
{
	struct td_app *app = stopping->app;
	struct td_group *group;
	struct td_task *task;
	struct td_reason *reason;
	int r = td_find(app->rt, path, &group, &task, failure);

	if (r < 0)
		return r;
	if (task && td_task_ended(task))
		return td_fail(failure, -TASKD_ENOTASK, path, "%s has ended already", path);
	reason = td_session_reason(stopping->call, TD_REASON_REQUESTED, path, message);
	if (!reason)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the reason");
	if (task)
		stop_task(stopping, task, grace, reason);
	else if (td_stopping_begin(&app->inbox, group, grace, reason, on_group_stopped, stopping) <
		 0)
		r = td_fail(failure, -TASKD_ENOMEM, NULL, "no memory to stop in order");
	td_reason_unref(reason);
	return r;
}

static int handle_stop(struct td_call *call, struct td_failure *failure, void *data)
{
	const struct td_json *parameters = td_call_parameters(call);
	int64_t grace_usec = td_json_int_or(parameters, "graceUsec", -1);
	struct stopping *stopping;
	struct td_thread *t;
	int r = td_session_may_change(call, failure);

	if (r < 0)
		return r;
	if (td_json_get(parameters, "graceUsec") &&
	    (grace_usec < 0 || grace_usec > INT64_MAX / 1000))
		return td_fail(failure, -TASKD_EINVAL, "graceUsec",
			       "graceUsec: %" PRId64 " is not a duration in microseconds",
			       grace_usec);
	stopping = td_mem_new(sizeof(*stopping));
	if (!stopping)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory to stop in order");
	stopping->call = call;
	stopping->app = data;
	t = td_enter();
	r = begin_stop(stopping, td_json_text_or(parameters, "path", ""),
		       grace_usec < 0 ? -1 : grace_usec * TASKD_USEC,
		       td_json_text_or(parameters, "reason", NULL), failure);
	td_leave(t);
	if (r < 0) {
		td_mem_free(stopping);
		return r;
	}
	/* It may be over already; the letters are read later, by this thread. */
	td_call_set_gone(call, on_gone, stopping);
	return 0;
}

const struct td_method td_methods_tree[] = {
	{.name = "io.taskd.Manager.List", .handler = handle_list},
	{.name = "io.taskd.Manager.Get", .handler = handle_get},
	{.name = "io.taskd.Manager.Cancel", .handler = handle_cancel},
	{.name = "io.taskd.Manager.Stop", .handler = handle_stop},
	{.name = NULL},
};
