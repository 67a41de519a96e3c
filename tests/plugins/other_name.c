/* SPDX-License-Identifier: MIT */
/* Bad: the descriptor has another name than the file. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

TASKD_PLUGIN(.name = "somebody", .run = run);
