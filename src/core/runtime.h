/* SPDX-License-Identifier: MIT */
/*
 * The runtime: one tree, one lock, one driver. It owns everything of core. All its state is guarded
 * by one lock; code of tasks always runs outside it, so whoever takes the lock sees the whole
 * tree, whatever the tasks are doing.
 */
#ifndef TD_CORE_RUNTIME_H
#define TD_CORE_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "core/env.h"
#include "core/event.h"
#include "core/group.h"
#include "core/lock.h"
#include "core/stack.h"
#include "core/task.h"
#include "core/thread.h"
#include "core/cancel.h"

#define TD_RUNTIME_MAGIC 0x72756e74u

struct td_limits {
	taskd_nsec grace;           /* of the root group; 20 s */
	taskd_nsec abort_timeout;   /* from an abort to condemnation; 250 ms */
	taskd_nsec cleanup_timeout; /* of the cleanups of one task; 5 s */
	taskd_nsec hog_limit;       /* how long a fiber may hold the driver; 10 ms */
	size_t event_bytes;         /* size of the ring; 256 KiB */
	uint32_t keep_ended;        /* ended transient tasks that stay visible, per group; 32 */
	enum taskd_level level;     /* events less grave than this are not kept; info */
};

/* All zero after a clean run. */
struct td_counters {
	uint64_t spawned, ended, aborted, condemned, late_ghosts, cleanups_failed;
	uint64_t hogs, takebacks, dispatches, idles, timers_fired, cancelled, missed;
};

enum td_timer_kind { TD_TIMER_WAIT, TD_TIMER_ESCALATE, TD_TIMER_GROUP, TD_TIMER_SCOPE };

struct td_runtime {
	uint32_t magic;
	bool threaded; /* has a monitor and spare threads; else the caller is the only driver */
	bool stopping; /* pooled threads end */
	struct td_lock lock;
	struct td_env env; /* a copy */
	struct td_limits limits;

	struct td_task *ready, **ready_end; /* first in, first out */
	struct td_heap timers;
	uint32_t n_groups;
	struct td_stack_pool stacks;

	struct td_thread *driver;  /* NULL while an offer is pending */
	struct td_thread *pending; /* the role is offered to it; it has not accepted yet */
	struct td_thread *pool;    /* spare threads */
	struct td_thread *threads; /* all */
	uint32_t n_threads;
	pthread_t monitor;
	bool monitored; /* the monitor runs */
	uint32_t armed; /* the watch is set */
	bool idle;      /* the driver waits for the outside world */
	bool kicked;
	int budget; /* dispatches until the outside world is looked at */
	taskd_nsec polled_at;
	taskd_nsec clock; /* as the driver saw it last; see td_clock() */
	struct td_fdwait *fd_requests, **fd_requests_end; /* to be armed or disarmed */
	struct td_fdwait *fd_fired;                       /* private to the driver */
	struct td_fdwait *fd_free;

	struct td_group *root;
	uint64_t next_id;
	uint64_t n_tasks; /* live, condemned ones not counted */
	struct td_ring ring;
	struct td_counters counters;
	void *(*cxa_globals)(void); /* __cxa_get_globals(), once libstdc++ is loaded */
	uint32_t walks;             /* changes of the tree in progress: see td_walk_begin() */
	bool telling;               /* the outermost td_walk_end() makes the calls */
	struct td_list told;        /* ended tasks whose watchers are still to be called */
	uint32_t n_stops;           /* in progress, in the whole tree */
	struct td_stop *done;       /* stops, too, in the order of their end */
	struct td_stop **done_end;
	struct td_task *free_tasks; /* control blocks to be used again */
	uint32_t n_free_tasks;
};

extern const struct td_limits td_limits_default;

/*
 * Creates a runtime with its root group. `threaded`: starts a monitor, a driver and a spare; else
 * the caller becomes the only driver and calls td_runtime_run(). The caller is registered.
 * Returns: 0, -TASKD_ENOMEM, or -errno of pthread_create. Thread: any.
 */
int td_runtime_new(const struct td_env *env, const struct td_limits *limits, bool threaded,
		   struct td_runtime **ret_rt);

/*
 * Frees a runtime whose root group is closed. Ends its threads; those that a condemned task holds
 * are left behind, and the memory they may touch with them; they do not touch what belongs to the
 * environment. Returns: how many were left.
 * Blocks: until the others have ended. Thread: the one that created it, lock not held.
 */
uint32_t td_runtime_free(struct td_runtime *rt);

/*
 * Drives an unthreaded runtime until nothing is ready and the environment says that nothing will
 * ever happen, or until done(data) says so (NULL: never). Lock not held.
 */
void td_runtime_run(struct td_runtime *rt, bool (*done)(void *data), void *data);

/* Takes the lock, from any registered thread; returns the thread. */
static inline struct td_thread *td_enter(void)
{
	struct td_thread *t = td_thread_self();

	if (td_likely(__atomic_load_n(&t->driver, __ATOMIC_RELAXED)))
		td_lock_driver(&t->rt->lock);
	else
		td_lock_foreign(&t->rt->lock);
	return t;
}

/* Takes the lock for the running task. Does not return when the task is being stopped by force. */
static inline struct td_thread *td_enter_task(void)
{
	struct td_thread *t = td_enter();

	if (td_unlikely(t->current->asked & TD_ASK_FORCE))
		td_task_land(t, t->current);
	return t;
}

/* Releases the lock, and wakes whom the work under it has woken. */
static inline void td_leave(struct td_thread *t)
{
	bool post = t->kick || t->n_wakes;

	td_lock_release(&t->rt->lock);
	if (td_unlikely(post))
		td_thread_post(t);
}

/* ---- for the implementation of td_env --------------------------------------------------- */

/* A descriptor is ready. From inside env.wait() only. */
void td_runtime_fd_fired(struct td_runtime *rt, struct td_fdwait *wait, int events);

/* ---- for the modules of core, under the lock -------------------------------------------- */

void td_timer_set(struct td_runtime *rt, struct td_heap_node *node, enum td_timer_kind kind,
		  taskd_nsec when);
static inline void td_timer_clear(struct td_runtime *rt, struct td_heap_node *node)
{
	if (td_heap_in(node))
		td_heap_remove(&rt->timers, node);
}

/* Makes room for the timers of one more task or group. 0 or -TASKD_ENOMEM. */
static inline int td_timer_reserve(struct td_runtime *rt)
{
	/* Two for each task, one for each group, and those of the one that is being made. */
	uint64_t need = 2 * (rt->n_tasks + 1) + rt->n_groups + 1;

	if (td_likely(need <= rt->timers.capacity))
		return 0;
	return need > UINT32_MAX ? -TASKD_ENOMEM
				 : td_heap_reserve(&rt->timers, (uint32_t)need - rt->timers.n);
}

void td_timers_fire(struct td_runtime *rt, taskd_nsec now);

static inline taskd_nsec td_now(struct td_runtime *rt)
{
	return rt->env.now(rt->env.data);
}

/* The time for the books of plain tasks: up to one round of the driver old, and cheap. */
static inline taskd_nsec td_clock(struct td_runtime *rt)
{
	return td_likely(!rt->idle) ? rt->clock : td_now(rt);
}

/* Adds with saturation: TASKD_FOREVER stays what it is. */
static inline taskd_nsec td_later(taskd_nsec now, taskd_nsec duration)
{
	taskd_nsec when;

	return __builtin_add_overflow(now, duration < 0 ? 0 : duration, &when) ? TASKD_FOREVER
									       : when;
}

/*
 * Around whatever ends tasks or closes groups: those who want to be told are called at the end of
 * the outermost one, so that they may do anything to the tree, and find it in one piece.
 */
static inline void td_walk_begin(struct td_runtime *rt)
{
	rt->walks++;
}
void td_walk_call(struct td_runtime *rt); /* the calls of td_walk_end() */
static inline void td_walk_end(struct td_runtime *rt)
{
	td_assert(rt->walks > 0);
	if (--rt->walks == 0 && td_unlikely(rt->done || !td_list_empty(&rt->told)))
		td_walk_call(rt);
}

/* Emits an event about a task (or, with `task` NULL, a group; or, with both NULL, the daemon). */
void td_emit(struct td_runtime *rt, enum td_event_kind kind, enum taskd_level level,
	     struct td_group *group, struct td_task *task, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
void td_emit_text(struct td_runtime *rt, enum td_event_kind kind, enum taskd_level level,
		  struct td_group *group, struct td_task *task, uint8_t stream, const char *text);

#endif
