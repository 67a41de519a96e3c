/* SPDX-License-Identifier: MIT */
/*
 * What a task may do: wait, look whether it should stop, start other tasks, register cleanups.
 *
 * The one rule of cancellation: it is level-triggered. Once a task has been asked to stop, every
 * call marked "Blocks" answers -TASKD_ECANCELED, again and again, until the task returns. Return
 * with ordinary error handling; what must happen on every path goes into taskd_defer().
 *
 * All functions may be called from a task only (any driver), unless they say otherwise.
 */
#ifndef TASKD_TASK_H
#define TASKD_TASK_H

#include <stdarg.h>
#include <taskd/error.h>
#include <taskd/types.h>

TASKD_BEGIN_DECLS

/* The body of a task. Returns: 0 completed; -TASKD_ECANCELED after a cancellation: cancelled;
 * anything else: failed with that code (see taskd_fail() to add a message). */
typedef int (*taskd_fn)(taskd_self *self, void *arg);

/* Only the first word is public, and only taskd_checkpoint() reads it. */
struct taskd_self {
	uint32_t signals; /* not 0: something is asked of this task */
};

/* The running task, or NULL outside a task. Blocks: no. Thread: any. */
TASKD_API taskd_self *taskd_current(void);

/* The out-of-line part of taskd_checkpoint(). */
TASKD_API int taskd_checkpoint_slow(taskd_self *self);

/*
 * Asks whether the running task should stop; for loops that compute and do not wait. One relaxed
 * load when nothing is asked. Returns: 0 go on, -TASKD_ECANCELED stop. Blocks: no.
 */
static inline int taskd_checkpoint(taskd_self *self)
{
	if (__builtin_expect(__atomic_load_n(&self->signals, __ATOMIC_RELAXED) == 0, 1))
		return 0;
	return taskd_checkpoint_slow(self);
}

/* ---- time ------------------------------------------------------------------------------- */

/* Now on CLOCK_MONOTONIC (the virtual clock in a simulator). Blocks: no. Thread: any. */
TASKD_API taskd_nsec taskd_now(void);

/*
 * Waits for `duration` nanoseconds (negative counts as 0); never returns early with 0.
 * Returns: 0, or -TASKD_ECANCELED. Blocks: until then.
 */
TASKD_API int taskd_sleep(taskd_nsec duration);

/* As taskd_sleep(), until the absolute time `when`. */
TASKD_API int taskd_sleep_until(taskd_nsec when);

/* Lets the other ready tasks run. Returns: 0, or -TASKD_ECANCELED. Blocks: for one round. */
TASKD_API int taskd_yield(void);

/* When this task must have ended: its own deadline, its group's, or that of a stop in progress,
 * whichever is first; TASKD_FOREVER without one. Blocks: no. */
TASKD_API taskd_nsec taskd_deadline(void);

/* ---- how it ended ----------------------------------------------------------------------- */

/*
 * Sets the message that explains the failure of the running task, and returns `code`, so that
 * a body can end with `return taskd_fail(3, "exit code %d", 3)`. The text is copied.
 */
TASKD_API int taskd_fail(int code, const char *format, ...) TASKD_PRINTF(2, 3);

/* Ends the running task at once as `panicked`: a bug was found. Cleanups run. Never returns. */
TASKD_API __attribute__((noreturn)) void taskd_panic(const char *format, ...) TASKD_PRINTF(1, 2);

/* How a task ended, by rising severity. */
enum taskd_outcome_kind {
	TASKD_COMPLETED = 0,
	TASKD_FAILED = 1,    /* the body returned an error */
	TASKD_CANCELLED = 2, /* it was asked to stop, and did */
	TASKD_PANICKED = 3,  /* it called taskd_panic() */
	TASKD_CRASHED = 4,   /* a signal hit it */
	TASKD_ABORTED = 5,   /* it was stopped by force; its code never runs again */
	TASKD_CONDEMNED = 6, /* it could not be stopped; nobody waits for it any more */
};

struct taskd_outcome {
	enum taskd_outcome_kind kind;
	int code;          /* of `failed`; the signal of `crashed`; else 0 */
	char message[120]; /* why, in words; may be empty; cut when longer */
};

/* ---- other tasks ------------------------------------------------------------------------ */

/* Options of taskd_spawn(); zero means default. Set `size` to sizeof of the struct; later versions
 * add members at the end. */
struct taskd_spawn_options {
	size_t size;
	const char *name;         /* NULL: named after its number. Copied. */
	enum taskd_driver driver; /* DEFAULT: fiber */
	size_t stack_size;        /* bytes; 0: 64 KiB for a fiber, 256 KiB for a thread */
	taskd_nsec timeout;       /* ask it to stop after that long; 0: never */
	taskd_token *token;       /* ask it to stop when that is cancelled; NULL: none */
};

/*
 * Starts `fn(self, arg)` as a task in the innermost scope that the running task has open (see
 * scope.h), else in its group. `options` may be NULL.
 * Owns: nothing; `arg` must live until the task has ended. `ret_task` may be NULL; else the
 * handle must be given back with taskd_join() or taskd_release().
 * Returns: 0. Errors: -TASKD_ECLOSED the group is being stopped; -TASKD_EEXIST a live sibling
 * has the name; -TASKD_ECAPACITY a limit of the group; -TASKD_EINVAL bad name or options;
 * -TASKD_ENOMEM. Blocks: no.
 */
TASKD_API int taskd_spawn(const struct taskd_spawn_options *options, taskd_fn fn, void *arg,
			  taskd_task **ret_task) TASKD_WARN_UNUSED;

/*
 * Waits until the task has ended and gives the handle back. `ret_outcome` may be NULL.
 * Returns: 0, or -TASKD_ECANCELED: the *caller* was asked to stop; the handle is then still
 * valid. A handle that was given back is a bug, and ends the caller as `panicked` where that can be
 * told. Blocks: until the task has ended.
 */
TASKD_API int taskd_join(taskd_task *task, struct taskd_outcome *ret_outcome);

/*
 * Waits until the task has ended, and keeps the handle. `timeout` in nanoseconds, TASKD_FOREVER for
 * none. `ret_outcome` may be NULL. Returns: 0. Errors: -TASKD_ETIMEDOUT it has not ended yet;
 * -TASKD_ECANCELED the caller was asked to stop. Blocks: until then.
 */
TASKD_API int taskd_wait(taskd_task *task, taskd_nsec timeout, struct taskd_outcome *ret_outcome);

/* Asks the task to stop. `message` says why (copied, may be NULL). Blocks: no. */
TASKD_API void taskd_cancel(taskd_task *task, const char *message);

/* Stops the task by force, without grace. Blocks: no; use taskd_join() to wait. */
TASKD_API void taskd_abort(taskd_task *task);

/* Whether the task has ended. Blocks: no. */
TASKD_API bool taskd_is_finished(const taskd_task *task);

/* The number of a task, never used again. Blocks: no. */
TASKD_API uint64_t taskd_task_id(const taskd_task *task);

/* How long ago the task was started; goes on after its end. Blocks: no. */
TASKD_API taskd_nsec taskd_task_elapsed(const taskd_task *task);

/*
 * Copies the name of the task, or what it is called by without one, to `buffer`; at most 96 bytes
 * with the NUL, cut when `size` is less. Returns: `buffer`. Blocks: no.
 */
TASKD_API char *taskd_task_name(const taskd_task *task, char *buffer, size_t size);

/* Gives the handle back without waiting; the task goes on. NULL is allowed. Blocks: no. */
TASKD_API void taskd_release(taskd_task *task);

/* ---- cleanups and memory ---------------------------------------------------------------- */

/*
 * Registers fn(arg) to run when the task ends, on every path, forced abort included; last
 * registered, first run. After a forced abort it runs on another stack, so `arg` must not point
 * to local variables: use taskd_alloc(). Cleanups may wait, within the cleanup budget.
 * One that a cleanup registers shares the budget of that cleanup.
 * For a task with `every`, the end of each run counts. Returns: 0 or -TASKD_ENOMEM. Blocks: no.
 */
TASKD_API int taskd_defer(void (*fn)(void *arg), void *arg) TASKD_WARN_UNUSED;

/* Takes back the youngest taskd_defer(fn, arg). Returns: whether there was one. Blocks: no. */
TASKD_API bool taskd_undefer(void (*fn)(void *arg), void *arg);

/*
 * Zeroed memory that belongs to the task and is freed, after its cleanups, when it ends (or, with
 * `every`, at the end of each run). Returns: NULL when memory is short. Blocks: no.
 */
TASKD_API void *taskd_alloc(size_t size);

/* A copy of `text`, or a formatted text, in memory as of taskd_alloc(). NULL when short. */
TASKD_API char *taskd_strdup(const char *text);
TASKD_API char *taskd_printf(const char *format, ...) TASKD_PRINTF(1, 2);

/*
 * Between the two, cancellation is not reported to the running task (deadlines and forced abort
 * still hold): for a cleanup that has to wait. They nest.
 */
TASKD_API void taskd_mask_cancel(void);
TASKD_API void taskd_unmask_cancel(void);

TASKD_END_DECLS

#endif
