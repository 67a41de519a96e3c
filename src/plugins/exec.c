/* SPDX-License-Identifier: MIT */
/*
 * Runs a program as a task: its output becomes events, its end becomes the outcome. Asked to
 * stop, it passes the request on and waits; stopped by force, the cleanup kills the whole process
 * group. The main process is reaped last and once, so that its number always means this group.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/plugin.h>

#include "plugins/exec_group.h"
#include "plugins/exec_launch.h"
#include "plugins/exec_lines.h"
#include "plugins/exec_plan.h"

#define READ_LIMIT 8192           /* bytes at a time: each may be a line, and other tasks wait */
#define LAST_READ_LIMIT (1 << 20) /* bytes still in a pipe after the end */
#define KILL_WAIT (5 * TASKD_SEC) /* for a process to end after SIGKILL */

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},   {"ILL", SIGILL},
	{"TRAP", SIGTRAP}, {"ABRT", SIGABRT}, {"BUS", SIGBUS},     {"FPE", SIGFPE},
	{"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},   {"USR2", SIGUSR2},
	{"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},   {"XCPU", SIGXCPU},
	{"XFSZ", SIGXFSZ}, {"SYS", SIGSYS},   {"WINCH", SIGWINCH},
};

struct job {
	struct exec_plan plan;
	pid_t pid; /* also of the process group and session; 0: none */
	int pidfd; /* owned, as the others; -1: none */
	int epoll_fd;
	int null_fd;
	int write_fds[2]; /* of the child's stdout and stderr, until it has them */
	bool exited, reaped;
	siginfo_t end; /* once reaped */
	struct exec_lines out, err;
};

enum source { SOURCE_EXIT, SOURCE_OUT, SOURCE_ERR };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* ---- cleanup ---------------------------------------------------------------------------- */

/* Takes the exit status, when there is one. */
static void job_reap(struct job *job)
{
	siginfo_t info = {0};
	int r = waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG);

	if (r == 0 && info.si_pid == 0)
		return; /* it runs on */
	if (r < 0 && errno != ECHILD)
		return;
	job->end = info;
	job->reaped = true;
}

/* Runs at every end, and is all that runs after a forced one. */
static void job_cleanup(void *arg)
{
	struct job *job = arg;

	if (job->pid > 0 && !job->reaped) {
		(void)kill(-job->pid, SIGKILL);
		taskd_mask_cancel();
		if (job->pidfd >= 0)
			(void)taskd_wait_fd(job->pidfd, TASKD_READABLE, KILL_WAIT);
		taskd_unmask_cancel();
		job_reap(job);
		if (!job->reaped)
			taskd_log(TASKD_WARNING, "process %d does not end after SIGKILL; left",
				  (int)job->pid);
	}
	close_fd(&job->out.fd);
	close_fd(&job->err.fd);
	close_fd(&job->write_fds[0]);
	close_fd(&job->write_fds[1]);
	close_fd(&job->null_fd);
	close_fd(&job->epoll_fd);
	close_fd(&job->pidfd);
}

/* ---- start ------------------------------------------------------------------------------ */

static int watch(const struct job *job, int fd, enum source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(job->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_pipe(struct job *job, struct exec_lines *lines, int *write_fd, enum source source)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	lines->fd = exec_above_stdio(ends[0]);
	*write_fd = exec_above_stdio(ends[1]);
	if (lines->fd < 0 || *write_fd < 0)
		return lines->fd < 0 ? lines->fd : *write_fd;
	if (fcntl(lines->fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return watch(job, lines->fd, source);
}

static int job_open(struct job *job)
{
	int r;

	job->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (job->epoll_fd < 0)
		return -errno;
	r = open("/dev/null", O_RDWR | O_CLOEXEC);
	job->null_fd = r < 0 ? -errno : exec_above_stdio(r);
	if (job->null_fd < 0)
		return job->null_fd;
	if (strcmp(taskd_param_string("output"), "discard") == 0)
		return 0;
	r = open_pipe(job, &job->out, &job->write_fds[0], SOURCE_OUT);
	return r < 0 ? r : open_pipe(job, &job->err, &job->write_fds[1], SOURCE_ERR);
}

static int job_start(struct job *job)
{
	const bool discard = job->write_fds[0] < 0;
	const int fds[3] = {job->null_fd, discard ? job->null_fd : job->write_fds[0],
			    discard ? job->null_fd : job->write_fds[1]};
	int r;

	r = exec_launch(&job->plan, fds, &job->pid);
	close_fd(&job->write_fds[0]);
	close_fd(&job->write_fds[1]);
	close_fd(&job->null_fd);
	if (r != 0)
		return r;
	job->pidfd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0)
		return taskd_fail(-errno, "cannot watch process %d: %s", (int)job->pid,
				  taskd_strerror(-errno));
	r = watch(job, job->pidfd, SOURCE_EXIT);
	if (r < 0)
		return taskd_fail(r, "cannot watch process %d: %s", (int)job->pid,
				  taskd_strerror(r));
	taskd_status("pid %d", (int)job->pid);
	return 0;
}

/* ---- run -------------------------------------------------------------------------------- */

static void job_events(struct job *job)
{
	struct epoll_event events[3];
	int n = epoll_wait(job->epoll_fd, events, 3, 0);

	for (int i = 0; i < n; i++)
		switch ((enum source)events[i].data.u32) {
		case SOURCE_EXIT:
			job->exited = true;
			break;
		case SOURCE_OUT:
			exec_lines_read(&job->out, READ_LIMIT);
			break;
		case SOURCE_ERR:
			exec_lines_read(&job->err, READ_LIMIT);
			break;
		}
}

static void job_ask_to_stop(const struct job *job)
{
	const char *name = taskd_param_string("stop-signal");

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			(void)kill(-job->pid, signals[i].number);
	(void)kill(-job->pid, SIGCONT);
	taskd_status("pid %d, stopping (SIG%s sent)", (int)job->pid, name);
}

/* Until the main process has ended. Its end after a request to stop has no time limit here: the
 * grace of the task is the limit, and job_cleanup() what follows it. */
static int job_follow(struct job *job, bool *ret_stopped)
{
	bool stopping = false;
	int r = 0;

	while (!job->exited) {
		r = taskd_wait_fd(job->epoll_fd, TASKD_READABLE, TASKD_FOREVER);
		if (r == -TASKD_ECANCELED && !stopping) {
			stopping = true;
			job_ask_to_stop(job);
			taskd_mask_cancel();
			continue;
		}
		if (r < 0)
			break;
		job_events(job);
	}
	if (stopping)
		taskd_unmask_cancel();
	*ret_stopped = stopping;
	return r < 0 ? r : 0;
}

/* ---- end -------------------------------------------------------------------------------- */

static const char *signal_name(int number)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].number == number)
			return taskd_printf("SIG%s", signals[i].name);
	return taskd_printf("signal %d", number);
}

static void job_finish(struct job *job)
{
	const bool pinned = exec_group_pinned(job->pidfd);

	if (!pinned)
		(void)kill(-job->pid, SIGKILL);
	job_reap(job);
	if (pinned)
		exec_group_kill_rest(job->pid, job->pidfd);
	/* What is in the pipes; a process that left the group may hold them open for ever. */
	exec_lines_read(&job->out, LAST_READ_LIMIT);
	exec_lines_read(&job->err, LAST_READ_LIMIT);
	exec_lines_finish(&job->out);
	exec_lines_finish(&job->err);
}

static int job_result(const struct job *job)
{
	const int status = job->end.si_status;
	const char *name;

	if (job->end.si_pid == 0)
		return taskd_fail(-ECHILD, "the exit status of process %d was lost", (int)job->pid);
	if (job->end.si_code == CLD_EXITED)
		return status == 0 ? 0 : taskd_fail(status, "exit code %d", status);
	name = signal_name(status);
	return taskd_fail(128 + status, "killed by %s%s", name != NULL ? name : "a signal",
			  job->end.si_code == CLD_DUMPED ? " (core dumped)" : "");
}

static struct job *job_new(void)
{
	struct job *job = taskd_alloc(sizeof(*job));

	if (job == NULL)
		return NULL;
	job->pidfd = job->epoll_fd = job->null_fd = -1;
	job->write_fds[0] = job->write_fds[1] = -1;
	job->out.fd = job->err.fd = -1;
	job->out.stream = 1;
	job->err.stream = 2;
	return job;
}

static int run(taskd_self *self, void *arg)
{
	struct job *job;
	bool stopped;
	int r;

	(void)arg;
	r = taskd_checkpoint(self);
	if (r < 0)
		return r;
	job = job_new();
	if (job == NULL)
		return -TASKD_ENOMEM;
	r = exec_plan_make(&job->plan);
	if (r != 0)
		return r;
	r = taskd_defer(job_cleanup, job);
	if (r < 0)
		return r;
	r = job_open(job);
	if (r < 0)
		return taskd_fail(r, "cannot connect the output: %s", taskd_strerror(r));
	r = job_start(job);
	if (r != 0)
		return r;
	r = job_follow(job, &stopped);
	if (r < 0)
		return r;
	job_finish(job);
	taskd_status(NULL);
	return stopped ? -TASKD_ECANCELED : job_result(job);
}

static const struct taskd_param params[] = {
	{.name = "command",
	 .type = TASKD_PARAM_LIST,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "The program and its arguments; a name without '/' is searched in PATH."},
	{.name = "shell",
	 .type = TASKD_PARAM_BOOLEAN,
	 .fallback = "no",
	 .help = "Give the command to /bin/sh -c; it must then be one word, in quotes."},
	{.name = "directory",
	 .type = TASKD_PARAM_PATH,
	 .help = "The directory to run in; that of the daemon unless given."},
	{.name = "environment",
	 .type = TASKD_PARAM_LIST,
	 .help = "Variables as NAME=VALUE, added to the daemon's environment or replacing it "
		 "there."},
	{.name = "user",
	 .type = TASKD_PARAM_STRING,
	 .help = "The user, by name or number, to run as, with its groups; needs a daemon of "
		 "root."},
	{.name = "stop-signal",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "TERM",
	 .choices = "TERM INT HUP QUIT USR1 USR2 KILL ABRT WINCH",
	 .help = "The signal that asks the process group to stop; SIGKILL follows after the "
		 "grace."},
	{.name = "output",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "log",
	 .choices = "log discard",
	 .help = "Whether each line that the program writes becomes an event, or nothing is kept."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "exec", .version = "1.0", .summary = "runs a program in a process group",
	     .params = params, .run = run);
