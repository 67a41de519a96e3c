/* SPDX-License-Identifier: MIT */
/* Times inside are monotonic; on the wire, moments are CLOCK_REALTIME at the time of asking. */
#include "daemon/codec.h"

#include <string.h>

#include "core/group.h"
#include "core/runtime.h"
#include "plugin/schema.h"

static int64_t usec(taskd_nsec ns)
{
	return ns / TASKD_USEC;
}

/* What has to be added to a monotonic time, in microseconds, to get a CLOCK_REALTIME one. */
static int64_t realtime_offset(struct td_runtime *rt)
{
	return rt->env.realtime_usec(rt->env.data) - usec(td_now(rt));
}

static void add_reason(struct td_json_writer *w, const struct td_reason *reason)
{
	if (!reason)
		return;
	td_json_begin_object(w, "cancelReason");
	td_json_add_string(w, "kind", td_reason_kind_name(reason->kind));
	td_json_add_string(w, "origin", reason->origin);
	td_json_add_optional(w, "message", reason->message);
	if (reason->has_caller) {
		td_json_add_int(w, "uid", (int64_t)reason->uid);
		td_json_add_int(w, "pid", (int64_t)reason->pid);
	}
	td_json_add_int(w, "whenUsec", reason->realtime_usec);
	if (reason->cause)
		td_json_add_string(w, "causedBy",
				   reason->cause->message
					   ? reason->cause->message
					   : td_reason_kind_name(reason->cause->kind));
	td_json_end_object(w);
}

static void add_outcome(struct td_json_writer *w, const struct td_task *task)
{
	struct taskd_outcome outcome;

	td_task_outcome(task, &outcome);
	td_json_add_string(w, "outcome", td_outcome_name(outcome.kind));
	td_json_add_int(w, "outcomeCode", outcome.code);
	if (!outcome.message[0] && outcome.kind == TASKD_FAILED && outcome.code < 0)
		td_json_add_string(w, "outcomeMessage", taskd_strerror(outcome.code));
	else if (outcome.message[0])
		td_json_add_string(w, "outcomeMessage", outcome.message);
}

static void add_schedule(struct td_json_writer *w, struct td_task *task, int64_t offset)
{
	const struct td_schedule *schedule = task->info->schedule;

	if (schedule->runs) {
		td_json_add_string(w, "lastOutcome", td_outcome_name(schedule->last.kind));
		if (schedule->last.message[0])
			td_json_add_string(w, "lastMessage", schedule->last.message);
		td_json_add_int(w, "lastDurationUsec", usec(schedule->last_duration));
	}
	td_json_add_int(w, "runs", (int64_t)schedule->runs);
	td_json_add_int(w, "failures", (int64_t)schedule->failures);
	td_json_add_int(w, "missed", (int64_t)schedule->missed);
	td_json_add_int(w, "everyUsec", usec(schedule->every));
	if (schedule->next_at && !td_task_ended(task))
		td_json_add_int(w, "nextUsec", offset + usec(schedule->next_at));
}

static void add_parameter(const char *name, const char *text, bool given, void *data)
{
	(void)given;
	td_json_add_string(data, name, text);
}

static void add_info(struct td_json_writer *w, struct td_task *task, int64_t offset)
{
	const struct td_task_info *info = task->info;

	td_json_add_optional(w, "plugin", info->plugin);
	if (info->status[0])
		td_json_add_string(w, "status", info->status);
	if (info->schedule)
		add_schedule(w, task, offset);
	if (info->values) {
		td_json_begin_object(w, "parameters");
		td_values_each(info->values, add_parameter, w);
		td_json_end_object(w);
	}
}

void td_codec_task(struct td_json_writer *w, const char *key, struct td_task *task)
{
	int64_t offset = realtime_offset(td_task_runtime(task));
	char path[TD_PATH_MAX], name[TD_TASK_NAME_MAX];
	taskd_nsec deadline = td_task_deadline(task);

	td_json_begin_object(w, key);
	td_json_add_int(w, "id", (int64_t)task->id);
	td_json_add_string(w, "path", td_task_path(task, path));
	td_json_add_string(w, "group", td_group_path(task->group));
	td_json_add_string(w, "name", td_task_name(task, name));
	td_json_add_string(w, "state", td_task_state_text(task));
	td_json_add_string(w, "driver", task->driver == TASKD_DRIVER_THREAD ? "thread" : "fiber");
	td_json_add_int(w, "createdUsec", offset + usec(task->created_at));
	if (task->started_at)
		td_json_add_int(w, "startedUsec", offset + usec(task->started_at));
	if (td_task_ended(task)) {
		td_json_add_int(w, "endedUsec", offset + usec(task->ended_at));
		add_outcome(w, task);
	}
	if (task->info)
		add_info(w, task, offset);
	add_reason(w, task->reason);
	if (deadline != TASKD_FOREVER && !td_task_ended(task))
		td_json_add_int(w, "deadlineUsec", offset + usec(deadline));
	if (task->place == TD_AT_WAIT)
		td_json_add_string(w, "waitingFor",
				   td_wait_kind_name((enum td_wait_kind)task->wait_kind));
	if (task->hog)
		td_json_add_int(w, "hogs", task->hog);
	td_json_end_object(w);
}

void td_codec_group(struct td_json_writer *w, const char *key, struct td_group *group)
{
	int64_t offset = realtime_offset(group->rt);
	int64_t n_groups = 0;
	struct td_group *child;

	TD_LIST_FOREACH (child, &group->children, sibling)
		n_groups += !child->unlisted;
	td_json_begin_object(w, key);
	td_json_add_string(w, "path", td_group_path(group));
	td_json_add_string(w, "state", td_group_state_name(group->state));
	td_json_add_int(w, "tasks", td_group_count_tasks(group));
	td_json_add_int(w, "groups", n_groups);
	td_json_add_int(w, "graceUsec", usec(td_group_grace(group)));
	if (group->max_tasks)
		td_json_add_int(w, "maxTasks", group->max_tasks);
	td_json_add_int(w, "createdUsec", group->created_realtime_usec);
	add_reason(w, group->reason);
	if (group->deadline_at != TASKD_FOREVER && group->state != TD_GROUP_CLOSED)
		td_json_add_int(w, "deadlineUsec", offset + usec(group->deadline_at));
	td_json_add_int(w, "condemned", group->n_condemned);
	td_json_end_object(w);
}

void td_codec_event(struct td_json_writer *w, const char *key, const struct td_event *event)
{
	td_json_begin_object(w, key);
	td_json_add_int(w, "sequence", (int64_t)event->sequence);
	td_json_add_int(w, "timeUsec", event->realtime_usec);
	td_json_add_string(w, "kind", td_event_kind_name(event->kind));
	td_json_add_string(w, "level", td_level_name(event->level));
	td_json_add_string(w, "path", event->path);
	if (event->task_id)
		td_json_add_int(w, "task", (int64_t)event->task_id);
	if (event->stream)
		td_json_add_int(w, "stream", event->stream);
	td_json_add_string(w, "text", event->text);
	td_json_end_object(w);
}

static void add_stopped(struct td_json_writer *w, const struct td_stopped *line)
{
	td_json_begin_object(w, NULL);
	td_json_add_string(w, "path", line->path);
	td_json_add_int(w, "id", (int64_t)line->id);
	td_json_add_string(w, "outcome", td_outcome_name(line->outcome.kind));
	if (line->outcome.message[0])
		td_json_add_string(w, "message", line->outcome.message);
	td_json_add_int(w, "tookUsec", usec(line->took));
	td_json_end_object(w);
}

void td_codec_report(struct td_json_writer *w, const char *key, const struct td_stop *stop)
{
	taskd_nsec drained_at = stop->abort_at ? stop->abort_at : stop->done_at;

	td_json_begin_object(w, key);
	td_json_add_string(w, "group", stop->path);
	td_json_add_string(w, "result",
			   stop->n_condemned ? "condemned"
			   : stop->n_aborted ? "aborted"
					     : "drained");
	td_json_add_int(w, "graceUsec", usec(stop->grace));
	td_json_add_int(w, "tookUsec", usec(stop->done_at - stop->asked_at));
	td_json_add_int(w, "drainUsec", usec(drained_at - stop->asked_at));
	td_json_add_int(w, "abortUsec", usec(stop->done_at - drained_at));
	td_json_begin_array(w, "tasks");
	for (uint32_t i = 0; i < stop->n_tasks; i++)
		add_stopped(w, &stop->tasks[i]);
	td_json_end_array(w);
	td_json_add_int(w, "more", stop->more);
	td_json_end_object(w);
}

static void add_choices(struct td_json_writer *w, const char *choices)
{
	td_json_begin_array(w, "choices");
	while (*choices) {
		size_t length = strcspn(choices, " ");

		if (length)
			td_json_add_bytes(w, NULL, choices, length);
		choices += length + (choices[length] == ' ');
	}
	td_json_end_array(w);
}

static void add_parameters(struct td_json_writer *w, const struct taskd_param *param)
{
	td_json_begin_array(w, "parameters");
	for (; param && param->name; param++) {
		td_json_begin_object(w, NULL);
		td_json_add_string(w, "name", param->name);
		td_json_add_string(w, "type", td_param_type_text(param->type));
		td_json_add_optional(w, "unit", param->unit);
		td_json_add_optional(w, "default", param->fallback);
		td_json_add_bool(w, "required", (param->flags & TASKD_PARAM_REQUIRED) != 0);
		td_json_add_string(w, "help", param->help ? param->help : "");
		if (param->min || param->max) {
			td_json_add_int(w, "min", param->min);
			td_json_add_int(w, "max", param->max);
		}
		if (param->choices)
			add_choices(w, param->choices);
		td_json_end_object(w);
	}
	td_json_end_array(w);
}

void td_codec_plugin(struct td_json_writer *w, const char *key, const struct td_plugin *plugin,
		     uint64_t tasks)
{
	const struct taskd_plugin *d = plugin->descriptor;

	td_json_begin_object(w, key);
	td_json_add_string(w, "name", plugin->name);
	td_json_add_string(w, "file", plugin->file);
	td_json_add_string(w, "state", d ? "loaded" : "refused");
	if (d) {
		td_json_add_optional(w, "version", d->version);
		td_json_add_optional(w, "summary", d->summary);
		td_json_add_string(w, "driver",
				   d->driver == TASKD_DRIVER_THREAD ? "thread" : "fiber");
	}
	td_json_add_int(w, "tasks", (int64_t)tasks);
	td_json_add_optional(w, "error", plugin->error);
	add_parameters(w, d ? d->params : NULL);
	td_json_end_object(w);
}
