/* SPDX-License-Identifier: MIT */
/*
 * Starts a process as vfork(2) does, on a stack of its own: the child borrows the memory of the
 * daemon until it has become the new program. It therefore makes system calls and nothing else:
 * no lock may be taken, no library may learn that there was a second process, and setuid(3) of
 * the C library would change all threads of the daemon. What goes wrong comes back in a pipe.
 */
#include "plugins/exec_launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/plugin.h>

#define STACK_BYTES (64 * 1024)
#define SIGNALS 64     /* of the kernel */
#define SIGSET_BYTES 8 /* of the kernel */

/* 32-bit machines have older calls with 16-bit ids under the plain names. */
#ifdef SYS_setuid32
#define SYS_SETGROUPS SYS_setgroups32
#define SYS_SETGID SYS_setgid32
#define SYS_SETUID SYS_setuid32
#else
#define SYS_SETGROUPS SYS_setgroups
#define SYS_SETGID SYS_setgid
#define SYS_SETUID SYS_setuid
#endif

/* clone(2) under the name that no tool replaces: ThreadSanitizer would take this for a fork(2), and
 * end the daemon at its next thread. */
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

#define UNINSTRUMENTED \
	__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

enum step { STEP_SESSION, STEP_STDIO, STEP_USER, STEP_DIRECTORY, STEP_PROGRAM };

struct trouble {
	enum step step;
	int error; /* errno */
};

struct child {
	const struct exec_plan *plan;
	const int *fds;
	int report_fd;
};

/* ---- in the child ----------------------------------------------------------------------- */

UNINSTRUMENTED __attribute__((noreturn)) static void child_fail(const struct child *child,
								enum step step)
{
	struct trouble trouble = {step, errno};

	(void)syscall(SYS_write, child->report_fd, &trouble, sizeof(trouble));
	for (;;)
		(void)syscall(SYS_exit_group, EXEC_NOT_FOUND);
}

UNINSTRUMENTED static void child_reset_signals(void)
{
	static const unsigned long nothing[16]; /* SIG_DFL, no flags, an empty mask */

	for (int i = 1; i <= SIGNALS; i++)
		(void)syscall(SYS_rt_sigaction, i, nothing, NULL, SIGSET_BYTES);
}

UNINSTRUMENTED static void child_set_user(const struct child *child)
{
	const struct exec_plan *plan = child->plan;

	if (syscall(SYS_geteuid) != 0)
		return; /* it is that user already; see exec_plan_make() */
	if (syscall(SYS_SETGROUPS, plan->n_groups, plan->groups) < 0 ||
	    syscall(SYS_SETGID, plan->gid) < 0 || syscall(SYS_SETUID, plan->uid) < 0)
		child_fail(child, STEP_USER);
}

UNINSTRUMENTED static int child_main(void *arg)
{
	static const unsigned long no_signals[2];
	const struct child *child = arg;
	const struct exec_plan *plan = child->plan;

	child_reset_signals();
	if (syscall(SYS_setsid) < 0)
		child_fail(child, STEP_SESSION);
	for (int i = 0; i < 3; i++)
		if (syscall(SYS_dup3, child->fds[i], i, 0) < 0)
			child_fail(child, STEP_STDIO);
#ifdef SYS_close_range
	/* For descriptors that a library opened without O_CLOEXEC; before Linux 5.11 they leak. */
	(void)syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
#endif
	if (plan->user != NULL)
		child_set_user(child);
	if (plan->directory != NULL && syscall(SYS_chdir, plan->directory) < 0)
		child_fail(child, STEP_DIRECTORY);
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, no_signals, NULL, SIGSET_BYTES);
	(void)syscall(SYS_execve, plan->file, plan->argv, plan->environment);
	child_fail(child, STEP_PROGRAM);
}

/* ---- in the daemon ---------------------------------------------------------------------- */

static int explain(const struct exec_plan *plan, const struct trouble *trouble)
{
	const char *text = taskd_strerror(-trouble->error);

	switch (trouble->step) {
	case STEP_SESSION:
		return taskd_fail(EXEC_CANNOT_RUN, "cannot start a session: %s", text);
	case STEP_STDIO:
		return taskd_fail(EXEC_CANNOT_RUN, "cannot connect stdin or the output: %s", text);
	case STEP_USER:
		return taskd_fail(EXEC_CANNOT_RUN, "cannot become user %s: %s", plan->user, text);
	case STEP_DIRECTORY:
		return taskd_fail(EXEC_CANNOT_RUN, "cannot enter directory %s: %s", plan->directory,
				  text);
	case STEP_PROGRAM:
		break;
	}
	return taskd_fail(trouble->error == ENOENT ? EXEC_NOT_FOUND : EXEC_CANNOT_RUN,
			  "cannot run %s: %s", plan->file, text);
}

int exec_above_stdio(int fd)
{
	int above;

	if (fd > 2)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (above < 0)
		above = -errno;
	(void)close(fd);
	return above;
}

/* Returns: the process, or -errno. With all signals blocked, so that none finds the child with
 * the handlers of the daemon, and none separates the birth from *ret_pid. */
static pid_t give_birth(struct child *child, pid_t *ret_pid)
{
	sigset_t all, before;
	char *stack;
	pid_t pid;
	int error;

	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = __clone(child_main, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, child);
	error = errno;
	if (pid > 0)
		*ret_pid = pid;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)munmap(stack, STACK_BYTES);
	return pid > 0 ? pid : -error;
}

int exec_launch(const struct exec_plan *plan, const int fds[3], pid_t *ret_pid)
{
	struct child child = {.plan = plan, .fds = fds};
	struct trouble trouble;
	siginfo_t info;
	int report[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return taskd_fail(-errno, "cannot create a pipe: %s", taskd_strerror(-errno));
	report[1] = exec_above_stdio(report[1]);
	child.report_fd = report[1];
	pid = report[1] < 0 ? report[1] : give_birth(&child, ret_pid);
	if (report[1] >= 0)
		(void)close(report[1]);
	/* Answers at once: the child has become the program, or has ended. */
	do
		n = pid > 0 ? read(report[0], &trouble, sizeof(trouble)) : 0;
	while (n < 0 && errno == EINTR);
	(void)close(report[0]);
	if (pid < 0)
		return taskd_fail(pid, "cannot create a process: %s", taskd_strerror(pid));
	if (n != (ssize_t)sizeof(trouble))
		return 0;
	*ret_pid = 0;
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED);
	return explain(plan, &trouble);
}
