/* SPDX-License-Identifier: MIT */
/* Logs the order of its cleanups: "cleanup 3", "cleanup 2", "cleanup 1", however it ends. */
#include <string.h>

#include <taskd/plugin.h>

static void say(void *arg)
{
	const char *text = arg;

	taskd_log(TASKD_INFO, "%s", text);
}

static int run(taskd_self *self, void *arg)
{
	const char *end = taskd_param_string("end");

	(void)self;
	(void)arg;
	for (int i = 1; i <= 4; i++) {
		char *text = taskd_printf("cleanup %d", i);

		if (text == NULL || taskd_defer(say, text) < 0)
			return -TASKD_ENOMEM;
		if (i == 4 && !taskd_undefer(say, text))
			taskd_panic("taskd_undefer() does not know the youngest");
	}
	if (strcmp(end, "fail") == 0)
		return taskd_fail(7, "as asked");
	if (strcmp(end, "panic") == 0)
		taskd_panic("as asked");
	if (strcmp(end, "wait") == 0)
		return taskd_sleep(TASKD_FOREVER);
	if (strcmp(end, "swallow") == 0)
		for (;;) {
			taskd_mask_cancel();
			(void)taskd_sleep(TASKD_SEC);
		}
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "end",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "return",
	 .choices = "return fail panic wait swallow",
	 .help = "How the task ends; wait until it is cancelled, swallow until it is aborted."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "tp_defer", .summary = "logs the order of its cleanups", .params = params,
	     .run = run);
