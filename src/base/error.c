/* SPDX-License-Identifier: MIT */
/* Texts and names of the one list of errors, <taskd/error.h>. */
#include <limits.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"

#define ERROR_TEXT 128 /* bytes; the longest text of the C library is about half of it */

struct entry {
	int number;
	const char *name, *text;
};

static const struct entry entries[] = {
#define ERROR_ENTRY(n, id, what, wire) {.number = (n), .name = #id, .text = (what)},
	TASKD_ERROR_LIST(ERROR_ENTRY)
#undef ERROR_ENTRY
};

static const struct entry *find(int error)
{
	int number = error < 0 && error != INT_MIN ? -error : error;

	for (size_t i = 0; i < TD_ARRAY_SIZE(entries); i++)
		if (entries[i].number == number)
			return &entries[i];
	return NULL;
}

const char *taskd_strerror(int error)
{
	static _Thread_local char buffer[ERROR_TEXT];
	const struct entry *entry = find(error);

	if (entry != NULL)
		return entry->text;
	return strerror_r(error < 0 && error != INT_MIN ? -error : error, buffer, sizeof(buffer));
}

const char *taskd_error_name(int error)
{
	const struct entry *entry = find(error);

	return entry != NULL ? entry->name : "errno";
}
