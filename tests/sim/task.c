/* SPDX-License-Identifier: MIT */
/* What the tasks of a run do: random calls of the public API, each checked against what it promises
 * to a task that is, or is not, asked to stop. */
#include <stdio.h>
#include <string.h>

#include <taskd/io.h>
#include <taskd/log.h>
#include <taskd/scope.h>

#include "core/cancel.h"
#include "core/scope.h"
#include "sim.h"

struct sim_task *sim_task_new(struct sim *sim, taskd_fn body)
{
	struct sim_task *record;

	if (sim->n_tasks == SIM_TASKS)
		return NULL;
	record = &sim->tasks[sim->n_tasks];
	*record = (struct sim_task){.sim = sim, .body = body};
	record->priority = SIM_CHANGES + (uint32_t)sim_below(sim, 1 << 20);
	record->stubborn = sim_chance(sim, 20);
	return record;
}

void sim_task_admitted(struct sim_task *me, struct td_task *task)
{
	me->sim->n_tasks++;
	me->task = me->self = task;
	me->id = task->id;
	me->watcher = (struct td_watcher){.ended = sim_check_ended, .data = me};
	td_task_watch(task, &me->watcher);
}

int sim_admission(struct td_group *group, const char *name)
{
	struct td_group *home = td_group_home(group);
	const struct td_task *task;

	if (group->state != TD_GROUP_OPEN)
		return -TASKD_ECLOSED;
	for (const struct td_group *above = group; above; above = above->parent)
		if (above->max_tasks && above->n_below >= above->max_tasks)
			return -TASKD_ECAPACITY;
	for (group = home; group; group = td_group_next(home, group)) {
		if (td_group_home(group) != home)
			continue;
		TD_LIST_FOREACH (task, &group->tasks, link)
			if (name && task->info && task->info->name &&
			    strcmp(task->info->name, name) == 0)
				return -TASKD_EEXIST;
	}
	return 0;
}

/* ---- calls, with what is always true of them -------------------------------------------- */

/* Before a call: whether it must be refused. */
static bool asked(const struct sim_task *me)
{
	return me->self->self.signals & TD_ASK_STOP;
}

/* Before a call: whether it must not return. */
static bool forced(const struct sim_task *me)
{
	return me->self->asked & TD_ASK_FORCE;
}

static int waited(struct sim_task *me, bool was_asked, bool was_forced, int r)
{
	if (was_forced)
		sim_fail(me->sim, "a call returned to a task that was stopped by force");
	if (was_asked && r != -TASKD_ECANCELED)
		sim_fail(me->sim, "a wait of a task that was asked to stop returned %d", r);
	if (r == -TASKD_ECANCELED && !(me->self->asked & TD_ASK_STOP))
		sim_fail(me->sim, "a wait was cancelled, and nobody asked");
	return r;
}

#define WAITED(me, call)                                       \
	({                                                     \
		bool asked_ = asked(me), forced_ = forced(me); \
		int r_ = (call);                               \
		waited((me), asked_, forced_, r_);             \
	})

static int sleep_for(struct sim_task *me, taskd_nsec duration)
{
	taskd_nsec from = me->sim->now;
	int r;

	me->forever = duration == TASKD_FOREVER;
	r = WAITED(me, taskd_sleep(duration));
	if (r == 0 && me->sim->now < td_later(from, duration))
		sim_fail(me->sim, "#%llu woke too early", (unsigned long long)me->id);
	return r;
}

/* The task computes: the clock goes on, the others do not, and the world does what it likes. */
static void compute(struct sim_task *me, taskd_nsec most)
{
	struct sim *sim = me->sim;

	for (uint32_t i = 1 + (uint32_t)sim_below(sim, 3); i > 0; i--) {
		taskd_nsec part = (taskd_nsec)sim_below(sim, (uint64_t)most);
		struct td_thread *t;

		sim->now += part;
		sim->slow += part;
		t = td_enter();
		if (sim_chance(sim, 70)) /* another thread is the driver meanwhile */
			td_timers_fire(sim->rt, sim->now);
		if (sim->outside_left > 0 && sim_chance(sim, 40))
			sim_meddle(sim);
		sim_check(sim, false);
		td_leave(t);
	}
}

int sim_join(struct sim_task *me)
{
	struct taskd_outcome outcome = {.kind = TASKD_CONDEMNED};
	uint32_t n = (uint32_t)sim_below(me->sim, me->n_handles);
	taskd_task *handle = me->handles[n];
	bool was_asked = asked(me), was_forced = forced(me);
	int r;

	me->joined = (const struct td_task *)handle;
	r = taskd_join(handle, &outcome);

	/* What has ended already is not waited for: then there is nothing to cancel. */
	(void)waited(me, was_asked && r != 0, was_forced, r);
	if (r == 0)
		me->handles[n] = me->handles[--me->n_handles];
	return r;
}

int sim_spawn(struct sim_task *me, const struct taskd_spawn_options *options, taskd_fn body)
{
	struct sim *sim = me->sim;
	struct sim_task *child = sim_task_new(sim, body);
	bool was_forced = forced(me);
	int expected, r;
	taskd_task *handle;

	if (!child || me->n_handles == SIM_HANDLES)
		return 0;
	expected = was_forced ? 0
			      : sim_admission(td_scope_group(me->self),
					      options ? options->name : NULL);
	r = taskd_spawn(options, body, child, &handle);
	(void)waited(me, false, was_forced, 0);
	if (r != expected && !(r == -TASKD_ENOMEM && expected == 0 && sim->faults))
		sim_fail(sim, "admission answered %d instead of %d", r, expected);
	if (r < 0)
		return 0;
	sim_task_admitted(child, (struct td_task *)handle);
	me->handles[me->n_handles++] = handle;
	return 0;
}

/* ---- cleanups --------------------------------------------------------------------------- */

static void cleanup(void *arg)
{
	struct sim_defer *defer = arg;
	struct sim_task *me = defer->owner;
	struct sim *sim = me->sim;
	enum sim_cleanup kind = defer->kind;

	if (me->n_stack == 0 || me->stack[me->n_stack - 1] != defer)
		sim_fail(sim, "a cleanup of #%llu runs out of turn", (unsigned long long)me->id);
	me->n_stack--;
	defer->used = false;
	sim_trace(sim, "#%llu runs cleanup %d", (unsigned long long)me->id, kind);
	switch (kind) {
	case SIM_CLEANUP_GIVE_BACK:
		while (me->n_handles > 0)
			taskd_release(me->handles[--me->n_handles]);
		break;
	case SIM_CLEANUP_SLEEP:
		(void)sleep_for(me, (taskd_nsec)sim_below(sim, 200) * TASKD_MSEC);
		break;
	case SIM_CLEANUP_YIELD:
		(void)taskd_yield();
		break;
	case SIM_CLEANUP_FOREVER:
		(void)sleep_for(me, TASKD_FOREVER);
		sim_fail(sim, "a wait for ever is over");
	case SIM_CLEANUP_COMPUTE:
		compute(me, sim_chance(sim, 30) ? 2 * TASKD_SEC : TASKD_MSEC);
		break;
	case SIM_CLEANUP_DEFER:
		(void)sim_defer(me, SIM_CLEANUP_SLEEP);
		break;
	case SIM_CLEANUP_ALLOC:
		(void)taskd_alloc(1 + sim_below(sim, 3000));
		break;
	case SIM_CLEANUP_PANIC:
		taskd_panic("a cleanup panics");
	case SIM_CLEANUP_NOTHING:
	case SIM_CLEANUP_KINDS:
		break;
	}
}

int sim_defer(struct sim_task *me, enum sim_cleanup kind)
{
	bool nested = me->self->stage == TD_STAGE_CLEANUP;
	struct sim_defer *defer = NULL;
	int r;

	for (uint32_t i = 0; i < SIM_DEFERS && !defer; i++)
		if (!me->defers[i].used)
			defer = &me->defers[i];
	if (!defer)
		return 0;
	*defer = (struct sim_defer){.owner = me, .kind = kind, .nested = nested};
	r = taskd_defer(cleanup, defer);
	if (r == 0) {
		defer->used = true;
		me->stack[me->n_stack++] = defer;
	}
	return r;
}

/* Takes a registered one back, from anywhere in the stack but its bottom. */
static void undefer(struct sim_task *me)
{
	uint32_t at;

	if (me->n_stack < 2)
		return;
	at = 1 + (uint32_t)sim_below(me->sim, me->n_stack - 1);
	if (!taskd_undefer(cleanup, me->stack[at]))
		sim_fail(me->sim, "a registered cleanup cannot be taken back");
	me->stack[at]->used = false;
	me->n_stack--;
	memmove(&me->stack[at], &me->stack[at + 1], (me->n_stack - at) * sizeof(me->stack[0]));
}

/* ---- bodies ----------------------------------------------------------------------------- */

static int spawn_randomly(struct sim_task *me)
{
	struct sim *sim = me->sim;
	char name[8];
	struct taskd_spawn_options options = {.size = sizeof(options)};

	if (sim_chance(sim, 40))
		return sim_spawn(me, NULL, sim_body);
	(void)snprintf(name, sizeof(name), "n%d", (int)sim_below(sim, 4));
	if (sim_chance(sim, 50))
		options.name = name;
	if (sim_chance(sim, 40))
		options.timeout = 1 + (taskd_nsec)sim_below(sim, 300) * TASKD_MSEC;
	if (sim_chance(sim, 20))
		options.stack_size = TD_STACK_LARGE;
	if (sim_chance(sim, 10))
		options.driver = TASKD_DRIVER_THREAD;
	return sim_spawn(me, &options, sim_body);
}

static int touch_child(struct sim_task *me)
{
	taskd_task *handle = me->handles[sim_below(me->sim, me->n_handles)];

	switch (sim_below(me->sim, 4)) {
	case 0:
		taskd_cancel(handle, "no longer needed");
		return 0;
	case 1:
		taskd_abort(handle);
		return 0;
	case 2:
		(void)taskd_is_finished(handle);
		return 0;
	default:
		return sim_join(me);
	}
}

static int operate(struct sim_task *me);

static int masked(struct sim_task *me)
{
	taskd_mask_cancel();
	for (uint64_t i = sim_below(me->sim, 3); i > 0; i--)
		if (operate(me) == -TASKD_ECANCELED)
			sim_fail(me->sim, "a masked task was told that it is cancelled");
	taskd_unmask_cancel();
	return 0;
}

static int in_scope(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = 0;

	(void)self;
	for (uint64_t i = sim_below(me->sim, 5); i > 0 && r == 0; i--)
		r = operate(me);
	return r;
}

/* Whatever happens in it, nobody in it is left when it has ended. */
static int scoped(struct sim_task *me)
{
	const struct taskd_scope_options options = {
		.size = sizeof(options),
		.policy = sim_chance(me->sim, 50) ? TASKD_FAIL_FAST : TASKD_ISOLATE};
	taskd_nsec time = (taskd_nsec)sim_below(me->sim, 200) * TASKD_MSEC;
	struct td_scope *outer = me->self->scopes;
	taskd_scope *scope;

	me->scoped = true;
	switch (sim_below(me->sim, 3)) {
	case 0:
		(void)taskd_with_timeout(time, time - TASKD_MSEC, in_scope, me);
		break;
	case 1:
		(void)taskd_scope_run(&options, in_scope, me);
		break;
	default:
		if (taskd_scope_begin(&options, &scope) < 0)
			return 0;
		(void)in_scope(&me->self->self, me);
		if (sim_chance(me->sim, 50))
			taskd_scope_cancel(scope, "enough");
		if (sim_chance(me->sim, 20))
			return 0; /* left open */
		if (taskd_scope_end(scope, NULL) == -TASKD_EINVAL)
			return 0; /* one inside of it was left open */
		break;
	}
	if (me->self->scopes != outer)
		sim_fail(me->sim, "a scope has ended, and is still there");
	return 0;
}

static int operate_rarely(struct sim_task *me)
{
	struct sim *sim = me->sim;

	switch (sim_below(sim, 7)) {
	case 0:
		if (me->self->masked == 0)
			return masked(me);
		return 0;
	case 1:
		undefer(me);
		return 0;
	case 2:
		taskd_status("step %u", (unsigned)sim->n_steps);
		return 0;
	case 3:
		taskd_log(TASKD_INFO, "still here");
		return 0;
	case 4:
		if (taskd_deadline() < 0)
			sim_fail(sim, "a deadline before all time");
		return 0;
	case 5:
		if (sim_chance(sim, 30))
			return taskd_fail(7, "gives up");
		return 0;
	default:
		if (sim_chance(sim, 15))
			taskd_panic("a bug at step %u", (unsigned)sim->n_steps);
		return 0;
	}
}

/* One random call. Returns: not 0 when the task should return it. */
static int operate(struct sim_task *me)
{
	struct sim *sim = me->sim;
	int r;

	if (sim_chance(sim, sim->hog_percent)) {
		compute(me, sim_chance(sim, 20) ? TASKD_SEC : TASKD_MSEC);
		return 0;
	}
	if (sim_chance(sim, sim->spawn_percent))
		return spawn_randomly(me);
	if (me->self->masked == 0 && sim_chance(sim, sim->scope_percent))
		return scoped(me);
	switch (sim_below(sim, 9)) {
	case 0:
		return sleep_for(me, sim_chance(sim, 6)
					     ? TASKD_FOREVER
					     : (taskd_nsec)sim_below(sim, 150) * TASKD_MSEC);
	case 1:
		return sleep_for(me, (taskd_nsec)sim_below(sim, 3) - 1);
	case 2:
		return WAITED(me, taskd_yield());
	case 3:
		return WAITED(me, taskd_checkpoint(&me->self->self));
	case 4:
		r = WAITED(me, taskd_wait_fd((int)sim_below(sim, 100), TASKD_READABLE,
					     sim_chance(sim, 50) ? TASKD_FOREVER
								 : (taskd_nsec)sim_below(sim, 200) *
									   TASKD_MSEC));
		return r == -TASKD_ECANCELED ? r : 0;
	case 5:
		(void)sim_defer(me, 1 + sim_below(sim, SIM_CLEANUP_KINDS - 1));
		return 0;
	case 6:
		(void)taskd_alloc(1 + sim_below(sim, 3000));
		return 0;
	case 7:
		return me->n_handles ? touch_child(me) : 0;
	default:
		return operate_rarely(me);
	}
}

int sim_body_begin(struct sim_task *me)
{
	if (me->n_stack > 0 && !me->sim->faults)
		sim_fail(me->sim, "a run begins, and cleanups of the last one are left");
	me->n_stack = 0;
	memset(me->defers, 0, sizeof(me->defers));
	me->n_runs++;
	return sim_defer(me, SIM_CLEANUP_GIVE_BACK);
}

int sim_body(taskd_self *self, void *arg)
{
	struct sim_task *me = arg;
	int r = sim_body_begin(me);

	if (taskd_current() != self || self != &me->self->self)
		sim_fail(me->sim, "a task is not itself");
	for (uint64_t i = sim_below(me->sim, me->sim->n_ops); i > 0 && r == 0; i--) {
		r = operate(me);
		if (me->stubborn && r == -TASKD_ECANCELED)
			r = 0;
	}
	return r;
}
