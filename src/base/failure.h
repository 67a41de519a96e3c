/* SPDX-License-Identifier: MIT */
/* An error with its story: what a function that fails hands to whoever reports it. */
#ifndef TD_BASE_FAILURE_H
#define TD_BASE_FAILURE_H

#include <stdarg.h>

#include <taskd/error.h>

#define TD_FAILURE_TEXT 400

struct td_failure {
	int code;                   /* negative; 0: nothing failed */
	char text[TD_FAILURE_TEXT]; /* names the thing, the rule and the place; cut when longer */
	char subject[160]; /* the thing alone (path, parameter, plugin), for the wire; or "" */
};

/* Fills in `failure` (NULL allowed) unless it is filled already. Returns `code`. */
int td_fail(struct td_failure *failure, int code, const char *subject, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
