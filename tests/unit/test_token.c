/* SPDX-License-Identifier: MIT */
/* Cancel tokens, and what a handle tells. */
#include <pthread.h>
#include <string.h>

#include <taskd/plugin.h>
#include <taskd/token.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "virtual.h"

#define S TASKD_SEC

struct story {
	taskd_token *token;
	int n_started, n_cancelled, result;
	struct taskd_outcome outcome;
};

static int sleeper(taskd_self *self, void *arg)
{
	struct story *story = arg;
	int r;

	(void)self;
	story->n_started++;
	r = taskd_sleep(2 * S);
	story->n_cancelled += r == -TASKD_ECANCELED;
	return r;
}

static taskd_task *spawn_with(taskd_token *token, struct story *story)
{
	struct taskd_spawn_options options = {.size = sizeof(options), .token = token};
	taskd_task *task = NULL;

	ck_assert_int_eq(taskd_spawn(&options, sleeper, story, &task), 0);
	return task;
}

static enum taskd_outcome_kind play(struct story *story, taskd_fn fn)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", fn, story);
	enum taskd_outcome_kind kind;

	virtual_run(rt);
	kind = virtual_outcome(task);
	td_task_outcome(task, &story->outcome);
	td_task_unref(task);
	virtual_end(rt);
	return kind;
}

static int external(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_task *obeys, *other;

	(void)self;
	ck_assert_int_eq(taskd_token_new(&story->token), 0);
	obeys = spawn_with(story->token, story);
	other = spawn_with(NULL, story);
	ck_assert_int_eq(taskd_sleep(S), 0);
	ck_assert_int_eq(taskd_token_check(story->token), 0);
	taskd_token_cancel(story->token, "enough");
	taskd_token_cancel(story->token, "more than that");
	ck_assert_int_eq(taskd_join(obeys, &story->outcome), 0);
	ck_assert_int_eq(story->outcome.kind, TASKD_CANCELLED);
	ck_assert_str_eq(story->outcome.message, "enough");
	/* S1-18: who comes after it never starts. */
	obeys = spawn_with(story->token, story);
	ck_assert(taskd_is_finished(obeys));
	taskd_release(obeys);
	ck_assert_int_eq(taskd_join(other, &story->outcome), 0);
	ck_assert_int_eq(story->outcome.kind, TASKD_COMPLETED);
	return 0;
}

START_TEST(S1_13_a_token_stops_those_that_were_spawned_with_it)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, external), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_started, 2);
	ck_assert_int_eq(story.n_cancelled, 1);
}
END_TEST

static int cancel_later(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_sleep(S), 0);
	taskd_token_cancel(story->token, NULL);
	return 0;
}

static int look_and_wait(taskd_self *self, void *arg)
{
	struct story *story = arg;

	ck_assert_int_eq(taskd_token_new(&story->token), 0);
	ck_assert(!taskd_token_is_cancelled(story->token));
	ck_assert_int_eq(taskd_token_wait(story->token, S / 2), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_spawn(NULL, cancel_later, story, NULL), 0);
	ck_assert_int_eq(taskd_token_wait(story->token, TASKD_FOREVER), 0);
	/* S3-21: level-triggered, and not the caller's own. */
	for (int i = 0; i < 3; i++) {
		ck_assert(taskd_token_is_cancelled(story->token));
		ck_assert_int_eq(taskd_token_check(story->token), -TASKD_ECANCELED);
		ck_assert_int_eq(taskd_token_wait(story->token, S), 0);
	}
	ck_assert_int_eq(taskd_checkpoint(self), 0);
	ck_assert_int_eq(taskd_now() % S, S / 2);
	return 0;
}

START_TEST(S3_21_a_token_stands_alone)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, look_and_wait), TASKD_COMPLETED);
}
END_TEST

static int wait_for_token(taskd_self *self, void *arg)
{
	(void)self;
	return taskd_token_wait(((struct story *)arg)->token, TASKD_FOREVER);
}

static int owner_of_token(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_outcome outcome;
	taskd_task *waiter, *aborted;

	(void)self;
	ck_assert_int_eq(taskd_token_new(&story->token), 0);
	ck_assert_int_eq(taskd_spawn(NULL, wait_for_token, story, &waiter), 0);
	ck_assert_int_eq(taskd_spawn(NULL, wait_for_token, story, &aborted), 0);
	ck_assert_int_eq(taskd_sleep(S), 0);
	taskd_cancel(waiter, NULL);
	taskd_abort(aborted);
	ck_assert_int_eq(taskd_join(waiter, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	ck_assert_int_eq(taskd_join(aborted, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_ABORTED);
	taskd_token_ref(story->token);
	taskd_token_unref(story->token);
	taskd_token_unref(story->token); /* before the end of the task, which then does not */
	taskd_token_unref(NULL);
	ck_assert_int_eq(taskd_token_new(&story->token), 0); /* and this one at its end */
	return 0;
}

START_TEST(who_waits_for_a_token_may_be_stopped)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, owner_of_token), TASKD_COMPLETED);
}
END_TEST

static void *cancel_from_outside(void *arg)
{
	taskd_token_cancel(arg, "from outside");
	return NULL;
}

static int ask_outside(taskd_self *self, void *arg)
{
	struct story *story = arg;
	pthread_t thread;

	(void)self;
	ck_assert_int_eq(taskd_token_new(&story->token), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_from_outside, story->token), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(taskd_token_check(story->token), -TASKD_ECANCELED);
	return 0;
}

START_TEST(a_token_may_be_cancelled_from_any_thread)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, ask_outside), TASKD_COMPLETED);
}
END_TEST

static int token_torture(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	TD_TEST_TORTURE(taskd_token_new(&story->token));
	return 0;
}

START_TEST(a_token_that_cannot_be_made_leaves_nothing_behind)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, token_torture), TASKD_COMPLETED);
}
END_TEST

/* ---- handles ---------------------------------------------------------------------------- */

static int look_at_handle(taskd_self *self, void *arg)
{
	struct taskd_spawn_options options = {.size = sizeof(options), .name = "worker"};
	struct taskd_outcome outcome;
	taskd_task *task;
	char name[96];

	(void)self;
	ck_assert_int_eq(taskd_spawn(&options, sleeper, arg, &task), 0);
	ck_assert_str_eq(taskd_task_name(task, name, sizeof(name)), "worker");
	ck_assert_str_eq(taskd_task_name(task, name, 4), "wor");
	ck_assert_int_eq(taskd_wait(task, S, &outcome), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_task_elapsed(task), S);
	ck_assert(!taskd_is_finished(task));
	ck_assert_int_eq(taskd_wait(task, TASKD_FOREVER, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	ck_assert_int_eq(taskd_wait(task, 0, NULL), 0);
	ck_assert_int_eq(taskd_sleep(S), 0);
	ck_assert_int_eq(taskd_task_elapsed(task), 3 * S);
	ck_assert_int_eq(taskd_join(task, &outcome), 0);
	/* An old caller, whose options had no token. */
	options.size = offsetof(struct taskd_spawn_options, token);
	options.token = (taskd_token *)1;
	ck_assert_int_eq(taskd_spawn(&options, sleeper, arg, NULL), 0);
	options.size--;
	ck_assert_int_eq(taskd_spawn(&options, sleeper, arg, NULL), -TASKD_EINVAL);
	options.size = sizeof(options) + 1;
	ck_assert_int_eq(taskd_spawn(&options, sleeper, arg, NULL), -TASKD_EINVAL);
	return 0;
}

START_TEST(S3_30_a_handle_tells_about_its_task)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, look_at_handle), TASKD_COMPLETED);
}
END_TEST

static int join_twice(taskd_self *self, void *arg)
{
	taskd_task *task;

	(void)self;
	ck_assert_int_eq(taskd_spawn(NULL, sleeper, arg, &task), 0);
	ck_assert_int_eq(taskd_join(task, NULL), 0);
	(void)taskd_join(task, NULL);
	return 0;
}

START_TEST(S3_29_a_second_join_is_an_error_that_says_so)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, join_twice), TASKD_PANICKED);
	ck_assert_ptr_nonnull(strstr(story.outcome.message, "given back already"));
}
END_TEST

TD_TEST_MAIN("token", S1_13_a_token_stops_those_that_were_spawned_with_it,
	     S3_21_a_token_stands_alone, who_waits_for_a_token_may_be_stopped,
	     a_token_may_be_cancelled_from_any_thread,
	     a_token_that_cannot_be_made_leaves_nothing_behind, S3_30_a_handle_tells_about_its_task,
	     S3_29_a_second_join_is_an_error_that_says_so)
