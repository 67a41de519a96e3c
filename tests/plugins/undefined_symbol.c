/* SPDX-License-Identifier: MIT */
/* Bad: calls a function that nobody has. */
#include <taskd/plugin.h>

int nobody_has_this_function(void);

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return nobody_has_this_function();
}

TASKD_PLUGIN(.name = "undefined_symbol", .run = run);
