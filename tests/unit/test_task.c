/* SPDX-License-Identifier: MIT */
/* Admission, names, outcomes, handles and kept records of tasks. */
#include <string.h>

#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/wait.h"
#include "virtual.h"

static int n_runs;

static int count(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	n_runs++;
	return 0;
}

static int wait_forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_sleep(TASKD_FOREVER);
}

static int try_spawn(struct td_group *group, struct td_spawn spawn, struct td_failure *failure)
{
	struct td_thread *t = td_enter();
	int r;

	if (!spawn.fn)
		spawn.fn = count;
	if (spawn.grace == 0)
		spawn.grace = -1;
	r = td_task_spawn(group->rt, group, &spawn, NULL, failure);
	td_leave(t);
	return r;
}

/* What a refused spawn must leave alone. */
struct books {
	uint32_t n_tasks, n_ended, n_records, n_names, n_free;
	uint64_t n_all, spawned, next_id;
};

static struct books books_of(const struct td_group *group)
{
	const struct td_runtime *rt = group->rt;

	return (struct books){.n_tasks = group->n_tasks,
			      .n_ended = group->n_ended,
			      .n_records = group->n_records,
			      .n_names = group->names ? (uint32_t)td_map_size(group->names) : 0,
			      .n_all = rt->n_tasks,
			      .spawned = rt->counters.spawned,
			      .next_id = rt->next_id};
}

static void assert_same(struct books a, struct books b)
{
	ck_assert_uint_eq(a.n_tasks, b.n_tasks);
	ck_assert_uint_eq(a.n_ended, b.n_ended);
	ck_assert_uint_eq(a.n_records, b.n_records);
	ck_assert_uint_eq(a.n_names, b.n_names);
	ck_assert_uint_eq(a.n_all, b.n_all);
	ck_assert_uint_eq(a.spawned, b.spawned);
	ck_assert_uint_eq(a.next_id, b.next_id);
}

/* S0-6, S0-7, S1-2: with a text that names the thing and the rule, and nothing changed. */
START_TEST(a_refused_spawn_says_why_and_changes_nothing)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_failure failure = {0};
	struct td_stop *stop;
	struct books before;

	group->max_tasks = 2;
	td_task_unref(virtual_spawn(rt, group, "a", wait_forever, NULL));
	before = books_of(group);

	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.name = "a"}, &failure), -TASKD_EEXIST);
	ck_assert_str_eq(failure.text, "group g has a live task named a already");
	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.name = "-a"}, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.name = ""}, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.stack_size = TD_STACK_MAX + 1}, NULL),
			 -TASKD_EINVAL);
	assert_same(books_of(group), before);

	td_task_unref(virtual_spawn(rt, group, "b", wait_forever, NULL));
	before = books_of(group);
	failure.code = 0;
	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.name = "c"}, &failure),
			 -TASKD_ECAPACITY);
	ck_assert_str_eq(failure.text, "group g is at its limit: max-tasks = 2, 2 live");
	assert_same(books_of(group), before);

	virtual_run(rt);
	virtual_stop(group, 5 * TASKD_SEC, &stop);
	before = books_of(group);
	failure.code = 0;
	ck_assert_int_eq(try_spawn(group, (struct td_spawn){.name = "c"}, &failure),
			 -TASKD_ECLOSED);
	ck_assert_str_eq(failure.text, "group g is draining and admits no more tasks");
	assert_same(books_of(group), before);
	virtual_run(rt);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

static int n_freed;

static void values_free(void *values)
{
	n_freed += *(int *)values;
}

/* Every allocation of a spawn fails in turn: nothing changes, and the values stay the caller's. */
START_TEST(a_spawn_without_memory_changes_nothing)
{
	static int one = 1;
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_spawn spawn = {.name = "named",
				 .plugin = "plugin",
				 .every = TASKD_SEC,
				 .timeout = TASKD_SEC,
				 .stack_size = TD_STACK_LARGE,
				 .values = &one,
				 .values_free = values_free};
	struct books before = books_of(group);

	n_freed = 0;
	for (int failed = 0;; failed++) {
		int r;

		td_mem_fail_nth((uint64_t)failed + 1);
		r = try_spawn(group, spawn, NULL);
		td_mem_fail_nth(0);
		if (r == 0) {
			ck_assert_int_ge(failed, 5);
			break;
		}
		ck_assert_int_eq(r, -TASKD_ENOMEM);
		assert_same(books_of(group), before);
		ck_assert_int_eq(n_freed, 0);
	}
	ck_assert_uint_eq(group->n_tasks, 1);
	virtual_end(rt);
	ck_assert_int_eq(n_freed, 1);
}
END_TEST

/* S1-3, S1-7 (as decided): ids are global and never reused; unnamed tasks are named after them. */
START_TEST(numbers_are_never_used_again)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	uint64_t last = 0;

	for (int i = 0; i < 100; i++) {
		struct td_task *task = virtual_spawn(rt, rt->root, NULL, count, NULL);
		char name[TD_TASK_NAME_MAX], path[TD_PATH_MAX];

		ck_assert_uint_gt(task->id, last);
		last = task->id;
		if (i == 0) {
			ck_assert_str_eq(td_task_name(task, name), "task-1");
			ck_assert_str_eq(td_task_path(task, path), "/task-1");
		}
		virtual_run(rt);
		td_task_unref(task);
	}
	virtual_end(rt);
}
END_TEST

/* S1-2 (as decided): unique among the living only. */
START_TEST(the_name_of_an_ended_task_is_free_again)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	for (int i = 0; i < 3; i++) {
		td_task_unref(virtual_spawn(rt, rt->root, "same", count, NULL));
		virtual_run(rt);
	}
	ck_assert_uint_eq(rt->counters.ended, 3);
	virtual_end(rt);
}
END_TEST

/* S1-15: listed before it can run. */
START_TEST(a_task_is_listed_before_it_runs)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task;

	n_runs = 0;
	task = virtual_spawn(rt, rt->root, "a", count, NULL);
	ck_assert_int_eq(n_runs, 0);
	ck_assert_ptr_eq(td_group_find_task(rt->root, "a"), task);
	ck_assert_ptr_eq(td_group_find_id(rt, task->id), task);
	virtual_run(rt);
	ck_assert_int_eq(n_runs, 1);
	ck_assert_ptr_null(td_group_find_task(rt->root, "a"));
	ck_assert_ptr_null(td_group_find_id(rt, task->id));
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* ---- outcomes --------------------------------------------------------------------------- */

static int return_code(taskd_self *self, void *arg)
{
	(void)self;
	return *(int *)arg;
}

static int fail_with_text(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_fail(3, "exit code %d", 3);
}

static int fail_long(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_fail(-TASKD_ETIMEDOUT, "%0300d", 0);
}

static int recover(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	(void)taskd_fail(3, "not after all");
	return 0;
}

static struct taskd_outcome run_one(taskd_fn fn, void *arg)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, NULL, fn, arg);
	struct taskd_outcome outcome;

	virtual_run(rt);
	ck_assert(td_task_ended(task));
	td_task_outcome(task, &outcome);
	td_task_unref(task);
	virtual_end(rt);
	return outcome;
}

/* S1-25 (as decided): failed(code, message) exists. */
START_TEST(what_a_body_returns_becomes_its_outcome)
{
	int codes[] = {0, 7, -TASKD_ETIMEDOUT, -TASKD_ECANCELED};
	struct taskd_outcome outcome = run_one(return_code, &codes[0]);

	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	for (int i = 1; i < 4; i++) {
		/* Nobody asked: then ECANCELED is a failure like any other. */
		outcome = run_one(return_code, &codes[i]);
		ck_assert_int_eq(outcome.kind, TASKD_FAILED);
		ck_assert_int_eq(outcome.code, codes[i]);
		ck_assert_str_eq(outcome.message, "");
	}
	outcome = run_one(fail_with_text, NULL);
	ck_assert_int_eq(outcome.kind, TASKD_FAILED);
	ck_assert_int_eq(outcome.code, 3);
	ck_assert_str_eq(outcome.message, "exit code 3");
	outcome = run_one(fail_long, NULL);
	ck_assert_uint_eq(strlen(outcome.message), sizeof(outcome.message) - 1);
	outcome = run_one(recover, NULL);
	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	ck_assert_str_eq(outcome.message, "");
}
END_TEST

START_TEST(outcomes_have_texts)
{
	char text[TD_OUTCOME_TEXT];
	struct taskd_outcome outcome = {.kind = TASKD_FAILED, .code = 3};

	ck_assert_str_eq(td_outcome_text(&outcome, text), "failed: code 3");
	outcome.code = -TASKD_ECLOSED;
	ck_assert_str_eq(td_outcome_text(&outcome, text), "failed: the group admits no more tasks");
	outcome = (struct taskd_outcome){.kind = TASKD_FAILED, .code = 3, .message = "exit code 3"};
	ck_assert_str_eq(td_outcome_text(&outcome, text), "failed: exit code 3");
	outcome = (struct taskd_outcome){.kind = TASKD_CONDEMNED};
	ck_assert_str_eq(td_outcome_text(&outcome, text), "condemned");
}
END_TEST

/* S0-17: by rising severity; a graver one is not replaced. */
START_TEST(a_graver_outcome_stays)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, NULL, count, NULL);
	struct taskd_outcome outcome;

	td_task_set_outcome(task, TASKD_PANICKED, 0, "first");
	td_task_set_outcome(task, TASKD_CANCELLED, 0, "weaker");
	td_task_set_outcome(task, TASKD_PANICKED, 0, "second");
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_PANICKED);
	ck_assert_str_eq(outcome.message, "first");
	td_task_set_outcome(task, TASKD_ABORTED, 0, NULL);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_ABORTED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S1-26: a fault in one body leaves the others alone. */
static int panic(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	taskd_panic("%s", "a bug");
}

START_TEST(a_panic_leaves_the_siblings_alone)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *bad = virtual_spawn(rt, rt->root, "bad", panic, NULL);
	struct td_task *good = virtual_spawn(rt, rt->root, "good", wait_forever, NULL);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(bad), TASKD_PANICKED);
	ck_assert_int_eq(good->state, TD_TASK_WAITING);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_ENDED, "panicked: a bug"), 1);
	td_task_unref(bad);
	td_task_unref(good);
	virtual_end(rt);
}
END_TEST

/* ---- handles ---------------------------------------------------------------------------- */

/* S0-16, S1-23, S2-17: giving a handle back lets the task run on. */
static int spawn_and_forget(taskd_self *self, void *arg)
{
	taskd_task *child;

	(void)self;
	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, arg, &child), 0);
	taskd_release(child);
	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, arg, NULL), 0);
	taskd_release(NULL);
	return 0;
}

START_TEST(a_handle_does_not_own_its_task)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	td_task_unref(virtual_spawn(rt, rt->root, NULL, spawn_and_forget, NULL));
	virtual_run(rt);
	ck_assert_uint_eq(rt->root->n_tasks, 2);
	virtual_end(rt);
}
END_TEST

static int use_handles(taskd_self *self, void *arg)
{
	struct taskd_outcome outcome;
	taskd_task *child;
	int code = 9;

	(void)self, (void)arg;
	ck_assert_int_eq(taskd_spawn(NULL, return_code, &code, &child), 0);
	ck_assert_uint_gt(taskd_task_id(child), 0);
	ck_assert(!taskd_is_finished(child));
	ck_assert_int_eq(taskd_yield(), 0);
	ck_assert(taskd_is_finished(child));
	/* Asking an ended one to stop is harmless: S2-18. */
	taskd_cancel(child, NULL);
	taskd_abort(child);
	ck_assert_int_eq(taskd_join(child, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_FAILED);
	ck_assert_int_eq(outcome.code, 9);

	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, NULL, &child), 0);
	taskd_cancel(child, "enough");
	ck_assert_int_eq(taskd_join(child, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);

	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, NULL, &child), 0);
	ck_assert_int_eq(taskd_yield(), 0);
	taskd_cancel(child, "enough");
	ck_assert_int_eq(taskd_join(child, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_CANCELLED);
	ck_assert_str_eq(outcome.message, "enough");

	ck_assert_int_eq(taskd_spawn(NULL, wait_forever, NULL, &child), 0);
	ck_assert_int_eq(taskd_yield(), 0);
	taskd_abort(child);
	ck_assert_int_eq(taskd_join(child, &outcome), 0);
	ck_assert_int_eq(outcome.kind, TASKD_ABORTED);
	return 0;
}

/* S1-24 (as decided): cancel, abort, join, is_finished and id per task; S3-30. */
START_TEST(a_handle_cancels_aborts_and_joins_its_task_alone)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "parent", use_handles, NULL);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

static taskd_task *shared;

static int join_shared(taskd_self *self, void *arg)
{
	struct td_thread *t = td_enter();
	int r = td_wait_join(&t, (struct td_task *)shared);

	(void)self;
	td_leave(t);
	*(int *)arg += r == 0;
	return 0;
}

START_TEST(all_who_wait_for_a_task_are_told)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, NULL, wait_forever, NULL);
	struct td_thread *t;
	int n_joined = 0;

	shared = (taskd_task *)task;
	for (int i = 0; i < 10; i++)
		td_task_unref(virtual_spawn(rt, rt->root, NULL, join_shared, &n_joined));
	virtual_run(rt);
	ck_assert_int_eq(n_joined, 0);
	t = td_enter();
	td_task_stop(task, 0, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(n_joined, 10);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

START_TEST(a_handle_outlives_the_group_of_its_task)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *parent = virtual_group(rt->root, "parent");
	struct td_group *child = virtual_group(parent, "child");
	struct td_task *task = virtual_spawn(rt, child, "a", count, NULL);
	struct td_stop *stop;
	struct td_thread *t;
	char path[TD_PATH_MAX];

	virtual_stop(parent, 0, &stop);
	virtual_run(rt);
	td_stop_free(stop);
	t = td_enter();
	ck_assert_int_eq(td_group_remove(parent, NULL), 0);
	ck_assert_str_eq(td_task_path(task, path), "parent.child/a");
	ck_assert_int_ge(td_task_deadline(task), 0); /* looks at its groups */
	ck_assert_ptr_null(td_group_find(rt, "parent"));
	td_task_unref(task);
	td_leave(t);
	virtual_end(rt);
}
END_TEST

/* ---- kept records ----------------------------------------------------------------------- */

START_TEST(ended_tasks_stay_visible_up_to_the_limit)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	char name[16];

	rt->limits.keep_ended = 3;
	ck_assert_int_eq(
		try_spawn(rt->root, (struct td_spawn){.name = "conf", .configured = true}, NULL),
		0);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "t%d", i);
		ck_assert_int_eq(
			try_spawn(rt->root, (struct td_spawn){.name = name, .keep = true}, NULL),
			0);
		virtual_run(rt);
	}
	ck_assert_uint_eq(rt->root->n_ended, 4);
	ck_assert_ptr_nonnull(td_group_find_task(rt->root, "conf"));
	ck_assert_ptr_null(td_group_find_task(rt->root, "t0"));
	ck_assert_ptr_null(td_group_find_task(rt->root, "t1"));
	ck_assert_ptr_nonnull(td_group_find_task(rt->root, "t2"));
	ck_assert_ptr_nonnull(td_group_find_task(rt->root, "t4"));
	virtual_end(rt);
}
END_TEST

START_TEST(a_kept_record_makes_room_for_a_new_task_of_the_same_name)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	uint64_t first;

	ck_assert_int_eq(try_spawn(rt->root, (struct td_spawn){.name = "a", .keep = true}, NULL),
			 0);
	virtual_run(rt);
	first = td_group_find_task(rt->root, "a")->id;
	ck_assert_int_eq(try_spawn(rt->root, (struct td_spawn){.name = "a", .keep = true}, NULL),
			 0);
	ck_assert_uint_eq(rt->root->n_ended, 0);
	ck_assert_uint_ne(td_group_find_task(rt->root, "a")->id, first);
	virtual_run(rt);
	ck_assert_uint_eq(rt->root->n_ended, 1);
	virtual_end(rt);
}
END_TEST

/* ---- watchers --------------------------------------------------------------------------- */

struct watch {
	struct td_watcher watcher; /* first */
	int n_told;
	enum taskd_outcome_kind kind;
	struct td_task *also; /* stopped from inside the callback */
};

static void told(struct td_watcher *watcher, struct td_task *task)
{
	struct watch *watch = (struct watch *)watcher;

	watch->n_told++;
	watch->kind = virtual_outcome(task);
	if (watch->also)
		td_task_stop(watch->also, 0, NULL);
}

START_TEST(a_watcher_is_told_once)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct watch watch = {.watcher.ended = told}, other = {.watcher.ended = told};
	struct td_task *task = virtual_spawn(rt, rt->root, "a", panic, NULL);

	td_task_watch(task, &watch.watcher);
	td_task_watch(task, &other.watcher);
	td_task_unwatch(task, &other.watcher);
	virtual_run(rt);
	ck_assert_int_eq(watch.n_told, 1);
	ck_assert_int_eq(watch.kind, TASKD_PANICKED);
	ck_assert_int_eq(other.n_told, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

#define MANY 3000 /* above the number of control blocks that are kept for later */

/* The first that ends takes the last and the next with it, in the middle of the walk of a stop. */
START_TEST(a_watcher_may_stop_others_while_a_stop_walks_the_tree)
{
	static struct td_task *tasks[MANY];
	static struct watch watches[MANY];
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *group = virtual_group(rt->root, "g");
	struct td_stop *stop;

	for (int i = 0; i < MANY; i++)
		tasks[i] = virtual_spawn(rt, group, NULL, wait_forever, NULL);
	for (int i = 0; i < MANY; i++) {
		watches[i] = (struct watch){.watcher.ended = told, .also = tasks[(i + 1) % MANY]};
		td_task_watch(tasks[i], &watches[i].watcher);
		if (i != 0)
			td_task_unref(tasks[i]); /* only the list holds them */
	}
	watches[MANY - 1].also = NULL;
	virtual_stop(group, 0, &stop);
	virtual_run(rt);
	ck_assert_int_eq(group->state, TD_GROUP_CLOSED);
	ck_assert_uint_eq(stop->n_tasks + stop->more, MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(watches[i].n_told, 1);
	td_task_unref(tasks[0]);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

START_TEST(states_and_waits_have_names)
{
	ck_assert_str_eq(td_task_state_name(TD_TASK_ENDING), "ending");
	ck_assert_str_eq(td_wait_kind_name(TD_WAIT_FD), "descriptor");
	ck_assert_str_eq(td_outcome_name(TASKD_CONDEMNED), "condemned");
}
END_TEST

TD_TEST_MAIN("task", a_refused_spawn_says_why_and_changes_nothing,
	     a_spawn_without_memory_changes_nothing, numbers_are_never_used_again,
	     the_name_of_an_ended_task_is_free_again, a_task_is_listed_before_it_runs,
	     what_a_body_returns_becomes_its_outcome, outcomes_have_texts, a_graver_outcome_stays,
	     a_panic_leaves_the_siblings_alone, a_handle_does_not_own_its_task,
	     a_handle_cancels_aborts_and_joins_its_task_alone, all_who_wait_for_a_task_are_told,
	     a_handle_outlives_the_group_of_its_task, ended_tasks_stay_visible_up_to_the_limit,
	     a_kept_record_makes_room_for_a_new_task_of_the_same_name, a_watcher_is_told_once,
	     a_watcher_may_stop_others_while_a_stop_walks_the_tree, states_and_waits_have_names)
