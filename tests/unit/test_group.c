/* SPDX-License-Identifier: MIT */
/* The tree of groups: adding, finding, walking, closing, removing. */
#include <string.h>

#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "virtual.h"

static int wait_forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_sleep(TASKD_FOREVER);
}

/* S1-1 (as decided): dotted paths below a root "/". */
START_TEST(groups_are_found_by_their_path)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_group *ab = virtual_group(a, "ab");
	struct td_group *abc = virtual_group(ab, "abc");

	ck_assert_str_eq(td_group_path(rt->root), "/");
	ck_assert_str_eq(td_group_path(abc), "a.ab.abc");
	ck_assert_str_eq(abc->name, "abc");
	ck_assert_ptr_eq(td_group_find(rt, "/"), rt->root);
	ck_assert_ptr_eq(td_group_find(rt, ""), rt->root);
	ck_assert_ptr_eq(td_group_find(rt, "a"), a);
	ck_assert_ptr_eq(td_group_find(rt, "a.ab.abc"), abc);
	ck_assert_ptr_null(td_group_find(rt, "a.a"));
	ck_assert_ptr_null(td_group_find(rt, "a.abc"));
	ck_assert_ptr_null(td_group_find(rt, "a."));
	ck_assert_ptr_null(td_group_find(rt, ".a"));
	ck_assert_ptr_null(td_group_find(rt, "a..ab"));
	virtual_end(rt);
}
END_TEST

static int try_group(struct td_group *parent, const char *name, struct td_failure *failure)
{
	struct td_thread *t = td_enter();
	struct td_group *group;
	int r = td_group_new(parent, name, NULL, &group, failure);

	td_leave(t);
	return r;
}

/* S0-23, S1-38 (as decided): a group below one that is being stopped is refused. */
START_TEST(a_refused_group_says_why_and_changes_nothing)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *deepest = rt->root;
	struct td_failure failure = {0};
	struct td_stop *stop;
	uint32_t n;

	for (int i = 0; i < TD_DEPTH_MAX; i++)
		deepest = virtual_group(deepest, "x");
	n = rt->n_groups;
	ck_assert_int_eq(try_group(deepest, "y", &failure), -TASKD_ECAPACITY);
	ck_assert_ptr_nonnull(strstr(failure.text, "16 deep"));
	ck_assert_int_eq(try_group(rt->root, "x", NULL), -TASKD_EEXIST);
	ck_assert_int_eq(try_group(rt->root, "", NULL), -TASKD_EINVAL);
	ck_assert_int_eq(try_group(rt->root, "a.b", NULL), -TASKD_EINVAL);
	ck_assert_int_eq(try_group(rt->root, "-a", NULL), -TASKD_EINVAL);
	td_task_unref(virtual_spawn(rt, deepest, NULL, wait_forever, NULL));
	virtual_run(rt);
	virtual_stop(rt->root, TASKD_SEC, &stop);
	failure.code = 0;
	ck_assert_int_eq(try_group(rt->root, "y", &failure), -TASKD_ECLOSED);
	ck_assert_str_eq(failure.text, "group / is draining and admits no more groups");
	ck_assert_uint_eq(rt->n_groups, n);
	ck_assert_uint_eq(rt->root->n_open_children, 1);
	virtual_run(rt);
	td_stop_free(stop);
	virtual_end(rt);
}
END_TEST

START_TEST(a_group_without_memory_changes_nothing)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	TD_TEST_TORTURE(try_group(rt->root, "g", NULL));
	ck_assert_uint_eq(rt->n_groups, 2);
	ck_assert_uint_eq(rt->root->n_open_children, 1);
	virtual_end(rt);
}
END_TEST

START_TEST(a_walk_visits_the_subtree_parents_first)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_group *b = virtual_group(a, "b");
	char seen[64] = "";

	(void)virtual_group(b, "c");
	(void)virtual_group(a, "d");
	(void)virtual_group(rt->root, "e");
	for (struct td_group *group = a; group; group = td_group_next(a, group))
		virtual_append(seen, sizeof(seen), group->name);
	ck_assert_str_eq(seen, "abcd");
	seen[0] = '\0';
	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group))
		virtual_append(seen, sizeof(seen), group->name);
	ck_assert_str_eq(seen, "abcde");
	ck_assert_ptr_null(td_group_next(b, td_group_find(rt, "a.b.c")));
	virtual_end(rt);
}
END_TEST

START_TEST(only_a_closed_group_can_be_removed)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_stop *stop;

	(void)virtual_group(a, "b");
	ck_assert_int_eq(td_group_remove(a, NULL), -TASKD_EBUSY);
	ck_assert_int_eq(td_group_remove(rt->root, NULL), -TASKD_EBUSY);
	virtual_stop(a, TASKD_SEC, &stop);
	ck_assert_ptr_nonnull(stop); /* nothing to wait for */
	td_stop_free(stop);
	ck_assert_int_eq(td_group_remove(a, NULL), 0);
	ck_assert_ptr_null(td_group_find(rt, "a"));
	ck_assert_uint_eq(rt->n_groups, 1);
	(void)virtual_group(rt->root, "a"); /* the name is free again */
	virtual_end(rt);
}
END_TEST

/* S1-10: the reference cancels the tasks of a group when its last handle goes; here a group lives
 * in the tree until it is removed, whoever refers to it, with or without tasks. */
START_TEST(a_group_without_tasks_stays)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group *a = virtual_group(rt->root, "a");
	struct td_group *b = virtual_group(a, "b");
	struct td_task *task = virtual_spawn(rt, b, NULL, wait_forever, NULL);

	virtual_run(rt);
	ck_assert_int_eq(a->state, TD_GROUP_OPEN);
	ck_assert_int_eq(b->state, TD_GROUP_OPEN);
	ck_assert_int_eq(task->state, TD_TASK_WAITING);
	ck_assert_uint_eq(task->self.signals, 0);
	td_task_unref(task);
	virtual_end(rt);
}
END_TEST

/* S0-22: the tighter of both. */
START_TEST(grace_is_met_with_those_above)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_group_options options = {.grace = 30 * TASKD_SEC};
	struct td_group *a, *b, *c;

	ck_assert_int_eq(td_group_new(rt->root, "a", &options, &a, NULL), 0);
	options.grace = 5 * TASKD_SEC;
	ck_assert_int_eq(td_group_new(a, "b", &options, &b, NULL), 0);
	options.grace = -1;
	ck_assert_int_eq(td_group_new(b, "c", &options, &c, NULL), 0);
	ck_assert_int_eq(td_group_grace(rt->root), 20 * TASKD_SEC);
	ck_assert_int_eq(td_group_grace(a), 20 * TASKD_SEC);
	ck_assert_int_eq(td_group_grace(b), 5 * TASKD_SEC);
	ck_assert_int_eq(td_group_grace(c), 5 * TASKD_SEC);
	virtual_end(rt);
}
END_TEST

START_TEST(states_have_names)
{
	ck_assert_str_eq(td_group_state_name(TD_GROUP_DRAINING), "draining");
}
END_TEST

TD_TEST_MAIN("group", groups_are_found_by_their_path, a_refused_group_says_why_and_changes_nothing,
	     a_group_without_memory_changes_nothing, a_walk_visits_the_subtree_parents_first,
	     only_a_closed_group_can_be_removed, a_group_without_tasks_stays,
	     grace_is_met_with_those_above, states_have_names)
