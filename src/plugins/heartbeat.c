/* SPDX-License-Identifier: MIT */
/* The smallest useful task: one sign of life per run; `every` makes it a heartbeat. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <taskd/plugin.h>

static int write_all(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return fchmod(fd, 0644) < 0 ? -errno : 0;
}

/* Whoever reads the file finds the old beat or the new one, never half of one. */
static int write_beat(const char *path, const char *text)
{
	char *temporary = taskd_printf("%s.XXXXXX", path);
	int fd, r;

	if (temporary == NULL)
		return -TASKD_ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return taskd_fail(-errno, "cannot create a file beside %s: %s", path,
				  taskd_strerror(-errno));
	r = write_all(fd, text);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlink(temporary);
	return taskd_fail(r, "cannot write %s: %s", path, taskd_strerror(r));
}

static int run(taskd_self *self, void *arg)
{
	const char *message = taskd_param_string("message"), *path = taskd_param_string("path");
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	char *text;
	int r = 0;

	(void)self;
	(void)arg;
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (path == NULL) {
		taskd_log(TASKD_INFO, "%s", message);
	} else {
		text = taskd_printf("%s %s\n", when, message);
		r = text == NULL ? -TASKD_ENOMEM : write_beat(path, text);
	}
	if (r == 0)
		taskd_status("beat at %s", when);
	return r;
}

static const struct taskd_param params[] = {
	{.name = "message",
	 .type = TASKD_PARAM_STRING,
	 .fallback = "alive",
	 .help = "The text of a beat."},
	{.name = "path",
	 .type = TASKD_PARAM_PATH,
	 .help = "A file to replace, in one step, by the time and the text, instead of logging "
		 "it."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "heartbeat", .version = "1.0",
	     .summary = "logs a sign of life, or writes it to a file", .params = params,
	     .run = run);
