/* SPDX-License-Identifier: MIT */
/* The world of a run, as the runtime sees it: a clock, descriptors that fire when the seed says so,
 * and the hand that picks the next task. */
#include <errno.h>
#include <string.h>

#include "sim.h"

static taskd_nsec world_now(void *data)
{
	return ((struct sim *)data)->now;
}

static int64_t world_realtime(void *data)
{
	return ((struct sim *)data)->now / TASKD_USEC;
}

static uint64_t world_random(void *data)
{
	return td_rand_next(&((struct sim *)data)->rand);
}

static void fire(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_fds;) {
		struct td_fdwait *wait = sim->fds[i];

		if (sim->fd_at[i] > sim->now) {
			i++;
			continue;
		}
		sim->n_fds--;
		sim->fds[i] = sim->fds[sim->n_fds];
		sim->fd_at[i] = sim->fd_at[sim->n_fds];
		td_runtime_fd_fired(sim->rt, wait, wait->events);
	}
}

static bool world_wait(void *data, taskd_nsec until)
{
	struct sim *sim = data;

	if (until == 0) {
		fire(sim);
		return true;
	}
	for (uint32_t i = 0; i < sim->n_fds; i++)
		if (sim->fd_at[i] < until)
			until = sim->fd_at[i];
	if (sim->outside_left > 0 && sim->outside_at < until)
		until = sim->outside_at;
	if (until == TASKD_FOREVER)
		return false;
	if (until > sim->now)
		sim->now = until;
	if (sim_chance(sim, sim->jump_percent)) {
		taskd_nsec jump = (taskd_nsec)sim_below(sim, 20 * TASKD_SEC);

		sim->now += jump;
		sim->slow += jump;
		sim_trace(sim, "the clock jumps by %lld", (long long)jump);
	}
	fire(sim);
	return true;
}

static void world_wake(void *data)
{
	(void)data;
}

static int world_fd_arm(void *data, struct td_fdwait *wait)
{
	struct sim *sim = data;

	if (sim_chance(sim, sim->fault_percent))
		return -EPERM;
	if (sim->n_fds == SIM_FDS)
		return -ENOSPC;
	sim->fds[sim->n_fds] = wait;
	sim->fd_at[sim->n_fds++] =
		sim_chance(sim, 30) ? TASKD_FOREVER
				    : sim->now + (taskd_nsec)sim_below(sim, 300) * TASKD_MSEC;
	return 0;
}

static void world_fd_disarm(void *data, struct td_fdwait *wait)
{
	struct sim *sim = data;

	for (uint32_t i = 0; i < sim->n_fds; i++) {
		if (sim->fds[i] != wait)
			continue;
		sim->n_fds--;
		sim->fds[i] = sim->fds[sim->n_fds];
		sim->fd_at[i] = sim->fd_at[sim->n_fds];
		return;
	}
}

static void world_events(void *data)
{
	struct sim *sim = data;
	struct td_event event;
	uint64_t lost, expected = sim->cursor.sequence;

	if (!sim->rt)
		return;
	while (td_ring_get(&sim->rt->ring, &sim->cursor, &event, &lost)) {
		if (lost || event.sequence != expected++)
			sim_fail(sim, "event %llu comes instead of %llu",
				 (unsigned long long)event.sequence,
				 (unsigned long long)(expected - 1));
		sim_check_event(sim, &event);
	}
}

static struct sim_task *record_of(const struct td_task *task)
{
	return task->arg;
}

/* Priorities as in probabilistic concurrency testing: fixed at random, and at a few random steps
 * the first one becomes the last. */
static uint32_t pick_by_priority(struct sim *sim)
{
	uint32_t at = 0, best = 0;
	struct sim_task *first = NULL;

	for (struct td_task *task = sim->rt->ready; task; task = task->ready_next, at++) {
		struct sim_task *record = record_of(task);

		if (!first || record->priority > first->priority) {
			first = record;
			best = at;
		}
	}
	for (uint32_t i = 0; i < SIM_CHANGES; i++)
		if (sim->change_at[i] == sim->n_steps)
			first->priority = i;
	return best;
}

static uint32_t world_pick(void *data, uint32_t n)
{
	struct sim *sim = data;
	struct td_task *task = sim->rt->ready;
	uint32_t chosen;

	sim->n_steps++;
	sim_check(sim, false);
	if (sim->short_turns || sim_chance(sim, 15))
		sim->rt->budget = 1;
	chosen = sim->by_priority ? pick_by_priority(sim) : (uint32_t)sim_below(sim, n);
	for (uint32_t i = 0; i < chosen; i++)
		task = task->ready_next;
	sim_trace(sim, "step %llu: #%llu of %u", (unsigned long long)sim->n_steps,
		  (unsigned long long)task->id, n);
	return chosen;
}

void sim_world_env(struct sim *sim, struct td_env *ret_env)
{
	*ret_env = (struct td_env){
		.size = sizeof(*ret_env),
		.data = sim,
		.now = world_now,
		.realtime_usec = world_realtime,
		.random = world_random,
		.wait = world_wait,
		.wake = world_wake,
		.fd_arm = world_fd_arm,
		.fd_disarm = world_fd_disarm,
		.events = world_events,
		.pick = world_pick,
	};
}
