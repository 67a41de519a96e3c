/* SPDX-License-Identifier: MIT */
/* How the end of a task becomes an exit code. */
#ifndef TD_CLI_OUTCOME_H
#define TD_CLI_OUTCOME_H

#include "wire/json.h"

/* 0 completed; the code of a task that failed with one of 1 to 255; 1 for every other end. */
int td_outcome_exit(const struct td_json *task);

#endif
