/* SPDX-License-Identifier: MIT */
/* Admission and end of a task, and what is known about it in between. */
#include "core/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "core/cleanup.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/stop.h"
#include "core/token.h"
#include "core/wait.h"

#define FREE_TASKS_MAX 1024 /* control blocks kept for the next tasks */

static const char *const state_names[] = {
#define NAME(state, text, next) [TD_TASK_##state] = text,
	TD_TASK_STATES(NAME)
#undef NAME
};

const char *td_task_state_name(enum td_task_state state)
{
	return state_names[state];
}

const char *td_task_state_text(const struct td_task *task)
{
	return state_names[task->state];
}

const char *td_outcome_name(enum taskd_outcome_kind kind)
{
	static const char *const names[] = {
		[TASKD_COMPLETED] = "completed", [TASKD_FAILED] = "failed",
		[TASKD_CANCELLED] = "cancelled", [TASKD_PANICKED] = "panicked",
		[TASKD_CRASHED] = "crashed",     [TASKD_ABORTED] = "aborted",
		[TASKD_CONDEMNED] = "condemned",
	};

	return names[kind];
}

const char *td_wait_kind_name(enum td_wait_kind kind)
{
	static const char *const names[] = {
		[TD_WAIT_TIMER] = "timer",     [TD_WAIT_FD] = "descriptor",
		[TD_WAIT_JOIN] = "join",       [TD_WAIT_SCHEDULE] = "schedule",
		[TD_WAIT_SCOPE] = "scope",     [TD_WAIT_TOKEN] = "token",
		[TD_WAIT_CHANNEL] = "channel",
	};

	return names[kind];
}

const char *td_outcome_text(const struct taskd_outcome *outcome, char buffer[TD_OUTCOME_TEXT])
{
	const char *kind = td_outcome_name(outcome->kind);

	if (outcome->message[0])
		(void)snprintf(buffer, TD_OUTCOME_TEXT, "%s: %s", kind, outcome->message);
	else if (outcome->kind == TASKD_FAILED && outcome->code < 0)
		(void)snprintf(buffer, TD_OUTCOME_TEXT, "%s: %s", kind,
			       taskd_strerror(outcome->code));
	else if (outcome->kind == TASKD_FAILED)
		(void)snprintf(buffer, TD_OUTCOME_TEXT, "%s: code %d", kind, outcome->code);
	else
		(void)snprintf(buffer, TD_OUTCOME_TEXT, "%s", kind);
	return buffer;
}

struct td_runtime *td_task_runtime(const struct td_task *task)
{
	return task->group->rt;
}

const char *td_task_name(const struct td_task *task, char buffer[TD_TASK_NAME_MAX])
{
	if (task->info && task->info->name)
		(void)snprintf(buffer, TD_TASK_NAME_MAX, "%s", task->info->name);
	else
		(void)snprintf(buffer, TD_TASK_NAME_MAX, "%s-%" PRIu64,
			       task->info && task->info->plugin ? task->info->plugin : "task",
			       task->id);
	return buffer;
}

const char *td_task_path(const struct td_task *task, char buffer[TD_PATH_MAX])
{
	char name[TD_TASK_NAME_MAX];

	(void)snprintf(buffer, TD_PATH_MAX, "%s/%s", task->group->path, td_task_name(task, name));
	return buffer;
}

void td_task_outcome(const struct td_task *task, struct taskd_outcome *ret_outcome)
{
	*ret_outcome =
		(struct taskd_outcome){.kind = task->outcome_kind, .code = task->outcome_code};
	if (task->message)
		(void)snprintf(ret_outcome->message, sizeof(ret_outcome->message), "%s",
			       task->message);
}

void td_task_set_outcome(struct td_task *task, enum taskd_outcome_kind kind, int code,
			 const char *message)
{
	if (task->outcome_set && task->outcome_kind >= (uint8_t)kind)
		return;
	task->outcome_set = true;
	task->outcome_kind = (uint8_t)kind;
	task->outcome_code = code;
	if (message || kind != TASKD_FAILED) {
		/* Short of memory, the kind says enough. */
		if (task->message)
			td_mem_free(task->message);
		task->message = message ? td_mem_strdup(message) : NULL;
	}
}

void td_task_run_returned(struct td_task *task, int result)
{
	bool asked = task->asked & TD_ASK_STOP;

	if (task->outcome_set)
		return;
	if (result == 0)
		td_task_set_outcome(task, TASKD_COMPLETED, 0,
				    asked ? "completed after it was asked to stop" : NULL);
	else if (result == -TASKD_ECANCELED && asked)
		td_task_set_outcome(task, TASKD_CANCELLED, 0,
				    task->reason ? task->reason->message : NULL);
	else
		td_task_set_outcome(task, TASKD_FAILED, result, NULL);
}

taskd_nsec td_task_deadline(const struct td_task *task)
{
	taskd_nsec deadline = TASKD_FOREVER;

	if (td_heap_in(&task->escalation_timer))
		deadline = task->escalation_timer.key;
	for (const struct td_group *group = td_scope_group(task); group; group = group->parent) {
		if (group->deadline_at < deadline)
			deadline = group->deadline_at;
		if (group->scope && group->scope->until < deadline)
			deadline = group->scope->until;
	}
	return deadline;
}

/* ---- control blocks --------------------------------------------------------------------- */

static struct td_task_info *info_free(struct td_task_info *info)
{
	if (!info)
		return NULL;
	if (info->values_free)
		info->values_free(info->values);
	td_mem_free(info->schedule);
	td_mem_free(info->name);
	td_mem_free(info->plugin);
	return td_mem_free(info);
}

static struct td_schedule *schedule_new(const struct td_spawn *spawn)
{
	struct td_schedule *schedule = td_mem_new(sizeof(*schedule));

	if (!schedule)
		return NULL;
	schedule->every = spawn->every;
	schedule->jitter = spawn->jitter;
	schedule->missed_policy = spawn->missed;
	return schedule;
}

static bool needs_info(const struct td_spawn *spawn)
{
	return spawn->name || spawn->plugin || spawn->every || spawn->timeout ||
	       spawn->configured || spawn->keep || spawn->stack_size || spawn->values ||
	       spawn->grace > 0;
}

static struct td_task_info *info_new(const struct td_spawn *spawn)
{
	struct td_task_info *info = td_mem_new(sizeof(*info));

	if (!info)
		return NULL;
	info->name = td_mem_strdup(spawn->name);
	info->plugin = td_mem_strdup(spawn->plugin);
	info->configured = spawn->configured;
	info->keep = spawn->keep;
	info->timeout = spawn->timeout;
	info->grace = spawn->grace;
	info->stack_size = spawn->stack_size;
	if (spawn->every > 0)
		info->schedule = schedule_new(spawn);
	if ((spawn->name && !info->name) || (spawn->plugin && !info->plugin) ||
	    (spawn->every > 0 && !info->schedule))
		return info_free(info);
	return info;
}

static struct td_task *block_new(struct td_runtime *rt)
{
	struct td_task *task = rt->free_tasks;

	if (!task)
		return td_mem_new(sizeof(*task));
	rt->free_tasks = task->ready_next;
	rt->n_free_tasks--;
	memset(task, 0, sizeof(*task));
	return task;
}

static void block_free(struct td_runtime *rt, struct td_task *task)
{
	task->magic = 0;
	if (rt->n_free_tasks >= FREE_TASKS_MAX) {
		td_mem_free(task);
		return;
	}
	task->ready_next = rt->free_tasks;
	rt->free_tasks = task;
	rt->n_free_tasks++;
}

struct td_task *td_task_ref(struct td_task *task)
{
	TD_CHECK(task, TD_TASK_MAGIC);
	task->refs++;
	return task;
}

struct td_task *td_task_unref(struct td_task *task)
{
	struct td_runtime *rt;
	struct td_group *group;

	if (!task)
		return NULL;
	TD_CHECK(task, TD_TASK_MAGIC);
	td_assert(task->refs > 0);
	if (--task->refs > 0)
		return NULL;
	td_assert(td_task_ended(task) && !td_list_linked(&task->link));
	if (task->info)
		info_free(task->info);
	if (task->reason)
		td_reason_unref(task->reason);
	if (task->message)
		td_mem_free(task->message);
	group = task->group;
	rt = group->rt;
	block_free(rt, task);
	td_group_release(group);
	return NULL;
}

/* ---- admission -------------------------------------------------------------------------- */

static int check_spawn(struct td_group *group, const struct td_spawn *spawn,
		       struct td_failure *failure)
{
	const struct td_group *home = td_group_home(group);

	if (spawn->name && !td_path_is_task_name(spawn->name))
		return td_fail(failure, -TASKD_EINVAL, spawn->name,
			       "\"%.80s\" cannot be the name of a task: 1 to %d of A-Z a-z 0-9 _ - "
			       "and '.', not beginning with '-' or '.'",
			       spawn->name, TD_WORD_MAX);
	if (spawn->stack_size > TD_STACK_MAX)
		return td_fail(failure, -TASKD_EINVAL, "stack-size",
			       "a stack of %zu bytes is above the limit of %zu", spawn->stack_size,
			       TD_STACK_MAX);
	if (!td_group_is_open(group))
		return td_fail(failure, -TASKD_ECLOSED, td_group_path(group),
			       "group %s is %s and admits no more tasks", td_group_path(group),
			       td_group_state_name(group->state));
	for (struct td_group *above = group; above; above = above->parent)
		if (above->max_tasks && above->n_below >= above->max_tasks)
			return td_fail(failure, -TASKD_ECAPACITY, td_group_path(above),
				       "group %s is at its limit: max-tasks = %u, %u live",
				       td_group_path(above), above->max_tasks, above->n_below);
	if (spawn->name && home->names && td_map_get(home->names, spawn->name))
		return td_fail(failure, -TASKD_EEXIST, spawn->name,
			       "group %s has a live task named %s already", td_group_path(group),
			       spawn->name);
	return 0;
}

/* A record kept from an earlier task of the same name makes room for the new one. */
static void replace_kept(struct td_group *group, const char *name)
{
	struct td_task *old, *next;

	TD_LIST_FOREACH_SAFE (old, next, &group->ended, link) {
		if (old->info && old->info->name && strcmp(old->info->name, name) == 0)
			td_task_forget(old);
	}
}

static int start_thread_task(struct td_runtime *rt, struct td_task *task)
{
	struct td_thread *t = rt->pool;

	if (!rt->threaded)
		return 0;   /* there is only one thread: it runs as a fiber */
	if (!t || !t->next) /* the last spare is kept for hogs */
		return td_thread_start(rt, task);
	rt->pool = t->next;
	t->idle = false;
	t->bound = task;
	task->thread = t;
	return 0;
}

/* Links a complete record into the tree; cannot fail. */
static void admit(struct td_runtime *rt, struct td_group *group, struct td_task *task)
{
	task->id = ++rt->next_id;
	td_group_hold(group);
	td_list_append(&group->tasks, &task->link);
	group->n_tasks++;
	for (struct td_group *above = group; above; above = above->parent)
		above->n_below++;
	rt->n_tasks++;
	rt->counters.spawned++;
	if (task->info) {
		struct td_schedule *schedule = task->info->schedule;

		if (schedule) {
			schedule->due_at = task->created_at;
			schedule->next_at = task->created_at;
			if (schedule->jitter > 0) {
				schedule->next_at += (taskd_nsec)(rt->env.random(rt->env.data) %
								  (uint64_t)schedule->jitter);
				task->stage = TD_STAGE_REST;
			}
		}
		td_emit(rt, TD_EVENT_SPAWNED, TASKD_DEBUG, group, task, "admitted");
	}
	td_sched_ready(rt, task);
}

static int prepare(struct td_runtime *rt, struct td_group *group, const struct td_spawn *spawn,
		   struct td_task *task)
{
	task->magic = TD_TASK_MAGIC;
	task->refs = 1;
	task->state = TD_TASK_NEW;
	task->group = group;
	task->fn = spawn->fn;
	task->arg = spawn->arg;
	task->driver = (uint8_t)(spawn->driver   ? spawn->driver
				 : group->driver ? group->driver
						 : TASKD_DRIVER_FIBER);
	td_list_init(&task->waiters);
	if (!needs_info(spawn))
		task->created_at = td_clock(rt);
	else if (!(task->info = info_new(spawn)))
		return -TASKD_ENOMEM;
	else
		task->created_at = td_now(rt);
	if (td_timer_reserve(rt) < 0)
		return -TASKD_ENOMEM;
	if (spawn->name) {
		struct td_group *home = td_group_home(group);

		if (!home->names && !(home->names = td_map_new()))
			return -TASKD_ENOMEM;
		if (td_map_add(home->names, spawn->name, task) < 0)
			return -TASKD_ENOMEM;
	}
	return 0;
}

int td_task_spawn(struct td_runtime *rt, struct td_group *group, const struct td_spawn *spawn,
		  struct td_task **ret_task, struct td_failure *failure)
{
	struct td_task *task;
	int r = check_spawn(group, spawn, failure);

	if (r < 0)
		return r;
	task = block_new(rt);
	if (!task)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for a task");
	r = prepare(rt, group, spawn, task);
	if (r == 0 && task->driver == TASKD_DRIVER_THREAD) {
		r = start_thread_task(rt, task);
		if (r < 0 && spawn->name)
			td_map_remove(td_group_home(group)->names, spawn->name);
	}
	if (r < 0) {
		info_free(task->info);
		block_free(rt, task);
		return td_fail(failure, r, spawn->name, "no %s for a task of group %s",
			       r == -TASKD_ECAPACITY ? "thread" : "memory", td_group_path(group));
	}
	if (spawn->name)
		replace_kept(td_group_home(group), spawn->name);
	if (task->info) {
		task->info->values = spawn->values;
		task->info->values_free = spawn->values_free;
	}
	if (ret_task) {
		*ret_task = td_task_ref(task);
		task->handles = 1;
	}
	admit(rt, group, task);
	if (spawn->token)
		td_token_attach(spawn->token, task);
	return 0;
}

/* ---- end -------------------------------------------------------------------------------- */

void td_task_watch(struct td_task *task, struct td_watcher *watcher)
{
	td_assert(!td_task_ended(task));
	watcher->next = task->watchers;
	task->watchers = watcher;
}

void td_task_unwatch(struct td_task *task, struct td_watcher *watcher)
{
	for (struct td_watcher **at = &task->watchers; *at; at = &(*at)->next) {
		if (*at == watcher) {
			*at = watcher->next;
			return;
		}
	}
}

void td_task_forget(struct td_task *task)
{
	td_assert(td_task_ended(task) && td_list_linked(&task->link));
	td_list_remove(&task->link);
	task->group->n_ended--;
	td_task_unref(task);
}

/* Lists the record among the ended ones when people are to see it. */
static void keep_record(struct td_runtime *rt, struct td_task *task)
{
	struct td_group *group = task->group;
	struct td_task *oldest, *next;
	uint32_t n = 0;

	if (!task->info->configured && !task->info->keep)
		return;
	td_list_append(&group->ended, &td_task_ref(task)->link);
	group->n_ended++;
	if (task->info->configured)
		return;
	TD_LIST_FOREACH (oldest, &group->ended, link)
		n += !oldest->info->configured;
	TD_LIST_FOREACH_SAFE (oldest, next, &group->ended, link) {
		if (n <= rt->limits.keep_ended)
			break;
		if (oldest->info->configured)
			continue;
		td_task_forget(oldest);
		n--;
	}
}

static void tell_waiters(struct td_runtime *rt, struct td_task *task)
{
	while (!td_list_empty(&task->waiters)) {
		struct td_task *waiter = TD_LIST_FIRST(&task->waiters, struct td_task, wait_link);

		td_wake(rt, waiter, 0);
	}
	if (task->watchers)
		td_list_append(&rt->told, &td_task_ref(task)->wait_link);
}

static void emit_end(struct td_runtime *rt, struct td_task *task)
{
	struct taskd_outcome outcome;
	char text[TD_OUTCOME_TEXT];
	enum taskd_level level = TASKD_INFO;

	if (task->outcome_kind >= TASKD_PANICKED)
		level = TASKD_ERR;
	else if (task->outcome_kind == TASKD_FAILED)
		level = TASKD_WARNING;
	td_task_outcome(task, &outcome);
	td_emit(rt, TD_EVENT_ENDED, level, task->group, task, "%s",
		td_outcome_text(&outcome, text));
}

/* Gives back what only a task that will never run again can give back. */
static void release(struct td_runtime *rt, struct td_task *task)
{
	struct td_stack *stack = task->stack;

	if (task->defers)
		td_defer_drop_all(task);
	if (task->arena)
		td_arena_free(task);
	if (stack)
		td_stack_put(&rt->stacks, stack);
	task->stack = NULL;
	while (task->left) {
		stack = task->left;
		task->left = stack->next;
		td_stack_put(&rt->stacks, stack);
	}
}

/* Whether a policy has to look at how it ended. */
static bool has_failed(const struct td_task *task)
{
	return task->outcome_kind != TASKD_COMPLETED && task->outcome_kind != TASKD_CANCELLED;
}

void td_task_finish(struct td_runtime *rt, struct td_task *task)
{
	struct td_group *group = task->group;
	bool condemned;

	TD_CHECK(task, TD_TASK_MAGIC);
	td_assert(!td_task_ended(task));
	if (!task->outcome_set)
		td_task_set_outcome(task, TASKD_CANCELLED, 0, NULL);
	condemned = task->outcome_kind == TASKD_CONDEMNED;
	td_walk_begin(rt);
	if (task->scopes)
		td_scope_orphan_all(task);
	if (task->token)
		td_token_detach(task);
	td_timer_clear(rt, &task->wait_timer);
	td_timer_clear(rt, &task->escalation_timer);
	if (task->info && task->info->name)
		td_map_remove(td_group_home(group)->names, task->info->name);
	td_task_set_state(task, TD_TASK_ENDED);
	task->ended_at = task->info || task->asked ? td_now(rt) : td_clock(rt);
	rt->counters.ended++;
	if (!condemned)
		release(rt, task);
	td_list_remove(&task->link);
	group->n_tasks--;
	for (struct td_group *above = group; above; above = above->parent)
		above->n_below--;
	rt->n_tasks--;
	if (task->info || task->outcome_kind >= TASKD_PANICKED)
		emit_end(rt, task);
	if (task->info)
		keep_record(rt, task);
	if (rt->n_stops)
		td_stop_note(task);
	tell_waiters(rt, task);
	if (group->scope && has_failed(task))
		td_scope_failed(group->scope, task);
	if (!condemned) /* a ghost keeps its record until it lands */
		td_task_unref(task);
	if (group->n_tasks == 0)
		td_group_settle(group);
	td_walk_end(rt); /* who is told may remove the group: it is not ours any more */
}
