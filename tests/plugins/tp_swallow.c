/* SPDX-License-Identifier: MIT */
/* Ignores that it was asked to stop; it waits again and again, and is told each time. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	uint64_t n_told = 0;

	(void)self;
	(void)arg;
	taskd_status("not told yet");
	for (;;)
		if (taskd_sleep(TASKD_MSEC) == -TASKD_ECANCELED)
			taskd_status("told %llu times", (unsigned long long)++n_told);
	return 0;
}

TASKD_PLUGIN(.name = "tp_swallow", .summary = "ignores that it was asked to stop", .run = run);
