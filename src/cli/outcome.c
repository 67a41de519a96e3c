/* SPDX-License-Identifier: MIT */
/* How the end of a task becomes an exit code. */
#include "cli/outcome.h"

#include <string.h>

#include "cli/verb.h"

int td_outcome_exit(const struct td_json *task)
{
	const char *outcome = td_json_text_or(task, "outcome", "");
	int64_t code = td_json_int_or(task, "outcomeCode", 0);

	if (strcmp(outcome, "completed") == 0)
		return TD_EXIT_DONE;
	if (strcmp(outcome, "failed") == 0 && code >= 1 && code <= 255)
		return (int)code;
	return TD_EXIT_FAILED;
}
