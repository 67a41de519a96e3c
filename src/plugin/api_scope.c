/* SPDX-License-Identifier: MIT */
/* <taskd/scope.h>: scopes and time limits. */
#include <taskd/scope.h>

#include "core/scope.h"
#include "core/stop.h"
#include "plugin/api.h"

static struct td_scope *scope_of(taskd_scope *handle)
{
	struct td_scope *scope = (struct td_scope *)handle;

	TD_CHECK(scope, TD_SCOPE_MAGIC);
	return scope;
}

static int begin(const struct taskd_scope_options *options, struct td_scope **ret_scope)
{
	struct td_task *task = td_api_current("taskd_scope_begin");
	struct td_thread *t;
	int r;

	if (options && (options->size != sizeof(*options) || options->policy > TASKD_FAIL_FAST))
		return -TASKD_EINVAL;
	t = td_enter_task();
	r = td_scope_new(task, ret_scope);
	if (r == 0 && options) {
		(*ret_scope)->fail_fast = options->policy == TASKD_FAIL_FAST;
		(*ret_scope)->group->max_tasks = options->max_tasks;
	}
	td_leave(t);
	return r;
}

/* What the scope makes of `result`, which its body returned. */
static int verdict(const struct td_scope *scope, bool body_failed, int result)
{
	if (scope->timed_out && !body_failed)
		return -TASKD_ETIMEDOUT;
	if (scope->failure.kind == TASKD_COMPLETED || (result != 0 && result != -TASKD_ECANCELED))
		return result;
	return scope->failure.code ? scope->failure.code : -TASKD_EABORTED;
}

/* Ends the innermost scope. `body_failed`: with an error of its own, before anything else. */
static int end(struct td_scope *scope, bool body_failed, int result,
	       struct taskd_outcome *ret_failure)
{
	struct td_thread *t = td_enter_task();
	struct td_scope seen;

	scope->ending = true;
	if (result != 0) {
		td_scope_cancel_as(scope,
				   result == -TASKD_ECANCELED ? TD_REASON_REQUESTED
							      : TD_REASON_FAIL_FAST,
				   "the body of the scope has failed");
		if (scope->bounded)
			td_scope_bound(scope, scope->grace);
	}
	td_scope_end(&t, scope, &seen);
	td_leave(t);
	if (ret_failure)
		*ret_failure = seen.failure;
	return verdict(&seen, body_failed, result);
}

int taskd_scope_begin(const struct taskd_scope_options *options, taskd_scope **ret_scope)
{
	struct td_scope *scope = NULL;
	int r = begin(options, &scope);

	if (r == 0)
		*ret_scope = (taskd_scope *)scope;
	return r;
}

int taskd_scope_end(taskd_scope *handle, struct taskd_outcome *ret_failure)
{
	const struct td_task *task = td_api_current(__func__);
	/* The lock first: a condemned task gets no further, and its scopes are gone. */
	struct td_thread *t = td_enter_task();
	struct td_scope *scope = scope_of(handle);
	bool innermost = task->scopes == scope;

	td_leave(t);
	return innermost ? end(scope, false, 0, ret_failure) : -TASKD_EINVAL;
}

void taskd_scope_cancel(taskd_scope *handle, const char *message)
{
	struct td_thread *t;

	(void)td_api_current(__func__);
	t = td_enter_task();
	td_scope_cancel_as(scope_of(handle), TD_REASON_REQUESTED, message);
	td_leave(t);
}

/* Runs the body, and ends the scope whatever came of it. */
static int run(struct td_scope *scope, taskd_fn fn, void *arg)
{
	struct td_task *task = td_api_current("taskd_scope_run");
	int result = fn(&task->self, arg);
	bool body_failed;
	struct td_thread *t = td_enter_task();

	/* What the body has begun and not ended goes first. */
	t = td_scope_end_inside(t, scope);
	body_failed = result != 0 && !scope->timed_out;
	td_leave(t);
	return end(scope, body_failed, result, NULL);
}

int taskd_scope_run(const struct taskd_scope_options *options, taskd_fn fn, void *arg)
{
	struct td_scope *scope = NULL;
	int r = fn ? begin(options, &scope) : -TASKD_EINVAL;

	return r < 0 ? r : run(scope, fn, arg);
}

int taskd_with_timeout(taskd_nsec timeout, taskd_nsec grace, taskd_fn fn, void *arg)
{
	struct td_scope *scope = NULL;
	struct td_thread *t;
	int r = fn ? begin(NULL, &scope) : -TASKD_EINVAL;

	if (r < 0)
		return r;
	t = td_enter_task();
	td_scope_limit(scope, timeout, grace);
	td_leave(t);
	return run(scope, fn, arg);
}
