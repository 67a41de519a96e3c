/* SPDX-License-Identifier: MIT */
/* Starts children until that is refused, says how many there were, and waits with them. */
#include <taskd/plugin.h>

static int child(taskd_self *self, void *arg)
{
	(void)self;
	(void)arg;
	return taskd_sleep(TASKD_FOREVER);
}

static int run(taskd_self *self, void *arg)
{
	const int64_t most = taskd_param_integer("most");
	int64_t n;
	int r = 0;

	(void)self;
	(void)arg;
	for (n = 0; n < most && r == 0; n++)
		r = taskd_spawn(NULL, child, NULL, NULL);
	if (r < 0)
		n--;
	taskd_status("%lld children, then %s", (long long)n, r < 0 ? taskd_strerror(r) : "enough");
	taskd_log(TASKD_INFO, "started %lld children: %s", (long long)n,
		  r < 0 ? taskd_error_name(r) : "enough");
	return taskd_sleep(TASKD_FOREVER);
}

static const struct taskd_param params[] = {
	{.name = "most",
	 .type = TASKD_PARAM_INTEGER,
	 .fallback = "1000000",
	 .min = 0,
	 .max = 1000000,
	 .help = "How many children at most."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "tp_spawn", .summary = "starts children until that is refused",
	     .params = params, .run = run);
