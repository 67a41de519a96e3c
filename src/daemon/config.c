/* SPDX-License-Identifier: MIT */
/*
 * From sections and keys to the tree. Files are read in order into one configuration; what a later
 * file says replaces what an earlier one said, key by key.
 */
#include "daemon/config.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/suggest.h"
#include "base/words.h"
#include "daemon/config_priv.h"

/* ---- objects ------------------------------------------------------------------------------ */

static struct td_config_group *free_group(struct td_config_group *group)
{
	struct td_config_section section = td_config_section_group(group);

	td_config_key_fini(&section);
	td_mem_free(group->path);
	return td_mem_free(group);
}

static struct td_config_task *free_task(struct td_config_task *task)
{
	struct td_config_section section = td_config_section_task(task);

	td_config_key_fini(&section);
	for (size_t i = 0; i < task->n_params; i++) {
		td_mem_free(task->params[i].key);
		td_mem_free(task->params[i].source.text);
	}
	td_mem_free(task->params);
	task->values = td_values_unref(task->values);
	td_mem_free(task->path);
	td_mem_free(task->name);
	return td_mem_free(task);
}

struct td_config *td_config_free(struct td_config *config)
{
	struct td_config_section section;

	if (config == NULL)
		return NULL;
	TD_CHECK(config, TD_CONFIG_MAGIC);
	config->magic = 0;
	for (size_t i = 0; i < config->n_tasks; i++)
		free_task(config->tasks[i]);
	for (size_t i = 0; i < config->n_groups; i++)
		free_group(config->groups[i]);
	for (size_t i = 0; i < config->n_files; i++)
		td_mem_free(config->files[i]);
	section = td_config_section_daemon(config);
	td_config_key_fini(&section);
	td_mem_free(config->tasks);
	td_mem_free(config->groups);
	td_mem_free(config->files);
	return td_mem_free(config);
}

struct td_config *td_config_default(void)
{
	struct td_config *config = td_mem_new(sizeof(*config));
	struct td_config_section section;

	if (config == NULL)
		return NULL;
	config->magic = TD_CONFIG_MAGIC;
	section = td_config_section_daemon(config);
	if (td_config_key_defaults(&section) < 0)
		return td_config_free(config);
	return config;
}

/* Makes room for one more pointer. Returns: the array, or NULL, and the old one stays. */
static void *grow(void *array, size_t n, size_t *room)
{
	size_t larger = *room > 0 ? *room * 2 : 16;
	void *result;

	if (n < *room)
		return array;
	result = td_mem_resize(array, larger * sizeof(void *));
	if (result != NULL)
		*room = larger;
	return result;
}

static void out_of_memory(struct td_config_load *load, unsigned line)
{
	td_config_error(load->errors, load->file, line, "out of memory");
}

/* ---- groups ------------------------------------------------------------------------------- */

static struct td_config_group *add_group(struct td_config_load *load, const char *path,
					 struct td_config_group *parent)
{
	struct td_config *config = load->config;
	struct td_config_group *group = td_mem_new(sizeof(*group));
	void *groups = grow(config->groups, config->n_groups, &load->groups_room);

	if (groups != NULL)
		config->groups = groups;
	if (group == NULL || groups == NULL)
		goto fail;
	group->parent = parent;
	group->path = td_mem_strdup(path);
	if (group->path == NULL || td_map_add(load->groups, path, group) < 0)
		goto fail;
	config->groups[config->n_groups++] = group;
	return group;
fail:
	return group ? free_group(group) : NULL;
}

/* Finds or makes the group and its parents; the root is NULL. Returns: 0, or an error was added. */
static int get_group(struct td_config_load *load, const char *path, unsigned line,
		     struct td_config_group **ret_group)
{
	struct td_config_group *group = NULL;
	char part[TD_GROUP_PATH_MAX + 1];

	for (size_t end = 0; path[end] != '\0';) {
		struct td_config_group *parent = group;

		end += path[end] == '.';
		end += strcspn(path + end, ".");
		td_assert(end < sizeof(part));
		memcpy(part, path, end);
		part[end] = '\0';
		group = td_map_get(load->groups, part);
		if (group != NULL)
			continue;
		if (load->config->n_groups == TD_CONFIG_GROUPS_MAX) {
			td_config_error(load->errors, load->file, line,
					"[group %s]: there are at most %d groups", part,
					TD_CONFIG_GROUPS_MAX);
			return -TASKD_ECONFIG;
		}
		group = add_group(load, part, parent);
		if (group == NULL) {
			out_of_memory(load, line);
			return -TASKD_ENOMEM;
		}
	}
	*ret_group = group;
	return 0;
}

static void begin_group(struct td_config_load *load, const char *path, unsigned line)
{
	struct td_config_group *group;
	struct td_path parsed;
	const char *why;

	if (td_path_parse(path, &parsed, &why) < 0) {
		td_config_error(load->errors, load->file, line, "[group %s]: %s", path, why);
		return;
	}
	if (parsed.kind != TD_PATH_GROUP) {
		td_config_error(load->errors, load->file, line,
				"[group %s]: expected a group path, such as ingest.parse", path);
		return;
	}
	if (parsed.group[0] == '\0') {
		td_config_error(load->errors, load->file, line,
				"[group %s]: the root group is set up in [daemon]", path);
		return;
	}
	if (get_group(load, parsed.group, line, &group) < 0)
		return;
	if (group->file == load->file) {
		td_config_error(load->errors, load->file, line,
				"[group %s]: the section stands at line %u already", path,
				group->line);
		return;
	}
	group->file = load->file;
	group->line = line;
	load->section = td_config_section_group(group);
}

/* ---- tasks -------------------------------------------------------------------------------- */

static struct td_config_task *add_task(struct td_config_load *load, const struct td_path *path,
				       struct td_config_group *group)
{
	struct td_config *config = load->config;
	struct td_config_task *task = td_mem_new(sizeof(*task));
	void *tasks = grow(config->tasks, config->n_tasks, &load->tasks_room);
	struct td_config_section section;

	if (tasks != NULL)
		config->tasks = tasks;
	if (task == NULL || tasks == NULL)
		goto fail;
	task->group = group;
	task->path = td_mem_printf("%s/%s", path->group, path->task);
	task->name = td_mem_strdup(path->task);
	section = td_config_section_task(task);
	if (task->path == NULL || task->name == NULL || td_config_key_defaults(&section) < 0 ||
	    td_map_add(load->tasks, task->path, task) < 0)
		goto fail;
	config->tasks[config->n_tasks++] = task;
	return task;
fail:
	return task ? free_task(task) : NULL;
}

static void begin_task(struct td_config_load *load, const char *path, unsigned line)
{
	struct td_config_group *group;
	struct td_config_task *task;
	struct td_path parsed;
	const char *why = "expected GROUP/NAME, such as ingest/fetch";

	if (td_path_parse(path, &parsed, &why) < 0 || parsed.kind != TD_PATH_TASK) {
		td_config_error(load->errors, load->file, line, "[task %s]: %s", path, why);
		return;
	}
	task = td_map_get(load->tasks, path);
	if (task != NULL && task->file == load->file) {
		td_config_error(load->errors, load->file, line,
				"[task %s]: the section stands at line %u already", path,
				task->line);
		return;
	}
	if (task == NULL && load->config->n_tasks == TD_CONFIG_TASKS_MAX) {
		td_config_error(load->errors, load->file, line,
				"[task %s]: there are at most %d tasks", path, TD_CONFIG_TASKS_MAX);
		return;
	}
	if (task == NULL) {
		if (get_group(load, parsed.group, line, &group) < 0)
			return;
		task = add_task(load, &parsed, group);
	}
	if (task == NULL) {
		out_of_memory(load, line);
		return;
	}
	task->file = load->file;
	task->line = line;
	load->section = td_config_section_task(task);
}

/* ---- sections and keys -------------------------------------------------------------------- */

static void begin_daemon(struct td_config_load *load, unsigned line)
{
	if (load->daemon_line != 0) {
		td_config_error(load->errors, load->file, line,
				"[daemon]: the section stands at line %u already",
				load->daemon_line);
		return;
	}
	load->daemon_line = line;
	load->section = td_config_section_daemon(load->config);
}

static void refuse_section(struct td_config_load *load, const char *name, const char *word,
			   unsigned line)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(word);
	static const char *const forms[] = {"[daemon]", "[group NAME]", "[task GROUP/NAME]"};
	static const char *const words[] = {"daemon", "group", "task"};

	for (size_t i = 0; i < TD_ARRAY_SIZE(words); i++)
		td_suggest_offer(&suggest, words[i]);
	for (size_t i = 0; i < TD_ARRAY_SIZE(words); i++) {
		if (suggest.best != words[i])
			continue;
		td_config_error(load->errors, load->file, line,
				"unknown section [%s]; did you mean %s?", name, forms[i]);
		return;
	}
	td_config_error(load->errors, load->file, line,
			"unknown section [%s]: expected [daemon], [group NAME] or "
			"[task GROUP/NAME]",
			name);
}

void td_config_begin(struct td_config_load *load, const char *name, unsigned line)
{
	size_t length = strcspn(name, " \t");
	const char *rest = name + length + strspn(name + length, " \t");
	char word[16] = "";

	load->section = (struct td_config_section){.kind = TD_CONFIG_NONE};
	if (length < sizeof(word))
		memcpy(word, name, length);
	if (strcmp(name, "daemon") == 0)
		begin_daemon(load, line);
	else if (strcmp(word, "group") == 0 && *rest != '\0')
		begin_group(load, rest, line);
	else if (strcmp(word, "task") == 0 && *rest != '\0')
		begin_task(load, rest, line);
	else
		refuse_section(load, name, word, line);
}

static void take_param(struct td_config_load *load, const char *key, const char *text,
		       unsigned line)
{
	struct td_config_task *task = load->section.object;
	struct td_config_param *param = NULL, *params;
	char *copy = td_mem_strdup(text);

	for (size_t i = 0; i < task->n_params; i++)
		if (strcmp(task->params[i].key, key) == 0)
			param = &task->params[i];
	if (param == NULL && copy != NULL) {
		/* A task has few parameters, so one more at a time is fine. */
		params = td_mem_resize(task->params, (task->n_params + 1) * sizeof(*params));
		if (params != NULL) {
			task->params = params;
			param = &params[task->n_params];
			*param = (struct td_config_param){.key = td_mem_strdup(key)};
			if (param->key != NULL)
				task->n_params++;
			else
				param = NULL;
		}
	}
	if (param == NULL || copy == NULL) {
		td_mem_free(copy);
		out_of_memory(load, line);
		return;
	}
	td_mem_free(param->source.text);
	param->source = (struct td_config_source){.file = load->file, .line = line, .text = copy};
}

static void refuse_key(struct td_config_load *load, const char *key, unsigned line)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(key);
	const char *section = load->section.kind == TD_CONFIG_DAEMON ? "daemon" : "group";
	struct td_strbuf names = TD_STRBUF_INIT;
	size_t n;
	const struct td_config_key *keys = td_config_keys(load->section.kind, &n);

	for (size_t i = 0; i < n; i++) {
		td_suggest_offer(&suggest, keys[i].param.name);
		td_strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", keys[i].param.name);
	}
	if (suggest.best != NULL)
		td_config_error(load->errors, load->file, line,
				"unknown key \"%s\"; did you mean \"%s\"?", key, suggest.best);
	else
		td_config_error(load->errors, load->file, line,
				"unknown key \"%s\"; a %s section has %s", key, section,
				td_strbuf_text(&names));
	td_strbuf_fini(&names);
}

void td_config_take(struct td_config_load *load, const char *key, const char *text, unsigned line)
{
	int place = td_config_key_find(load->section.kind, key);

	if (load->section.kind == TD_CONFIG_NONE)
		return;
	if (place >= 0)
		td_config_key_set(&load->section, place, text, load->file, line, load->errors);
	else if (load->section.kind == TD_CONFIG_TASK)
		take_param(load, key, text, line);
	else
		refuse_key(load, key, line);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int inherit_group(struct td_config *config, struct td_config_group *group)
{
	struct td_config_section to = td_config_section_group(group), from;
	int r = 0;

	from = group->parent ? td_config_section_group(group->parent)
			     : td_config_section_daemon(config);
	if (to.sources[TD_CONFIG_GROUP_GRACE].text == NULL)
		r = td_config_key_inherit(&to, TD_CONFIG_GROUP_GRACE, &from,
					  group->parent ? (int)TD_CONFIG_GROUP_GRACE
							: (int)TD_CONFIG_DAEMON_GRACE);
	if (r == 0 && group->parent && to.sources[TD_CONFIG_GROUP_MAX_TASKS].text == NULL)
		r = td_config_key_inherit(&to, TD_CONFIG_GROUP_MAX_TASKS, &from,
					  TD_CONFIG_GROUP_MAX_TASKS);
	if (r == 0 && group->parent && to.sources[TD_CONFIG_GROUP_DRIVER].text == NULL)
		r = td_config_key_inherit(&to, TD_CONFIG_GROUP_DRIVER, &from,
					  TD_CONFIG_GROUP_DRIVER);
	return r;
}

static int inherit_task(struct td_config *config, struct td_config_task *task)
{
	struct td_config_section to = td_config_section_task(task), from;
	int r = 0;

	from = task->group ? td_config_section_group(task->group)
			   : td_config_section_daemon(config);
	if (to.sources[TD_CONFIG_TASK_GRACE].text == NULL)
		r = td_config_key_inherit(&to, TD_CONFIG_TASK_GRACE, &from,
					  task->group ? (int)TD_CONFIG_GROUP_GRACE
						      : (int)TD_CONFIG_DAEMON_GRACE);
	if (r == 0 && task->group && to.sources[TD_CONFIG_TASK_DRIVER].text == NULL)
		r = td_config_key_inherit(&to, TD_CONFIG_TASK_DRIVER, &from,
					  TD_CONFIG_GROUP_DRIVER);
	return r;
}

/* Passes down what children take from their parents, and asks for what must be there. */
static void finish(struct td_config_load *load)
{
	struct td_config *config = load->config;
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->n_groups; i++)
		r = inherit_group(config, config->groups[i]);
	for (size_t i = 0; r == 0 && i < config->n_tasks; i++) {
		struct td_config_task *task = config->tasks[i];

		r = inherit_task(config, task);
		for (struct td_config_group *group = task->group; group; group = group->parent)
			group->n_starting += task->start;
		if (task->plugin == NULL || task->plugin[0] == '\0')
			td_config_error(load->errors, task->file, task->line,
					"[task %s]: the key \"plugin\" is missing", task->path);
	}
	if (r < 0)
		td_config_error(load->errors, NULL, 0, "out of memory");
}

static int load_init(struct td_config_load *load, struct td_config_errors *errors)
{
	*load = (struct td_config_load){.errors = errors};
	load->n_errors_before = errors->n + errors->n_more;
	load->config = td_config_default();
	load->groups = td_map_new();
	load->tasks = td_map_new();
	if (load->config != NULL && load->groups != NULL && load->tasks != NULL)
		return 0;
	td_config_error(errors, NULL, 0, "out of memory");
	return -TASKD_ENOMEM;
}

static struct td_config *load_fini(struct td_config_load *load)
{
	td_map_free(load->groups);
	td_map_free(load->tasks);
	if (load->errors->n + load->errors->n_more > load->n_errors_before)
		load->config = td_config_free(load->config);
	return load->config;
}

/* Begins a file. Returns: 0, or an error was added. */
static int begin_file(struct td_config_load *load, const char *path)
{
	struct td_config *config = load->config;
	char **files = td_mem_resize(config->files, (config->n_files + 1) * sizeof(*files));
	char *copy = td_mem_strdup(path);

	if (files != NULL)
		config->files = files;
	if (files == NULL || copy == NULL) {
		td_mem_free(copy);
		td_config_error(load->errors, path, 0, "out of memory");
		return -TASKD_ENOMEM;
	}
	files[config->n_files++] = copy;
	load->file = copy;
	load->daemon_line = 0;
	load->section = (struct td_config_section){.kind = TD_CONFIG_NONE};
	return 0;
}

struct td_config *td_config_parse(const char *name, const void *bytes, size_t length,
				  struct td_config_errors *errors)
{
	struct td_config_load load;
	char *copy;

	if (load_init(&load, errors) == 0 && begin_file(&load, name) == 0) {
		copy = td_mem_new(length + 1);
		if (length > TD_CONFIG_FILE_MAX) {
			td_config_error(errors, name, 0, "the file is larger than %d bytes",
					TD_CONFIG_FILE_MAX);
		} else if (copy == NULL) {
			out_of_memory(&load, 0);
		} else {
			memcpy(copy, bytes, length);
			td_config_file_parse(&load, copy, length);
			finish(&load);
		}
		td_mem_free(copy);
	}
	return load_fini(&load);
}

struct td_config *td_config_load(const char *path, struct td_config_errors *errors)
{
	struct td_config_load load;
	char **dropins = NULL;

	if (load_init(&load, errors) == 0 && begin_file(&load, path) == 0) {
		td_config_file_read(&load);
		dropins = td_config_dropins(path, errors);
		for (size_t i = 0; dropins != NULL && dropins[i] != NULL; i++)
			if (begin_file(&load, dropins[i]) == 0)
				td_config_file_read(&load);
		finish(&load);
		td_words_free(dropins);
	}
	return load_fini(&load);
}
