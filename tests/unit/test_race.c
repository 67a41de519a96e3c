/* SPDX-License-Identifier: MIT */
/* All of them, or the first of them: who wins, and that the losers are gone. */
#include <string.h>

#include <taskd/race.h>

#include "tdtest.h"
#include "core/cancel.h"
#include "virtual.h"

#define S TASKD_SEC

/* A runner sleeps for `takes`, and again for `lags` when it is cancelled; then it returns. */
struct runner {
	taskd_nsec takes, lags;
	int code; /* 1000: panics */
	bool started, cancelled, gone;
};

struct story {
	struct runner runners[4];
	size_t n, winner;
	taskd_nsec delay;
	struct taskd_outcome outcome;
	int result;
	uint64_t seed;
};

static void gone(void *arg)
{
	((struct runner *)arg)->gone = true;
}

static int run(taskd_self *self, void *arg)
{
	struct runner *runner = arg;

	(void)self;
	runner->started = true;
	ck_assert_int_eq(taskd_defer(gone, runner), 0);
	if (taskd_sleep(runner->takes) < 0) {
		runner->cancelled = true;
		taskd_mask_cancel();
		ck_assert_int_eq(taskd_sleep(runner->lags), 0);
		taskd_unmask_cancel();
		if (runner->code != 1000)
			return -TASKD_ECANCELED;
	}
	if (runner->code == 1000)
		taskd_panic("oops");
	return runner->code;
}

static void line_up(struct story *story, struct taskd_candidate *candidates)
{
	for (size_t i = 0; i < story->n; i++)
		candidates[i] = (struct taskd_candidate){.fn = run, .arg = &story->runners[i]};
}

static int hold_race(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_candidate candidates[4];

	(void)self;
	story->winner = 99;
	line_up(story, candidates);
	story->result = story->n == 2 ? taskd_race(&candidates[0], &candidates[1], &story->winner,
						   &story->outcome)
				      : taskd_race_all(candidates, story->n, &story->winner,
						       &story->outcome);
	for (size_t i = 0; i < story->n; i++)
		ck_assert(story->runners[i].gone || !story->runners[i].started);
	return taskd_checkpoint(self);
}

static int hold_hedge(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_candidate candidates[4];

	(void)self;
	line_up(story, candidates);
	story->result = taskd_hedge(story->delay, &candidates[0], &candidates[1], &story->winner,
				    &story->outcome);
	return 0;
}

/* Returns: how long it took. */
static taskd_nsec play(struct story *story, taskd_fn fn, uint32_t max_tasks)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task;
	taskd_nsec took;

	td_rand_seed(&world.rand, story->seed);
	rt->root->max_tasks = max_tasks;
	task = virtual_spawn(rt, rt->root, "a", fn, story);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	took = task->ended_at - task->started_at;
	td_task_unref(task);
	ck_assert_uint_eq(rt->n_groups, 1);
	virtual_end(rt);
	return took;
}

START_TEST(S0_33_the_first_wins_and_the_loser_is_drained)
{
	struct story story = {.n = 2, .runners = {{.takes = 9 * S, .lags = S}, {.takes = S}}};

	story.runners[1].code = 7;
	ck_assert_int_eq(play(&story, hold_race, 0), 2 * S); /* S0-37: the loser needs a second */
	ck_assert_int_eq(story.result, 0);
	ck_assert_uint_eq(story.winner, 1);
	ck_assert_int_eq(story.outcome.kind, TASKD_FAILED);
	ck_assert_int_eq(story.outcome.code, 7);
	ck_assert(story.runners[0].cancelled);
}
END_TEST

START_TEST(S0_34_a_fault_of_a_loser_is_not_hidden)
{
	struct story loser = {.n = 2, .runners = {{.takes = 9 * S, .code = 1000}, {.takes = S}}};
	struct story winner = {.n = 2, .runners = {{.takes = 9 * S}, {.takes = S, .code = 1000}}};

	play(&loser, hold_race, 0);
	ck_assert_uint_eq(loser.winner, 1);
	ck_assert_int_eq(loser.outcome.kind, TASKD_PANICKED);
	ck_assert_str_eq(loser.outcome.message, "oops");
	play(&winner, hold_race, 0);
	ck_assert_uint_eq(winner.winner, 1);
	ck_assert_int_eq(winner.outcome.kind, TASKD_PANICKED);
}
END_TEST

START_TEST(S0_35_one_of_those_that_are_ready_together_wins_at_random)
{
	int wins[3] = {0};

	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct story story = {.n = 3, .seed = seed};

		for (int i = 0; i < 3; i++)
			story.runners[i].takes = S;
		ck_assert_int_eq(play(&story, hold_race, 0), S);
		ck_assert_uint_lt(story.winner, 3);
		ck_assert(!story.runners[0].cancelled && !story.runners[1].cancelled &&
			  !story.runners[2].cancelled);
		wins[story.winner]++;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_gt(wins[i], 60);
}
END_TEST

START_TEST(S0_36_the_first_fault_dominates_by_its_place)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct story story = {.n = 3, .seed = seed};

		for (int i = 0; i < 3; i++)
			story.runners[i].takes = S;
		story.runners[1].code = 1000;
		play(&story, hold_race, 0);
		ck_assert_int_eq(story.outcome.kind, TASKD_PANICKED);
	}
}
END_TEST

START_TEST(S0_38_a_race_of_nothing_is_refused)
{
	struct story story = {.n = 0}, no_room = {.n = 3};

	play(&story, hold_race, 0);
	ck_assert_int_eq(story.result, -TASKD_EINVAL);
	/* One that cannot start calls the race off. */
	play(&no_room, hold_race, 3);
	ck_assert_int_eq(no_room.result, -TASKD_ECAPACITY);
	ck_assert_uint_eq(no_room.winner, 99);
	ck_assert(!no_room.runners[0].started);
}
END_TEST

START_TEST(S0_39_a_backup_starts_when_the_primary_is_late)
{
	struct story early = {.n = 2, .delay = 2 * S, .runners = {{.takes = S}}};
	struct story late = {.n = 2, .delay = S, .runners = {{.takes = 9 * S}, {.takes = S}}};
	struct story still = {.n = 2, .delay = S, .runners = {{.takes = 2 * S}, {.takes = 9 * S}}};

	ck_assert_int_eq(play(&early, hold_hedge, 0), S);
	ck_assert_int_eq(early.result, 0);
	ck_assert_uint_eq(early.winner, 0);
	ck_assert(!early.runners[1].started);
	ck_assert_int_eq(play(&late, hold_hedge, 0), 2 * S);
	ck_assert_uint_eq(late.winner, 1);
	ck_assert(late.runners[0].cancelled && late.runners[0].gone);
	ck_assert_int_eq(play(&still, hold_hedge, 0), 2 * S);
	ck_assert_uint_eq(still.winner, 0);
	ck_assert(still.runners[1].cancelled && still.runners[1].gone);
}
END_TEST

START_TEST(S0_40_a_primary_that_is_refused_is_the_error)
{
	struct story story = {.n = 2, .delay = S};

	play(&story, hold_hedge, 1);
	ck_assert_int_eq(story.result, -TASKD_ECAPACITY);
}
END_TEST

START_TEST(S0_41_a_backup_that_is_refused_calls_the_primary_off)
{
	struct story story = {.n = 2, .delay = S, .runners = {{.takes = 9 * S, .lags = S}}};
	struct story fault = {.n = 2, .delay = S, .runners = {{.takes = 9 * S, .code = 1000}}};

	ck_assert_int_eq(play(&story, hold_hedge, 2), 2 * S);
	ck_assert_int_eq(story.result, -TASKD_ECAPACITY);
	ck_assert(story.runners[0].gone);
	ck_assert_int_eq(play(&fault, hold_hedge, 2), S);
	ck_assert_int_eq(fault.result, 0);
	ck_assert_uint_eq(fault.winner, 0);
	ck_assert_int_eq(fault.outcome.kind, TASKD_PANICKED);
}
END_TEST

static int join_them(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_outcome outcomes[4];
	taskd_task *tasks[4];

	(void)self;
	for (size_t i = 0; i < story->n; i++) {
		ck_assert_int_eq(taskd_spawn(NULL, run, &story->runners[i], &tasks[i]), 0);
	}
	ck_assert_int_eq(taskd_join_all(tasks, story->n, outcomes), 0);
	for (size_t i = 0; i < story->n; i++)
		ck_assert_int_eq(outcomes[i].code, story->runners[i].code);
	return taskd_join_all(NULL, 0, NULL);
}

START_TEST(S0_32_all_are_joined_in_the_order_of_the_tasks)
{
	struct story story = {
		.n = 3,
		.runners = {{.takes = 3 * S, .code = 3}, {.takes = S, .code = 1}, {.takes = 2 * S}},
	};

	ck_assert_int_eq(play(&story, join_them, 0), 3 * S);
}
END_TEST

/* Stopped at any time, a caller leaves no racer behind. */
static void strike(taskd_nsec when, bool force, taskd_fn fn)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct story story = {
		.n = 3, .delay = S, .runners = {{.takes = 4 * S, .lags = S}, {.takes = 3 * S}}};
	struct td_task *task = virtual_spawn(rt, rt->root, "a", fn, &story);
	struct td_thread *t;

	story.runners[2].takes = 5 * S;
	virtual_run_for(rt, when);
	t = td_enter();
	if (force)
		td_task_abort(task, NULL);
	else
		td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert(td_task_ended(task));
	for (int i = 0; i < 3; i++)
		ck_assert(story.runners[i].gone || !story.runners[i].started);
	ck_assert_uint_eq(rt->n_tasks, 0);
	ck_assert_uint_eq(rt->n_groups, 1);
	if (!force && when < 3 * S)
		ck_assert_int_eq(story.result, -TASKD_ECANCELED);
	td_task_unref(task);
	virtual_end(rt);
}

START_TEST(a_caller_that_is_stopped_anywhere_leaves_no_racer_behind)
{
	for (int k = 0; k < 12; k++) {
		strike(k * S / 2, false, hold_race);
		strike(k * S / 2, true, hold_race);
		strike(k * S / 2, false, hold_hedge);
		strike(k * S / 2, true, hold_hedge);
	}
}
END_TEST

TD_TEST_MAIN("race", S0_33_the_first_wins_and_the_loser_is_drained,
	     S0_34_a_fault_of_a_loser_is_not_hidden,
	     S0_35_one_of_those_that_are_ready_together_wins_at_random,
	     S0_36_the_first_fault_dominates_by_its_place, S0_38_a_race_of_nothing_is_refused,
	     S0_39_a_backup_starts_when_the_primary_is_late,
	     S0_40_a_primary_that_is_refused_is_the_error,
	     S0_41_a_backup_that_is_refused_calls_the_primary_off,
	     S0_32_all_are_joined_in_the_order_of_the_tasks,
	     a_caller_that_is_stopped_anywhere_leaves_no_racer_behind)
