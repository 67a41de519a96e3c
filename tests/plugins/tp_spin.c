/* SPDX-License-Identifier: MIT */
/* Computes for ever and never asks whether it should stop. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	volatile uint64_t n = 0;

	(void)self;
	(void)arg;
	taskd_status("spinning");
	for (;;)
		n = n + 1;
	return 0;
}

TASKD_PLUGIN(.name = "tp_spin", .summary = "spins without a checkpoint", .run = run);
