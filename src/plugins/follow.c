/* SPDX-License-Identifier: MIT */
/*
 * Follows a growing file by its name: through rotation (renamed and created anew), truncation,
 * and absence. inotify tells when something happened, so nothing is polled: the file itself is
 * watched for data, its directory for another file under the name.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <taskd/plugin.h>

#define LINE_MAX_BYTES 4096 /* what of a longer line is looked at */
#define CHUNK 16384         /* bytes of one read */
#define CHUNKS_AT_A_TIME 16 /* reads until other tasks get a turn */

#define DIRECTORY_EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB)

struct follow {
	const char *path, *directory, *name, *pattern;
	int inotify_fd; /* owned */
	int file_fd;    /* owned; -1: there is none at the moment */
	int directory_watch, file_watch;
	dev_t device; /* of the open file */
	ino_t inode;
	off_t offset;
	uint64_t n_lines, n_matched;
	bool waiting; /* the absence of the file was logged */
	size_t line_length;
	char line[LINE_MAX_BYTES];
	char chunk[CHUNK];
	char events[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
};

static void follow_cleanup(void *arg)
{
	struct follow *follow = arg;

	if (follow->file_fd >= 0)
		(void)close(follow->file_fd);
	if (follow->inotify_fd >= 0)
		(void)close(follow->inotify_fd);
}

/* ---- lines ------------------------------------------------------------------------------ */

static void line_end(struct follow *follow)
{
	follow->n_lines++;
	if (follow->pattern != NULL &&
	    memmem(follow->line, follow->line_length, follow->pattern, strlen(follow->pattern))) {
		follow->n_matched++;
		taskd_log(TASKD_INFO, "%.*s", (int)follow->line_length, follow->line);
	}
	follow->line_length = 0;
}

static void take(struct follow *follow, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t n = end != NULL ? (size_t)(end - bytes) : length;
		size_t room = sizeof(follow->line) - follow->line_length;

		memcpy(follow->line + follow->line_length, bytes, n < room ? n : room);
		follow->line_length += n < room ? n : room;
		if (end == NULL)
			return;
		line_end(follow);
		bytes += n + 1;
		length -= n + 1;
	}
}

static void say_status(const struct follow *follow)
{
	const unsigned long long n = follow->n_lines, n_matched = follow->n_matched;
	const char *plural = n == 1 ? "" : "s";

	if (follow->file_fd < 0)
		taskd_status("waiting for the file, %llu line%s so far", n, plural);
	else if (follow->pattern != NULL)
		taskd_status("%llu line%s, %llu matched", n, plural, n_matched);
	else
		taskd_status("%llu line%s", n, plural);
}

/* ---- file ------------------------------------------------------------------------------- */

static void file_close(struct follow *follow)
{
	if (follow->file_fd < 0)
		return;
	(void)inotify_rm_watch(follow->inotify_fd, follow->file_watch);
	(void)close(follow->file_fd);
	follow->file_fd = -1;
	follow->file_watch = -1;
	follow->line_length = 0;
}

/* Opens what the name stands for now. Returns: 0, also when there is nothing. */
static int file_open(struct follow *follow, bool at_end)
{
	struct stat st;
	char self[40];
	int fd;

	fd = open(follow->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		if (!follow->waiting)
			taskd_log(TASKD_NOTICE, "%s is not there; waiting for it", follow->path);
		follow->waiting = true;
		return 0;
	}
	if (fd < 0)
		return taskd_fail(-errno, "cannot open %s: %s", follow->path,
				  taskd_strerror(-errno));
	follow->file_fd = fd;
	follow->waiting = false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return taskd_fail(-TASKD_EINVAL, "%s is not a regular file", follow->path);
	/* By the descriptor, so that the watch is on the file that was opened. */
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	follow->file_watch = inotify_add_watch(follow->inotify_fd, self, FILE_EVENTS);
	if (follow->file_watch < 0)
		return taskd_fail(-errno, "cannot watch %s: %s", follow->path,
				  taskd_strerror(-errno));
	follow->device = st.st_dev;
	follow->inode = st.st_ino;
	follow->offset = at_end ? st.st_size : 0;
	return 0;
}

/* Reads up to the end. Blocks: between pieces, for the other tasks. */
static int file_read(struct follow *follow)
{
	unsigned n_chunks = 0;
	struct stat st;
	ssize_t n;
	int r;

	if (follow->file_fd < 0)
		return 0;
	if (fstat(follow->file_fd, &st) == 0 && st.st_size < follow->offset) {
		taskd_log(TASKD_NOTICE, "%s was truncated; reading from its start", follow->path);
		follow->offset = 0;
		follow->line_length = 0;
	}
	for (;;) {
		n = pread(follow->file_fd, follow->chunk, sizeof(follow->chunk), follow->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return taskd_fail(-errno, "cannot read %s: %s", follow->path,
					  taskd_strerror(-errno));
		if (n == 0)
			return 0;
		follow->offset += n;
		take(follow, follow->chunk, (size_t)n);
		if (++n_chunks % CHUNKS_AT_A_TIME == 0) {
			say_status(follow);
			r = taskd_yield();
			if (r < 0)
				return r;
		}
	}
}

/* The name may stand for another file now. */
static int file_check(struct follow *follow)
{
	struct stat st;

	if (stat(follow->path, &st) < 0) {
		/* Who renamed it may write on for a while, so it stays open. */
		if (errno == ENOENT && follow->file_fd >= 0)
			return 0;
	} else if (follow->file_fd >= 0 && st.st_ino == follow->inode &&
		   st.st_dev == follow->device) {
		return 0;
	} else if (follow->file_fd >= 0) {
		taskd_log(TASKD_NOTICE, "%s was rotated; going on with the new file", follow->path);
	}
	file_close(follow);
	return file_open(follow, false);
}

/* ---- events ----------------------------------------------------------------------------- */

/* Takes all events. *ret_name: something happened to the name. Returns: 0 or the failure. */
static int take_events(struct follow *follow, bool *ret_name)
{
	bool name = false;

	for (;;) {
		ssize_t n = read(follow->inotify_fd, follow->events, sizeof(follow->events));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (char *at = follow->events; at < follow->events + n;) {
			const struct inotify_event *event = (const void *)at;

			if (event->wd == follow->directory_watch &&
			    (event->mask &
			     (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)))
				return taskd_fail(-ENOENT, "the directory %s has gone",
						  follow->directory);
			name |= (event->mask & IN_Q_OVERFLOW) != 0;
			name |= event->wd == follow->directory_watch && event->len > 0 &&
				strcmp(event->name, follow->name) == 0;
			at += sizeof(*event) + event->len;
		}
	}
	*ret_name = name;
	return 0;
}

static int follow_open(struct follow *follow)
{
	char *directory = taskd_strdup(follow->path);
	char *slash;

	if (directory == NULL)
		return -TASKD_ENOMEM;
	slash = strrchr(directory, '/');
	if (slash == NULL || slash[1] == '\0')
		return taskd_fail(-TASKD_EINVAL, "path: %s names a directory", follow->path);
	follow->name = follow->path + (slash - directory) + 1;
	slash[slash == directory] = '\0';
	follow->directory = directory;
	follow->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (follow->inotify_fd < 0)
		return taskd_fail(-errno, "cannot use inotify: %s", taskd_strerror(-errno));
	/* First the directory, then the file: what happens in between is an event. */
	follow->directory_watch =
		inotify_add_watch(follow->inotify_fd, directory, DIRECTORY_EVENTS | IN_ONLYDIR);
	if (follow->directory_watch < 0)
		return taskd_fail(-errno, "cannot watch the directory %s: %s", directory,
				  taskd_strerror(-errno));
	return file_open(follow, strcmp(taskd_param_string("from"), "end") == 0);
}

static int follow_loop(struct follow *follow)
{
	bool name = false;
	int r;

	for (;;) {
		r = file_read(follow);
		if (r < 0)
			return r;
		say_status(follow);
		r = taskd_wait_fd(follow->inotify_fd, TASKD_READABLE, TASKD_FOREVER);
		if (r < 0)
			return r;
		r = take_events(follow, &name);
		if (r == 0)
			r = file_read(follow); /* the rest of the old file */
		if (r == 0 && name)
			r = file_check(follow);
		if (r < 0)
			return r;
	}
}

static int run(taskd_self *self, void *arg)
{
	struct follow *follow = taskd_alloc(sizeof(*follow));
	int r;

	(void)self;
	(void)arg;
	if (follow == NULL)
		return -TASKD_ENOMEM;
	follow->inotify_fd = follow->file_fd = -1;
	follow->directory_watch = follow->file_watch = -1;
	follow->path = taskd_param_string("path");
	follow->pattern = taskd_param_string("pattern");
	r = taskd_defer(follow_cleanup, follow);
	if (r == 0)
		r = follow_open(follow);
	return r < 0 ? r : follow_loop(follow);
}

static const struct taskd_param params[] = {
	{.name = "path",
	 .type = TASKD_PARAM_PATH,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "The file; it may be missing, be rotated and be truncated, its directory not."},
	{.name = "pattern",
	 .type = TASKD_PARAM_STRING,
	 .help = "Lines that contain this text are counted and logged."},
	{.name = "from",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "end",
	 .choices = "end start",
	 .help = "Where to begin in a file that is there already; later files are read whole."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "follow", .version = "1.0", .summary = "follows a file through rotation",
	     .params = params, .run = run);
