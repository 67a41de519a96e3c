/* SPDX-License-Identifier: MIT */
/* Bad: the default of a parameter is none of its values. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "wait", .type = TASKD_PARAM_DURATION, .fallback = "soon", .help = "How long."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "bad_schema", .params = params, .run = run);
