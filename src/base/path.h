/* SPDX-License-Identifier: MIT */
/*
 * The grammar of names. A group is a dotted path ("ingest.parse"), a task is "group/name", and any
 * task is "#42" too. A word is 1 to 63 of [A-Za-z0-9_-] and does not begin with '-'; a group path
 * has at most 16 words; a task name may have dots as well. The root group is "/".
 */
#ifndef TD_BASE_PATH_H
#define TD_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TD_WORD_MAX 63  /* bytes of one word */
#define TD_DEPTH_MAX 16 /* words of a group path */
#define TD_GROUP_PATH_MAX (TD_DEPTH_MAX * (TD_WORD_MAX + 1))
#define TD_PATH_MAX (TD_GROUP_PATH_MAX + TD_WORD_MAX + 2) /* with the NUL */

enum td_path_kind { TD_PATH_GROUP, TD_PATH_TASK, TD_PATH_ID };

struct td_path {
	enum td_path_kind kind;
	uint64_t id;                       /* of TD_PATH_ID */
	char group[TD_GROUP_PATH_MAX + 1]; /* "" is the root */
	char task[TD_WORD_MAX + 1];        /* of TD_PATH_TASK */
};

/* Whether a text is one word of a group path, or the name of a task. */
bool td_path_is_word(const char *text);
bool td_path_is_task_name(const char *text);
/* Whether a text is a group path ("" and "/" are the root). */
bool td_path_is_group(const char *text);
/* Parses any of the three forms. Returns: 0; -TASKD_EINVAL, and *ret_why (a constant text) says
 * which rule was broken. */
int td_path_parse(const char *text, struct td_path *ret_path, const char **ret_why);

#endif
