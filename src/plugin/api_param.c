/* SPDX-License-Identifier: MIT */
/* <taskd/param.h>: values were checked when the task was made; here they are only looked up. */
#include <taskd/param.h>

#include <taskd/task.h>

#include "plugin/api.h"
#include "plugin/schema.h"

/* The values are immutable while the task lives: no lock. */
static const struct td_values *values_of(const char *function)
{
	struct td_task *task = td_api_current(function);

	if (!task->info || !task->info->values)
		taskd_panic("%s: this task has no parameters", function);
	return task->info->values;
}

__attribute__((noreturn)) static void undeclared(const char *name, const char *type)
{
	taskd_panic("the plugin declares no parameter \"%s\" of type %s", name, type);
}

const char *taskd_param_string(const char *name)
{
	const char *value = NULL;

	if (td_values_string(values_of(__func__), name, &value) < 0)
		undeclared(name, "string, path or enum");
	return value;
}

int64_t taskd_param_integer(const char *name)
{
	int64_t value = 0;

	if (td_values_integer(values_of(__func__), name, &value) < 0)
		undeclared(name, "integer, duration or size");
	return value;
}

bool taskd_param_boolean(const char *name)
{
	bool value = false;

	if (td_values_boolean(values_of(__func__), name, &value) < 0)
		undeclared(name, "boolean");
	return value;
}

const char *const *taskd_param_list(const char *name, size_t *ret_n)
{
	static const char *const none[] = {NULL};
	const char *const *words = none;
	size_t n = 0;

	if (td_values_list(values_of(__func__), name, &words, &n) < 0)
		undeclared(name, "list");
	if (ret_n)
		*ret_n = n;
	return words ? words : none;
}

bool taskd_param_given(const char *name)
{
	bool given = false;

	if (td_values_given(values_of(__func__), name, &given) < 0)
		undeclared(name, "any");
	return given;
}
