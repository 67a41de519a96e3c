/* SPDX-License-Identifier: MIT */
/* A plugin built when the descriptor ended behind `run`: what it lacks must count as 0. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

TASKD_API const struct taskd_plugin taskd_plugin = {
	.size = offsetof(struct taskd_plugin, driver),
	.abi = TASKD_ABI,
	.name = "old",
	.run = run,
	.driver = TASKD_DRIVER_THREAD,
	.stack_size = 1,
};
