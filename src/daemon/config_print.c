/* SPDX-License-Identifier: MIT */
/* The effective configuration as a file, with the place that each value comes from. */
#include "base/assert.h"
#include "daemon/config_priv.h"

static void print_key(const char *key, const struct td_config_source *source, const char *fallback,
		      struct td_strbuf *text)
{
	const char *value = source->text ? source->text : fallback;

	if (value == NULL) {
		td_strbuf_addf(text, "# %s is not set\n", key);
		return;
	}
	td_strbuf_addf(text, "# %s", source->inherited ? "inherited: " : "");
	if (source->line > 0)
		td_strbuf_addf(text, "%s:%u\n", source->file, source->line);
	else
		td_strbuf_adds(text, "default\n");
	td_strbuf_addf(text, "%s =%s%s\n", key, value[0] != '\0' ? " " : "", value);
}

static void print_keys(enum td_config_kind kind, const struct td_config_source *sources,
		       struct td_strbuf *text)
{
	size_t n;
	const struct td_config_key *keys = td_config_keys(kind, &n);

	for (size_t i = 0; i < n; i++)
		print_key(keys[i].param.name, &sources[i], keys[i].param.fallback, text);
}

void td_config_print(const struct td_config *config, struct td_strbuf *text)
{
	TD_CHECK(config, TD_CONFIG_MAGIC);
	for (size_t i = 0; i < config->n_files; i++)
		td_strbuf_addf(text, "# read: %s\n", config->files[i]);
	td_strbuf_adds(text, "\n[daemon]\n");
	print_keys(TD_CONFIG_DAEMON, config->daemon.sources, text);
	for (size_t i = 0; i < config->n_groups; i++) {
		td_strbuf_addf(text, "\n[group %s]\n", config->groups[i]->path);
		print_keys(TD_CONFIG_GROUP, config->groups[i]->sources, text);
	}
	for (size_t i = 0; i < config->n_tasks; i++) {
		const struct td_config_task *task = config->tasks[i];

		td_strbuf_addf(text, "\n[task %s]\n", task->path);
		print_keys(TD_CONFIG_TASK, task->sources, text);
		for (size_t j = 0; j < task->n_params; j++)
			print_key(task->params[j].key, &task->params[j].source, NULL, text);
	}
}
