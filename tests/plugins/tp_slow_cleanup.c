/* SPDX-License-Identifier: MIT */
/* Its cleanup takes an hour: the cleanup budget must end it. */
#include <taskd/plugin.h>

static void slow(void *arg)
{
	(void)arg;
	taskd_log(TASKD_INFO, "slow cleanup begins");
	taskd_mask_cancel();
	(void)taskd_sleep(3600 * TASKD_SEC);
	taskd_unmask_cancel();
	taskd_log(TASKD_INFO, "slow cleanup is over");
}

static void quick(void *arg)
{
	(void)arg;
	taskd_log(TASKD_INFO, "the cleanup before it runs all the same");
}

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	if (taskd_defer(quick, NULL) < 0 || taskd_defer(slow, NULL) < 0)
		return -TASKD_ENOMEM;
	return taskd_param_boolean("wait") ? taskd_sleep(TASKD_FOREVER) : 0;
}

static const struct taskd_param params[] = {
	{.name = "wait",
	 .type = TASKD_PARAM_BOOLEAN,
	 .fallback = "yes",
	 .help = "Wait until the task is asked to stop; else end at once."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "tp_slow_cleanup", .summary = "has a cleanup of one hour", .params = params,
	     .run = run);
