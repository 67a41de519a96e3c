/* SPDX-License-Identifier: MIT */
/* Starting a process without copying the daemon. */
#ifndef EXEC_LAUNCH_H
#define EXEC_LAUNCH_H

#include <sys/types.h>

#include "plugins/exec_plan.h"

/*
 * Starts the process of `plan` in a session of its own with `fds` as its stdin, stdout and stderr
 * (all above 2, borrowed). *ret_pid is set before a signal can come in between.
 * Returns: 0, or the result of the task, with its message set; no process is left then.
 * Blocks: until the program has been loaded, holding its thread.
 */
int exec_launch(const struct exec_plan *plan, const int fds[3], pid_t *ret_pid);

/* The same file behind a descriptor above 2, close-on-exec; `fd` is closed. Negative: -errno. */
int exec_above_stdio(int fd);

#endif
