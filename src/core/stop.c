/* SPDX-License-Identifier: MIT */
/* A stop is a record on its group that collects what became of the tasks below. */
#include "core/stop.h"

#include <inttypes.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "core/runtime.h"
#include "core/scope.h"

struct td_stop *td_stop_free(struct td_stop *stop)
{
	if (!stop)
		return NULL;
	for (uint32_t i = 0; i < stop->n_tasks; i++)
		td_mem_free(stop->tasks[i].path);
	td_mem_free(stop->tasks);
	td_mem_free(stop->path);
	return td_mem_free(stop);
}

static struct td_stop *stop_new(struct td_group *group)
{
	struct td_stop *stop = td_mem_new(sizeof(*stop));

	if (!stop)
		return NULL;
	stop->path = td_mem_strdup(td_group_path(group));
	if (!stop->path)
		return td_stop_free(stop);
	stop->group = group;
	stop->asked_at = td_now(group->rt);
	return stop;
}

/* Room for one more line of the report; without it the line is only counted. */
static bool make_room(struct td_stop *stop)
{
	uint32_t capacity = stop->capacity ? stop->capacity * 2 : 8;
	struct td_stopped *tasks;

	if (stop->n_tasks >= TD_STOP_LIST_MAX)
		return false;
	if (stop->n_tasks < stop->capacity)
		return true;
	tasks = td_mem_resize(stop->tasks, capacity * sizeof(*tasks));
	if (!tasks)
		return false;
	stop->tasks = tasks;
	stop->capacity = capacity;
	return true;
}

static void note(struct td_stop *stop, struct td_task *task)
{
	char path[TD_PATH_MAX];
	struct td_stopped *line;
	char *copy;

	stop->n_aborted += task->outcome_kind == TASKD_ABORTED;
	stop->n_condemned += task->outcome_kind == TASKD_CONDEMNED;
	if (task->outcome_kind >= TASKD_ABORTED && !stop->abort_at)
		stop->abort_at = task->ended_at;
	copy = make_room(stop) ? td_mem_strdup(td_task_path(task, path)) : NULL;
	if (!copy) {
		stop->more++;
		return;
	}
	line = &stop->tasks[stop->n_tasks++];
	*line = (struct td_stopped){
		.path = copy, .id = task->id, .took = task->ended_at - stop->asked_at};
	td_task_outcome(task, &line->outcome);
}

void td_stop_note(struct td_task *task)
{
	for (struct td_group *group = task->group; group; group = group->parent)
		for (struct td_stop *stop = group->stops; stop; stop = stop->next)
			note(stop, task);
}

static void report(struct td_group *group, struct td_stop *stop)
{
	char took[TD_DURATION_TEXT];
	taskd_nsec ns = stop->done_at - stop->asked_at;

	ns -= ns % (ns >= TASKD_SEC ? TASKD_MSEC : TASKD_USEC);
	td_emit(group->rt, TD_EVENT_STOP, stop->n_condemned ? TASKD_ERR : TASKD_INFO, group, NULL,
		"stopped in %s: %u ended, %u of them aborted, %u condemned",
		td_duration_print(ns, took), stop->n_tasks + stop->more, stop->n_aborted,
		stop->n_condemned);
}

void td_stop_finish(struct td_group *group)
{
	struct td_runtime *rt = group->rt;

	while (group->stops) {
		struct td_stop *stop = group->stops;

		group->stops = stop->next;
		rt->n_stops--;
		stop->next = NULL;
		stop->group = NULL;
		stop->done_at = td_now(rt);
		report(group, stop);
		if (!stop->done) {
			td_stop_free(stop);
			continue;
		}
		td_assert(rt->walks > 0);
		*rt->done_end = stop;
		rt->done_end = &stop->next;
	}
}

/* Closes the admission of the whole subtree before anybody is told, so that nobody who is told can
 * start something new. */
static void close_admission(struct td_group *top, struct td_reason *reason)
{
	for (struct td_group *group = top; group; group = td_group_next(top, group)) {
		if (group->state == TD_GROUP_OPEN)
			td_group_set_state(group, TD_GROUP_CLOSING);
		td_reason_meet(&group->reason, reason);
	}
}

static void tell_tasks(struct td_group *group, struct td_reason *reason, taskd_nsec now)
{
	struct td_task *task, *next;

	TD_LIST_FOREACH_SAFE (task, next, &group->tasks, link) {
		if (task->info && task->info->grace >= 0 && task->stage != TD_STAGE_CLEANUP)
			td_task_arm(task, TD_ESCALATE_ABORT, td_later(now, task->info->grace));
		td_task_tell(task, TD_ASK_CANCEL, reason);
	}
}

/* Telling ends those that never started, and may close groups on the way: children are settled by
 * their own step, the parents last. */
static void tell_subtree(struct td_group *top, struct td_reason *reason)
{
	taskd_nsec now = td_now(top->rt);

	for (struct td_group *group = top; group; group = td_group_next(top, group))
		tell_tasks(group, reason, now);
	for (struct td_group *group = top; group; group = td_group_next(top, group))
		if (group->state == TD_GROUP_CLOSING)
			td_group_set_state(group, TD_GROUP_DRAINING);
	/* Who has nothing to wait for settles, and its parents with it when it was the last. (All
	 * are asked: a group may have nothing but children that were closed before.) */
	for (struct td_group *group = top; group; group = td_group_next(top, group))
		td_group_settle(group);
}

void td_group_cancel(struct td_group *top, struct td_reason *reason)
{
	td_walk_begin(top->rt);
	close_admission(top, reason);
	tell_subtree(top, reason);
	td_walk_end(top->rt);
}

void td_stop_arm(struct td_group *group, taskd_nsec when)
{
	/* Closed by an earlier stop, there is nothing left to bound, but the owner of a scope. */
	if (group->state == TD_GROUP_CLOSED && !group->scope)
		return;
	for (const struct td_group *above = group; above; above = above->parent)
		if (when >= above->deadline_at)
			return;
	group->deadline_at = when;
	td_timer_set(group->rt, &group->deadline_timer, TD_TIMER_GROUP, when);
}

/* The deadline of the stop, met with the graces of the groups below. */
static void arm_deadlines(struct td_group *top, taskd_nsec grace)
{
	taskd_nsec now = td_now(top->rt);

	td_stop_arm(top, td_later(now, grace));
	for (struct td_group *group = top; group; group = td_group_next(top, group))
		if (group != top && group->grace >= 0)
			td_stop_arm(group, td_later(now, group->grace));
}

static void announce(struct td_group *group, struct td_reason *reason, taskd_nsec grace)
{
	char text[TD_DURATION_TEXT];

	td_emit(group->rt, TD_EVENT_CANCEL, TASKD_INFO, group, NULL, "stop (%s%s%s), grace %s",
		td_reason_kind_name(reason ? reason->kind : TD_REASON_REQUESTED),
		reason && reason->message ? ": " : "",
		reason && reason->message ? reason->message : "", td_duration_print(grace, text));
}

int td_group_stop(struct td_group *group, taskd_nsec grace, struct td_reason *reason,
		  void (*done)(struct td_stop *stop, void *data), void *data)
{
	struct td_runtime *rt = group->rt;
	struct td_stop *stop;

	TD_CHECK(group, TD_GROUP_MAGIC);
	stop = stop_new(group);
	if (!stop)
		return -TASKD_ENOMEM;
	grace = grace < 0 ? td_group_grace(group) : grace;
	stop->grace = grace;
	stop->done = done;
	stop->data = data;
	stop->next = group->stops;
	group->stops = stop;
	rt->n_stops++;
	td_walk_begin(rt);
	if (group->state == TD_GROUP_CLOSED) {
		td_stop_finish(group);
	} else {
		announce(group, reason, grace);
		arm_deadlines(group, grace);
		close_admission(group, reason);
		tell_subtree(group, reason);
		/* Without grace it is due at once. */
		if (grace == 0 && group->state != TD_GROUP_CLOSED)
			td_stop_deadline(group);
	}
	td_walk_end(rt);
	return 0;
}

void td_stop_deadline(struct td_group *top)
{
	struct td_runtime *rt = top->rt;
	taskd_nsec now = td_now(rt);

	td_walk_begin(rt);
	td_timer_clear(rt, &top->deadline_timer);
	for (struct td_group *group = top; group; group = td_group_next(top, group)) {
		struct td_task *task, *next;

		for (struct td_stop *stop = group->stops; stop; stop = stop->next)
			if (!stop->abort_at)
				stop->abort_at = now;
		if (group->state == TD_GROUP_DRAINING)
			td_group_set_state(group, TD_GROUP_ABORTING);
		TD_LIST_FOREACH_SAFE (task, next, &group->tasks, link)
			td_task_abort(task, group->reason);
	}
	if (top->scope)
		td_scope_forced(top->scope);
	td_walk_end(rt);
}

void td_task_stop(struct td_task *task, taskd_nsec grace, struct td_reason *reason)
{
	struct td_runtime *rt = td_task_runtime(task);

	TD_CHECK(task, TD_TASK_MAGIC);
	if (td_task_ended(task))
		return;
	if (grace < 0)
		grace = task->info && task->info->grace >= 0 ? task->info->grace
							     : td_group_grace(task->group);
	if (task->info)
		td_emit(rt, TD_EVENT_CANCEL, TASKD_INFO, task->group, task, "stop (%s%s%s)",
			td_reason_kind_name(reason ? reason->kind : TD_REASON_REQUESTED),
			reason && reason->message ? ": " : "",
			reason && reason->message ? reason->message : "");
	if (task->stage != TD_STAGE_CLEANUP)
		td_task_arm(task, TD_ESCALATE_ABORT, td_later(td_now(rt), grace));
	if (grace == 0)
		td_task_abort(task, reason);
	else
		td_task_ask(task, TD_ASK_CANCEL, reason);
}
