/* SPDX-License-Identifier: MIT */
/*
 * A world for unit tests of core: a clock that stands still until nothing is ready and then jumps
 * to the next timer; no descriptors; seeded randomness. One thread, no sleeping. A task that is
 * never idle needs `creep`: the clock then goes on a little each time that somebody looks at it.
 */
#ifndef TD_TESTS_UNIT_VIRTUAL_H
#define TD_TESTS_UNIT_VIRTUAL_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/rand.h"
#include "core/driver.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/stop.h"

/* Appends to a text of a test; what does not fit fails the test. */
static inline void virtual_append(char *buffer, size_t size, const char *text)
{
	size_t n = strlen(buffer);

	ck_assert_uint_lt(n + strlen(text), size);
	memcpy(buffer + n, text, strlen(text) + 1);
}

struct virtual_world {
	taskd_nsec now;
	taskd_nsec creep; /* how far the clock goes on at each look; 0: it stands still */
	taskd_nsec limit; /* virtual_run_for(): the clock does not jump beyond */
	struct td_rand rand;
	uint64_t n_waits;
	uint64_t n_event_calls;
};

static inline taskd_nsec virtual_now(void *data)
{
	struct virtual_world *world = data;

	world->now += world->creep;
	return world->now;
}

static inline int64_t virtual_realtime(void *data)
{
	return ((struct virtual_world *)data)->now / TASKD_USEC;
}

static inline uint64_t virtual_random(void *data)
{
	return td_rand_next(&((struct virtual_world *)data)->rand);
}

static inline bool virtual_wait(void *data, taskd_nsec until)
{
	struct virtual_world *world = data;

	world->n_waits++;
	if (until == TASKD_FOREVER || until > world->limit) {
		if (world->limit != TASKD_FOREVER)
			world->now = world->limit;
		return false;
	}
	if (until > world->now)
		world->now = until;
	return true;
}

static inline void virtual_wake(void *data)
{
	(void)data;
}

static inline int virtual_fd_arm(void *data, struct td_fdwait *wait)
{
	(void)data, (void)wait;
	return wait->fd == 999 ? -EPERM : 0; /* armed, and never ready */
}

static inline void virtual_fd_disarm(void *data, struct td_fdwait *wait)
{
	(void)data, (void)wait;
}

static inline void virtual_events(void *data)
{
	((struct virtual_world *)data)->n_event_calls++;
}

/* A clock that is not 0, so that nothing depends on it. */
static inline void virtual_init(struct virtual_world *world)
{
	*world = (struct virtual_world){.now = 1000 * TASKD_SEC, .limit = TASKD_FOREVER};
	td_rand_seed(&world->rand, 1);
}

static inline struct td_env virtual_env(struct virtual_world *world)
{
	return (struct td_env){
		.size = sizeof(struct td_env),
		.data = world,
		.now = virtual_now,
		.realtime_usec = virtual_realtime,
		.random = virtual_random,
		.wait = virtual_wait,
		.wake = virtual_wake,
		.fd_arm = virtual_fd_arm,
		.fd_disarm = virtual_fd_disarm,
		.events = virtual_events,
	};
}

/* A runtime on the virtual world; every event is kept. */
static inline struct td_runtime *virtual_runtime(struct virtual_world *world)
{
	struct td_limits limits = td_limits_default;
	struct td_runtime *rt = NULL;
	struct td_env env = virtual_env(world);

	virtual_init(world);
	limits.level = TASKD_DEBUG;
	ck_assert_int_eq(td_runtime_new(&env, &limits, false, &rt), 0);
	return rt;
}

/* Drives until nothing is left to do. */
static inline void virtual_run(struct td_runtime *rt)
{
	td_runtime_run(rt, NULL, NULL);
}

/* Drives for that long on the clock, whatever is left to do then. */
static inline void virtual_run_for(struct td_runtime *rt, taskd_nsec duration)
{
	struct virtual_world *world = rt->env.data;

	world->limit = world->now + duration;
	td_runtime_run(rt, NULL, NULL);
	ck_assert_int_eq(world->now, world->limit);
	world->limit = TASKD_FOREVER;
}

/* Stops the root at once, checks that nothing leaks, and frees. */
static inline void virtual_end(struct td_runtime *rt)
{
	struct td_thread *t = td_enter();

	ck_assert_int_eq(td_group_stop(rt->root, 0, NULL, NULL, NULL), 0);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(rt->root->state, TD_GROUP_CLOSED);
	ck_assert_uint_eq(rt->n_tasks, 0);
	ck_assert_uint_eq(rt->timers.n, 0);
	ck_assert_uint_eq(rt->stacks.n_live, 0);
	ck_assert_uint_eq(rt->root->n_records, rt->root->n_ended); /* all handles were given back */
	ck_assert_uint_eq(td_runtime_free(rt), 0);
}

/* Spawns into a group from outside any task. */
static inline struct td_task *virtual_spawn(struct td_runtime *rt, struct td_group *group,
					    const char *name, taskd_fn fn, void *arg)
{
	struct td_spawn spawn = {.name = name, .fn = fn, .arg = arg, .grace = -1};
	struct td_thread *t = td_enter();
	struct td_task *task = NULL;

	ck_assert_int_eq(td_task_spawn(rt, group, &spawn, &task, NULL), 0);
	td_leave(t);
	return task;
}

static inline struct td_group *virtual_group(struct td_group *parent, const char *name)
{
	struct td_thread *t = td_enter();
	struct td_group *group = NULL;

	ck_assert_int_eq(td_group_new(parent, name, NULL, &group, NULL), 0);
	td_leave(t);
	return group;
}

static inline void virtual_keep_stop(struct td_stop *stop, void *data)
{
	ck_assert_ptr_null(*(struct td_stop **)data);
	*(struct td_stop **)data = stop;
}

/* Asks a group to stop; *ret_stop gets the report once it is closed, to be freed by the caller. */
static inline void virtual_stop(struct td_group *group, taskd_nsec grace, struct td_stop **ret_stop)
{
	struct td_thread *t = td_enter();

	*ret_stop = NULL;
	ck_assert_int_eq(td_group_stop(group, grace, NULL, virtual_keep_stop, ret_stop), 0);
	td_leave(t);
}

static inline enum taskd_outcome_kind virtual_outcome(const struct td_task *task)
{
	struct taskd_outcome outcome;

	ck_assert(td_task_ended(task));
	td_task_outcome(task, &outcome);
	return outcome.kind;
}

/* How many events of a kind the ring holds whose text begins with `text`. */
static inline int virtual_count_events(struct td_runtime *rt, enum td_event_kind kind,
				       const char *text)
{
	struct td_cursor cursor = td_ring_begin(&rt->ring);
	struct td_event event;
	uint64_t lost;
	int n = 0;

	while (td_ring_get(&rt->ring, &cursor, &event, &lost))
		n += event.kind == kind && strncmp(event.text, text, strlen(text)) == 0;
	return n;
}

#endif
