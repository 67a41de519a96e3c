/* SPDX-License-Identifier: MIT */
/* What a program writes, cut into lines. */
#ifndef EXEC_LINES_H
#define EXEC_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define EXEC_LINE_MAX 4000 /* bytes; longer lines are split */

struct exec_lines {
	int fd;     /* owned; non-blocking; -1 when closed */
	int stream; /* 1 or 2 */
	size_t length;
	char text[EXEC_LINE_MAX]; /* the line that has no end yet */
};

/* Reads what is there, up to `limit` bytes, and emits each full line. Closes at the end of file. */
void exec_lines_read(struct exec_lines *lines, size_t limit);

/* Emits the last line though it has no end, and closes. */
void exec_lines_finish(struct exec_lines *lines);

#endif
