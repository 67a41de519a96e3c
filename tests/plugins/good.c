/* SPDX-License-Identifier: MIT */
/* A plugin without fault, and without a call into taskd: what the loader should be glad of. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "count", .type = TASKD_PARAM_INTEGER, .fallback = "3", .help = "How many."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "good", .version = "1.2", .summary = "does nothing", .params = params,
	     .run = run, .driver = TASKD_DRIVER_THREAD, .stack_size = 100000);
