/* SPDX-License-Identifier: MIT */
/* The tree: finding, adding, closing, removing. Walks use the links, never recursion. */
#include "core/group.h"

#include <stdio.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/runtime.h"
#include "core/scope.h"
#include "core/stop.h"
#include "core/task.h"

#define TD_GEDGE(state) (1u << TD_GROUP_##state)
static const struct {
	const char *name;
	unsigned edges;
} states[] = {
#define ROW(state, text, next) [TD_GROUP_##state] = {text, next},
	TD_GROUP_STATES(ROW)
#undef ROW
};
#undef TD_GEDGE

const char *td_group_state_name(enum td_group_state state)
{
	return states[state].name;
}

const char *td_group_path(const struct td_group *group)
{
	return group->path[0] ? group->path : "/";
}

void td_group_set_state(struct td_group *group, enum td_group_state state)
{
	TD_CHECK(group, TD_GROUP_MAGIC);
	td_assert(states[group->state].edges & (1u << state));
	group->state = (uint8_t)state;
	if (!group->unlisted)
		td_emit(group->rt, TD_EVENT_STATE, TASKD_DEBUG, group, NULL, "%s",
			states[state].name);
}

static struct td_group *record_free(struct td_group *group)
{
	if (!group)
		return NULL;
	group->magic = 0;
	td_map_free(group->names);
	td_reason_unref(group->reason);
	td_mem_free(group->path);
	return td_mem_free(group);
}

static struct td_group *record_new(struct td_runtime *rt, struct td_group *parent, const char *name)
{
	struct td_group *group = td_mem_new(sizeof(*group));

	if (!group)
		return NULL;
	group->magic = TD_GROUP_MAGIC;
	group->rt = rt;
	group->parent = parent;
	group->path = !*name                      ? td_mem_strdup(parent ? parent->path : "")
		      : parent && parent->path[0] ? td_mem_printf("%s.%s", parent->path, name)
						  : td_mem_strdup(name);
	if (!group->path)
		return record_free(group);
	group->name = group->path + strlen(group->path) - strlen(name);
	td_list_init(&group->children);
	td_list_init(&group->tasks);
	td_list_init(&group->ended);
	group->deadline_at = TASKD_FOREVER;
	group->grace = -1;
	group->created_at = td_now(rt);
	group->created_realtime_usec = rt->env.realtime_usec(rt->env.data);
	return group;
}

static struct td_group *find_child(const struct td_group *parent, const char *name, size_t length)
{
	struct td_group *child;

	TD_LIST_FOREACH (child, &parent->children, sibling) {
		if (!child->unlisted && strncmp(child->name, name, length) == 0 &&
		    child->name[length] == '\0')
			return child;
	}
	return NULL;
}

static int check_new(struct td_group *parent, const char *name, struct td_failure *failure)
{
	if (!td_path_is_word(name))
		return td_fail(failure, -TASKD_EINVAL, name,
			       "\"%.80s\" cannot be the name of a group: 1 to %d of A-Z a-z 0-9 _ "
			       "-, not beginning with '-'",
			       name, TD_WORD_MAX);
	if (find_child(parent, name, strlen(name)))
		return td_fail(failure, -TASKD_EEXIST, name,
			       "group %s has a child named %s already", td_group_path(parent),
			       name);
	if (!td_group_is_open(parent))
		return td_fail(failure, -TASKD_ECLOSED, td_group_path(parent),
			       "group %s is %s and admits no more groups", td_group_path(parent),
			       td_group_state_name(parent->state));
	if (parent->depth >= TD_DEPTH_MAX)
		return td_fail(failure, -TASKD_ECAPACITY, td_group_path(parent),
			       "group %s is %d deep, and no group may be deeper",
			       td_group_path(parent), TD_DEPTH_MAX);
	return 0;
}

int td_group_new(struct td_group *parent, const char *name, const struct td_group_options *options,
		 struct td_group **ret_group, struct td_failure *failure)
{
	struct td_runtime *rt = parent->rt;
	struct td_group *group;
	int r = check_new(parent, name, failure);

	if (r < 0)
		return r;
	group = td_timer_reserve(rt) == 0 ? record_new(rt, parent, name) : NULL;
	if (!group)
		return td_fail(failure, -TASKD_ENOMEM, name, "no memory for group %s", name);
	if (options) {
		group->max_tasks = options->max_tasks;
		group->grace = options->grace;
		group->driver = (uint8_t)options->driver;
	}
	group->depth = (uint8_t)(parent->depth + 1);
	td_list_append(&parent->children, &group->sibling);
	parent->n_open_children++;
	rt->n_groups++;
	if (ret_group)
		*ret_group = group;
	return 0;
}

int td_group_new_unlisted(struct td_group *parent, unsigned max_depth, struct td_group **ret_group)
{
	struct td_runtime *rt = parent->rt;
	struct td_group *group;

	if (!td_group_is_open(parent))
		return -TASKD_ECLOSED;
	if (parent->depth >= max_depth)
		return -TASKD_ECAPACITY;
	group = td_timer_reserve(rt) == 0 ? record_new(rt, parent, "") : NULL;
	if (!group)
		return -TASKD_ENOMEM;
	group->unlisted = true;
	group->driver = parent->driver;
	group->depth = (uint8_t)(parent->depth + 1);
	td_list_append(&parent->children, &group->sibling);
	parent->n_open_children++;
	rt->n_groups++;
	*ret_group = group;
	return 0;
}

struct td_group *td_group_new_root(struct td_runtime *rt)
{
	struct td_group *group = record_new(rt, NULL, "");

	if (group) {
		group->grace = rt->limits.grace;
		rt->n_groups++;
	}
	return group;
}

struct td_group *td_group_next(const struct td_group *top, struct td_group *group)
{
	if (!td_list_empty(&group->children))
		return TD_LIST_FIRST(&group->children, struct td_group, sibling);
	while (group != top) {
		struct td_group *parent = group->parent;

		if (group->sibling.next != &parent->children)
			return TD_CONTAINER_OF(group->sibling.next, struct td_group, sibling);
		group = parent;
	}
	return NULL;
}

/* Frees one group without children; its records go with it. */
static void dispose(struct td_group *group)
{
	struct td_task *task, *next;

	td_assert(td_list_empty(&group->children) && td_list_empty(&group->tasks));
	TD_LIST_FOREACH_SAFE (task, next, &group->ended, link)
		td_task_forget(task);
	td_timer_clear(group->rt, &group->deadline_timer);
	td_list_remove(&group->sibling);
	group->rt->n_groups--;
	group->parent = NULL; /* it may be gone before the last record of this one */
	group->removed = true;
	if (group->n_records == 0)
		record_free(group);
}

void td_group_drop(struct td_group *group)
{
	td_assert(group->unlisted && group->n_tasks == 0 && group->n_open_children == 0);
	if (group->state == TD_GROUP_OPEN) {
		td_group_set_state(group, TD_GROUP_CLOSING);
		td_group_set_state(group, TD_GROUP_FINALIZING);
		td_group_set_state(group, TD_GROUP_CLOSED);
		group->parent->n_open_children--;
	}
	td_group_free_tree(group);
}

uint32_t td_group_count_tasks(struct td_group *group)
{
	uint32_t n = group->n_below;
	struct td_group *child;

	TD_LIST_FOREACH (child, &group->children, sibling) {
		if (!child->unlisted)
			n -= child->n_below;
	}
	return n;
}

void td_group_hold(struct td_group *group)
{
	group->n_records++;
}

void td_group_release(struct td_group *group)
{
	td_assert(group->n_records > 0);
	if (--group->n_records == 0 && group->removed)
		record_free(group);
}

void td_group_free_tree(struct td_group *root)
{
	struct td_group *group = root;

	while (group) {
		struct td_group *parent = group->parent;

		if (!td_list_empty(&group->children)) {
			group = TD_LIST_FIRST(&group->children, struct td_group, sibling);
			continue;
		}
		dispose(group);
		if (group == root)
			break;
		group = parent;
	}
}

int td_group_remove(struct td_group *group, struct td_failure *failure)
{
	if (group->state != TD_GROUP_CLOSED || !group->parent)
		return td_fail(failure, -TASKD_EBUSY, td_group_path(group),
			       "group %s is %s; only a closed group can be removed",
			       td_group_path(group), td_group_state_name(group->state));
	td_group_free_tree(group);
	return 0;
}

struct td_group *td_group_find(struct td_runtime *rt, const char *path)
{
	struct td_group *group = rt->root;

	if (strcmp(path, "/") == 0)
		return group;
	while (group && *path) {
		size_t length = strcspn(path, ".");

		group = find_child(group, path, length);
		path += length;
		if (*path == '.' && *++path == '\0')
			return NULL;
	}
	return group;
}

struct td_task *td_group_find_task(struct td_group *group, const char *name)
{
	struct td_task *task = group->names ? td_map_get(group->names, name) : NULL;
	struct td_task *found = NULL;
	char text[TD_TASK_NAME_MAX];

	if (task)
		return task;
	for (struct td_group *in = group; in; in = td_group_next(group, in)) {
		if (td_group_home(in) != group)
			continue;
		TD_LIST_FOREACH (task, &in->tasks, link) {
			if (!(task->info && task->info->name) &&
			    strcmp(td_task_name(task, text), name) == 0)
				return task;
		}
	}
	TD_LIST_FOREACH (task, &group->ended, link) {
		if (strcmp(td_task_name(task, text), name) == 0)
			found = task;
	}
	return found;
}

struct td_task *td_group_find_id(struct td_runtime *rt, uint64_t id)
{
	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group)) {
		struct td_task *task;

		TD_LIST_FOREACH (task, &group->tasks, link) {
			if (task->id == id)
				return task;
		}
		TD_LIST_FOREACH (task, &group->ended, link) {
			if (task->id == id)
				return task;
		}
	}
	return NULL;
}

taskd_nsec td_group_grace(const struct td_group *group)
{
	taskd_nsec grace = TASKD_FOREVER;

	for (; group; group = group->parent)
		if (group->grace >= 0 && group->grace < grace)
			grace = group->grace;
	return grace;
}

void td_group_settle(struct td_group *group)
{
	while (group && group->n_tasks == 0 && group->n_open_children == 0) {
		struct td_group *parent = group->parent;

		if (group->scope)
			td_scope_emptied(group->scope);
		if (group->state == TD_GROUP_OPEN || group->state == TD_GROUP_CLOSING ||
		    group->state == TD_GROUP_CLOSED)
			break;
		td_group_set_state(group, TD_GROUP_FINALIZING);
		if (!group->scope) /* the time of a scope goes on while its owner is in it */
			td_timer_clear(group->rt, &group->deadline_timer);
		td_group_set_state(group, TD_GROUP_CLOSED);
		if (parent)
			parent->n_open_children--;
		td_stop_finish(group);
		group = parent;
	}
}
