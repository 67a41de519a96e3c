/* SPDX-License-Identifier: MIT */
/*
 * Telling tasks to stop: flags, masks, forced abort, condemnation. Under the lock.
 *
 * The rungs: a task that never started is removed; one that waits is resumed no more and its
 * cleanups run on a fresh stack; one that runs is caught at its next call into the runtime; one
 * that makes none within abort-timeout is condemned.
 */
#ifndef TD_CORE_CANCEL_H
#define TD_CORE_CANCEL_H

#include "core/reason.h"
#include "core/task.h"

struct td_runtime;
struct td_thread;

/* Sets TD_ASK_CANCEL or _RUN and wakes the task when it waits unmasked; cancels its scopes.
 * Idempotent. */
void td_task_ask(struct td_task *task, uint32_t what, struct td_reason *reason);
/* The same without its scopes: for a walk that comes to them by itself. */
void td_task_tell(struct td_task *task, uint32_t what, struct td_reason *reason);
/* Brings signals in line with asked and masked. */
void td_task_update_signals(struct td_task *task);
/* Forces a task to end. `reason` may be NULL. Idempotent. */
void td_task_abort(struct td_task *task, struct td_reason *reason);
/* The escalation timer of a task has fired. */
void td_task_escalate(struct td_task *task);
/* Arms the escalation timer, unless an earlier step of the same or a higher rung is armed. */
void td_task_arm(struct td_task *task, enum td_escalation step, taskd_nsec when);

/* Counts a cleanup that did not come to its own end, and tells of it. */
void td_task_cleanup_failed(struct td_task *task, const char *text);

/* The running task enters the runtime with TD_ASK_FORCE set: it goes no further. */
__attribute__((noreturn)) void td_task_land(struct td_thread *t, struct td_task *task);
/* Ends the running task from where it stands (panic). Outcome is set. */
__attribute__((noreturn)) void td_task_leave(struct td_thread *t, struct td_task *task);

#endif
