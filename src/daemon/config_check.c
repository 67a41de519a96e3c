/* SPDX-License-Identifier: MIT */
/* What can be wrong though every single key is right: the tree, the schedules, the plugins. */
#include <string.h>

#include <taskd/plugin.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "base/words.h"
#include "daemon/config_priv.h"

/* ---- promises ----------------------------------------------------------------------------- */

static bool is_given(const struct td_config_source *source)
{
	return source->text != NULL && !source->inherited;
}

static void check_daemon(const struct td_config_daemon *daemon,
			 const struct td_config_check_options *options,
			 struct td_config_errors *errors)
{
	int64_t total = daemon->grace_ns + daemon->abort_timeout_ns + daemon->cleanup_timeout_ns;
	const struct td_config_source *grace = &daemon->sources[TD_CONFIG_DAEMON_GRACE];
	const struct td_config_source *per_user =
		&daemon->sources[TD_CONFIG_DAEMON_MAX_CONNECTIONS_PER_USER];
	char needed[TD_DURATION_TEXT], limit[TD_DURATION_TEXT];

	if (options != NULL && options->stop_limit_ns > 0 && total > options->stop_limit_ns)
		td_config_error(errors, grace->file, grace->line,
				"[daemon]: grace, abort-timeout and cleanup-timeout together are "
				"%s, but systemd waits for a stop no longer than %s "
				"(TimeoutStopSec)",
				td_duration_print(total, needed),
				td_duration_print(options->stop_limit_ns, limit));
	if (daemon->max_connections_per_user > daemon->max_connections && is_given(per_user))
		td_config_error(errors, per_user->file, per_user->line,
				"[daemon]: max-connections-per-user = %lld is above the "
				"max-connections = %lld",
				(long long)daemon->max_connections_per_user,
				(long long)daemon->max_connections);
}

/* A stop of the parent is over when its grace is; a child cannot take longer. */
static void check_grace(const char *kind, const char *path, const struct td_config_source *source,
			int64_t grace_ns, const struct td_config_group *parent,
			const struct td_config_daemon *daemon, struct td_config_errors *errors)
{
	int64_t limit_ns = parent ? parent->grace_ns : daemon->grace_ns;
	char own[TD_DURATION_TEXT], above[TD_DURATION_TEXT];

	if (grace_ns <= limit_ns)
		return;
	td_config_error(errors, source->file, source->line,
			"[%s %s]: grace = %s is above the grace = %s of [%s%s]", kind, path,
			td_duration_print(grace_ns, own), td_duration_print(limit_ns, above),
			parent ? "group " : "daemon", parent ? parent->path : "");
}

/* They would not all start. */
static void check_capacity(const struct td_config_group *group, struct td_config_errors *errors)
{
	const struct td_config_source *source = &group->sources[TD_CONFIG_GROUP_MAX_TASKS];

	if (is_given(source) && group->n_starting > (size_t)group->max_tasks)
		td_config_error(
			errors, source->file, source->line,
			"[group %s]: max-tasks = %lld, but %zu tasks of the group and below "
			"start with the daemon",
			group->path, (long long)group->max_tasks, group->n_starting);
}

static void check_schedule(const struct td_config_task *task, struct td_config_errors *errors)
{
	const struct td_config_source *jitter = &task->sources[TD_CONFIG_TASK_JITTER];
	const struct td_config_source *missed = &task->sources[TD_CONFIG_TASK_MISSED];
	char own[TD_DURATION_TEXT], every[TD_DURATION_TEXT];

	if (task->every_ns == 0 && is_given(jitter))
		td_config_error(errors, jitter->file, jitter->line,
				"[task %s]: jitter is for tasks that have \"every\"", task->path);
	else if (task->every_ns > 0 && task->jitter_ns >= task->every_ns)
		td_config_error(errors, jitter->file, jitter->line,
				"[task %s]: jitter = %s is not below every = %s", task->path,
				td_duration_print(task->jitter_ns, own),
				td_duration_print(task->every_ns, every));
	if (task->every_ns == 0 && is_given(missed))
		td_config_error(errors, missed->file, missed->line,
				"[task %s]: missed is for tasks that have \"every\"", task->path);
}

int td_config_check(const struct td_config *config, const struct td_config_check_options *options,
		    struct td_config_errors *errors)
{
	const struct td_config_daemon *daemon = &config->daemon;
	size_t before = errors->n + errors->n_more;

	TD_CHECK(config, TD_CONFIG_MAGIC);
	check_daemon(daemon, options, errors);
	for (size_t i = 0; i < config->n_groups; i++) {
		const struct td_config_group *group = config->groups[i];

		check_grace("group", group->path, &group->sources[TD_CONFIG_GROUP_GRACE],
			    group->grace_ns, group->parent, daemon, errors);
		check_capacity(group, errors);
	}
	for (size_t i = 0; i < config->n_tasks; i++) {
		const struct td_config_task *task = config->tasks[i];

		check_grace("task", task->path, &task->sources[TD_CONFIG_TASK_GRACE],
			    task->grace_ns, task->group, daemon, errors);
		check_schedule(task, errors);
	}
	return errors->n + errors->n_more > before ? -TASKD_ECONFIG : 0;
}

/* ---- plugins ------------------------------------------------------------------------------ */

/* The parameters of one task on their way to values. */
struct settings {
	struct td_setting *settings; /* owned */
	char **texts;                /* owned: what was expanded; by place, NULL where not */
	char ***words;               /* owned: the same of lists */
	size_t n;
};

static void settings_fini(struct settings *settings)
{
	for (size_t i = 0; i < settings->n; i++) {
		if (settings->texts != NULL)
			td_mem_free(settings->texts[i]);
		if (settings->words != NULL)
			td_words_free(settings->words[i]);
	}
	td_mem_free(settings->settings);
	td_mem_free(settings->texts);
	td_mem_free(settings->words);
}

static int settings_init(struct settings *settings, size_t n)
{
	*settings = (struct settings){.n = n};
	settings->settings = td_mem_array(n + 1, sizeof(settings->settings[0]));
	settings->texts = td_mem_array(n + 1, sizeof(settings->texts[0]));
	settings->words = td_mem_array(n + 1, sizeof(settings->words[0]));
	return settings->settings && settings->texts && settings->words ? 0 : -TASKD_ENOMEM;
}

/* A copy with ${state}, ${runtime} and ${socket} replaced; $${ stands for ${. */
static int expand(const char *text, const struct td_config_plugins *plugins, char **ret_text,
		  struct td_failure *reterr_failure)
{
	const struct {
		const char *name, *value;
	} places[] = {
		{"${state}", plugins->state},
		{"${runtime}", plugins->runtime},
		{"${socket}", plugins->socket},
	};
	struct td_strbuf result = TD_STRBUF_INIT;

	while (*text != '\0') {
		size_t i = 0;

		if (strncmp(text, "$${", 3) == 0) {
			td_strbuf_adds(&result, "${");
			text += 3;
			continue;
		}
		while (i < TD_ARRAY_SIZE(places) &&
		       strncmp(text, places[i].name, strlen(places[i].name)) != 0)
			i++;
		if (i == TD_ARRAY_SIZE(places)) {
			td_strbuf_addc(&result, *text++);
			continue;
		}
		if (places[i].value == NULL) {
			td_strbuf_fini(&result);
			return td_fail(reterr_failure, -TASKD_EINVAL, places[i].name,
				       "%s is not known here", places[i].name);
		}
		td_strbuf_adds(&result, places[i].value);
		text += strlen(places[i].name);
	}
	*ret_text = td_strbuf_take(&result);
	if (*ret_text == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, "", "out of memory");
	return 0;
}

/* Expands word by word, so that a place with a space in it stays one word. */
static int expand_words(const char *text, const struct td_config_plugins *plugins,
			char ***ret_words, struct td_failure *reterr_failure)
{
	char **words = NULL;
	int r = td_words_split(text, &words, NULL);

	for (size_t i = 0; r == 0 && words[i] != NULL; i++) {
		char *expanded = NULL;

		r = expand(words[i], plugins, &expanded, reterr_failure);
		if (r < 0) {
			td_words_free(words);
			return r;
		}
		td_mem_free(words[i]);
		words[i] = expanded;
	}
	if (r == -TASKD_ENOMEM)
		return td_fail(reterr_failure, r, "", "out of memory");
	/* An open quote is told by the parser of the list, which gets the text as it is. */
	*ret_words = r == 0 ? words : NULL;
	return 0;
}

/* Makes the setting of one parameter, without quotes and with the places filled in. */
static int prepare(struct settings *settings, size_t i, const struct td_config_param *given,
		   const struct taskd_param *param, const struct td_config_plugins *plugins,
		   struct td_failure *reterr_failure)
{
	const char *text = given->source.text;
	struct td_setting *setting = &settings->settings[i];
	char *plain;
	int r;

	*setting = (struct td_setting){.key = given->key, .text = text};
	if (param->type == TASKD_PARAM_LIST) {
		if (strstr(text, "${") == NULL)
			return 0;
		r = expand_words(text, plugins, &settings->words[i], reterr_failure);
		setting->words = (const char *const *)settings->words[i];
		return r;
	}
	plain = td_config_unquote(text);
	if (plain == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, given->key, "out of memory");
	r = expand(plain, plugins, &settings->texts[i], reterr_failure);
	td_mem_free(plain);
	setting->text = settings->texts[i];
	return r;
}

static void refuse_param(const struct td_config_task *task, const struct td_config_param *given,
			 const struct taskd_param *params, struct td_config_errors *errors)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(given->key);
	struct td_strbuf names = TD_STRBUF_INIT;
	size_t n;
	const struct td_config_key *keys = td_config_keys(TD_CONFIG_TASK, &n);

	for (const struct taskd_param *p = params; p != NULL && p->name != NULL; p++) {
		td_suggest_offer(&suggest, p->name);
		td_strbuf_addf(&names, "%s%s", names.length ? ", " : "", p->name);
	}
	for (size_t i = 0; i < n; i++)
		td_suggest_offer(&suggest, keys[i].param.name);
	if (suggest.best != NULL)
		td_config_error(errors, given->source.file, given->source.line,
				"[task %s]: unknown key \"%s\"; did you mean \"%s\"?", task->path,
				given->key, suggest.best);
	else
		td_config_error(errors, given->source.file, given->source.line,
				"[task %s]: unknown key \"%s\"; the plugin %s takes %s", task->path,
				given->key, task->plugin,
				names.length ? td_strbuf_text(&names) : "no parameters");
	td_strbuf_fini(&names);
}

/* Checks each parameter on its own, so that all errors are told with their lines. */
static int check_params(const struct td_config_task *task, const struct taskd_param *params,
			const struct td_config_plugins *plugins, struct settings *settings,
			struct td_config_errors *errors)
{
	int result = 0;

	for (size_t i = 0; i < task->n_params; i++) {
		const struct td_config_param *given = &task->params[i];
		const struct taskd_param *param = td_schema_find(params, given->key);
		struct td_failure failure = {0};
		struct td_value value = {0};
		int r;

		if (param == NULL) {
			refuse_param(task, given, params, errors);
			result = -TASKD_ECONFIG;
			continue;
		}
		r = prepare(settings, i, given, param, plugins, &failure);
		if (r == 0)
			r = td_value_parse(param, &settings->settings[i], &value, &failure);
		td_value_fini(&value);
		if (r == 0)
			continue;
		td_config_error(errors, given->source.file, given->source.line, "[task %s]: %s",
				task->path, failure.text);
		result = r == -TASKD_ENOMEM ? r : -TASKD_ECONFIG;
	}
	return result;
}

/* A parameter with the name of a key of every task could never be set. */
static int check_names(const struct td_config_task *task, const struct taskd_param *params,
		       struct td_config_errors *errors)
{
	const struct td_config_source *source = &task->sources[TD_CONFIG_TASK_PLUGIN];

	for (; params != NULL && params->name != NULL; params++) {
		if (td_config_key_find(TD_CONFIG_TASK, params->name) < 0)
			continue;
		td_config_error(errors, source->file, source->line,
				"[task %s]: the plugin %s declares a parameter \"%s\", which is a "
				"key of every task",
				task->path, task->plugin, params->name);
		return -TASKD_ECONFIG;
	}
	return 0;
}

static int check_task(struct td_config_task *task, const struct td_config_plugins *plugins,
		      struct td_config_errors *errors)
{
	const struct td_config_source *source = &task->sources[TD_CONFIG_TASK_PLUGIN];
	struct td_failure failure = {0};
	const struct taskd_plugin *plugin = plugins->find(task->plugin, &failure, plugins->data);
	struct td_values *values = NULL;
	struct settings settings;
	int r;

	if (plugin == NULL && plugins->refused != NULL && failure.code != -TASKD_ENOMEM) {
		plugins->refused(task, failure.text, plugins->data);
		return 0;
	}
	if (plugin == NULL) {
		td_config_error(errors, source->file, source->line, "[task %s]: %s", task->path,
				failure.text);
		return failure.code == -TASKD_ENOMEM ? failure.code : -TASKD_ECONFIG;
	}
	r = settings_init(&settings, task->n_params);
	if (r < 0)
		td_config_error(errors, task->file, task->line, "out of memory");
	if (r == 0)
		r = check_names(task, plugin->params, errors);
	if (r == 0)
		r = check_params(task, plugin->params, plugins, &settings, errors);
	if (r == 0) {
		r = td_values_new(plugin->params, settings.settings, settings.n, &values, &failure);
		if (r < 0)
			td_config_error(errors, task->file, task->line, "[task %s]: %s", task->path,
					failure.text);
	}
	settings_fini(&settings);
	if (r < 0)
		return r == -TASKD_ENOMEM ? r : -TASKD_ECONFIG;
	task->values = td_values_unref(task->values);
	task->values = values;
	return 0;
}

int td_config_check_plugins(struct td_config *config, const struct td_config_plugins *plugins,
			    struct td_config_errors *errors)
{
	int result = 0;

	TD_CHECK(config, TD_CONFIG_MAGIC);
	for (size_t i = 0; i < config->n_tasks; i++) {
		int r = check_task(config->tasks[i], plugins, errors);

		if (r == -TASKD_ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}
