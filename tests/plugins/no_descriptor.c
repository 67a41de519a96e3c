/* SPDX-License-Identifier: MIT */
/* Bad: a library like any other. Its constructor must never run. */
#include <stdlib.h>

#include <taskd/types.h>

TASKD_API int something_else(void);

__attribute__((constructor)) static void leave_a_trace(void)
{
	(void)setenv("TD_TEST_NO_DESCRIPTOR_RAN", "1", 1);
}

int something_else(void)
{
	return 1;
}
