/* SPDX-License-Identifier: MIT */
/*
 * A number of a process group means nothing once the leader is reaped and the last member has
 * ended: then it can be given to somebody else. So signals go by the pidfd here.
 */
#include "plugins/exec_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <taskd/plugin.h>

#define TO_GROUP 4u /* PIDFD_SIGNAL_PROCESS_GROUP */

static bool signal_group(int pidfd, int number)
{
	return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, TO_GROUP) == 0;
}

bool exec_group_pinned(int pidfd)
{
	return signal_group(pidfd, 0);
}

/* Whether a line of /proc/PID/stat is of a living member. Its second field, a name in (), may
 * contain anything. */
static bool is_member(const char *stat, pid_t group)
{
	const char *name_end = strrchr(stat, ')');
	char state;
	int of;

	return name_end != NULL && sscanf(name_end + 1, " %c %*d %d", &state, &of) == 2 &&
	       of == group && state != 'Z' && state != 'X';
}

static unsigned count_members(pid_t group)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned n = 0;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		char name[64], stat[512];
		ssize_t length;
		int fd;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		(void)snprintf(name, sizeof(name), "%.20s/stat", entry->d_name);
		fd = openat(dirfd(proc), name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		length = read(fd, stat, sizeof(stat) - 1);
		(void)close(fd);
		if (length > 0) {
			stat[length] = '\0';
			n += is_member(stat, group);
		}
	}
	if (proc != NULL)
		(void)closedir(proc);
	return n;
}

void exec_group_kill_rest(pid_t group, int pidfd)
{
	unsigned n;

	/* The usual case: one system call says that nothing is left. */
	if (!signal_group(pidfd, 0))
		return;
	n = count_members(group);
	(void)signal_group(pidfd, SIGKILL);
	if (n > 0)
		taskd_log(TASKD_NOTICE, "%u process%s of the group outlived process %d; killed", n,
			  n == 1 ? "" : "es", (int)group);
}
