/* SPDX-License-Identifier: MIT */
/*
 * The header for plugin authors. A plugin is a shared object with one exported object:
 *
 *	#include <taskd/plugin.h>
 *
 *	static int run(taskd_self *self, void *arg)
 *	{
 *		taskd_log(TASKD_INFO, "hello");
 *		return taskd_sleep(TASKD_SEC);
 *	}
 *
 *	TASKD_PLUGIN(.name = "hello", .version = "1.0", .summary = "says hello", .run = run);
 *
 * No code of the plugin runs before taskd has checked that object. See taskd-plugin(7).
 *
 * Changes of the ABI:
 *	1	the first
 */
#ifndef TASKD_PLUGIN_H
#define TASKD_PLUGIN_H

#include <errno.h>
#include <taskd/backoff.h>
#include <taskd/channel.h>
#include <taskd/error.h>
#include <taskd/interval.h>
#include <taskd/io.h>
#include <taskd/log.h>
#include <taskd/param.h>
#include <taskd/race.h>
#include <taskd/scope.h>
#include <taskd/task.h>
#include <taskd/token.h>
#include <taskd/types.h>

#define TASKD_ABI 1

TASKD_BEGIN_DECLS

/* The address of errno. A task may continue on another thread after it waited, so the address
 * must be asked for anew each time; compilers keep the system's own in a register. */
TASKD_API int *taskd_errno_location(void);

/* The descriptor. Later versions add members at the end; `size` says how many there are. */
struct taskd_plugin {
	uint32_t size;                    /* set by TASKD_PLUGIN() */
	uint32_t abi;                     /* set by TASKD_PLUGIN() */
	const char *name;                 /* as in `plugin = NAME`: a-z, 0-9, '-', '_' */
	const char *version;              /* of the plugin; may be NULL */
	const char *summary;              /* one line for `taskctl plugins` */
	const struct taskd_param *params; /* ends with a NULL name; may be NULL */
	taskd_fn run;                     /* the task; `arg` is NULL */
	enum taskd_driver driver;         /* what it needs unless the user says otherwise */
	uint32_t reserved;
	size_t stack_size; /* bytes, 0 for the default */
};

TASKD_END_DECLS

#ifdef __cplusplus
/* C++17 has no designated initialisers: give the members in order, from `name` on. */
#define TASKD_PLUGIN(...)                                                                 \
	extern "C" TASKD_API const struct taskd_plugin taskd_plugin;                      \
	const struct taskd_plugin taskd_plugin = {sizeof(struct taskd_plugin), TASKD_ABI, \
						  __VA_ARGS__}
#else
#define TASKD_PLUGIN(...)                                    \
	TASKD_API const struct taskd_plugin taskd_plugin = { \
		.size = sizeof(struct taskd_plugin), .abi = TASKD_ABI, __VA_ARGS__}
#endif

#undef errno
#define errno (*taskd_errno_location())

#endif
