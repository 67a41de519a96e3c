/* SPDX-License-Identifier: MIT */
/*
 * What the files of the public API share. Each public function takes the lock, does one thing in
 * core, and lets the lock go: no code of a plugin ever runs under it.
 */
#ifndef TD_PLUGIN_API_H
#define TD_PLUGIN_API_H

#include "core/runtime.h"

/* The running task; called from outside a task, which is a bug of the caller, the process ends with
 * a line that names the function. */
struct td_task *td_api_current(const char *function);

/* The task behind a handle; one that was given back ends the caller as `panicked`. */
struct td_task *td_api_handle(taskd_task *handle, const char *function);

static inline struct td_task *td_api_task(taskd_task *handle)
{
	return (struct td_task *)handle;
}

#endif
