/* SPDX-License-Identifier: MIT */
/* The tables of keys, and how one key sets one field. */
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/config_priv.h"

#define MODE_MAX 0777 /* of the control socket */

#define PARAM_STRING TASKD_PARAM_STRING
#define PARAM_INTEGER TASKD_PARAM_INTEGER
#define PARAM_BOOLEAN TASKD_PARAM_BOOLEAN
#define PARAM_DURATION TASKD_PARAM_DURATION
#define PARAM_SIZE TASKD_PARAM_SIZE
#define PARAM_ENUM TASKD_PARAM_ENUM
#define PARAM_MODE TASKD_PARAM_STRING

enum { IS_STRING, IS_INTEGER, IS_BOOLEAN, IS_DURATION, IS_SIZE, IS_ENUM, IS_MODE };

#define KEY(type_, object, field_, key_, unit_, default_, min_, max_, choices_, help_)         \
	{                                                                                      \
		.param = {.name = (key_),                                                      \
			  .type = PARAM_##type_,                                               \
			  .fallback = (default_),                                              \
			  .help = (help_),                                                     \
			  .unit = (unit_),                                                     \
			  .min = IS_##type_ == IS_ENUM ? 0 : (min_),                           \
			  .max = (max_),                                                       \
			  .choices = (choices_)},                                              \
		.first = IS_##type_ == IS_ENUM ? (min_) : 0, .is_mode = IS_##type_ == IS_MODE, \
		.offset = offsetof(struct object, field_),                                     \
	}
#define DAEMON_KEY(id, field, key, type, unit, fallback, min, max, choices, help) \
	[TD_CONFIG_DAEMON_##id] =                                                 \
		KEY(type, td_config_daemon, field, key, unit, fallback, min, max, choices, help),
#define GROUP_KEY(id, field, key, type, unit, fallback, min, max, choices, help) \
	[TD_CONFIG_GROUP_##id] =                                                 \
		KEY(type, td_config_group, field, key, unit, fallback, min, max, choices, help),
#define TASK_KEY(id, field, key, type, unit, fallback, min, max, choices, help) \
	[TD_CONFIG_TASK_##id] =                                                 \
		KEY(type, td_config_task, field, key, unit, fallback, min, max, choices, help),

static const struct td_config_key daemon_keys[TD_CONFIG_DAEMON_N] = {
	TD_CONFIG_DAEMON_KEYS(DAEMON_KEY)};
static const struct td_config_key group_keys[TD_CONFIG_GROUP_N] = {TD_CONFIG_GROUP_KEYS(GROUP_KEY)};
static const struct td_config_key task_keys[TD_CONFIG_TASK_N] = {TD_CONFIG_TASK_KEYS(TASK_KEY)};

const struct td_config_key *td_config_keys(enum td_config_kind kind, size_t *ret_n)
{
	switch (kind) {
	case TD_CONFIG_NONE:
		break;
	case TD_CONFIG_DAEMON:
		*ret_n = TD_CONFIG_DAEMON_N;
		return daemon_keys;
	case TD_CONFIG_GROUP:
		*ret_n = TD_CONFIG_GROUP_N;
		return group_keys;
	case TD_CONFIG_TASK:
		*ret_n = TD_CONFIG_TASK_N;
		return task_keys;
	}
	*ret_n = 0;
	return NULL;
}

int td_config_key_find(enum td_config_kind kind, const char *key)
{
	size_t n;
	const struct td_config_key *keys = td_config_keys(kind, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(keys[i].param.name, key) == 0)
			return (int)i;
	return -1;
}

struct td_config_section td_config_section_daemon(struct td_config *config)
{
	return (struct td_config_section){TD_CONFIG_DAEMON, &config->daemon,
					  config->daemon.sources};
}

struct td_config_section td_config_section_group(struct td_config_group *group)
{
	return (struct td_config_section){TD_CONFIG_GROUP, group, group->sources};
}

struct td_config_section td_config_section_task(struct td_config_task *task)
{
	return (struct td_config_section){TD_CONFIG_TASK, task, task->sources};
}

static const struct td_config_key *key_at(const struct td_config_section *section, int place)
{
	size_t n;
	const struct td_config_key *keys = td_config_keys(section->kind, &n);

	td_assert(place >= 0 && (size_t)place < n);
	return &keys[place];
}

static bool is_text(const struct td_config_key *key)
{
	return key->param.type == TASKD_PARAM_STRING && !key->is_mode;
}

static int64_t *number_field(const struct td_config_section *section,
			     const struct td_config_key *key)
{
	return (int64_t *)(void *)((char *)section->object + key->offset);
}

static char **text_field(const struct td_config_section *section, const struct td_config_key *key)
{
	return (char **)(void *)((char *)section->object + key->offset);
}

char *td_config_unquote(const char *text)
{
	size_t length = strlen(text);

	if (length >= 2 && (text[0] == '"' || text[0] == '\'') &&
	    strchr(text + 1, text[0]) == text + length - 1)
		return td_mem_strndup(text + 1, length - 2);
	return td_mem_strdup(text);
}

static int parse_mode(const char *key, const char *text, int64_t *ret_mode,
		      struct td_failure *reterr_failure)
{
	int64_t mode = 0;
	size_t length = strspn(text, "01234567");

	for (size_t i = 0; i < length && mode <= MODE_MAX; i++)
		mode = mode * 8 + (text[i] - '0');
	if (length == 0 || text[length] != '\0' || mode > MODE_MAX)
		return td_fail(reterr_failure, -TASKD_EINVAL, key,
			       "%s = \"%.80s\": expected an octal mode up to 0777, such as 0660",
			       key, text);
	*ret_mode = mode;
	return 0;
}

/* Parses an unquoted text into the field. */
static int set_field(const struct td_config_section *section, const struct td_config_key *key,
		     const char *text, struct td_failure *reterr_failure)
{
	const struct td_setting setting = {.key = key->param.name, .text = text};
	struct td_value value = {0};
	int r;

	if (key->is_mode)
		return parse_mode(key->param.name, text, number_field(section, key),
				  reterr_failure);
	r = td_value_parse(&key->param, &setting, &value, reterr_failure);
	if (r < 0)
		return r;
	if (is_text(key)) {
		td_mem_free(*text_field(section, key));
		*text_field(section, key) = TD_TAKE(value.text);
	} else {
		*number_field(section, key) = value.integer + key->first;
	}
	td_value_fini(&value);
	return 0;
}

int td_config_key_defaults(const struct td_config_section *section)
{
	size_t n;
	const struct td_config_key *keys = td_config_keys(section->kind, &n);

	for (size_t i = 0; i < n; i++) {
		struct td_failure failure = {0};
		int r;

		if (keys[i].param.fallback == NULL)
			continue;
		r = set_field(section, &keys[i], keys[i].param.fallback, &failure);
		if (r == -TASKD_ENOMEM)
			return r;
		td_assert(r == 0);
	}
	return 0;
}

void td_config_key_set(const struct td_config_section *section, int place, const char *text,
		       const char *file, unsigned line, struct td_config_errors *errors)
{
	const struct td_config_key *key = key_at(section, place);
	struct td_config_source *source = &section->sources[place];
	struct td_failure failure = {0};
	char *plain = td_config_unquote(text), *copy = td_mem_strdup(text);
	int r = -TASKD_ENOMEM;

	if (plain != NULL && copy != NULL)
		r = set_field(section, key, plain, &failure);
	if (r == 0) {
		td_mem_free(source->text);
		*source = (struct td_config_source){.file = file, .line = line};
		source->text = TD_TAKE(copy);
	} else {
		td_config_error(errors, file, line, "%s",
				failure.code ? failure.text : "out of memory");
	}
	td_mem_free(plain);
	td_mem_free(copy);
}

int td_config_key_inherit(const struct td_config_section *to, int place,
			  const struct td_config_section *from, int from_place)
{
	const struct td_config_key *key = key_at(to, place), *from_key = key_at(from, from_place);
	const struct td_config_source *source = &from->sources[from_place];
	const char *text = source->text ? source->text : from_key->param.fallback;

	td_assert(!is_text(key) && !is_text(from_key));
	if (text == NULL)
		return 0;
	td_assert(to->sources[place].text == NULL);
	to->sources[place] = *source;
	to->sources[place].inherited = true;
	to->sources[place].text = td_mem_strdup(text);
	*number_field(to, key) = *number_field(from, from_key);
	return to->sources[place].text ? 0 : -TASKD_ENOMEM;
}

void td_config_key_fini(const struct td_config_section *section)
{
	size_t n;
	const struct td_config_key *keys = td_config_keys(section->kind, &n);

	for (size_t i = 0; i < n; i++) {
		if (is_text(&keys[i]))
			*text_field(section, &keys[i]) =
				td_mem_free(*text_field(section, &keys[i]));
		section->sources[i].text = td_mem_free(section->sources[i].text);
	}
}
