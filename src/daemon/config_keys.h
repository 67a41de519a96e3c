/* SPDX-License-Identifier: MIT */
/*
 * Every key of the configuration, once: parsing, suggestions, --print-config and the manual come
 * from these tables.
 *
 * X(ID, field, "key", TYPE, "unit", "default", min, max, "choices", "help")
 *
 * TYPE is one of enum taskd_param_type without its prefix, or MODE (an octal file mode). Where
 * there is no default, the field stays 0 or NULL unless config.h says otherwise. Fields of
 * durations are in nanoseconds, of sizes in bytes; of an enum, `min` is the number of its first
 * choice.
 */
#ifndef TD_DAEMON_CONFIG_KEYS_H
#define TD_DAEMON_CONFIG_KEYS_H

#include <taskd/log.h>
#include <taskd/types.h>

#define TD_CONFIG_HOUR (INT64_C(3600) * TASKD_SEC)
#define TD_CONFIG_YEAR (INT64_C(8760) * TD_CONFIG_HOUR)
#define TD_CONFIG_KIB INT64_C(1024)
#define TD_CONFIG_MIB (INT64_C(1024) * TD_CONFIG_KIB)

#define TD_CONFIG_DAEMON_KEYS(X)                                                                   \
	X(GRACE, grace_ns, "grace", DURATION, NULL, "20s", 0, TD_CONFIG_HOUR, NULL,                \
	  "How long tasks have to end by themselves when the daemon stops.")                       \
	X(ABORT_TIMEOUT, abort_timeout_ns, "abort-timeout", DURATION, NULL, "250ms", TASKD_MSEC,   \
	  60 * TASKD_SEC, NULL,                                                                    \
	  "How long forcing a task to stop may take before it is condemned.")                      \
	X(CLEANUP_TIMEOUT, cleanup_timeout_ns, "cleanup-timeout", DURATION, NULL, "5s",            \
	  TASKD_MSEC, TD_CONFIG_HOUR, NULL,                                                        \
	  "How long the cleanups of a task that was forced to stop may take.")                     \
	X(HOG_LIMIT, hog_limit_ns, "hog-limit", DURATION, NULL, "10ms", TASKD_MSEC,                \
	  60 * TASKD_SEC, NULL,                                                                    \
	  "How long a fiber may run without waiting before the others go on without it.")          \
	X(SOCKET_MODE, socket_mode, "socket-mode", MODE, NULL, "0660", 0, 0, NULL,                 \
	  "The file mode of the control socket, in octal.")                                        \
	X(SOCKET_GROUP, socket_group, "socket-group", STRING, NULL, NULL, 0, 0, NULL,              \
	  "The Unix group that owns the control socket.")                                          \
	X(MAX_CONNECTIONS, max_connections, "max-connections", INTEGER, NULL, "256", 1, 65536,     \
	  NULL, "How many clients may be connected.")                                              \
	X(MAX_CONNECTIONS_PER_USER, max_connections_per_user, "max-connections-per-user", INTEGER, \
	  NULL, "64", 1, 65536, NULL, "How many clients of one user may be connected.")            \
	X(EVENTS, events_bytes, "events", SIZE, NULL, "1M", 16 * TD_CONFIG_KIB,                    \
	  64 * TD_CONFIG_MIB, NULL,                                                                \
	  "How much memory the latest events may take; the oldest are overwritten.")               \
	X(LOG_LEVEL, log_level, "log-level", ENUM, NULL, "info", TASKD_ERR, 0,                     \
	  "error warning notice info debug", "The least important events that are logged.")        \
	X(KEEP_ENDED, keep_ended, "keep-ended", INTEGER, "tasks", "32", 0, 100000, NULL,           \
	  "How many transient tasks that have ended stay visible in each group.")

#define TD_CONFIG_GROUP_KEYS(X)                                                                    \
	X(DESCRIPTION, description, "description", STRING, NULL, NULL, 0, 0, NULL,                 \
	  "One line for people.")                                                                  \
	X(GRACE, grace_ns, "grace", DURATION, NULL, NULL, 0, TD_CONFIG_HOUR, NULL,                 \
	  "How long the tasks below have to end by themselves when the group is stopped; at most " \
	  "that of the parent, which is the default.")                                             \
	X(MAX_TASKS, max_tasks, "max-tasks", INTEGER, "tasks", NULL, 1, 1000000, NULL,             \
	  "How many tasks may live in the group and below; by default as many as in the parent.")  \
	X(DRIVER, driver, "driver", ENUM, NULL, NULL, 0, 0, "default fiber thread",                \
	  "What runs the tasks below that do not say; by default as in the parent.")

#define TD_CONFIG_TASK_KEYS(X)                                                                     \
	X(DESCRIPTION, description, "description", STRING, NULL, NULL, 0, 0, NULL,                 \
	  "One line for people.")                                                                  \
	X(PLUGIN, plugin, "plugin", STRING, NULL, NULL, 0, 0, NULL,                                \
	  "The name of the plugin that the task runs. Required.")                                  \
	X(DRIVER, driver, "driver", ENUM, NULL, NULL, 0, 0, "default fiber thread",                \
	  "What runs the task: a fiber, a thread of its own, or what the plugin asks for; by "     \
	  "default as in the group.")                                                              \
	X(STACK_SIZE, stack_bytes, "stack-size", SIZE, NULL, NULL, 16 * TD_CONFIG_KIB,             \
	  64 * TD_CONFIG_MIB, NULL, "The stack of the task; by default what the plugin asks for.") \
	X(GRACE, grace_ns, "grace", DURATION, NULL, NULL, 0, TD_CONFIG_HOUR, NULL,                 \
	  "How long the task has to end by itself when it is stopped; at most that of its group, " \
	  "which is the default.")                                                                 \
	X(TIMEOUT, timeout_ns, "timeout", DURATION, NULL, NULL, TASKD_MSEC, TD_CONFIG_YEAR, NULL,  \
	  "Asks a run to stop after that long; by default never.")                                 \
	X(START, start, "start", BOOLEAN, NULL, "yes", 0, 0, NULL,                                 \
	  "Whether the task starts with the daemon, or waits for taskctl start.")                  \
	X(EVERY, every_ns, "every", DURATION, NULL, NULL, TASKD_MSEC, TD_CONFIG_YEAR, NULL,        \
	  "Runs the task again and again, this long from start to start; by default once.")        \
	X(JITTER, jitter_ns, "jitter", DURATION, NULL, NULL, 0, TD_CONFIG_YEAR, NULL,              \
	  "Delays each run by a random time below this; shorter than every.")                      \
	X(MISSED, missed, "missed", ENUM, NULL, NULL, 0, 0, "skip burst delay",                    \
	  "What happens to a run that is due while the one before goes on: it is left out, made "  \
	  "up for at once, or the schedule starts anew; by default skip.")

/* The types of the fields. */
#define TD_CONFIG_FIELD_STRING const char *
#define TD_CONFIG_FIELD_INTEGER int64_t
#define TD_CONFIG_FIELD_BOOLEAN int64_t
#define TD_CONFIG_FIELD_DURATION int64_t
#define TD_CONFIG_FIELD_SIZE int64_t
#define TD_CONFIG_FIELD_ENUM int64_t
#define TD_CONFIG_FIELD_MODE int64_t

#endif
