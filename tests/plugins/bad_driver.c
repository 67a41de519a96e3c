/* SPDX-License-Identifier: MIT */
/* Bad: wants a driver that does not exist. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

TASKD_PLUGIN(.name = "bad_driver", .run = run, .driver = (enum taskd_driver)17);
