/* SPDX-License-Identifier: MIT */
/* Scopes: nothing that was started inside outlives them, on any path. */
#include <string.h>

#include <taskd/scope.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/scope.h"
#include "virtual.h"

#define S TASKD_SEC
#define MS TASKD_MSEC

/* What the tasks of a test have in common. */
struct story {
	struct virtual_world *world;
	int alive; /* children that have started and whose cleanups have not run */
	int n_completed, n_cancelled;
	int result, at_end;
	taskd_nsec ended_at;
	taskd_task *handle;
	struct td_task *owner;
	struct taskd_outcome failure;
	taskd_scope *scope;
};

static void child_gone(void *arg)
{
	((struct story *)arg)->alive--;
}

/* Sleeps a second; says how that went. */
static int child(taskd_self *self, void *arg)
{
	struct story *story = arg;
	int r;

	(void)self;
	story->alive++;
	ck_assert_int_eq(taskd_defer(child_gone, story), 0);
	r = taskd_sleep(S);
	story->n_completed += r == 0;
	story->n_cancelled += r == -TASKD_ECANCELED;
	return r;
}

/* Sees cancellation and does not care. */
static int deaf_child(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	story->alive++;
	ck_assert_int_eq(taskd_defer(child_gone, story), 0);
	taskd_mask_cancel();
	return taskd_sleep(TASKD_FOREVER);
}

static void spawn(taskd_fn fn, struct story *story)
{
	ck_assert_int_eq(taskd_spawn(NULL, fn, story, NULL), 0);
}

/* Runs one task to its end. Returns: how it ended. */
static enum taskd_outcome_kind play(struct story *story, taskd_fn fn)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	enum taskd_outcome_kind kind;

	story->world = &world;
	story->owner = virtual_spawn(rt, rt->root, "owner", fn, story);
	virtual_run(rt);
	kind = virtual_outcome(story->owner);
	story->ended_at = story->owner->ended_at - 1000 * S;
	td_task_unref(story->owner);
	ck_assert_int_eq(story->alive, 0);
	ck_assert_uint_eq(rt->n_groups, 1);
	virtual_end(rt);
	return kind;
}

/* ---- ends ------------------------------------------------------------------------------- */

static int wait_for_children(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(child, story);
	spawn(child, story);
	ck_assert_int_eq(taskd_sleep(S / 2), 0);
	spawn(child, story);
	ck_assert_int_eq(taskd_scope_end(story->scope, &story->failure), 0);
	story->at_end = story->n_completed;
	ck_assert_int_eq(story->failure.kind, TASKD_COMPLETED);
	return 0;
}

START_TEST(S3_8_a_scope_ends_when_its_last_child_has_ended)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, wait_for_children), TASKD_COMPLETED);
	ck_assert_int_eq(story.at_end, 3);
	ck_assert_int_eq(story.ended_at, S + S / 2);
}
END_TEST

static int empty_scopes(taskd_self *self, void *arg)
{
	(void)self;
	for (int i = 0; i < 100; i++) {
		taskd_scope *outer, *inner;

		ck_assert_int_eq(taskd_scope_begin(NULL, &outer), 0);
		ck_assert_int_eq(taskd_scope_begin(NULL, &inner), 0);
		ck_assert_int_eq(taskd_scope_end(outer, NULL), -TASKD_EINVAL);
		ck_assert_int_eq(taskd_scope_end(inner, NULL), 0);
		ck_assert_int_eq(taskd_scope_end(outer, NULL), 0);
	}
	((struct story *)arg)->at_end = 1;
	return 0;
}

START_TEST(scopes_end_inside_out)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, empty_scopes), TASKD_COMPLETED);
	ck_assert_int_eq(story.at_end, 1);
}
END_TEST

static int nest(taskd_self *self, void *arg)
{
	taskd_scope *scope;
	int *depth = arg;
	int r = taskd_scope_begin(NULL, &scope);

	if (r < 0)
		return r;
	++*depth;
	r = nest(self, arg);
	ck_assert_int_eq(taskd_scope_end(scope, NULL), 0);
	return r;
}

START_TEST(scopes_nest_up_to_their_limit)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int depth = 0;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", nest, &depth);

	virtual_run(rt);
	ck_assert_int_eq(depth, TD_SCOPE_DEPTH_MAX);
	ck_assert_int_eq(virtual_outcome(task), TASKD_FAILED);
	ck_assert_int_eq(task->outcome_code, -TASKD_ECAPACITY);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static int try_options(taskd_self *self, void *arg)
{
	struct taskd_scope_options options = {.size = sizeof(options) - 1};
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(&options, &story->scope), -TASKD_EINVAL);
	options = (struct taskd_scope_options){.size = sizeof(options), .policy = 2};
	ck_assert_int_eq(taskd_scope_begin(&options, &story->scope), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_scope_run(NULL, NULL, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(taskd_with_timeout(S, 0, NULL, NULL), -TASKD_EINVAL);
	options = (struct taskd_scope_options){.size = sizeof(options), .max_tasks = 1};
	ck_assert_int_eq(taskd_scope_begin(&options, &story->scope), 0);
	spawn(child, story);
	ck_assert_int_eq(taskd_spawn(NULL, child, story, NULL), -TASKD_ECAPACITY);
	return taskd_scope_end(story->scope, NULL);
}

START_TEST(options_of_a_scope_are_checked_and_kept)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, try_options), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_completed, 1);
}
END_TEST

/* ---- who belongs where ------------------------------------------------------------------ */

static int open_own_scope(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_scope *scope;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &scope), 0);
	ck_assert_int_eq(taskd_sleep(S / 2), 0);
	story->at_end = story->n_completed;
	return taskd_scope_end(scope, NULL);
}

static int spawn_grandchild(taskd_self *self, void *arg)
{
	(void)self;
	ck_assert_int_eq(taskd_sleep(S / 4), 0); /* its brother has opened a scope meanwhile */
	spawn(child, arg);
	return 0;
}

static int have_grandchildren(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(open_own_scope, story);
	spawn(spawn_grandchild, story);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	story->result = story->n_completed;
	return 0;
}

START_TEST(S3_13_a_task_belongs_to_the_scope_of_the_one_that_starts_it)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, have_grandchildren), TASKD_COMPLETED);
	ck_assert_int_eq(story.at_end, 0); /* the brother's scope did not wait for it */
	ck_assert_int_eq(story.result, 1); /* the ancestor's did */
	ck_assert_int_eq(story.ended_at, S + S / 4);
}
END_TEST

static int spawn_named(taskd_self *self, void *arg)
{
	struct taskd_spawn_options options = {.size = sizeof(options), .name = "worker"};
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	ck_assert_int_eq(taskd_spawn(&options, child, story, NULL), 0);
	ck_assert_int_eq(taskd_spawn(NULL, child, story, &story->handle), 0);
	ck_assert_int_eq(taskd_spawn(&options, child, story, NULL), -TASKD_EEXIST);
	options.name = "owner";
	ck_assert_int_eq(taskd_spawn(&options, child, story, NULL), -TASKD_EEXIST);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	/* The record outlives the scope. */
	ck_assert(taskd_is_finished(story->handle));
	taskd_release(story->handle);
	options.name = "worker";
	ck_assert_int_eq(taskd_spawn(&options, child, story, NULL), 0);
	return 0;
}

START_TEST(tasks_in_a_scope_are_seen_in_the_group_of_their_owner)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *jobs = virtual_group(rt->root, "jobs");
	struct story story = {0};
	char path[TD_PATH_MAX];
	struct td_task *task, *owner = virtual_spawn(rt, jobs, "owner", spawn_named, &story);

	virtual_run_for(rt, S / 2);
	task = td_group_find_task(jobs, "worker");
	ck_assert_ptr_nonnull(task);
	ck_assert(task->group != jobs);
	ck_assert_str_eq(td_task_path(task, path), "jobs/worker");
	ck_assert_ptr_eq(td_group_find_task(jobs, "task-3"), (struct td_task *)story.handle);
	ck_assert_ptr_eq(td_group_find_id(rt, 3), (struct td_task *)story.handle);
	ck_assert_ptr_null(td_group_find(rt, "jobs."));
	ck_assert_uint_eq(td_group_count_tasks(jobs), 3);
	ck_assert_uint_eq(td_group_count_tasks(rt->root), 0);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(owner), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_completed, 3);
	td_task_unref(owner);
	virtual_end(rt);
}
END_TEST

/* ---- cancellation ----------------------------------------------------------------------- */

static int inner_scope(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_scope *scope;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &scope), 0);
	spawn(child, story);
	/* Computes, so to say: it does not look, and its child hears of it all the same. */
	taskd_mask_cancel();
	ck_assert_int_eq(taskd_sleep(2 * S), 0);
	taskd_unmask_cancel();
	story->at_end = story->n_cancelled;
	ck_assert_int_eq(taskd_scope_end(scope, NULL), 0);
	return taskd_sleep(0);
}

static int cancel_outer(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(inner_scope, story);
	ck_assert_int_eq(taskd_sleep(S / 2), 0);
	taskd_scope_cancel(story->scope, "enough");
	/* Its owner sees it inside, each time ... */
	ck_assert_int_eq(taskd_sleep(S), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_checkpoint(self), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_spawn(NULL, child, story, NULL), -TASKD_ECLOSED);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	/* ... and not after it. */
	ck_assert_int_eq(taskd_checkpoint(self), 0);
	return taskd_sleep(S);
}

START_TEST(S3_15_cancelling_a_scope_reaches_the_scopes_inside_at_once)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, cancel_outer), TASKD_COMPLETED);
	ck_assert_int_eq(story.at_end, 1);
	ck_assert_int_eq(story.ended_at, 3 * S);
}
END_TEST

static int owner_in_two_scopes(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_scope *outer, *inner;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &outer), 0);
	spawn(child, story);
	ck_assert_int_eq(taskd_scope_begin(NULL, &inner), 0);
	spawn(child, story);
	taskd_scope_cancel(inner, NULL);
	ck_assert_int_eq(taskd_sleep(S), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_scope_end(inner, NULL), 0);
	ck_assert_int_eq(story->n_cancelled, 0); /* it never started */
	ck_assert_int_eq(taskd_sleep(S / 2), 0);
	ck_assert_int_eq(taskd_scope_begin(NULL, &inner), 0);
	taskd_scope_cancel(outer, NULL);
	ck_assert_int_eq(taskd_sleep(S), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_scope_end(inner, NULL), 0);
	ck_assert_int_eq(taskd_sleep(S), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_scope_begin(NULL, &inner), -TASKD_ECANCELED);
	ck_assert_int_eq(taskd_scope_end(outer, NULL), 0);
	return taskd_sleep(S);
}

START_TEST(S3_19_an_owner_sees_the_scopes_that_it_is_in)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, owner_in_two_scopes), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_cancelled, 1);
	ck_assert_int_eq(story.ended_at, S + S / 2);
}
END_TEST

static int wait_at_the_end(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(child, story);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	story->at_end = story->n_cancelled;
	return taskd_sleep(0);
}

START_TEST(cancelling_the_owner_cancels_its_scopes_also_while_it_waits_for_them)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct story story = {0};
	struct td_task *owner = virtual_spawn(rt, rt->root, "a", wait_at_the_end, &story);
	struct td_thread *t;

	virtual_run_for(rt, S / 2);
	t = td_enter();
	td_task_ask(owner, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(story.at_end, 1);
	ck_assert_int_eq(virtual_outcome(owner), TASKD_CANCELLED);
	ck_assert_int_eq(owner->ended_at, 1000 * S + S / 2);
	td_task_unref(owner);
	virtual_end(rt);
}
END_TEST

/* ---- failures --------------------------------------------------------------------------- */

static int fail_later(taskd_self *self, void *arg)
{
	int r = taskd_sleep(S / 2);

	(void)self, (void)arg;
	return r < 0 ? r : taskd_fail(7, "it broke");
}

static int isolate(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(child, story);
	spawn(fail_later, story);
	return taskd_scope_end(story->scope, &story->failure);
}

START_TEST(S3_10_a_failure_stays_with_the_child)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, isolate), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_completed, 1);
	ck_assert_int_eq(story.failure.kind, TASKD_COMPLETED);
}
END_TEST

static int panic_later(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	(void)taskd_sleep(S / 2);
	taskd_panic("oops");
}

static int fail_fast(taskd_self *self, void *arg)
{
	struct taskd_scope_options options = {.size = sizeof(options), .policy = TASKD_FAIL_FAST};
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_scope_begin(&options, &story->scope), 0);
	spawn(child, story);
	spawn(story->at_end ? panic_later : fail_later, story);
	spawn(fail_later, story);
	ck_assert_int_eq(taskd_sleep(S), -TASKD_ECANCELED);
	story->result = taskd_scope_end(story->scope, &story->failure);
	return taskd_sleep(0);
}

START_TEST(S0_26_the_first_failure_cancels_the_others_and_is_told)
{
	struct story story = {0}, panic = {.at_end = 1};

	ck_assert_int_eq(play(&story, fail_fast), TASKD_COMPLETED);
	ck_assert_int_eq(story.result, 7);
	ck_assert_int_eq(story.n_cancelled, 1);
	ck_assert_int_eq(story.failure.kind, TASKD_FAILED);
	ck_assert_str_eq(story.failure.message, "it broke");
	ck_assert_int_eq(story.ended_at, S / 2);
	ck_assert_int_eq(play(&panic, fail_fast), TASKD_COMPLETED);
	ck_assert_int_eq(panic.result, -TASKD_EABORTED);
	ck_assert_str_eq(panic.failure.message, "oops");
}
END_TEST

static int body_that_fails(taskd_self *self, void *arg)
{
	(void)self;
	spawn(child, arg);
	ck_assert_int_eq(taskd_yield(), 0);
	return -TASKD_EPROTO;
}

static int run_a_body(taskd_self *self, void *arg)
{
	struct story *story = arg;

	story->result = taskd_scope_run(NULL, body_that_fails, story);
	story->at_end = story->n_cancelled;
	return taskd_checkpoint(self);
}

START_TEST(S3_9_a_body_that_fails_cancels_its_scope)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, run_a_body), TASKD_COMPLETED);
	ck_assert_int_eq(story.result, -TASKD_EPROTO);
	ck_assert_int_eq(story.at_end, 1);
	ck_assert_int_eq(story.ended_at, 0);
}
END_TEST

/* ---- scopes that are left open ---------------------------------------------------------- */

static void check_alone(void *arg)
{
	struct story *story = arg;

	ck_assert_int_eq(story->alive, 0); /* cleanups of the owner come after its children */
	story->at_end++;
}

static int leave(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_scope *inner;

	(void)self;
	ck_assert_int_eq(taskd_defer(check_alone, story), 0);
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(child, story);
	ck_assert_int_eq(taskd_scope_begin(NULL, &inner), 0);
	spawn(child, story);
	if (story->result == 3)
		spawn(deaf_child, story);
	ck_assert_int_eq(taskd_sleep(S / 2), 0);
	if (story->result == 1)
		taskd_panic("oops");
	if (story->result == 2)
		taskd_abort((taskd_task *)self);
	return 0;
}

START_TEST(S3_14_a_scope_that_is_left_open_is_cancelled)
{
	struct story returned = {0}, panicked = {.result = 1}, aborted = {.result = 2},
		     deaf = {.result = 3};

	ck_assert_int_eq(play(&returned, leave), TASKD_COMPLETED);
	ck_assert_int_eq(returned.n_cancelled, 2);
	ck_assert_int_eq(returned.at_end, 1);
	ck_assert_int_eq(returned.ended_at, S / 2);
	ck_assert_int_eq(play(&panicked, leave), TASKD_PANICKED);
	ck_assert_int_eq(panicked.n_cancelled, 2);
	ck_assert_int_eq(panicked.at_end, 1);
	ck_assert_int_eq(play(&aborted, leave), TASKD_ABORTED);
	ck_assert_int_eq(aborted.n_cancelled, 2); /* they have their turn before force */
	ck_assert_int_eq(aborted.at_end, 1);
	ck_assert_int_eq(aborted.ended_at, S / 2);
	/* One that does not listen is waited for as long as in a stop. */
	ck_assert_int_eq(play(&deaf, leave), TASKD_COMPLETED);
	ck_assert_int_eq(deaf.at_end, 1);
	ck_assert_int_eq(deaf.ended_at, S / 2 + td_limits_default.grace);
}
END_TEST

static void cleanup_with_children(void *arg)
{
	struct story *story = arg;

	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	spawn(child, story);
	spawn(deaf_child, story);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	story->result = 1;
}

static int clean_up_with_children(taskd_self *self, void *arg)
{
	(void)self;
	ck_assert_int_eq(taskd_defer(check_alone, arg), 0);
	ck_assert_int_eq(taskd_defer(cleanup_with_children, arg), 0);
	return 0;
}

START_TEST(a_scope_of_a_cleanup_is_bounded_as_the_cleanup_is)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, clean_up_with_children), TASKD_COMPLETED);
	ck_assert_int_eq(story.n_completed, 1);
	ck_assert_int_eq(story.result, 0);
	ck_assert_int_eq(story.at_end, 1);
	ck_assert_int_ge(story.ended_at, td_limits_default.cleanup_timeout);
	ck_assert_int_le(story.ended_at, 2 * td_limits_default.cleanup_timeout);
}
END_TEST

/* ---- time limits ------------------------------------------------------------------------ */

struct limit {
	struct story story;
	taskd_nsec timeout, grace, body; /* how long the body takes; negative: it fails at once */
	taskd_fn fn;                     /* of a child */
	bool deaf;                       /* the body does not listen either */
	taskd_nsec deadline;             /* seen inside */
	taskd_nsec outer;
};

static int limited_body(taskd_self *self, void *arg)
{
	struct limit *limit = arg;
	int r;

	(void)self;
	limit->deadline = taskd_deadline();
	if (limit->fn)
		spawn(limit->fn, &limit->story);
	if (limit->deaf)
		taskd_mask_cancel();
	r = taskd_sleep(limit->body);
	if (limit->deaf)
		taskd_unmask_cancel();
	return limit->body < 0 ? -TASKD_EPROTO : r;
}

static int limited(taskd_self *self, void *arg)
{
	struct limit *limit = arg;

	limit->story.result = taskd_with_timeout(limit->timeout, limit->grace, limited_body, limit);
	ck_assert_int_eq(limit->story.alive, 0);
	return taskd_checkpoint(self);
}

static int limited_twice(taskd_self *self, void *arg)
{
	struct limit *limit = arg;

	limit->story.at_end = taskd_with_timeout(limit->outer, 0, limited, limit);
	return taskd_checkpoint(self);
}

static void play_limit(struct limit *limit, taskd_nsec end, int result)
{
	enum taskd_outcome_kind kind = play(&limit->story, limit->outer ? limited_twice : limited);

	ck_assert_int_eq(limit->story.ended_at, end);
	if (result > 0) {
		ck_assert_int_eq(kind, result);
	} else {
		ck_assert_int_eq(kind, TASKD_COMPLETED);
		ck_assert_int_eq(limit->story.result, result);
	}
}

START_TEST(S3_23_a_time_limit_has_three_stages)
{
	struct limit in_time = {.timeout = 2 * S, .grace = S, .body = S, .fn = child};
	struct limit late = {.timeout = S / 2, .grace = S, .body = 9 * S, .fn = child};
	struct limit deaf = {.timeout = S / 2, .grace = S, .body = 9 * S, .fn = deaf_child};
	struct limit failed = {.timeout = 5 * S, .grace = S, .body = -1, .fn = deaf_child};

	play_limit(&in_time, S, 0);
	ck_assert_int_eq(in_time.story.n_completed, 1);
	ck_assert_int_eq(in_time.deadline, 1002 * S);
	play_limit(&late, S / 2, -TASKD_ETIMEDOUT);
	ck_assert_int_eq(late.story.n_cancelled, 1);
	play_limit(&deaf, S / 2 + S, -TASKD_ETIMEDOUT); /* S3-26: timeout and grace */
	play_limit(&failed, S, -TASKD_EPROTO);
}
END_TEST

START_TEST(S3_24_without_grace_force_comes_at_once)
{
	struct limit deaf = {.timeout = S / 2, .body = 9 * S, .fn = deaf_child};

	/* The body has not had its turn to return: it goes with the rest. */
	play_limit(&deaf, S / 2, TASKD_ABORTED);
}
END_TEST

/* The decision: children are limited like the body that has returned. */
START_TEST(S3_25_a_time_limit_covers_the_children_to_the_end)
{
	struct limit limit = {.timeout = S / 2, .grace = S, .fn = child};
	struct limit deaf = {.timeout = S / 2, .grace = S, .fn = deaf_child};
	struct limit no_grace = {.timeout = S / 2, .fn = deaf_child};

	play_limit(&limit, S / 2, -TASKD_ETIMEDOUT);
	play_limit(&deaf, S / 2 + S, -TASKD_ETIMEDOUT);
	play_limit(&no_grace, S / 2, -TASKD_ETIMEDOUT);
}
END_TEST

START_TEST(S3_26_a_body_that_does_not_leave_goes_down_with_its_task)
{
	struct limit limit = {.timeout = S / 2, .grace = S, .body = 9 * S, .deaf = true};
	struct limit family = limit;

	play_limit(&limit, S / 2 + S, TASKD_ABORTED);
	family.fn = child;
	play_limit(&family, S / 2 + S, TASKD_ABORTED);
}
END_TEST

static int three_deaf_children(taskd_self *self, void *arg)
{
	(void)self;
	for (int i = 0; i < 5; i++)
		spawn(deaf_child, arg);
	return taskd_yield();
}

static int limit_three(taskd_self *self, void *arg)
{
	struct story *story = arg;

	story->result = taskd_with_timeout(S, S, three_deaf_children, story);
	ck_assert_int_eq(story->alive, 0);
	return taskd_checkpoint(self);
}

START_TEST(S3_27_force_leaves_nobody_out)
{
	struct story story = {0};

	ck_assert_int_eq(play(&story, limit_three), TASKD_COMPLETED);
	ck_assert_int_eq(story.result, -TASKD_ETIMEDOUT);
	ck_assert_int_eq(story.ended_at, 2 * S);
}
END_TEST

START_TEST(S0_22_the_tighter_deadline_wins)
{
	struct limit outer = {.timeout = 30 * S, .body = 60 * S, .outer = 10 * S, .grace = S};
	struct limit inner = {.timeout = 10 * S, .body = 60 * S, .outer = 30 * S, .grace = S};

	/* The inner limit passes on what the outer one has caused. */
	outer.fn = child;
	ck_assert_int_eq(play(&outer.story, limited_twice), TASKD_ABORTED);
	ck_assert_int_eq(outer.deadline, 1010 * S);
	ck_assert_int_eq(outer.story.ended_at, 10 * S);
	ck_assert_int_eq(play(&inner.story, limited_twice), TASKD_COMPLETED);
	ck_assert_int_eq(inner.deadline, 1010 * S);
	ck_assert_int_eq(inner.story.result, -TASKD_ETIMEDOUT);
	ck_assert_int_eq(inner.story.at_end, 0);
}
END_TEST

/* ---- cancelled anywhere ----------------------------------------------------------------- */

static int busy_child(taskd_self *self, void *arg)
{
	struct story *story = arg;
	int r = 0;

	(void)self;
	story->alive++;
	ck_assert_int_eq(taskd_defer(child_gone, story), 0);
	for (int i = 0; i < 4 && r == 0; i++) {
		r = taskd_sleep(MS);
		if (r == 0)
			r = taskd_yield();
	}
	return r;
}

static int busy_parent(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_scope *scope;
	int r = taskd_scope_begin(NULL, &scope);

	(void)self;
	if (r < 0)
		return r;
	for (int i = 0; i < 3 && r == 0; i++) {
		r = taskd_spawn(NULL, busy_child, story, NULL);
		if (r == 0)
			r = taskd_sleep(MS);
	}
	(void)taskd_scope_end(scope, NULL);
	ck_assert_int_eq(taskd_undefer(child_gone, story), false);
	return r;
}

static int busy_owner(taskd_self *self, void *arg)
{
	struct story *story = arg;
	int r;

	(void)self;
	ck_assert_int_eq(taskd_defer(check_alone, story), 0);
	ck_assert_int_eq(taskd_scope_begin(NULL, &story->scope), 0);
	r = taskd_spawn(NULL, busy_parent, story, NULL);
	if (r == 0)
		r = taskd_with_timeout(6 * MS, MS, busy_parent, story);
	ck_assert_int_eq(taskd_scope_end(story->scope, NULL), 0);
	ck_assert_int_eq(story->alive, 0);
	return r;
}

/* Every half of a millisecond, once before and once after the others had their turn. */
static void strike(int k, bool force)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct story story = {0};
	struct td_task *owner = virtual_spawn(rt, rt->root, "owner", busy_owner, &story);
	struct td_thread *t;

	virtual_run_for(rt, k * MS / 2);
	t = td_enter();
	if (force)
		td_task_abort(owner, NULL);
	else
		td_task_ask(owner, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert(td_task_ended(owner));
	ck_assert_int_eq(story.alive, 0);
	ck_assert_int_eq(story.at_end, 1);
	ck_assert_uint_eq(rt->n_tasks, 0);
	ck_assert_uint_eq(rt->n_groups, 1);
	ck_assert_uint_eq(rt->timers.n, 0);
	ck_assert_int_le(world.now, 1000 * S + 30 * MS);
	td_task_unref(owner);
	virtual_end(rt);
}

START_TEST(an_owner_that_is_stopped_anywhere_leaves_nothing_behind)
{
	for (int k = 0; k < 40; k++) {
		strike(k, false);
		strike(k, true);
	}
}
END_TEST

static int begin_in_torture(taskd_self *self, void *arg)
{
	taskd_scope *scope = NULL;
	int *n = arg;

	(void)self;
	for (uint64_t nth = 1;; nth++) {
		uint64_t asked;
		int r;

		td_mem_fail_nth(nth);
		r = taskd_scope_begin(NULL, &scope);
		asked = td_mem_count();
		td_mem_fail_nth(0);
		if (asked < nth) {
			ck_assert_int_eq(r, 0);
			break;
		}
		ck_assert_int_eq(r, -TASKD_ENOMEM);
		++*n;
	}
	return taskd_scope_end(scope, NULL);
}

START_TEST(a_scope_that_cannot_be_made_leaves_nothing_behind)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	int n = 0;
	struct td_task *task = virtual_spawn(rt, rt->root, "a", begin_in_torture, &n);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	ck_assert_int_ge(n, 2);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

TD_TEST_MAIN("scope", S3_8_a_scope_ends_when_its_last_child_has_ended, scopes_end_inside_out,
	     scopes_nest_up_to_their_limit, options_of_a_scope_are_checked_and_kept,
	     S3_13_a_task_belongs_to_the_scope_of_the_one_that_starts_it,
	     tasks_in_a_scope_are_seen_in_the_group_of_their_owner,
	     S3_15_cancelling_a_scope_reaches_the_scopes_inside_at_once,
	     S3_19_an_owner_sees_the_scopes_that_it_is_in,
	     cancelling_the_owner_cancels_its_scopes_also_while_it_waits_for_them,
	     S3_10_a_failure_stays_with_the_child,
	     S0_26_the_first_failure_cancels_the_others_and_is_told,
	     S3_9_a_body_that_fails_cancels_its_scope, S3_14_a_scope_that_is_left_open_is_cancelled,
	     a_scope_of_a_cleanup_is_bounded_as_the_cleanup_is, S3_23_a_time_limit_has_three_stages,
	     S3_24_without_grace_force_comes_at_once,
	     S3_25_a_time_limit_covers_the_children_to_the_end,
	     S3_26_a_body_that_does_not_leave_goes_down_with_its_task,
	     S3_27_force_leaves_nobody_out, S0_22_the_tighter_deadline_wins,
	     an_owner_that_is_stopped_anywhere_leaves_nothing_behind,
	     a_scope_that_cannot_be_made_leaves_nothing_behind)
