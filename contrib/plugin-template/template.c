/* SPDX-License-Identifier: MIT */
/* A plugin to begin with: counts down, with a parameter, a status, a cleanup, and a clean end. */
#include <taskd/plugin.h>

struct countdown {
	int64_t left;
};

/* Runs however the task ends, also when it is stopped by force: on another stack, so its argument
 * comes from taskd_alloc() and never from a local variable. */
static void cleanup(void *arg)
{
	const struct countdown *countdown = arg;

	taskd_log(TASKD_INFO, "ended with %lld left", (long long)countdown->left);
}

static int run(taskd_self *self, void *arg)
{
	struct countdown *countdown = taskd_alloc(sizeof(*countdown));
	int r;

	(void)self;
	(void)arg;
	if (countdown == NULL)
		return -TASKD_ENOMEM;
	r = taskd_defer(cleanup, countdown);
	if (r < 0)
		return r;
	for (countdown->left = taskd_param_integer("from"); countdown->left > 0;
	     countdown->left--) {
		taskd_status("%lld left", (long long)countdown->left);
		/* Asked to stop, every call that waits answers -TASKD_ECANCELED: pass it on. */
		r = taskd_sleep(taskd_param_integer("pause"));
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "from",
	 .type = TASKD_PARAM_INTEGER,
	 .fallback = "10",
	 .min = 1,
	 .max = 1000000,
	 .help = "The number to count down from."},
	{.name = "pause",
	 .type = TASKD_PARAM_DURATION,
	 .fallback = "1s",
	 .max = 3600 * TASKD_SEC,
	 .help = "How long to wait between two numbers."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "template", .version = "1.0", .summary = "counts down", .params = params,
	     .run = run);
