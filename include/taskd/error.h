/* SPDX-License-Identifier: MIT */
/*
 * The one list of errors. A function that can fail returns a negative number: -errno (below 1000)
 * for what the kernel said, -TASKD_E... (above 1000) for what taskd says. Numbers are never reused.
 */
#ifndef TASKD_ERROR_H
#define TASKD_ERROR_H

#include <taskd/types.h>

/* X(number, name, text, name on the wire: an error of io.taskd.Manager) */
#define TASKD_ERROR_LIST(X)                                             \
	X(1001, EINVAL, "invalid argument", InvalidArgument)            \
	X(1002, ENOMEM, "out of memory", OutOfMemory)                   \
	X(1003, ECANCELED, "the task was asked to stop", Cancelled)     \
	X(1004, ETIMEDOUT, "timed out", Timeout)                        \
	X(1005, ECLOSED, "the group admits no more tasks", GroupClosed) \
	X(1006, EEXIST, "the name is taken", NameTaken)                 \
	X(1007, ENOGROUP, "no such group", NoSuchGroup)                 \
	X(1008, ENOTASK, "no such task", NoSuchTask)                    \
	X(1009, ENOPLUGIN, "no such plugin", NoSuchPlugin)              \
	X(1010, ECAPACITY, "a limit is reached", AtCapacity)            \
	X(1011, EABORTED, "forced to stop", ForcedAbort)                \
	X(1012, ENOTSUP, "not supported here", NotSupported)            \
	X(1013, EPERM, "not permitted", NotPermitted)                   \
	X(1014, ECONTEXT, "called from outside a task", OutsideTask)    \
	X(1015, EPLUGIN, "the file is not a usable plugin", BadPlugin)  \
	X(1016, ECONFIG, "the configuration is invalid", BadConfig)     \
	X(1017, EPROTO, "the message breaks the protocol", BadMessage)  \
	X(1018, EBUSY, "busy", Busy)                                    \
	X(1019, ESHUTDOWN, "the daemon is stopping", ShuttingDown)      \
	X(1020, ECONDEMNED, "could not be stopped", Condemned)

enum taskd_error {
#define TASKD_ERROR_ENUM(number, name, text, wire) TASKD_##name = number,
	TASKD_ERROR_LIST(TASKD_ERROR_ENUM)
#undef TASKD_ERROR_ENUM
};

TASKD_BEGIN_DECLS

/*
 * The text of an error. `error` is a return value (negative) or a number of the list (positive).
 * Returns: a constant text, or the system's text for an errno; never NULL. Valid until the next
 * call on the same thread. Blocks: no. Thread: any.
 */
TASKD_API const char *taskd_strerror(int error);

/* The name of an error ("ECLOSED"), or "errno" for one of the system's. Thread: any. */
TASKD_API const char *taskd_error_name(int error);

TASKD_END_DECLS

#endif
