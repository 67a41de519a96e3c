/* SPDX-License-Identifier: MIT */
/* What a path in a request names. Under the lock. */
#ifndef TD_DAEMON_FIND_H
#define TD_DAEMON_FIND_H

#include "base/failure.h"
#include "core/group.h"
#include "core/task.h"

/* Exactly one of the two is set. Errors: -TASKD_EINVAL, -TASKD_ENOGROUP, -TASKD_ENOTASK; the text
 * suggests what is near. */
int td_find(struct td_runtime *rt, const char *path, struct td_group **ret_group,
	    struct td_task **ret_task, struct td_failure *failure);
/* As td_find(), when only a group, or only a task, will do. */
struct td_group *td_find_group(struct td_runtime *rt, const char *path, struct td_failure *failure);
struct td_task *td_find_task(struct td_runtime *rt, const char *path, struct td_failure *failure);

#endif
