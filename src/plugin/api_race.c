/* SPDX-License-Identifier: MIT */
/*
 * <taskd/race.h>: a race is a scope whose owner is woken by the first that ends. By the time that
 * it runs, all others that were ready in the same round have had their turn, too.
 */
#include <taskd/race.h>

#include <taskd/scope.h>

#include "base/mem.h"
#include "core/cleanup.h"
#include "core/scope.h"
#include "core/wait.h"
#include "plugin/api.h"

struct racer {
	struct td_watcher watcher;
	struct td_task *task; /* handle; NULL: not started */
};

struct race {
	struct td_task *owner;
	struct td_scope *scope;
	bool waiting; /* the owner waits for the first */
	size_t n;     /* started */
	struct racer racers[];
};

int taskd_join_all(taskd_task *const *tasks, size_t n, struct taskd_outcome *ret_outcomes)
{
	for (size_t i = 0; i < n; i++) {
		int r = taskd_wait(tasks[i], TASKD_FOREVER, NULL);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++) {
		struct td_task *task = td_api_handle(tasks[i], __func__);
		struct td_thread *t = td_enter_task();

		if (ret_outcomes)
			td_task_outcome(task, &ret_outcomes[i]);
		task->handles--;
		td_task_unref(task);
		td_leave(t);
	}
	return 0;
}

/* Gives back what a race holds: at its end, or as a cleanup of a caller that was stopped by force;
 * all racers have ended by then. */
static void drop_race(void *arg)
{
	struct race *race = arg;
	struct td_thread *t = td_enter_task();

	for (size_t i = 0; i < race->n; i++)
		td_task_unref(race->racers[i].task);
	td_mem_free(race);
	td_leave(t);
}

static struct race *race_new(size_t n)
{
	struct td_task *task = td_api_current("taskd_race_all");
	struct td_thread *t = td_enter_task();
	struct race *race = td_mem_new(sizeof(*race) + n * sizeof(race->racers[0]));

	if (race && td_defer_push(task, drop_race, race) < 0)
		race = td_mem_free(race);
	if (race)
		race->owner = task;
	td_leave(t);
	return race;
}

static void on_ended(struct td_watcher *watcher, struct td_task *task)
{
	struct race *race = watcher->data;
	struct td_task *owner = race->owner;

	if (race->waiting && owner->place == TD_AT_WAIT && owner->wait_kind == TD_WAIT_JOIN)
		td_wake(td_task_runtime(task), owner, 0);
	race->waiting = false;
}

/* Starts one more. Under no lock, as taskd_spawn(). */
static int start(struct race *race, const struct taskd_candidate *candidate)
{
	struct racer *racer = &race->racers[race->n];
	taskd_task *handle = NULL;
	struct td_thread *t;
	int r = candidate->fn
			? taskd_spawn(candidate->options, candidate->fn, candidate->arg, &handle)
			: -TASKD_EINVAL;

	if (r < 0)
		return r;
	t = td_enter_task();
	racer->task = td_api_task(handle);
	racer->watcher = (struct td_watcher){.ended = on_ended, .data = race};
	race->n++;
	if (!td_task_ended(racer->task))
		td_task_watch(racer->task, &racer->watcher);
	td_leave(t);
	return 0;
}

static size_t count_ended(const struct race *race)
{
	size_t n = 0;

	for (size_t i = 0; i < race->n; i++)
		n += td_task_ended(race->racers[i].task);
	return n;
}

/* Waits for the first. Returns: 0, -TASKD_ETIMEDOUT, -TASKD_ECANCELED. */
static int await_first(struct race *race, taskd_nsec until)
{
	struct td_thread *t = td_enter_task();
	int r = 0;

	if (count_ended(race) == 0) {
		race->waiting = true;
		r = td_wait(&t, TD_WAIT_JOIN, until);
		race->waiting = false;
	}
	td_leave(t);
	return r;
}

/* One of those that have ended, at random. */
static size_t pick(struct td_runtime *rt, const struct race *race)
{
	size_t k = rt->env.random(rt->env.data) % count_ended(race), i = 0;

	for (;; i++) {
		if (td_task_ended(race->racers[i].task) && k-- == 0)
			return i;
	}
}

static bool is_fault(const struct td_task *task)
{
	return task->outcome_kind == TASKD_PANICKED || task->outcome_kind == TASKD_CRASHED;
}

/* The outcome that counts, once all have ended: a fault is never hidden by a success. */
static const struct td_task *judge(const struct race *race, size_t winner)
{
	const struct td_task *task = race->racers[winner].task;

	for (size_t i = 0; i < race->n && !is_fault(task); i++) {
		if (is_fault(race->racers[i].task))
			return race->racers[i].task;
	}
	return task;
}

/*
 * Ends the race: `r` is 0 when somebody has won, else the error that ends it. `salvage`: the first
 * wins all the same if it does not end as cancelled.
 */
static int finish(struct race *race, int r, bool salvage, size_t *ret_winner,
		  struct taskd_outcome *ret_outcome)
{
	struct td_thread *t = td_enter_task();
	size_t winner = r == 0 ? pick(t->rt, race) : 0;

	td_scope_cancel_as(race->scope, TD_REASON_REQUESTED,
			   r == 0 ? "another one has won the race" : "the race was called off");
	td_scope_end(&t, race->scope, NULL);
	if (salvage && race->racers[0].task->outcome_kind != TASKD_CANCELLED)
		r = 0;
	if (r == 0 && ret_winner)
		*ret_winner = winner;
	if (r == 0 && ret_outcome)
		td_task_outcome(judge(race, winner), ret_outcome);
	(void)td_defer_take(race->owner, drop_race, race);
	td_leave(t);
	drop_race(race);
	return r;
}

static int begin(size_t n, struct race **ret_race)
{
	struct race *race = race_new(n);
	taskd_scope *scope;
	int r = race ? taskd_scope_begin(NULL, &scope) : -TASKD_ENOMEM;

	if (r == 0) {
		race->scope = (struct td_scope *)scope;
		*ret_race = race;
	} else if (race) {
		(void)taskd_undefer(drop_race, race);
		drop_race(race);
	}
	return r;
}

int taskd_race_all(const struct taskd_candidate *candidates, size_t n, size_t *ret_winner,
		   struct taskd_outcome *ret_outcome)
{
	struct race *race = NULL;
	int r;

	if (n == 0)
		return -TASKD_EINVAL;
	if (n > TASKD_RACE_MAX)
		return -TASKD_ECAPACITY;
	r = begin(n, &race);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = start(race, &candidates[i]);
	if (r == 0)
		r = await_first(race, TASKD_FOREVER);
	return finish(race, r, false, ret_winner, ret_outcome);
}

int taskd_race(const struct taskd_candidate *first, const struct taskd_candidate *second,
	       size_t *ret_winner, struct taskd_outcome *ret_outcome)
{
	const struct taskd_candidate both[] = {*first, *second};

	return taskd_race_all(both, 2, ret_winner, ret_outcome);
}

int taskd_hedge(taskd_nsec delay, const struct taskd_candidate *primary,
		const struct taskd_candidate *backup, size_t *ret_winner,
		struct taskd_outcome *ret_outcome)
{
	struct race *race = NULL;
	int r = begin(2, &race);

	if (r < 0)
		return r;
	r = start(race, primary);
	if (r < 0)
		return finish(race, r, false, NULL, NULL);
	r = await_first(race, td_later(taskd_now(), delay));
	if (r == -TASKD_ETIMEDOUT) {
		r = start(race, backup);
		if (r < 0)
			return finish(race, r, true, ret_winner, ret_outcome);
		r = await_first(race, TASKD_FOREVER);
	}
	return finish(race, r, false, ret_winner, ret_outcome);
}
