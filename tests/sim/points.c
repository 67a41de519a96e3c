/* SPDX-License-Identifier: MIT */
/* Not random: a few workloads, and something that happens to them at the first step, at the second,
 * and so on, until they have no more steps; and the same with the n-th allocation that fails. */
#include <stdio.h>
#include <string.h>

#include <taskd/io.h>

#include "base/mem.h"
#include "core/cancel.h"
#include "sim.h"

#define TURNS_MAX 300 /* of a workload that would go on for ever */

/* ---- what the tasks do ------------------------------------------------------------------ */

static int sleep_with_cleanups(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	(void)self;
	for (int i = 0; i < 3 && r == 0; i++) {
		r = sim_defer(me, i == 1 ? SIM_CLEANUP_SLEEP : SIM_CLEANUP_NOTHING);
		if (r == 0)
			r = taskd_sleep(10 * TASKD_MSEC);
		if (r == 0)
			r = taskd_yield();
	}
	return r;
}

static int shielded(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	(void)self;
	if (r == 0)
		r = sim_defer(me, SIM_CLEANUP_FOREVER);
	if (r == 0)
		r = sim_defer(me, SIM_CLEANUP_DEFER);
	taskd_mask_cancel();
	if (taskd_sleep(20 * TASKD_MSEC) != 0 || taskd_yield() != 0)
		sim_fail(me->sim, "a masked task was told that it is cancelled");
	taskd_unmask_cancel();
	return r < 0 ? r : taskd_sleep(20 * TASKD_MSEC);
}

static int watch(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	(void)self;
	for (int i = 0; i < 3 && r >= 0; i++)
		r = taskd_wait_fd(5, TASKD_READABLE, i ? 30 * TASKD_MSEC : 0);
	return r == -TASKD_ETIMEDOUT ? 0 : r;
}

static int parent(taskd_self *self, void *arg)
{
	struct taskd_spawn_options options = {
		.size = sizeof(options), .name = "child", .timeout = 15 * TASKD_MSEC};
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	(void)self;
	if (r == 0)
		r = sim_spawn(me, &options, sleep_with_cleanups);
	if (r == 0)
		r = sim_spawn(me, NULL, watch);
	while (r == 0 && me->n_handles > 0)
		r = sim_join(me);
	return r;
}

/* Goes on when it is told to stop, until it is stopped by force. */
static int deaf(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	(void)self;
	for (int i = 0; i < 20 && r != -TASKD_ENOMEM; i++)
		(void)taskd_sleep(5 * TASKD_MSEC);
	return r;
}

/* ---- workloads -------------------------------------------------------------------------- */

static void plant_sleepers(struct sim *sim, struct td_group *group)
{
	const struct td_spawn plain = {.grace = -1},
			      named = {.grace = 20 * TASKD_MSEC, .name = "a"};

	sim_admit(sim, group, &plain, sleep_with_cleanups);
	sim_admit(sim, group, &named, sleep_with_cleanups);
}

static void plant_shielded(struct sim *sim, struct td_group *group)
{
	const struct td_spawn named = {.grace = -1, .name = "a", .keep = true};

	sim_admit(sim, group, &named, shielded);
	sim_admit(sim, group, &named, deaf); /* refused: the name is taken */
	sim_admit(sim, sim->rt->root, &named, deaf);
}

static void plant_family(struct sim *sim, struct td_group *group)
{
	const struct td_spawn plain = {.grace = -1};
	struct td_group *below = NULL;

	(void)td_group_new(group, "below", NULL, &below, NULL);
	sim_admit(sim, group, &plain, parent);
	if (below)
		sim_admit(sim, below, &plain, parent);
}

static void plant_periodic(struct sim *sim, struct td_group *group)
{
	const struct td_spawn spawn = {.grace = 10 * TASKD_MSEC,
				       .name = "tick",
				       .every = 40 * TASKD_MSEC,
				       .jitter = 5 * TASKD_MSEC,
				       .timeout = 25 * TASKD_MSEC,
				       .missed = TD_MISSED_BURST};

	sim_admit(sim, group, &spawn, sleep_with_cleanups);
	sim_admit(sim, sim->rt->root, &spawn, deaf);
}

static const struct workload {
	const char *name;
	void (*plant)(struct sim *sim, struct td_group *group);
} workloads[] = {
	{"sleepers", plant_sleepers},
	{"shielded", plant_shielded},
	{"family", plant_family},
	{"periodic", plant_periodic},
};

/* ---- what happens to them --------------------------------------------------------------- */

enum happening {
	ASK_ALL,
	ASK_RUNS,
	ABORT_ALL,
	STOP,
	STOP_AT_ONCE,
	STOP_TWICE,
	NO_MEMORY,
	HAPPENINGS
};

static const char *const happening_names[HAPPENINGS] = {
	"ask", "ask the run", "abort", "stop", "stop at once", "stop twice", "no memory",
};

struct point {
	enum happening what;
	uint64_t at; /* the turn, or the allocation */
};

static void happen(struct sim *sim, enum happening what)
{
	struct td_group *group = td_group_find(sim->rt, "g");

	for (uint32_t i = 0; i < sim->n_tasks; i++) {
		struct td_task *task = sim->tasks[i].task;

		if (task && what == ASK_ALL)
			td_task_ask(task, TD_ASK_CANCEL, NULL);
		else if (task && what == ASK_RUNS)
			td_task_ask(task, TD_ASK_CANCEL_RUN, NULL);
		else if (task && what == ABORT_ALL)
			td_task_abort(task, NULL);
	}
	if (group && (what == STOP || what == STOP_TWICE))
		sim_stop_group(sim, group, 30 * TASKD_MSEC);
	group = td_group_find(sim->rt, "g"); /* who was told of the stop may have removed it */
	if (group && (what == STOP_AT_ONCE || what == STOP_TWICE))
		sim_stop_group(sim, group, 0);
}

static void plan(struct sim *sim)
{
	const struct point *point = sim->plan_data;

	if (point->what != NO_MEMORY && sim->n_turns == point->at)
		happen(sim, point->what);
	if (sim->n_turns >= TURNS_MAX) { /* that is the end */
		sim->plan = NULL;
		sim->turns_most = 0;
	}
}

/* Returns: whether there was such a point. */
static bool run(struct sim *sim, const struct workload *workload, struct point *point)
{
	int64_t before = sim_blocks();
	/* With a grace of its own, which the last stop must not apply to it once it is closed. */
	const struct td_group_options options = {.grace = TASKD_MSEC};
	struct td_group *group = NULL;
	struct td_thread *t;
	uint64_t reached;

	if (!sim_begin(sim, 0))
		sim_fail(sim, "no runtime");
	sim->by_priority = false;
	sim->hog_percent = sim->fault_percent = sim->jump_percent = sim->outside_left = 0;
	sim->short_turns = true;
	sim->plan = plan;
	sim->plan_data = point;
	if (point->what == NO_MEMORY) {
		sim->faults = true;
		td_mem_fail_nth(point->at);
	}
	t = td_enter();
	sim->cursor = td_ring_begin(&sim->rt->ring);
	if (td_group_new(sim->rt->root, "g", &options, &group, NULL) == 0)
		workload->plant(sim, group);
	td_leave(t);
	sim_end(sim);
	reached = point->what == NO_MEMORY ? sim->n_asked : sim->n_turns_used;
	if (sim_blocks() != before)
		sim_fail(sim, "%lld blocks of memory are lost", (long long)(sim_blocks() - before));
	return reached >= point->at;
}

uint64_t sim_every_point(struct sim *sim, bool verbose)
{
	uint64_t n = 0;

	for (size_t w = 0; w < TD_ARRAY_SIZE(workloads); w++) {
		for (int what = 0; what < HAPPENINGS; what++) {
			struct point point = {.what = (enum happening)what};

			do {
				point.at++;
				n++;
				sim->n_runs = n;
				if (verbose)
					printf("# run %llu: %s, %s at %llu\n",
					       (unsigned long long)n, workloads[w].name,
					       happening_names[what], (unsigned long long)point.at);
			} while (run(sim, &workloads[w], &point));
		}
	}
	return n;
}
