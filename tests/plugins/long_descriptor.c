/* SPDX-License-Identifier: MIT */
/* Bad: the descriptor says that it is larger than its symbol. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return 0;
}

TASKD_API const struct taskd_plugin taskd_plugin = {
	.size = 4096,
	.abi = TASKD_ABI,
	.name = "long_descriptor",
	.run = run,
};
