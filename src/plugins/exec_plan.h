/* SPDX-License-Identifier: MIT */
/* What a new process shall be: everything is looked up here, before there is a process. */
#ifndef EXEC_PLAN_H
#define EXEC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All memory belongs to the task. */
struct exec_plan {
	const char *file;         /* what execve(2) gets */
	const char *const *argv;  /* ends with NULL */
	const char **environment; /* ends with NULL */
	const char *directory;    /* NULL: the daemon's */
	const char *user;         /* NULL: the daemon's */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
};

/* The exit codes by which shells say that a command cannot be run, and is not there. */
#define EXEC_CANNOT_RUN 126
#define EXEC_NOT_FOUND 127

/*
 * Fills in `plan` from the parameters of the running task. Returns: 0, or the result of the task,
 * with its message set. Blocks: while a user is looked up.
 */
int exec_plan_make(struct exec_plan *plan);

#endif
