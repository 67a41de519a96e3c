/* SPDX-License-Identifier: MIT */
/*
 * Finds plugins by name in a list of directories, checks them, and loads them for good. A file
 * that is refused costs one clear line and nothing else. Nothing is ever unloaded: a plugin may
 * have left threads, handlers or destructors behind that point into it.
 */
#ifndef TD_PLUGIN_LOADER_H
#define TD_PLUGIN_LOADER_H

#include <stdint.h>

#include <taskd/plugin.h>

#include "base/failure.h"
#include "base/list.h"

#define TD_PLUGIN_NAME_MAX 63    /* bytes of a name */
#define TD_LOADER_DIRS_MAX 32    /* directories that are searched */
#define TD_LOADER_FILES_MAX 1000 /* plugins looked at in one directory */

struct td_loader;

enum td_plugin_state {
	TD_PLUGIN_LOADED,
	TD_PLUGIN_REFUSED,
};

/* One file. It lives as long as the loader, but a refused one only until the next call of
 * td_loader_open() or td_loader_scan(). */
struct td_plugin {
	uint32_t magic;
	enum td_plugin_state state;
	char *name;                            /* owned; by the file name */
	char *file;                            /* owned; as it was found */
	const struct taskd_plugin *descriptor; /* complete, whatever its size; NULL if refused */
	void *handle;                          /* of dlopen(3); NULL if refused */
	unsigned users;                        /* tasks that run it; kept by whoever starts them */
	char *error;                           /* owned; why it was refused, one line; else NULL */
	struct taskd_plugin copy;              /* what `descriptor` points to */
	struct td_list in_loader;
};

/* Returns: NULL when memory is short. */
struct td_loader *td_loader_new(void);
/* Forgets everything; the libraries stay loaded. NULL allowed; returns NULL. */
struct td_loader *td_loader_free(struct td_loader *loader);

/*
 * Adds a directory behind those that are there; a second time is ignored. It need not exist.
 * Returns: 0. Errors: -TASKD_EINVAL an empty path; -TASKD_ECAPACITY too many; -TASKD_ENOMEM.
 */
int td_loader_add_dir(struct td_loader *loader, const char *path);

/*
 * The plugin of that name, from the first directory that has it; loads it when need be. One that
 * was refused before is looked at afresh.
 * Returns: NULL, with the failure: -TASKD_ENOPLUGIN no such file (names what is near);
 * -TASKD_EPLUGIN refused; -TASKD_EINVAL not a name; -TASKD_ENOMEM.
 * Blocks: on the disk, and while constructors of the plugin run. Thread: one at a time, and
 * without the lock of the runtime.
 */
struct td_plugin *td_loader_open(struct td_loader *loader, const char *name,
				 struct td_failure *reterr_failure);

/*
 * Opens every NAME.so of all directories, for lists; a file behind another of its name is refused
 * as hidden. Returns: 0. Errors: -TASKD_ENOMEM. Blocks and Thread: as td_loader_open().
 */
int td_loader_scan(struct td_loader *loader);

/* Steps through all that was opened or refused, by name; NULL is before the first, and the end. */
struct td_plugin *td_loader_next(const struct td_loader *loader, const struct td_plugin *plugin);

#endif
