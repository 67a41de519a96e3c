/* SPDX-License-Identifier: MIT */
/*
 * What is checked, in this order: the file and its directory (nobody but root and the daemon's
 * user can have put code there), the ELF structure, the descriptor as it stands in the file (so
 * that no code of another ABI runs), then the library itself, then all the descriptor says.
 */
#include "plugin/library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "plugin/elf.h"
#include "plugin/schema.h"

#define SYMBOL "taskd_plugin"

/* A descriptor without these members cannot be run; those behind them are 0 if missing. */
#define DESCRIPTOR_MIN offsetof(struct taskd_plugin, driver)

/* ---- the file --------------------------------------------------------------------------- */

/* Whether nobody but root and the daemon's user can change it. `what` it is, for the message. */
static int check_owner(const char *file, const char *what, const struct stat *st,
		       struct td_failure *failure)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: %s belongs to user %u, and neither to root nor to the user of "
			       "the daemon (%u)",
			       file, what, (unsigned)st->st_uid, (unsigned)geteuid());
	if ((st->st_mode & S_IWOTH) != 0)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: %s is writable by everybody; chmod o-w helps", file, what);
	return 0;
}

/* The directory of a path, by a stat(2) of it. */
static int check_dir_of(const char *file, const char *path, struct td_failure *failure)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *dir;
	int r;

	if (slash == NULL)
		dir = td_mem_strdup(".");
	else
		dir = td_mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL)
		return td_fail(failure, -TASKD_ENOMEM, file, "%s: out of memory", file);
	if (stat(dir, &st) < 0)
		r = td_fail(failure, -TASKD_EPLUGIN, file, "%s: its directory: %s", file,
			    taskd_strerror(-errno));
	else
		r = check_owner(file, "its directory", &st, failure);
	td_mem_free(dir);
	return r;
}

static int check_place(const char *file, struct td_failure *failure)
{
	char resolved[PATH_MAX];
	int r = check_dir_of(file, file, failure);

	if (r < 0)
		return r;
	if (realpath(file, resolved) == NULL)
		return td_fail(failure, -TASKD_EPLUGIN, file, "%s: %s", file,
			       taskd_strerror(-errno));
	/* Where the links lead. */
	return check_dir_of(file, resolved, failure);
}

/* Opens and checks the file, without what is in it. Returns: the descriptor, or the failure. */
static int open_file(const char *file, struct td_failure *failure)
{
	struct stat st;
	int fd, r;

	/* Not blocking, because it may be a FIFO. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return td_fail(failure, -TASKD_EPLUGIN, file, "%s: cannot be opened: %s", file,
			       taskd_strerror(-errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = td_fail(failure, -TASKD_EPLUGIN, file, "%s: not a regular file", file);
	else
		r = check_owner(file, "the file", &st, failure);
	if (r == 0)
		r = check_place(file, failure);
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

/* ---- the descriptor --------------------------------------------------------------------- */

/* By what stands in the file, before any of its code has run. */
static int check_object(const char *file, const struct td_elf_object *object,
			struct td_failure *failure)
{
	const uint32_t size = object->words[0], abi = object->words[1];

	if (object->size < DESCRIPTOR_MIN)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: its symbol " SYMBOL " has %llu bytes, %zu are needed", file,
			       (unsigned long long)object->size, DESCRIPTOR_MIN);
	if (abi != TASKD_ABI)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: built for plugin ABI %u, this taskd has ABI %d; build it again",
			       file, abi, TASKD_ABI);
	if (size < DESCRIPTOR_MIN || size > object->size)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: its descriptor says it has %u bytes, but there are %llu "
			       "(at least %zu are needed)",
			       file, size, (unsigned long long)object->size, DESCRIPTOR_MIN);
	return 0;
}

static int check_descriptor(const char *file, const char *name,
			    const struct taskd_plugin *descriptor, struct td_failure *failure)
{
	struct td_failure why = {0};
	int r;

	if (descriptor->name == NULL || strcmp(descriptor->name, name) != 0)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: calls itself \"%.64s\", but the file name says \"%s\"", file,
			       descriptor->name != NULL ? descriptor->name : "", name);
	if (descriptor->run == NULL)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: has nothing to run (.run is NULL)", file);
	if (descriptor->driver != TASKD_DRIVER_DEFAULT &&
	    descriptor->driver != TASKD_DRIVER_FIBER && descriptor->driver != TASKD_DRIVER_THREAD)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: wants driver %d, which this taskd does not have", file,
			       (int)descriptor->driver);
	if (descriptor->stack_size > TD_LIBRARY_STACK_MAX)
		return td_fail(failure, -TASKD_EPLUGIN, file,
			       "%s: wants a stack of %zu bytes, at most %d are allowed", file,
			       descriptor->stack_size, TD_LIBRARY_STACK_MAX);
	r = td_schema_check(descriptor->params, &why);
	return r < 0 ? td_fail(failure, r, file, "%s: %s", file, why.text) : 0;
}

/* The first line of what the dynamic loader says, without the file name that we say anyway. */
static int load_failed(const char *file, const char *text, struct td_failure *failure)
{
	const size_t length = strlen(file);

	if (text == NULL)
		text = "cannot be loaded";
	if (strncmp(text, file, length) == 0 && strncmp(text + length, ": ", 2) == 0)
		text += length + 2;
	return td_fail(failure, -TASKD_EPLUGIN, file, "%s: %.*s", file, (int)strcspn(text, "\n"),
		       text);
}

int td_library_load(const char *file, const char *name, struct td_library *ret_library,
		    struct td_failure *reterr_failure)
{
	const struct taskd_plugin *theirs;
	struct td_library library = {0};
	struct td_elf_object object;
	int fd, r;

	fd = open_file(file, reterr_failure);
	if (fd < 0)
		return fd;
	r = td_elf_find(fd, file, SYMBOL, &object, reterr_failure);
	(void)close(fd);
	if (r == 0)
		r = check_object(file, &object, reterr_failure);
	if (r < 0)
		return r;
	library.handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (library.handle == NULL)
		return load_failed(file, dlerror(), reterr_failure);
	theirs = dlsym(library.handle, SYMBOL);
	if (theirs == NULL)
		return load_failed(file, dlerror(), reterr_failure);
	memcpy(&library.descriptor, theirs,
	       object.words[0] < sizeof(*theirs) ? object.words[0] : sizeof(*theirs));
	library.descriptor.size = sizeof(*theirs);
	r = check_descriptor(file, name, &library.descriptor, reterr_failure);
	if (r == 0)
		*ret_library = library;
	return r;
}
