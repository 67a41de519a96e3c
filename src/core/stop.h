/* SPDX-License-Identifier: MIT */
/*
 * Stops: cancel, drain, abort, report. A stop of a group ends when the group is closed, which is
 * bounded: at the deadline the rest is aborted, and what cannot be is condemned after
 * abort-timeout. Under the lock.
 */
#ifndef TD_CORE_STOP_H
#define TD_CORE_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include <taskd/task.h>

#include "core/reason.h"

struct td_group;
struct td_runtime;
struct td_task;

#define TD_STOP_LIST_MAX 1000 /* tasks named in a report */

struct td_stopped {
	char *path; /* owned */
	uint64_t id;
	struct taskd_outcome outcome;
	taskd_nsec took;
};

struct td_stop {
	struct td_stop *next;   /* of the same group; then of those to be told */
	struct td_group *group; /* NULL once it is done */
	char *path;             /* owned */
	taskd_nsec grace;
	taskd_nsec asked_at, abort_at, done_at; /* abort_at 0: nothing had to be aborted */
	struct td_stopped *tasks;               /* owned */
	uint32_t n_tasks, capacity;
	uint32_t more; /* tasks that the list has no room for */
	uint32_t n_aborted, n_condemned;
	void (*done)(struct td_stop *stop, void *data); /* once, under the lock; takes the stop */
	void *data;
};

/*
 * Stops a group: admission ends, all below is cancelled, and after `grace` (negative: that of the
 * configuration; 0: at once) aborted. A later stop can only shorten. `done` (may be NULL) gets
 * the report and owns it; it may be called before this returns, and may do anything to the tree.
 * Returns: 0, or -TASKD_ENOMEM with nothing changed.
 */
int td_group_stop(struct td_group *group, taskd_nsec grace, struct td_reason *reason,
		  void (*done)(struct td_stop *stop, void *data), void *data);
struct td_stop *td_stop_free(struct td_stop *stop);

/* Ends the admission of a group and asks all below it to stop, without deadline and report. */
void td_group_cancel(struct td_group *group, struct td_reason *reason);
/* Sets the deadline of a group, when it is tighter than all that hold for it already. */
void td_stop_arm(struct td_group *group, taskd_nsec when);

/* Asks one task to stop; after its grace it is aborted. Idempotent; grace can only shorten. */
void td_task_stop(struct td_task *task, taskd_nsec grace, struct td_reason *reason);

/* A task of the subtree has ended or was condemned: notes it in the stops that cover it. */
void td_stop_note(struct td_task *task);
/* The group is closed: its stops are done. */
void td_stop_finish(struct td_group *group);
/* The deadline of a group has come: aborts what is left below it. */
void td_stop_deadline(struct td_group *group);

#endif
