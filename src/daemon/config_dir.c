/* SPDX-License-Identifier: MIT */
/* The drop-in directory: which files of it are read, and in which order. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/words.h"
#include "daemon/config_priv.h"

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return td_mem_strdup("conf.d");
	return td_mem_printf("%.*sconf.d", (int)(slash + 1 - path), path);
}

static bool is_dropin(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".conf") == 0;
}

/* By bytes, so that the order does not depend on the locale. */
static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends the paths; the array has room for all that are allowed. Returns: how many. */
static size_t list(DIR *directory, const char *path, char **paths, struct td_config_errors *errors)
{
	const struct dirent *entry;
	size_t n = 0;

	errno = 0;
	while ((entry = readdir(directory)) != NULL) {
		if (!is_dropin(entry->d_name))
			continue;
		if (n == TD_CONFIG_FILES_MAX) {
			td_config_error(errors, path, 0, "there are more than %d drop-ins",
					TD_CONFIG_FILES_MAX);
			break;
		}
		paths[n] = td_mem_printf("%s/%s", path, entry->d_name);
		if (paths[n] == NULL) {
			td_config_error(errors, path, 0, "out of memory");
			break;
		}
		n++;
		errno = 0;
	}
	if (entry == NULL && errno != 0)
		td_config_error(errors, path, 0, "cannot be read: %s", taskd_strerror(-errno));
	return n;
}

static void check_directory(DIR *directory, const char *path, struct td_config_errors *errors)
{
	struct stat status;

	if (fstat(dirfd(directory), &status) < 0)
		td_config_error(errors, path, 0, "cannot be looked at: %s", taskd_strerror(-errno));
	else if (status.st_mode & S_IWOTH)
		td_config_error(errors, path, 0,
				"everybody may write to the directory (mode %04o): take that away "
				"with chmod o-w",
				(unsigned)status.st_mode & 07777);
}

char **td_config_dropins(const char *path, struct td_config_errors *errors)
{
	char *directory_path = directory_of(path);
	char **paths = td_mem_array(TD_CONFIG_FILES_MAX + 1, sizeof(*paths));
	DIR *directory = NULL;

	if (directory_path == NULL || paths == NULL) {
		td_config_error(errors, path, 0, "out of memory");
		td_mem_free(directory_path);
		return td_words_free(paths);
	}
	directory = opendir(directory_path);
	if (directory != NULL) {
		check_directory(directory, directory_path, errors);
		qsort(paths, list(directory, directory_path, paths, errors), sizeof(*paths),
		      compare);
		(void)closedir(directory); /* it was only read */
	} else if (errno != ENOENT) {
		td_config_error(errors, directory_path, 0, "cannot be opened: %s",
				taskd_strerror(-errno));
	}
	td_mem_free(directory_path);
	return paths;
}
