/* SPDX-License-Identifier: MIT */
/*
 * The real world for tests of core: threads, libevent, the clock of the system. Nothing sleeps: who
 * waits for something is woken by each event that the runtime emits and looks again.
 */
#ifndef TD_TESTS_UNIT_REAL_H
#define TD_TESTS_UNIT_REAL_H

#include <check.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/runtime.h"
#include "core/stop.h"
#include "loop/world.h"

struct real {
	struct td_world *world;
	struct td_runtime *rt;
	int event_fd; /* written with each event */
};

static inline void real_event(void *data)
{
	uint64_t one = 1;

	if (write(((struct real *)data)->event_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

/* The limits of a test: short times, every event. */
static inline struct td_limits real_limits(void)
{
	struct td_limits limits = td_limits_default;

	limits.abort_timeout = 30 * TASKD_MSEC;
	limits.cleanup_timeout = 30 * TASKD_MSEC;
	limits.level = TASKD_DEBUG;
	return limits;
}

static inline void real_start(struct real *real, const struct td_limits *limits)
{
	struct td_env env;

	*real = (struct real){.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	ck_assert_int_ge(real->event_fd, 0);
	ck_assert_int_eq(td_world_new(real_event, real, &real->world), 0);
	td_world_env(real->world, &env);
	ck_assert_int_eq(td_runtime_new(&env, limits, true, &real->rt), 0);
	td_world_bind(real->world, real->rt);
}

/* Waits until a condition of the runtime holds; it is asked under the lock. */
static inline void real_wait(struct real *real, bool (*holds)(struct real *real, void *data),
			     void *data)
{
	struct pollfd fd = {.fd = real->event_fd, .events = POLLIN};

	for (;;) {
		struct td_thread *t = td_enter();
		bool done = holds(real, data);
		uint64_t count;

		td_leave(t);
		if (done)
			return;
		/* Not everything is an event: it looks again after a while, too. */
		(void)poll(&fd, 1, 5);
		if (read(real->event_fd, &count, sizeof(count)) < 0)
			continue;
	}
}

static inline bool real_is_set(struct real *real, void *data)
{
	(void)real;
	return atomic_load((atomic_int *)data) != 0;
}

static inline bool real_has_ended(struct real *real, void *data)
{
	(void)real;
	return td_task_ended(data);
}

static inline bool real_is_waiting(struct real *real, void *data)
{
	(void)real;
	return ((struct td_task *)data)->state == TD_TASK_WAITING;
}

static inline struct td_task *real_spawn(struct real *real, struct td_group *group,
					 struct td_spawn spawn)
{
	struct td_thread *t = td_enter();
	struct td_task *task = NULL;

	if (spawn.grace == 0)
		spawn.grace = -1;
	ck_assert_int_eq(td_task_spawn(real->rt, group, &spawn, &task, NULL), 0);
	td_leave(t);
	return task;
}

static inline void real_release(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_task_unref(task);
	td_leave(t);
}

static inline struct td_group *real_group(struct real *real, const char *name)
{
	struct td_thread *t = td_enter();
	struct td_group *group = NULL;

	ck_assert_int_eq(td_group_new(real->rt->root, name, NULL, &group, NULL), 0);
	td_leave(t);
	return group;
}

struct real_stop {
	struct td_stop *stop;
};

static inline void real_keep_stop(struct td_stop *stop, void *data)
{
	((struct real_stop *)data)->stop = stop;
}

static inline bool real_is_stopped(struct real *real, void *data)
{
	(void)real;
	return ((struct real_stop *)data)->stop != NULL;
}

/* Stops a group and waits for the report, which the caller frees. */
static inline struct td_stop *real_stop(struct real *real, struct td_group *group, taskd_nsec grace)
{
	struct real_stop stopped = {NULL};
	struct td_thread *t = td_enter();

	ck_assert_int_eq(td_group_stop(group, grace, NULL, real_keep_stop, &stopped), 0);
	td_leave(t);
	real_wait(real, real_is_stopped, &stopped);
	return stopped.stop;
}

/* Stops the root, checks that nothing is left, and frees. */
static inline void real_end(struct real *real)
{
	struct td_stop *stop = real_stop(real, real->rt->root, 0);

	ck_assert_uint_eq(real->rt->n_tasks, 0);
	ck_assert_uint_eq(real->rt->timers.n, 0);
	ck_assert_uint_eq(real->rt->stacks.n_live, 0);
	ck_assert_uint_eq(real->rt->root->n_records, real->rt->root->n_ended);
	td_stop_free(stop);
	ck_assert_uint_eq(td_runtime_free(real->rt), 0);
	td_world_free(real->world);
	close(real->event_fd);
}

#endif
