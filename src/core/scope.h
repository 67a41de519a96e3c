/* SPDX-License-Identifier: MIT */
/*
 * Scopes: what a task starts inside of one has ended when the scope ends, on every path. A scope is
 * an unlisted child group with an owner, so that cancellation, deadlines, force and reports are
 * those of groups; people see its tasks in the nearest group that has a name. Under the lock.
 */
#ifndef TD_CORE_SCOPE_H
#define TD_CORE_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include <taskd/task.h>

#include "core/reason.h"

struct td_group;
struct td_task;
struct td_thread;

#define TD_SCOPE_MAGIC 0x73636f70u
#define TD_SCOPE_DEPTH_MAX 200 /* groups and scopes above one another */

struct td_scope {
	uint32_t magic;
	bool fail_fast; /* the first child that fails cancels the scope */
	bool cancelled; /* its owner is asked to leave it */
	bool timed_out; /* `until` came before it had ended */
	bool bounded;   /* force, when it comes, stops the owner too, unless it is at the end */
	bool ending;    /* the owner waits for the last child */
	struct td_group *group; /* owned, unlisted */
	struct td_task *owner;
	struct td_scope *outer;       /* of the same owner */
	taskd_nsec until;             /* when it is cancelled by itself; TASKD_FOREVER */
	taskd_nsec grace;             /* from then until force; negative: that of the group */
	struct taskd_outcome failure; /* of the first child that failed, with fail_fast */
};

/*
 * Opens a scope of the running task. Returns: 0; -TASKD_ECANCELED it is asked to stop;
 * -TASKD_ECLOSED its group is being stopped; -TASKD_ECAPACITY too many above one another;
 * -TASKD_ENOMEM.
 */
int td_scope_new(struct td_task *owner, struct td_scope **ret_scope);

/* Cancels it in `timeout`, and stops by force what is left `grace` later. Before anything is in it.
 */
void td_scope_limit(struct td_scope *scope, taskd_nsec timeout, taskd_nsec grace);

/* Asks all in it to stop, its owner as long as it is inside. Idempotent; `reason` is borrowed. */
void td_scope_cancel(struct td_scope *scope, struct td_reason *reason);

/* As td_scope_cancel(), with a reason of that kind whose origin is the owner. */
void td_scope_cancel_as(struct td_scope *scope, enum td_reason_kind kind, const char *message);

/* Stops by force what has not ended `grace` from now (negative: that of the group). */
void td_scope_bound(struct td_scope *scope, taskd_nsec grace);

/* Waits until the last child has ended, whatever the owner is asked, and removes the scope, which
 * must be the innermost one of the running task. `ret_last` (may be NULL) gets its last state. */
void td_scope_end(struct td_thread **t, struct td_scope *scope, struct td_scope *ret_last);

/* Ends the scopes inside of `scope` (NULL: all) that the running task has left open: cancels,
 * waits, and is bounded. Returns: the thread it continues on. */
struct td_thread *td_scope_end_inside(struct td_thread *t, struct td_scope *scope);

/* The owner is gone without having ended them: by force, and nobody waits. */
void td_scope_orphan_all(struct td_task *task);

/* Where a task that this task starts belongs. */
struct td_group *td_scope_group(const struct td_task *task);

/* A task was asked to stop: so is all in its scopes. */
void td_scope_inherit(struct td_task *task, struct td_reason *reason);
/* The last child has ended: the owner may be waiting for that. */
void td_scope_emptied(struct td_scope *scope);
/* A child has ended in a way that is a failure. */
void td_scope_failed(struct td_scope *scope, struct td_task *child);
/* `until` has come. */
void td_scope_timed_out(struct td_scope *scope);
/* Force has come to what is in it. */
void td_scope_forced(struct td_scope *scope);

#endif
