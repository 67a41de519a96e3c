/* SPDX-License-Identifier: MIT */
/* The grammar of names: the one place that knows which characters a name may have. */
#include "base/path.h"

#include <string.h>

#include <taskd/error.h>

static const char why_characters[] = "a name has letters, digits, '_' and '-' only";
static const char why_task_characters[] = "a task name has letters, digits, '_', '-' and '.' only";
static const char why_dash[] = "a name does not begin with '-'";
static const char why_empty[] = "a name is empty";
static const char why_long[] = "a name has at most 63 characters";
static const char why_deep[] = "a group path has at most 16 words";
static const char why_slashes[] = "a path has at most one '/'";
static const char why_id[] = "after '#' stands the number of a task, without leading zeros";

_Static_assert(TD_WORD_MAX == 63 && TD_DEPTH_MAX == 16, "the texts above name the limits");

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* Returns: NULL when the `length` bytes are a name, otherwise the rule that they break. */
static const char *check_word(const char *text, size_t length, bool dots)
{
	if (length == 0)
		return why_empty;
	if (text[0] == '-')
		return why_dash;
	for (size_t i = 0; i < length; i++)
		if (!is_word_char(text[i]) && !(dots && text[i] == '.'))
			return dots ? why_task_characters : why_characters;
	return length > TD_WORD_MAX ? why_long : NULL;
}

/* The same for a group path that is not the root. */
static const char *check_group(const char *text, size_t length)
{
	size_t words = 0;

	for (size_t start = 0; start <= length; words++) {
		const char *dot = memchr(text + start, '.', length - start);
		size_t end = dot != NULL ? (size_t)(dot - text) : length;
		const char *why = check_word(text + start, end - start, false);

		if (why != NULL)
			return why;
		start = end + 1;
	}
	return words > TD_DEPTH_MAX ? why_deep : NULL;
}

bool td_path_is_word(const char *text)
{
	return check_word(text, strlen(text), false) == NULL;
}

bool td_path_is_task_name(const char *text)
{
	return check_word(text, strlen(text), true) == NULL;
}

bool td_path_is_group(const char *text)
{
	return text[0] == '\0' || strcmp(text, "/") == 0 || check_group(text, strlen(text)) == NULL;
}

static const char *parse_id(const char *digits, struct td_path *path)
{
	if (digits[0] < '1' || digits[0] > '9')
		return why_id;
	path->kind = TD_PATH_ID;
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9' ||
		    __builtin_mul_overflow(path->id, 10u, &path->id) ||
		    __builtin_add_overflow(path->id, (uint64_t)(*digits - '0'), &path->id))
			return why_id;
	}
	return NULL;
}

static const char *parse_names(const char *text, struct td_path *path)
{
	const char *slash = strchr(text, '/');
	size_t n_group = slash != NULL ? (size_t)(slash - text) : strlen(text);
	const char *why = n_group > 0 ? check_group(text, n_group) : NULL;

	if (why != NULL)
		return why;
	memcpy(path->group, text, n_group);
	/* "/" alone is the root, as is the empty text. */
	if (slash == NULL || (n_group == 0 && slash[1] == '\0'))
		return NULL;
	if (strchr(slash + 1, '/') != NULL)
		return why_slashes;
	why = check_word(slash + 1, strlen(slash + 1), true);
	if (why != NULL)
		return why;
	path->kind = TD_PATH_TASK;
	memcpy(path->task, slash + 1, strlen(slash + 1));
	return NULL;
}

int td_path_parse(const char *text, struct td_path *ret_path, const char **ret_why)
{
	struct td_path path = {.kind = TD_PATH_GROUP};
	const char *why;

	why = text[0] == '#' ? parse_id(text + 1, &path) : parse_names(text, &path);
	if (why != NULL) {
		if (ret_why != NULL)
			*ret_why = why;
		return -TASKD_EINVAL;
	}
	*ret_path = path;
	return 0;
}
