/* SPDX-License-Identifier: MIT */
/* One plugin file: checked from the outside in, and loaded for good. */
#ifndef TD_PLUGIN_LIBRARY_H
#define TD_PLUGIN_LIBRARY_H

#include <taskd/plugin.h>

#include "base/failure.h"

#define TD_LIBRARY_STACK_MAX (1 << 30) /* bytes of stack that a plugin may ask for */

struct td_library {
	void *handle;                   /* of dlopen(3) */
	struct taskd_plugin descriptor; /* complete: what an older one lacks is 0 */
};

/*
 * Loads the plugin `name` from `file`. It is never unloaded, also when it is refused after its
 * constructors have run.
 * Returns: 0. Errors: -TASKD_EPLUGIN, one line that begins with the file and says which rule was
 * broken; -TASKD_ENOMEM. Blocks: on the disk, and while constructors run. Thread: one at a time,
 * and without the lock of the runtime.
 */
int td_library_load(const char *file, const char *name, struct td_library *ret_library,
		    struct td_failure *reterr_failure);

#endif
