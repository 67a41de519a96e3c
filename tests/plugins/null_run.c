/* SPDX-License-Identifier: MIT */
/* Bad: there is nothing to run. */
#include <taskd/plugin.h>

TASKD_PLUGIN(.name = "null_run");
