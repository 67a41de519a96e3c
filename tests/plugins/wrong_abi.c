/* SPDX-License-Identifier: MIT */
/* Bad: built for an ABI that does not exist. Its constructor must never run. */
#include <stdlib.h>

#include <taskd/plugin.h>

__attribute__((constructor)) static void leave_a_trace(void)
{
	(void)setenv("TD_TEST_WRONG_ABI_RAN", "1", 1);
}

TASKD_API const struct taskd_plugin taskd_plugin = {
	.size = sizeof(struct taskd_plugin),
	.abi = 99,
	.name = "wrong_abi",
};
