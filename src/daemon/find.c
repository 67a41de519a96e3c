/* SPDX-License-Identifier: MIT */
/* Who mistypes a name is told the nearest one. */
#include "daemon/find.h"

#include <string.h>

#include "base/suggest.h"
#include "core/runtime.h"

static int no_group(struct td_runtime *rt, const char *path, struct td_failure *failure)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(path);

	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group))
		td_suggest_offer(&suggest, td_group_path(group));
	if (suggest.best)
		return td_fail(failure, -TASKD_ENOGROUP, path,
			       "there is no group %s; did you mean %s?", path, suggest.best);
	return td_fail(failure, -TASKD_ENOGROUP, path, "there is no group %s", path);
}

static void offer_tasks(struct td_suggest *suggest, const struct td_list *list)
{
	const struct td_task *task;

	TD_LIST_FOREACH (task, list, link) {
		if (task->info && task->info->name)
			td_suggest_offer(suggest, task->info->name);
	}
}

static int no_task(const struct td_group *group, const char *path, const char *name,
		   struct td_failure *failure)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(name);

	offer_tasks(&suggest, &group->tasks);
	offer_tasks(&suggest, &group->ended);
	if (suggest.best)
		return td_fail(failure, -TASKD_ENOTASK, path,
			       "group %s has no task %s; did you mean %s/%s?", td_group_path(group),
			       name, group->path, suggest.best);
	return td_fail(failure, -TASKD_ENOTASK, path, "group %s has no task %s",
		       td_group_path(group), name);
}

int td_find(struct td_runtime *rt, const char *text, struct td_group **ret_group,
	    struct td_task **ret_task, struct td_failure *failure)
{
	struct td_path path;
	const char *why;

	*ret_group = NULL;
	*ret_task = NULL;
	/* Not the root: what an unset variable of a script leaves must not stop everything. */
	if (text[0] == '\0')
		return td_fail(failure, -TASKD_EINVAL, "path",
			       "the path is empty; the root is written \"/\"");
	if (td_path_parse(text, &path, &why) < 0)
		return td_fail(failure, -TASKD_EINVAL, "path", "\"%.100s\" is not a path: %s", text,
			       why);
	if (path.kind == TD_PATH_ID) {
		*ret_task = td_group_find_id(rt, path.id);
		return *ret_task ? 0
				 : td_fail(failure, -TASKD_ENOTASK, text, "there is no task %s",
					   text);
	}
	*ret_group = td_group_find(rt, path.group);
	if (!*ret_group)
		return no_group(rt, path.group, failure);
	if (path.kind == TD_PATH_GROUP)
		return 0;
	*ret_task = td_group_find_task(*ret_group, path.task);
	if (!*ret_task)
		return no_task(*ret_group, text, path.task, failure);
	*ret_group = NULL;
	return 0;
}

struct td_group *td_find_group(struct td_runtime *rt, const char *path, struct td_failure *failure)
{
	struct td_group *group;
	struct td_task *task;

	if (td_find(rt, path, &group, &task, failure) < 0)
		return NULL;
	if (!group)
		(void)td_fail(failure, -TASKD_ENOGROUP, path, "%s is a task, not a group", path);
	return group;
}

struct td_task *td_find_task(struct td_runtime *rt, const char *path, struct td_failure *failure)
{
	struct td_group *group;
	struct td_task *task;

	if (td_find(rt, path, &group, &task, failure) < 0)
		return NULL;
	if (!task)
		(void)td_fail(failure, -TASKD_ENOTASK, path, "%s is a group, not a task", path);
	return task;
}
