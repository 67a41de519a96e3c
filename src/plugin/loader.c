/* SPDX-License-Identifier: MIT */
/*
 * The list of what was opened and refused. The first directory that has a file of a name wins,
 * whether that file is usable or not, so that a broken plugin is never replaced in silence.
 */
#include "plugin/loader.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "plugin/library.h"

#define LOADER_MAGIC 0x7461c0ad
#define PLUGIN_MAGIC 0x7461b1a6
#define SUFFIX ".so"
#define NAME_RULE "a name is 1 to 63 of a-z 0-9 - _, beginning with a letter or digit"

_Static_assert(TD_PLUGIN_NAME_MAX == 63, "NAME_RULE says so");

struct td_loader {
	uint32_t magic;
	char *dirs[TD_LOADER_DIRS_MAX]; /* owned */
	size_t n_dirs;
	struct td_list plugins; /* of td_plugin.in_loader, by name */
};

/* ---- records ---------------------------------------------------------------------------- */

static void plugin_free(struct td_plugin *plugin)
{
	if (plugin == NULL)
		return;
	td_list_remove(&plugin->in_loader);
	plugin->magic = 0;
	td_mem_free(plugin->name);
	td_mem_free(plugin->file);
	td_mem_free(plugin->error);
	td_mem_free(plugin);
}

static struct td_plugin *plugin_new(const char *name, const char *file)
{
	struct td_plugin *plugin = td_mem_new(sizeof(*plugin));

	if (plugin == NULL)
		return NULL;
	plugin->name = td_mem_strdup(name);
	plugin->file = td_mem_strdup(file);
	if (plugin->name == NULL || plugin->file == NULL) {
		plugin_free(plugin);
		return NULL;
	}
	plugin->magic = PLUGIN_MAGIC;
	return plugin;
}

static struct td_plugin *find_any(const struct td_loader *loader, const char *name)
{
	struct td_plugin *plugin;

	TD_LIST_FOREACH (plugin, &loader->plugins, in_loader)
		if (strcmp(plugin->name, name) == 0)
			return plugin;
	return NULL;
}

static struct td_plugin *find_loaded(const struct td_loader *loader, const char *name)
{
	struct td_plugin *plugin;

	TD_LIST_FOREACH (plugin, &loader->plugins, in_loader)
		if (plugin->state == TD_PLUGIN_LOADED && strcmp(plugin->name, name) == 0)
			return plugin;
	return NULL;
}

/* Behind those of the same name, so that lists show first the one that counts. */
static void insert(struct td_loader *loader, struct td_plugin *plugin)
{
	struct td_plugin *other;

	TD_LIST_FOREACH (other, &loader->plugins, in_loader)
		if (strcmp(other->name, plugin->name) > 0) {
			td_list_append(&other->in_loader, &plugin->in_loader);
			return;
		}
	td_list_append(&loader->plugins, &plugin->in_loader);
}

static void forget_refused(struct td_loader *loader, const char *file)
{
	struct td_plugin *plugin, *tmp;

	TD_LIST_FOREACH_SAFE (plugin, tmp, &loader->plugins, in_loader)
		if (plugin->state == TD_PLUGIN_REFUSED &&
		    (file == NULL || strcmp(plugin->file, file) == 0))
			plugin_free(plugin);
}

struct td_loader *td_loader_new(void)
{
	struct td_loader *loader = td_mem_new(sizeof(*loader));

	if (loader == NULL)
		return NULL;
	td_list_init(&loader->plugins);
	loader->magic = LOADER_MAGIC;
	return loader;
}

struct td_loader *td_loader_free(struct td_loader *loader)
{
	struct td_plugin *plugin, *tmp;

	if (loader == NULL)
		return NULL;
	TD_CHECK(loader, LOADER_MAGIC);
	loader->magic = 0;
	TD_LIST_FOREACH_SAFE (plugin, tmp, &loader->plugins, in_loader)
		plugin_free(plugin);
	for (size_t i = 0; i < loader->n_dirs; i++)
		td_mem_free(loader->dirs[i]);
	return td_mem_free(loader);
}

int td_loader_add_dir(struct td_loader *loader, const char *path)
{
	size_t length = strlen(path);
	char *dir;

	TD_CHECK(loader, LOADER_MAGIC);
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0)
		return -TASKD_EINVAL;
	for (size_t i = 0; i < loader->n_dirs; i++)
		if (strlen(loader->dirs[i]) == length && memcmp(loader->dirs[i], path, length) == 0)
			return 0;
	if (loader->n_dirs == TD_LOADER_DIRS_MAX)
		return -TASKD_ECAPACITY;
	dir = td_mem_strndup(path, length);
	if (dir == NULL)
		return -TASKD_ENOMEM;
	loader->dirs[loader->n_dirs++] = dir;
	return 0;
}

struct td_plugin *td_loader_next(const struct td_loader *loader, const struct td_plugin *plugin)
{
	const struct td_list *at = plugin == NULL ? &loader->plugins : &plugin->in_loader;

	TD_CHECK(loader, LOADER_MAGIC);
	return at->next == &loader->plugins
		       ? NULL
		       : TD_CONTAINER_OF(at->next, struct td_plugin, in_loader);
}

/* ---- one file ---------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length > 0 && length <= TD_PLUGIN_NAME_MAX && text[length] == '\0' &&
	       text[0] != '-' && text[0] != '_';
}

/* Turns a record into a refused one with its line. */
static int refuse(struct td_plugin *plugin, const struct td_failure *why)
{
	plugin->state = TD_PLUGIN_REFUSED;
	plugin->error = td_mem_strdup(why->text);
	return plugin->error == NULL ? -TASKD_ENOMEM : 0;
}

/*
 * Loads a file into a new record of the loader; `hidden_by`: refuses it instead, because of that
 * file. Returns: 0, also when it is refused; -TASKD_ENOMEM, and there is no record.
 */
static int open_record(struct td_loader *loader, const char *name, const char *file,
		       const char *hidden_by, struct td_plugin **ret_plugin)
{
	struct td_library library;
	struct td_failure why = {0};
	struct td_plugin *plugin;
	int r;

	forget_refused(loader, file);
	plugin = plugin_new(name, file);
	if (plugin == NULL)
		return -TASKD_ENOMEM;
	if (!is_name(name))
		r = td_fail(&why, -TASKD_EPLUGIN, file, "%s: " NAME_RULE, file);
	else if (hidden_by != NULL)
		r = td_fail(&why, -TASKD_EPLUGIN, file, "%s: hidden by %s", file, hidden_by);
	else
		r = td_library_load(file, name, &library, &why);
	if (r == 0) {
		plugin->handle = library.handle;
		plugin->copy = library.descriptor;
		plugin->descriptor = &plugin->copy;
	} else if (r == -TASKD_ENOMEM || refuse(plugin, &why) < 0) {
		plugin_free(plugin);
		return -TASKD_ENOMEM;
	}
	insert(loader, plugin);
	*ret_plugin = plugin;
	return 0;
}

/* ---- names in a directory --------------------------------------------------------------- */

/* Cuts ".so" off. Returns: whether it was there, and something before it. */
static bool cut_suffix(char *text)
{
	size_t length = strlen(text), suffix = strlen(SUFFIX);

	if (length <= suffix || text[0] == '.' || strcmp(text + length - suffix, SUFFIX) != 0)
		return false;
	text[length - suffix] = '\0';
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **free_names(char **names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		td_mem_free(names[i]);
	return td_mem_free(names);
}

/* The names of the plugins in a directory, sorted; none when it cannot be read. They end with
 * NULL. Returns: 0 or -TASKD_ENOMEM. */
static int list_names(const char *dir, char ***ret_names)
{
	char **names = td_mem_array(TD_LOADER_FILES_MAX + 1, sizeof(*names));
	struct dirent *entry;
	size_t n = 0;
	DIR *stream;

	if (names == NULL)
		return -TASKD_ENOMEM;
	stream = opendir(dir);
	while (stream != NULL && n < TD_LOADER_FILES_MAX && (entry = readdir(stream)) != NULL) {
		if (!cut_suffix(entry->d_name))
			continue;
		names[n] = td_mem_strdup(entry->d_name);
		if (names[n++] != NULL)
			continue;
		(void)closedir(stream);
		free_names(names);
		return -TASKD_ENOMEM;
	}
	if (stream != NULL)
		(void)closedir(stream);
	qsort(names, n, sizeof(*names), compare_names);
	*ret_names = names;
	return 0;
}

/* ---- opening by name -------------------------------------------------------------------- */

static void say_dirs(const struct td_loader *loader, struct td_strbuf *text)
{
	if (loader->n_dirs == 0)
		td_strbuf_adds(text, ": there is no plugin directory");
	for (size_t i = 0; i < loader->n_dirs; i++) {
		td_strbuf_addf(text, "%s%s", i > 0 ? ", " : " in ", loader->dirs[i]);
		if (access(loader->dirs[i], R_OK | X_OK) < 0)
			td_strbuf_addf(text, " (%s)", taskd_strerror(-errno));
	}
}

static void say_nearest(const struct td_loader *loader, const char *name, struct td_strbuf *text)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(name);
	char **names[TD_LOADER_DIRS_MAX] = {NULL};

	for (size_t i = 0; i < loader->n_dirs; i++) {
		if (list_names(loader->dirs[i], &names[i]) < 0)
			continue;
		for (size_t n = 0; names[i][n] != NULL; n++)
			td_suggest_offer(&suggest, names[i][n]);
	}
	if (suggest.best != NULL)
		td_strbuf_addf(text, "; did you mean \"%s\"?", suggest.best);
	for (size_t i = 0; i < loader->n_dirs; i++)
		free_names(names[i]);
}

static void not_found(const struct td_loader *loader, const char *name, struct td_failure *failure)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	say_dirs(loader, &text);
	say_nearest(loader, name, &text);
	td_fail(failure, -TASKD_ENOPLUGIN, name, "no plugin \"%s\"%s", name, td_strbuf_text(&text));
	td_strbuf_fini(&text);
}

/* Returns: 0, and *ret_file is owned by the caller; -TASKD_ENOPLUGIN; -TASKD_ENOMEM. */
static int find_file(const struct td_loader *loader, const char *name, char **ret_file)
{
	struct stat st;

	for (size_t i = 0; i < loader->n_dirs; i++) {
		char *file = td_mem_printf("%s/%s%s", loader->dirs[i], name, SUFFIX);

		if (file == NULL)
			return -TASKD_ENOMEM;
		/* A link that leads nowhere counts, so that it is reported. */
		if (lstat(file, &st) == 0) {
			*ret_file = file;
			return 0;
		}
		td_mem_free(file);
	}
	return -TASKD_ENOPLUGIN;
}

struct td_plugin *td_loader_open(struct td_loader *loader, const char *name,
				 struct td_failure *reterr_failure)
{
	struct td_plugin *plugin;
	char *file = NULL;
	int r;

	TD_CHECK(loader, LOADER_MAGIC);
	plugin = find_loaded(loader, name);
	if (plugin != NULL)
		return plugin;
	if (!is_name(name)) {
		td_fail(reterr_failure, -TASKD_EINVAL, name,
			"\"%.80s\" cannot be a plugin: " NAME_RULE, name);
		return NULL;
	}
	r = find_file(loader, name, &file);
	if (r == 0)
		r = open_record(loader, name, file, NULL, &plugin);
	td_mem_free(file);
	if (r == -TASKD_ENOPLUGIN)
		not_found(loader, name, reterr_failure);
	else if (r < 0)
		td_fail(reterr_failure, r, name, "plugin \"%s\": out of memory", name);
	else if (plugin->state == TD_PLUGIN_REFUSED)
		td_fail(reterr_failure, -TASKD_EPLUGIN, plugin->file, "%s", plugin->error);
	else
		return plugin;
	return NULL;
}

/* ---- opening all ------------------------------------------------------------------------ */

static int scan_name(struct td_loader *loader, const char *dir, const char *name)
{
	const struct td_plugin *first = find_any(loader, name);
	char *file = td_mem_printf("%s/%s%s", dir, name, SUFFIX);
	struct td_plugin *plugin;
	int r = 0;

	if (file == NULL)
		return -TASKD_ENOMEM;
	if (first == NULL || strcmp(first->file, file) != 0)
		r = open_record(loader, name, file, first != NULL ? first->file : NULL, &plugin);
	td_mem_free(file);
	return r;
}

int td_loader_scan(struct td_loader *loader)
{
	int r = 0;

	TD_CHECK(loader, LOADER_MAGIC);
	forget_refused(loader, NULL);
	for (size_t i = 0; i < loader->n_dirs && r == 0; i++) {
		char **names = NULL;

		r = list_names(loader->dirs[i], &names);
		for (size_t n = 0; r == 0 && names[n] != NULL; n++)
			r = scan_name(loader, loader->dirs[i], names[n]);
		free_names(names);
	}
	return r;
}
