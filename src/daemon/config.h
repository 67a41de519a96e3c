/* SPDX-License-Identifier: MIT */
/*
 * The configuration: files to one immutable struct, with every error named by file and line.
 * Knows neither the runtime nor the loader; nothing is started or opened on its behalf.
 */
#ifndef TD_DAEMON_CONFIG_H
#define TD_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/strbuf.h"
#include "daemon/config_keys.h"
#include "plugin/schema.h"

#define TD_CONFIG_FILE_MAX (4 * 1024 * 1024) /* bytes of one file */
#define TD_CONFIG_LINE_MAX 65536             /* bytes of one line */
#define TD_CONFIG_TASKS_MAX 100000
#define TD_CONFIG_GROUPS_MAX 20000 /* declared and implied */
#define TD_CONFIG_FILES_MAX 1000   /* drop-ins */
#define TD_CONFIG_KEYS_MAX 200     /* of one section */
#define TD_CONFIG_ERRORS_MAX 50    /* kept; more are counted */

struct taskd_plugin;

/* What is wrong, one line each: "FILE:LINE: what". Zeroed memory is an empty list. */
struct td_config_errors {
	char *texts[TD_CONFIG_ERRORS_MAX]; /* owned */
	size_t n;
	size_t n_more; /* that were not kept */
};

/* Where a value comes from. */
struct td_config_source {
	const char *file; /* borrowed from the configuration; NULL: built in */
	unsigned line;    /* 0: not from a file */
	bool inherited;   /* from the parent, which has it from there */
	char *text;       /* owned; as it is written; NULL: the default, if there is one */
};

#define TD_CONFIG_FIELD(id, field, key, type, ...) TD_CONFIG_FIELD_##type field;
#define TD_CONFIG_DAEMON_ID(id, ...) TD_CONFIG_DAEMON_##id,
#define TD_CONFIG_GROUP_ID(id, ...) TD_CONFIG_GROUP_##id,
#define TD_CONFIG_TASK_ID(id, ...) TD_CONFIG_TASK_##id,
enum { TD_CONFIG_DAEMON_KEYS(TD_CONFIG_DAEMON_ID) TD_CONFIG_DAEMON_N };
enum { TD_CONFIG_GROUP_KEYS(TD_CONFIG_GROUP_ID) TD_CONFIG_GROUP_N };
enum { TD_CONFIG_TASK_KEYS(TD_CONFIG_TASK_ID) TD_CONFIG_TASK_N };
#undef TD_CONFIG_DAEMON_ID
#undef TD_CONFIG_GROUP_ID
#undef TD_CONFIG_TASK_ID

/* The values of `missed`. */
enum td_config_missed { TD_CONFIG_SKIP = 0, TD_CONFIG_BURST = 1, TD_CONFIG_DELAY = 2 };

/* log_level is one of enum taskd_level. */
struct td_config_daemon {
	struct td_config_source sources[TD_CONFIG_DAEMON_N];
	TD_CONFIG_DAEMON_KEYS(TD_CONFIG_FIELD)
};

/* grace_ns, max_tasks (0: no limit but the runtime's) and driver (enum taskd_driver) are those of
 * the parent where the group does not say. */
struct td_config_group {
	char *path;                     /* owned; never "" */
	struct td_config_group *parent; /* borrowed; NULL: the root */
	const char *file;               /* of its section; NULL: implied by one below it */
	unsigned line;
	size_t n_starting; /* tasks of the group and below that start with the daemon */
	struct td_config_source sources[TD_CONFIG_GROUP_N];
	TD_CONFIG_GROUP_KEYS(TD_CONFIG_FIELD)
};

/* One parameter of the plugin, as it is written. */
struct td_config_param {
	char *key; /* owned */
	struct td_config_source source;
};

/* grace_ns and driver are those of the group where the task does not say. every_ns, jitter_ns,
 * timeout_ns and stack_bytes are 0 when not given. */
struct td_config_task {
	char *path;                    /* owned: "group/name", "/name" in the root */
	char *name;                    /* owned */
	struct td_config_group *group; /* borrowed; NULL: the root */
	const char *file;              /* of its section */
	unsigned line;
	struct td_config_source sources[TD_CONFIG_TASK_N];
	TD_CONFIG_TASK_KEYS(TD_CONFIG_FIELD)
	struct td_config_param *params; /* owned */
	size_t n_params;
	struct td_values *values; /* owned; NULL until td_config_check_plugins() */
};
#undef TD_CONFIG_FIELD

struct td_config {
	uint32_t magic;
	struct td_config_daemon daemon;
	struct td_config_group **groups; /* owned; parents before children */
	struct td_config_task **tasks;   /* owned; in the order of the files */
	size_t n_groups, n_tasks;
	char **files; /* owned; what was read, in order */
	size_t n_files;
};

struct td_config_check_options {
	int64_t stop_limit_ns; /* what systemd allows a stop to take (TimeoutStopSec); 0: unknown */
};

struct td_config_plugins {
	/* The descriptor of a plugin, valid until td_config_check_plugins() returns; or NULL, and
	 * the failure says why. */
	const struct taskd_plugin *(*find)(const char *name, struct td_failure *reterr_failure,
					   void *data);
	/* Told of a task whose plugin is refused, which then stays without values; NULL: that is an
	 * error like any other. */
	void (*refused)(const struct td_config_task *task, const char *why, void *data);
	void *data;
	/* What ${state}, ${runtime} and ${socket} stand for in parameters; NULL: not known. */
	const char *state, *runtime, *socket;
};

/*
 * Reads a file and the drop-ins `conf.d/?*.conf` beside it, in the order of their names; a key of a
 * later file replaces that of an earlier one. Returns: the configuration, owned by the caller; NULL
 * when there is any error, also of memory: `errors` has at least one. Blocks: on the disk.
 */
struct td_config *td_config_load(const char *path, struct td_config_errors *errors);

/* As td_config_load(), of one text in memory. `name` is what errors call it. Blocks: no. */
struct td_config *td_config_parse(const char *name, const void *bytes, size_t length,
				  struct td_config_errors *errors);

/* The configuration of an empty file; NULL when memory is short. */
struct td_config *td_config_default(void);

struct td_config *td_config_free(struct td_config *config); /* NULL allowed; returns NULL */

/*
 * Refuses a tree that cannot keep its promises: a grace above that of the parent, a schedule
 * without sense, a stop that would last longer than systemd waits. Appends to `errors`.
 * Returns: 0 or -TASKD_ECONFIG. Blocks: no.
 */
int td_config_check(const struct td_config *config, const struct td_config_check_options *options,
		    struct td_config_errors *errors);

/*
 * Checks the parameters of every task against what its plugin declares and fills in `values`. All
 * tasks are checked; appends to `errors`. Returns: 0; -TASKD_ECONFIG; -TASKD_ENOMEM.
 * Blocks: as `find` does.
 */
int td_config_check_plugins(struct td_config *config, const struct td_config_plugins *plugins,
			    struct td_config_errors *errors);

/*
 * Appends the effective configuration, defaults included, as a file that gives the same
 * configuration again; above each key a comment says where its value comes from. Blocks: no.
 */
void td_config_print(const struct td_config *config, struct td_strbuf *text);

/* Appends one error. `file` may be NULL, `line` 0. Lines are kept in the order of the calls. */
void td_config_error(struct td_config_errors *errors, const char *file, unsigned line,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
void td_config_errors_fini(struct td_config_errors *errors);

#endif
