/* SPDX-License-Identifier: MIT */
/* Logs more than any reader keeps up with, then a last line, so that losses can be counted. */
#include <taskd/plugin.h>

static int run(taskd_self *self, void *arg)
{
	const int64_t n = taskd_param_integer("lines");

	(void)arg;
	for (int64_t i = 1; i <= n; i++) {
		int r = taskd_checkpoint(self);

		if (r < 0)
			return r;
		taskd_log(TASKD_INFO, "line %lld of %lld", (long long)i, (long long)n);
	}
	taskd_log(TASKD_NOTICE, "flood is over");
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "lines",
	 .type = TASKD_PARAM_INTEGER,
	 .fallback = "100000",
	 .min = 0,
	 .max = 10000000,
	 .unit = "lines",
	 .help = "How many lines to log."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "tp_flood", .summary = "logs 100000 lines", .params = params, .run = run);
