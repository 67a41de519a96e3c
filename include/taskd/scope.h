/* SPDX-License-Identifier: MIT */
/*
 * Scopes: what a task starts between taskd_scope_begin() and taskd_scope_end() has ended when the
 * latter returns. So children may use what their parent has, local variables included.
 *
 * A task that ends without having ended its scopes, in whatever way (return, panic, forced abort),
 * ends only after all in them was asked to stop and has ended; what has not within the grace of
 * the group is stopped by force. Its cleanups run after that. Whoever cancels a task cancels all in
 * its scopes, at once, even while the task masks its own cancellation.
 *
 * Tasks in a scope are shown in the group of its owner, and names are unique in that group.
 */
#ifndef TASKD_SCOPE_H
#define TASKD_SCOPE_H

#include <taskd/task.h>

TASKD_BEGIN_DECLS

/* A scope that is open. */
typedef struct taskd_scope taskd_scope;

/* What the failure of a child means. Cancelled is not failed. */
enum taskd_policy {
	TASKD_ISOLATE = 0,   /* nothing to the others: it stays with its handle */
	TASKD_FAIL_FAST = 1, /* the first one cancels the scope, and the owner in it */
};

/* Options of a scope; zero means default. Set `size` to sizeof of the struct. */
struct taskd_scope_options {
	size_t size;
	enum taskd_policy policy;
	uint32_t max_tasks; /* live at the same time, below it too; 0: no limit of its own */
};

/*
 * Opens a scope: from here on taskd_spawn() by this task starts tasks in it, and by those tasks
 * too. Scopes nest. `options` may be NULL. The handle is valid until the scope has ended, for the
 * owner and for all tasks in it. Returns: 0. Errors: -TASKD_ECANCELED the caller was asked to stop;
 * -TASKD_ECLOSED its group is being stopped; -TASKD_ECAPACITY 200 groups and scopes above one
 * another; -TASKD_EINVAL options; -TASKD_ENOMEM. Blocks: no.
 */
TASKD_API int taskd_scope_begin(const struct taskd_scope_options *options,
				taskd_scope **ret_scope) TASKD_WARN_UNUSED;

/*
 * Waits until the last task in the scope has ended, and closes it. Tasks in it may start others
 * meanwhile. It waits also when the caller is asked to stop: those in the scope are asked, too.
 * `ret_failure` (may be NULL) gets the outcome of the child that failed a scope with
 * TASKD_FAIL_FAST, else `completed`.
 * Returns: 0; with TASKD_FAIL_FAST, what the child returned that failed first, or -TASKD_EABORTED
 * when it did not return. Errors: -TASKD_EINVAL not the innermost scope of the caller.
 * Blocks: until the last task has ended.
 */
TASKD_API int taskd_scope_end(taskd_scope *scope, struct taskd_outcome *ret_failure);

/*
 * Asks all in the scope to stop. Its owner, as long as it is inside, gets -TASKD_ECANCELED from
 * every call that waits; once the scope has ended, no more. `message` says why (copied, may be
 * NULL). By the owner or a task in it. Blocks: no.
 */
TASKD_API void taskd_scope_cancel(taskd_scope *scope, const char *message);

/*
 * Runs fn(self, arg) in the calling task, in a scope. When it does not return 0, all in the scope
 * is asked to stop. Returns: what `fn` returned, else what taskd_scope_end() returns; errors as
 * taskd_scope_begin(). Blocks: until `fn` has returned and the last task in the scope has ended.
 */
TASKD_API int taskd_scope_run(const struct taskd_scope_options *options, taskd_fn fn, void *arg);

/*
 * Runs fn(self, arg) in the calling task, in a scope that is limited to `timeout` nanoseconds:
 * 1. when they are over, or when `fn` does not return 0, all in the scope is asked to stop, `fn`
 *    included, which then gets -TASKD_ECANCELED from every call that waits;
 * 2. that may take `grace` nanoseconds (negative: as long as in a stop of the group; 0: none);
 * 3. then force: the tasks that are left are aborted, and when `fn` itself has not returned, the
 *    calling task is.
 * Deadlines outside hold as well: the earliest wins. Afterwards the caller is cancelled only if
 * somebody asked it to stop.
 * Returns: -TASKD_ETIMEDOUT when the time was over before all had ended, unless `fn` had failed
 * before; else what `fn` returned. Errors: as taskd_scope_begin(). Blocks: until all has ended.
 */
TASKD_API int taskd_with_timeout(taskd_nsec timeout, taskd_nsec grace, taskd_fn fn, void *arg);

TASKD_END_DECLS

#endif
