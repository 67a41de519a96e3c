/* SPDX-License-Identifier: MIT */
/* From the configuration, and from requests, to groups and tasks of the runtime. */
#ifndef TD_DAEMON_TREE_H
#define TD_DAEMON_TREE_H

#include "base/failure.h"
#include "core/task.h"
#include "daemon/app.h"

/* The descriptor of a plugin, loaded when need be; NULL and the failure. `data` is the app. In the
 * form of td_config_plugins.find. Thread: control, lock not held. */
const struct taskd_plugin *td_tree_find_plugin(const char *name, struct td_failure *failure,
					       void *data);

/*
 * Creates the groups of the configuration and starts its tasks. Returns: 0, or the first error;
 * what was made before it stays. Thread: control, lock not held.
 */
int td_tree_start(struct td_app *app, struct td_failure *failure);

/*
 * Starts a transient task. Returns: 0, *ret_task a handle to be given back with td_task_unref()
 * under the lock; or what the runtime, the loader or the schema refuse. Thread: control, lock not
 * held.
 */
int td_tree_run(struct td_app *app, const char *group, const char *plugin, const char *name,
		const struct td_setting *settings, size_t n_settings, struct td_task **ret_task,
		struct td_failure *failure);

/*
 * Starts a task of the configuration again, and its group when that was closed. As td_tree_run();
 * also -TASKD_EEXIST it is running, -TASKD_ENOTASK it is not in the configuration.
 */
int td_tree_restart(struct td_app *app, const char *path, struct td_task **ret_task,
		    struct td_failure *failure);

#endif
