/* SPDX-License-Identifier: MIT */
/* What happens from outside: the first tree, and an operator who stops, removes, starts and looks.
 */
#include <stdio.h>
#include <string.h>

#include "core/cancel.h"
#include "sim.h"

static struct td_group *any_group(struct sim *sim)
{
	struct td_group *root = sim->rt->root, *group = root;
	uint64_t n = sim_below(sim, sim->rt->n_groups);

	while (n-- > 0 && group)
		group = td_group_next(root, group);
	return group ? td_group_home(group) : root;
}

/* Of the live tasks that are known; NULL: none. */
static struct td_task *any_task(struct sim *sim)
{
	uint32_t from;

	if (sim->n_tasks == 0)
		return NULL;
	from = (uint32_t)sim_below(sim, sim->n_tasks);
	for (uint32_t i = 0; i < sim->n_tasks; i++) {
		struct td_task *task = sim->tasks[(from + i) % sim->n_tasks].task;

		if (task)
			return task;
	}
	return NULL;
}

void sim_admit(struct sim *sim, struct td_group *group, const struct td_spawn *spawn, taskd_fn body)
{
	struct sim_task *record = sim_task_new(sim, body);
	struct td_spawn copy = *spawn;
	int expected = sim_admission(group, spawn->name);
	struct td_task *task;
	int r;

	if (!record)
		return;
	copy.fn = body;
	copy.arg = record;
	record->periodic = spawn->every > 0;
	r = td_task_spawn(sim->rt, group, &copy, &task, NULL);
	if (r != expected && !(r == -TASKD_ENOMEM && expected == 0 && sim->faults))
		sim_fail(sim, "admission answered %d instead of %d", r, expected);
	if (r < 0)
		return;
	sim_task_admitted(record, task);
	if (sim_chance(sim, 50))
		sim->held[sim->n_held++] = task;
	else
		td_task_unref(task);
}

static void admit_randomly(struct sim *sim, struct td_group *group)
{
	struct td_spawn spawn = {.grace = -1};
	char name[8];

	(void)snprintf(name, sizeof(name), "n%d", (int)sim_below(sim, 4));
	if (sim_chance(sim, 60))
		spawn.name = name;
	if (sim_chance(sim, 30))
		spawn.every = (1 + (taskd_nsec)sim_below(sim, 500)) * TASKD_MSEC;
	if (spawn.every && sim_chance(sim, 50))
		spawn.jitter = 1 + (taskd_nsec)sim_below(sim, 100) * TASKD_MSEC;
	spawn.missed = (enum td_missed)sim_below(sim, 3);
	if (sim_chance(sim, 30))
		spawn.timeout = 1 + (taskd_nsec)sim_below(sim, 400) * TASKD_MSEC;
	if (sim_chance(sim, 30))
		spawn.grace = (taskd_nsec)sim_below(sim, 300) * TASKD_MSEC;
	spawn.keep = sim_chance(sim, 50);
	spawn.configured = sim_chance(sim, 20);
	sim_admit(sim, group, &spawn, sim_body);
}

static void add_group(struct sim *sim)
{
	struct td_group *parent = any_group(sim), *group = NULL;
	struct td_group_options options = {.grace = -1};
	bool open = parent->state == TD_GROUP_OPEN;
	char name[8];
	int r;

	if (sim->n_groups == SIM_GROUPS)
		return;
	(void)snprintf(name, sizeof(name), "g%u", sim->n_groups++);
	if (sim_chance(sim, 40))
		options.grace = (taskd_nsec)sim_below(sim, 1000) * TASKD_MSEC;
	if (sim_chance(sim, 30))
		options.max_tasks = 1 + (uint32_t)sim_below(sim, 5);
	r = td_group_new(parent, name, &options, &group, NULL);
	if (r != (open ? 0 : -TASKD_ECLOSED) && !(r == -TASKD_ENOMEM && sim->faults))
		sim_fail(sim, "a group in one that is %s: %d", td_group_state_name(parent->state),
			 r);
}

void sim_plant(struct sim *sim)
{
	for (uint64_t n = sim_below(sim, 8); n > 0; n--)
		add_group(sim);
	for (uint64_t n = 1 + sim_below(sim, 6); n > 0; n--)
		admit_randomly(sim, any_group(sim));
}

/* ---- stops ------------------------------------------------------------------------------ */

static void remove_group(struct sim *sim, struct td_group *group)
{
	bool can = group->state == TD_GROUP_CLOSED && group->parent;
	int r = td_group_remove(group, NULL);

	if (r != (can ? 0 : -TASKD_EBUSY))
		sim_fail(sim, "the removal of a group gave %d", r);
}

static void stop_done(struct td_stop *report, void *data)
{
	struct sim_stop *stop = data;
	struct sim *sim = stop->sim;
	struct td_group *group = td_group_find(sim->rt, report->path);

	if (stop->done)
		sim_fail(sim, "a stop is done twice");
	stop->done = true;
	if (report->done_at != sim->now || report->n_tasks > report->capacity)
		sim_fail(sim, "the report of a stop is wrong");
	sim_trace(sim, "stop of %s is done: %u ended", report->path, report->n_tasks);
	td_stop_free(report);
	if (group && group->parent && group->state == TD_GROUP_CLOSED && sim_chance(sim, 30))
		remove_group(sim, group);
}

static struct td_reason *reason_new(struct sim *sim)
{
	return td_reason_new(sim_chance(sim, 80) ? TD_REASON_REQUESTED : TD_REASON_SHUTDOWN, "/",
			     sim_chance(sim, 50) ? "because" : NULL);
}

void sim_stop_group(struct sim *sim, struct td_group *group, taskd_nsec grace)
{
	const struct td_limits *limits = &sim->rt->limits;
	struct sim_stop *stop = &sim->stops[sim->n_stops];
	struct td_reason *reason;
	int r;

	if (sim->n_stops == SIM_STOPS)
		return;
	/* Its grace; then what runs has to make a call; then the cleanups, one after the other. */
	stop->sim = sim;
	stop->slow_at = sim->slow;
	stop->due = td_later(sim->now, grace < 0 ? td_group_grace(group) : grace);
	stop->due = td_later(stop->due, limits->abort_timeout);
	stop->due =
		td_later(stop->due, SIM_DEFERS * (limits->cleanup_timeout + limits->abort_timeout));
	sim->n_stops++;
	reason = reason_new(sim);
	r = td_group_stop(group, grace, reason, stop_done, stop);
	td_reason_unref(reason);
	if (r == -TASKD_ENOMEM && sim->faults)
		stop->done = true; /* it was refused */
	else if (r != 0)
		sim_fail(sim, "a stop was refused: %d", r);
}

/* ---- an operator ------------------------------------------------------------------------ */

static taskd_nsec any_grace(struct sim *sim)
{
	switch (sim_below(sim, 4)) {
	case 0:
		return 0;
	case 1:
		return -1;
	default:
		return (taskd_nsec)sim_below(sim, 2000) * TASKD_MSEC;
	}
}

/* Reads all there is, as one who lists and shows does. */
static void look(struct sim *sim)
{
	struct td_runtime *rt = sim->rt;
	char path[TD_PATH_MAX];

	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group)) {
		struct td_task *task;

		if (td_group_find(rt, td_group_path(group)) != td_group_home(group))
			sim_fail(sim, "group %s is not found by its path", td_group_path(group));
		TD_LIST_FOREACH (task, &group->tasks, link) {
			struct taskd_outcome outcome;

			td_task_outcome(task, &outcome);
			(void)td_task_path(task, path);
			(void)td_task_deadline(task);
			if (td_group_find_id(rt, task->id) != task)
				sim_fail(sim, "%s is not found by its number", path);
		}
		TD_LIST_FOREACH (task, &group->ended, link)
			if (!td_task_ended(task))
				sim_fail(sim, "%s is kept and has not ended",
					 td_task_path(task, path));
	}
}

static void touch_task(struct sim *sim, struct td_task *task)
{
	struct td_reason *reason = reason_new(sim);

	switch (sim_below(sim, 4)) {
	case 0:
		td_task_ask(task, TD_ASK_CANCEL, reason);
		break;
	case 1:
		td_task_abort(task, reason);
		break;
	case 2:
		td_task_ask(task, TD_ASK_CANCEL_RUN, reason);
		break;
	default:
		td_task_stop(task, any_grace(sim), reason);
		break;
	}
	td_reason_unref(reason);
}

void sim_meddle(struct sim *sim)
{
	struct td_task *task = any_task(sim);
	struct td_group *group;
	uint64_t what = sim_below(sim, 12);

	sim->outside_left--;
	sim_trace(sim, "an operator does %d", (int)what);
	if (what < 4) {
		if (task)
			touch_task(sim, task);
	} else if (what < 6) {
		group = any_group(sim);
		if (group->parent) /* the root is stopped once, at the end */
			sim_stop_group(sim, group, any_grace(sim));
	} else if (what < 7) {
		remove_group(sim, any_group(sim));
	} else if (what < 8) {
		add_group(sim);
	} else if (what < 10) {
		admit_randomly(sim, any_group(sim));
	} else if (what < 11) {
		look(sim);
	} else if (sim->n_held > 0) {
		td_task_unref(sim->held[--sim->n_held]);
	}
}
