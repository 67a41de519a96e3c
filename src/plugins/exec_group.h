/* SPDX-License-Identifier: MIT */
/* What is left of a process group when its main process has ended. */
#ifndef EXEC_GROUP_H
#define EXEC_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether the kernel (6.9 and later) finds the group by the pidfd of its leader, which nothing
 * else can ever mean. Without it the group must be killed before the leader is reaped. */
bool exec_group_pinned(int pidfd);

/* Kills the members that are left after the leader was reaped, and logs how many there were. */
void exec_group_kill_rest(pid_t group, int pidfd);

#endif
