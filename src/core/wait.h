/* SPDX-License-Identifier: MIT */
/* Waiting: the one way in which a task suspends itself, and how it is woken. Under the lock. */
#ifndef TD_CORE_WAIT_H
#define TD_CORE_WAIT_H

#include "core/task.h"
#include "core/thread.h"

struct td_runtime;

/*
 * Suspends the running task until td_wake(), or until `until` (absolute; TASKD_FOREVER). Cancelled
 * and unmasked, it does not wait at all: cancellation wins over everything that is ready.
 * *t is the thread the task continues on. Returns: what td_wake() gave; -TASKD_ETIMEDOUT;
 * -TASKD_ECANCELED.
 */
int td_wait(struct td_thread **t, enum td_wait_kind kind, taskd_nsec until);
/* Ends the wait of a task with a result. */
void td_wake(struct td_runtime *rt, struct td_task *task, int result);
/* Unlinks a task from all it waits for, without making it ready. */
void td_wait_unlink(struct td_runtime *rt, struct td_task *task);

/* Sleeps until `when`; 0 or -TASKD_ECANCELED. */
int td_wait_until(struct td_thread **t, taskd_nsec when);
/* Lets the others run. 0 or -TASKD_ECANCELED. */
int td_wait_yield(struct td_thread **t);
/* Waits for a descriptor; events, or a negative error. */
int td_wait_fd(struct td_thread **t, int fd, int events, taskd_nsec until);
/* Waits until a task has ended (the caller holds a reference). 0 or -TASKD_ECANCELED. */
int td_wait_join(struct td_thread **t, struct td_task *task);

/* The driver takes the requests of descriptors, and wakes those that fired. */
void td_fd_take_requests(struct td_runtime *rt);
void td_fd_wake_fired(struct td_runtime *rt);
void td_fd_free_all(struct td_runtime *rt);

#endif
