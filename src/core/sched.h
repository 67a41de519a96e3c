/* SPDX-License-Identifier: MIT */
/*
 * Ready queue, dispatch, suspension: the only place where contexts are switched. Under the lock,
 * which is held across every switch.
 */
#ifndef TD_CORE_SCHED_H
#define TD_CORE_SCHED_H

#include <stdbool.h>

#include "core/task.h"
#include "core/thread.h"

struct td_runtime;

#define TD_BUDGET 64 /* dispatches between two looks at the outside world */
#define TD_HOG_MAX 8 /* runs without hogging, less one, until a hog is trusted again */

/* Makes a task ready: at the end of the queue, or on its own thread. */
void td_sched_ready(struct td_runtime *rt, struct td_task *task);
/* Takes a task out of the ready queue. */
void td_sched_unready(struct td_runtime *rt, struct td_task *task);

/*
 * Gives the thread away until somebody makes the running task ready again; the caller has put it
 * into the queue, or linked it to what it waits for. Returns: the thread it continues on.
 */
struct td_thread *td_sched_suspend(struct td_thread *t, struct td_task *task);

/* Gives the thread away for good: the fiber of `t->current`, which it no longer belongs to. `stack`
 * (NULL: none) is the one we stand on, to be put back. */
__attribute__((noreturn)) void td_sched_exit(struct td_thread *t, struct td_stack *stack);

/* A fiber begins with a new task: nothing of what ran here before is left. */
void td_sched_begin(struct td_thread *t);

/* The ready task whose turn it is, still in the queue; NULL: none. */
struct td_task *td_sched_first(struct td_runtime *rt);

/* From a thread's own stack: runs one task until the thread comes back. */
void td_sched_run(struct td_thread *t, struct td_task *task);
/* The next ready task, with a stack; NULL: none. */
struct td_task *td_sched_pop(struct td_runtime *rt);

/* A stack for a task about to run for the first time, or again after it was forced off its own.
 * 0 or -TASKD_ENOMEM. */
int td_sched_bind(struct td_runtime *rt, struct td_task *task);

/* Starts the first ready task on a stack that has just become free, without a switch: the caller
 * stands on it and goes on as that task. Returns: false when the task needs another size. */
bool td_sched_adopt(struct td_thread *t, struct td_task *task, struct td_stack *stack);

/* The driver may be waiting for the outside world: have it look at once. */
void td_sched_kick(struct td_runtime *rt);

#endif
