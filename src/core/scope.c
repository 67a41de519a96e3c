/* SPDX-License-Identifier: MIT */
/* The scopes of a task are a stack; the groups behind them are nested in the same order. */
#include "core/scope.h"

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/runtime.h"
#include "core/stop.h"
#include "core/wait.h"

static bool is_empty(const struct td_scope *scope)
{
	return scope->group->n_tasks == 0 && scope->group->n_open_children == 0;
}

/* What the owner sees: whether one of the scopes that it is in was cancelled. */
static void update_owner(struct td_task *owner)
{
	bool cancelled = false;

	for (const struct td_scope *scope = owner->scopes; scope; scope = scope->outer)
		cancelled = cancelled || scope->cancelled;
	if (cancelled)
		owner->asked |= TD_ASK_SCOPE;
	else
		owner->asked &= ~TD_ASK_SCOPE;
	td_task_update_signals(owner);
	if (owner->place == TD_AT_WAIT && (owner->self.signals & TD_ASK_STOP))
		td_wake(td_task_runtime(owner), owner, -TASKD_ECANCELED);
}

struct td_group *td_scope_group(const struct td_task *task)
{
	return task->scopes ? task->scopes->group : task->group;
}

int td_scope_new(struct td_task *owner, struct td_scope **ret_scope)
{
	struct td_group *parent = td_scope_group(owner);
	struct td_scope *scope;
	int r;

	if (owner->self.signals & TD_ASK_STOP)
		return -TASKD_ECANCELED;
	scope = td_mem_new(sizeof(*scope));
	if (!scope)
		return -TASKD_ENOMEM;
	r = td_group_new_unlisted(parent, TD_SCOPE_DEPTH_MAX, &scope->group);
	if (r < 0) {
		td_mem_free(scope);
		return r;
	}
	scope->group->scope = scope;
	scope->owner = owner;
	scope->outer = owner->scopes;
	scope->until = TASKD_FOREVER;
	scope->grace = -1;
	scope->magic = TD_SCOPE_MAGIC;
	owner->scopes = scope;
	*ret_scope = scope;
	return 0;
}

void td_scope_limit(struct td_scope *scope, taskd_nsec timeout, taskd_nsec grace)
{
	struct td_runtime *rt = scope->group->rt;

	scope->bounded = true;
	scope->grace = grace;
	scope->until = td_later(td_now(rt), timeout);
	if (scope->until != TASKD_FOREVER)
		td_timer_set(rt, &scope->group->deadline_timer, TD_TIMER_SCOPE, scope->until);
}

void td_scope_cancel(struct td_scope *scope, struct td_reason *reason)
{
	TD_CHECK(scope, TD_SCOPE_MAGIC);
	if (scope->cancelled)
		return;
	scope->cancelled = true;
	td_group_cancel(scope->group, reason);
	update_owner(scope->owner);
}

void td_scope_cancel_as(struct td_scope *scope, enum td_reason_kind kind, const char *message)
{
	struct td_runtime *rt = scope->group->rt;
	char path[TD_PATH_MAX];
	struct td_reason *reason = td_reason_new(kind, td_task_path(scope->owner, path), message);

	if (reason) /* short of memory, it is cancelled without one */
		reason->realtime_usec = rt->env.realtime_usec(rt->env.data);
	td_scope_cancel(scope, reason);
	td_reason_unref(reason);
}

void td_scope_bound(struct td_scope *scope, taskd_nsec grace)
{
	struct td_group *group = scope->group;

	/* Nothing may be left in it, but the owner. */
	if (group->state == TD_GROUP_CLOSED && (scope->ending || !scope->bounded))
		return;
	if (grace < 0)
		grace = td_group_grace(group);
	td_stop_arm(group, td_later(td_now(group->rt), grace));
	if (grace == 0)
		td_stop_deadline(group);
}

void td_scope_end(struct td_thread **t, struct td_scope *scope, struct td_scope *ret_last)
{
	struct td_task *task = (*t)->current;

	TD_CHECK(scope, TD_SCOPE_MAGIC);
	td_assert(scope->owner == task && task->scopes == scope);
	scope->ending = true;
	task->masked++;
	td_task_update_signals(task);
	while (!is_empty(scope))
		(void)td_wait(t, TD_WAIT_SCOPE, TASKD_FOREVER);
	task->masked--;
	if (ret_last)
		*ret_last = *scope;
	task->scopes = scope->outer;
	scope->group->scope = NULL;
	td_group_drop(scope->group);
	scope->magic = 0;
	td_mem_free(scope);
	update_owner(task);
}

struct td_thread *td_scope_end_inside(struct td_thread *t, struct td_scope *scope)
{
	struct td_task *task = t->current;
	taskd_nsec grace = 0;
	struct td_scope *outermost = task->scopes;

	if (outermost == scope)
		return t;
	while (outermost->outer != scope)
		outermost = outermost->outer;
	if (task->outcome_kind != TASKD_ABORTED) {
		grace = td_group_grace(outermost->group);
		if (task->stage == TD_STAGE_CLEANUP && grace > t->rt->limits.cleanup_timeout)
			grace = t->rt->limits.cleanup_timeout;
	}
	/* From here on force is for those who are in it, not for the owner. */
	for (struct td_scope *left = task->scopes; left != scope; left = left->outer)
		left->ending = true;
	td_scope_cancel_as(outermost, TD_REASON_FAIL_FAST, "the owner of the scope has left it");
	td_scope_bound(outermost, grace);
	while (task->scopes != scope)
		td_scope_end(&t, task->scopes, NULL);
	return t;
}

void td_scope_orphan_all(struct td_task *task)
{
	while (task->scopes) {
		struct td_scope *scope = task->scopes;
		struct td_group *group = scope->group;

		task->scopes = scope->outer;
		group->scope = NULL;
		td_timer_clear(group->rt, &group->deadline_timer);
		scope->magic = 0;
		td_mem_free(scope);
		/* Closed, it stays where it is until its parent is removed. */
		td_group_cancel(group, task->reason);
		if (group->state != TD_GROUP_CLOSED)
			td_stop_deadline(group);
	}
}

void td_scope_inherit(struct td_task *task, struct td_reason *reason)
{
	struct td_scope *outermost = task->scopes;

	while (outermost->outer)
		outermost = outermost->outer;
	td_group_cancel(outermost->group, reason);
}

void td_scope_emptied(struct td_scope *scope)
{
	struct td_task *owner = scope->owner;

	if (owner->scopes == scope && owner->place == TD_AT_WAIT &&
	    owner->wait_kind == TD_WAIT_SCOPE)
		td_wake(scope->group->rt, owner, 0);
}

void td_scope_failed(struct td_scope *scope, struct td_task *child)
{
	char text[TD_OUTCOME_TEXT];

	if (!scope->fail_fast || scope->failure.kind != TASKD_COMPLETED)
		return;
	td_task_outcome(child, &scope->failure);
	td_scope_cancel_as(scope, TD_REASON_FAIL_FAST, td_outcome_text(&scope->failure, text));
}

void td_scope_timed_out(struct td_scope *scope)
{
	struct td_runtime *rt = scope->group->rt;
	char text[TD_DURATION_TEXT];

	TD_CHECK(scope, TD_SCOPE_MAGIC);
	scope->timed_out = true;
	td_emit(rt, TD_EVENT_CANCEL, TASKD_DEBUG, scope->group, scope->owner,
		"its scope took longer than its timeout; grace %s",
		td_duration_print(scope->grace < 0 ? td_group_grace(scope->group) : scope->grace,
				  text));
	td_scope_cancel_as(scope, TD_REASON_DEADLINE, "timeout of the scope");
	td_scope_bound(scope, scope->grace);
}

void td_scope_forced(struct td_scope *scope)
{
	TD_CHECK(scope, TD_SCOPE_MAGIC);
	if (scope->group->n_below > 0)
		td_emit(scope->group->rt, TD_EVENT_FORCED, TASKD_WARNING, scope->group,
			scope->owner, "the grace of its scope is over: %u tasks are left in it",
			scope->group->n_below);
	if (scope->bounded && !scope->ending)
		td_task_abort(scope->owner, scope->group->reason);
}
