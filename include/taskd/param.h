/* SPDX-License-Identifier: MIT */
/* Parameters of a plugin: it declares them once, taskd checks and converts what users write. */
#ifndef TASKD_PARAM_H
#define TASKD_PARAM_H

#include <taskd/types.h>

TASKD_BEGIN_DECLS

enum taskd_param_type {
	TASKD_PARAM_STRING = 1,
	TASKD_PARAM_INTEGER = 2,  /* within min and max */
	TASKD_PARAM_BOOLEAN = 3,  /* yes/no, true/false, on/off, 1/0 */
	TASKD_PARAM_DURATION = 4, /* "250ms", "1h 30min"; within min and max, in nanoseconds */
	TASKD_PARAM_SIZE = 5,     /* "64K", "1.5G" (powers of 1024); within min and max, in bytes */
	TASKD_PARAM_LIST = 6,     /* words, split as a shell splits them; quotes and \ protect */
	TASKD_PARAM_PATH = 7,     /* an absolute path */
	TASKD_PARAM_ENUM = 8,     /* one of the words in `choices` */
};

#define TASKD_PARAM_REQUIRED 1u /* must be given */

/* One parameter. A list of them ends with an entry whose name is NULL. */
struct taskd_param {
	const char *name; /* lower case, words joined by '-' */
	enum taskd_param_type type;
	const char *fallback; /* the default, as a user would write it; NULL: none */
	const char *help;     /* one sentence */
	const char *unit;     /* for people, for example "lines"; NULL for none */
	int64_t min, max;     /* both 0: no bounds */
	unsigned flags;       /* TASKD_PARAM_... */
	const char *choices;  /* of an enum: words separated by spaces */
};

/*
 * The value of a parameter of the running task. The text belongs to the task. A name that the
 * plugin does not declare, or that has another type, is a bug and ends the task as `panicked`.
 * An optional parameter without default that was not given is NULL, 0, false or an empty list.
 * Blocks: no.
 */
TASKD_API const char *taskd_param_string(const char *name); /* string, path, enum */
TASKD_API int64_t taskd_param_integer(const char *name);    /* integer, duration (ns), size */
TASKD_API bool taskd_param_boolean(const char *name);
/* The list ends with NULL, so that it can be an argv. `ret_n` may be NULL. */
TASKD_API const char *const *taskd_param_list(const char *name, size_t *ret_n);
/* Whether the user gave it (the default does not count). */
TASKD_API bool taskd_param_given(const char *name);

TASKD_END_DECLS

#endif
