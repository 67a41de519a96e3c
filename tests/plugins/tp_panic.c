/* SPDX-License-Identifier: MIT */
/* Finds a bug in itself. */
#include <taskd/plugin.h>

static void say(void *arg)
{
	(void)arg;
	taskd_log(TASKD_INFO, "cleanup after panic");
}

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	if (taskd_defer(say, NULL) < 0)
		return -TASKD_ENOMEM;
	taskd_panic("the answer is %d", 43);
}

TASKD_PLUGIN(.name = "tp_panic", .summary = "panics", .run = run);
