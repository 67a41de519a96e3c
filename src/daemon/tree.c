/* SPDX-License-Identifier: MIT */
/* Plugins are opened without the lock: their constructors may take as long as they like. */
#include "daemon/tree.h"

#include <dlfcn.h>
#include <string.h>

#include "base/assert.h"
#include "base/path.h"
#include "core/group.h"
#include "daemon/find.h"
#include "plugin/schema.h"

static void unref_values(void *values)
{
	td_values_unref(values);
}

/* C++ keeps the exceptions in flight per thread; fibers need them per fiber. */
static void note_cxx(struct td_app *app, struct td_plugin *plugin)
{
	void *globals = dlsym(plugin->handle, "__cxa_get_globals");
	struct td_thread *t;

	if (!globals || app->rt == NULL)
		return;
	t = td_enter();
	memcpy(&app->rt->cxa_globals, &globals, sizeof(globals));
	td_leave(t);
}

const struct taskd_plugin *td_tree_find_plugin(const char *name, struct td_failure *failure,
					       void *data)
{
	struct td_app *app = data;
	struct td_plugin *plugin = td_loader_open(app->loader, name, failure);

	if (!plugin)
		return NULL;
	note_cxx(app, plugin);
	return plugin->descriptor;
}

/* An inherited grace is that of the stop; only an own one tightens it. */
static taskd_nsec own_grace(const struct td_config_source *source, int64_t grace)
{
	return source->text && !source->inherited ? grace : -1;
}

static int add_group(struct td_app *app, const struct td_config_group *from,
		     struct td_failure *failure)
{
	struct td_group_options options = {
		.max_tasks = (uint32_t)from->max_tasks,
		.grace = own_grace(&from->sources[TD_CONFIG_GROUP_GRACE], from->grace_ns),
		.driver = (enum taskd_driver)from->driver,
	};
	struct td_group *parent = td_group_find(app->rt, from->parent ? from->parent->path : "/");
	const char *dot = strrchr(from->path, '.');
	struct td_group *there = td_group_find(app->rt, from->path);
	int r;

	td_assert(parent);
	if (there && there->state == TD_GROUP_CLOSED) {
		r = td_group_remove(there, failure);
		if (r < 0)
			return r;
		there = NULL;
	}
	if (there)
		return 0;
	return td_group_new(parent, dot ? dot + 1 : from->path, &options, NULL, failure);
}

static int add_task(struct td_app *app, const struct td_config_task *from,
		    const struct taskd_plugin *plugin, struct td_task **ret_task,
		    struct td_failure *failure)
{
	struct td_spawn spawn = {
		.name = from->name,
		.plugin = from->plugin,
		.fn = plugin->run,
		.driver = from->driver ? (enum taskd_driver)from->driver : plugin->driver,
		.stack_size = from->stack_bytes ? (size_t)from->stack_bytes : plugin->stack_size,
		.timeout = from->timeout_ns,
		.grace = own_grace(&from->sources[TD_CONFIG_TASK_GRACE], from->grace_ns),
		.configured = true,
		.every = from->every_ns,
		.jitter = from->jitter_ns,
		.missed = (enum td_missed)from->missed,
		.values = from->values,
		.values_free = unref_values,
	};
	struct td_group *group = td_group_find(app->rt, from->group ? from->group->path : "/");
	int r;

	if (!group)
		return td_fail(failure, -TASKD_ENOGROUP, from->path, "the group of %s is gone",
			       from->path);
	td_values_ref(from->values);
	r = td_task_spawn(app->rt, group, &spawn, ret_task, failure);
	if (r < 0)
		td_values_unref(from->values);
	return r;
}

int td_tree_start(struct td_app *app, struct td_failure *failure)
{
	const struct td_config *config = app->config;
	struct td_thread *t = td_enter();
	int r = 0;

	for (size_t i = 0; i < config->n_groups && r == 0; i++)
		r = add_group(app, config->groups[i], failure);
	td_leave(t);
	for (size_t i = 0; i < config->n_tasks && r == 0; i++) {
		const struct td_config_task *task = config->tasks[i];
		const struct taskd_plugin *plugin;

		if (!task->start || !task->values)
			continue; /* without values: left out, and said so */
		plugin = td_tree_find_plugin(task->plugin, failure, app);
		if (!plugin)
			return failure->code;
		t = td_enter();
		r = add_task(app, task, plugin, NULL, failure);
		td_leave(t);
	}
	return r;
}

int td_tree_run(struct td_app *app, const char *group_path, const char *plugin_name,
		const char *name, const struct td_setting *settings, size_t n_settings,
		struct td_task **ret_task, struct td_failure *failure)
{
	const struct taskd_plugin *plugin = td_tree_find_plugin(plugin_name, failure, app);
	struct td_values *values = NULL;
	struct td_group *group;
	struct td_thread *t;
	int r;

	if (!plugin)
		return failure->code;
	r = td_values_new(plugin->params, settings, n_settings, &values, failure);
	if (r < 0)
		return r;
	t = td_enter();
	group = td_find_group(app->rt, group_path, failure);
	if (!group) {
		r = failure->code;
	} else {
		struct td_spawn spawn = {
			.name = name,
			.plugin = plugin->name,
			.fn = plugin->run,
			.driver = plugin->driver,
			.stack_size = plugin->stack_size,
			.grace = -1,
			.keep = true,
			.values = values,
			.values_free = unref_values,
		};

		r = td_task_spawn(app->rt, group, &spawn, ret_task, failure);
	}
	if (r < 0)
		td_values_unref(values);
	td_leave(t);
	return r;
}

static const struct td_config_task *find_configured(const struct td_config *config,
						    const struct td_path *path)
{
	for (size_t i = 0; i < config->n_tasks; i++) {
		const struct td_config_task *task = config->tasks[i];

		if (strcmp(task->name, path->task) == 0 &&
		    strcmp(task->group ? task->group->path : "", path->group) == 0)
			return task;
	}
	return NULL;
}

/* A closed group is replaced by a new one of the same name, its parents first. */
static int reopen(struct td_app *app, const struct td_config_group *group,
		  struct td_failure *failure)
{
	int r;

	if (!group)
		return 0;
	r = reopen(app, group->parent, failure);
	return r < 0 ? r : add_group(app, group, failure);
}

int td_tree_restart(struct td_app *app, const char *text, struct td_task **ret_task,
		    struct td_failure *failure)
{
	const struct td_config_task *from;
	const struct taskd_plugin *plugin;
	struct td_path path;
	const char *why;
	struct td_thread *t;
	int r;

	if (td_path_parse(text, &path, &why) < 0 || path.kind != TD_PATH_TASK)
		return td_fail(failure, -TASKD_EINVAL, text,
			       "\"%s\" does not name a task of the configuration, GROUP/TASK",
			       text);
	from = find_configured(app->config, &path);
	if (!from)
		return td_fail(failure, -TASKD_ENOTASK, text,
			       "the configuration has no task %s; transient tasks are started by "
			       "taskctl run",
			       text);
	plugin = td_tree_find_plugin(from->plugin, failure, app);
	if (!plugin)
		return failure->code;
	if (!from->values)
		return td_fail(failure, -TASKD_EPLUGIN, text,
			       "%s was left out, since plugin %s was refused when the daemon "
			       "started; restart it",
			       text, from->plugin);
	t = td_enter();
	r = reopen(app, from->group, failure);
	if (r == 0)
		r = add_task(app, from, plugin, ret_task, failure);
	td_leave(t);
	return r;
}
