/* SPDX-License-Identifier: MIT */
/* taskd: arguments to options to app; nothing else. */
#include <taskd/error.h>

#include "daemon/app.h"
#include "daemon/options.h"

int main(int argc, char **argv)
{
	struct td_options options;
	int status = TD_EXIT_OK;
	int r = td_options_parse(&options, argc, argv);

	if (r == -TASKD_EINVAL)
		status = TD_EXIT_USAGE;
	else if (r < 0)
		status = TD_EXIT_FAILED;
	else if (options.mode != TD_MODE_DONE)
		status = td_app_run(&options);
	td_options_fini(&options);
	return status;
}
