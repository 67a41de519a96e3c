/* SPDX-License-Identifier: MIT */
/* Blocks in the kernel where taskd cannot wake it: the thread is lost until the read returns. */
#include <unistd.h>

#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	int fds[2];
	char byte;

	(void)self;
	(void)arg;
	if (pipe(fds) < 0)
		return taskd_fail(-errno, "pipe: %s", taskd_strerror(-errno));
	taskd_status("blocked");
	return (int)read(fds[0], &byte, 1);
}

TASKD_PLUGIN(.name = "tp_block", .summary = "blocks without taskd", .run = run);
