/* SPDX-License-Identifier: MIT */
/* What a task says about itself. Texts become events, which carry the task's path and number. */
#ifndef TASKD_LOG_H
#define TASKD_LOG_H

#include <stdarg.h>
#include <taskd/types.h>

TASKD_BEGIN_DECLS

/* The numbers are those of syslog(3). */
enum taskd_level {
	TASKD_ERR = 3,
	TASKD_WARNING = 4,
	TASKD_NOTICE = 5,
	TASKD_INFO = 6,
	TASKD_DEBUG = 7,
};

/*
 * Emits one event with a text. Newlines at the end are dropped; longer than 2000 bytes is cut.
 * Blocks: no; when nobody reads the ring of events, the oldest are overwritten and counted.
 */
TASKD_API void taskd_log(enum taskd_level level, const char *format, ...) TASKD_PRINTF(2, 3);
TASKD_API void taskd_logv(enum taskd_level level, const char *format, va_list args)
	TASKD_PRINTF(2, 0);

/* Emits one line that a program wrote to its stdout (`stream` 1) or stderr (2). Blocks: no. */
TASKD_API void taskd_output(int stream, const char *line, size_t length);

/*
 * Sets the one-line status text of the running task, which `taskctl tree` and `show` print; not
 * an event. Longer than 120 bytes is cut; NULL clears it. Blocks: no.
 */
TASKD_API void taskd_status(const char *format, ...) TASKD_PRINTF(1, 2);

TASKD_END_DECLS

#endif
