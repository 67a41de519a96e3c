/* SPDX-License-Identifier: MIT */
/* Bad: the symbol is a function. */
#include <taskd/types.h>

TASKD_API int taskd_plugin(void);

int taskd_plugin(void)
{
	return 1;
}
