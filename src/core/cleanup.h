/* SPDX-License-Identifier: MIT */
/* What a task leaves behind when it ends: registered cleanups and its arena. */
#ifndef TD_CORE_CLEANUP_H
#define TD_CORE_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>

#include <taskd/types.h>

struct td_task;

struct td_defer {
	struct td_defer *next; /* the one registered before it */
	void (*fn)(void *arg);
	void *arg;
	taskd_nsec
		until; /* registered by another cleanup: it shares the rest of its time; else 0 */
};

/* Under the lock. 0 or -TASKD_ENOMEM. */
int td_defer_push(struct td_task *task, void (*fn)(void *arg), void *arg);
bool td_defer_take(struct td_task *task, void (*fn)(void *arg), void *arg);
/* Takes the youngest. Returns: false when there is none. Under the lock. */
bool td_defer_pop(struct td_task *task, struct td_defer *ret_defer);
void td_defer_drop_all(struct td_task *task);

/* Zeroed memory of the task, aligned for everything; NULL when short. By the task itself. */
void *td_arena_new(struct td_task *task, size_t size);
void td_arena_free(struct td_task *task);

#endif
