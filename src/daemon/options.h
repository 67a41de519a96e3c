/* SPDX-License-Identifier: MIT */
/* The command line of taskd, and the places that follow from it and from the environment. */
#ifndef TD_DAEMON_OPTIONS_H
#define TD_DAEMON_OPTIONS_H

#include <stdbool.h>

#define TD_PLUGIN_DIRS_MAX 16

enum td_options_mode {
	TD_MODE_RUN,
	TD_MODE_CHECK,
	TD_MODE_PRINT_CONFIG,
	TD_MODE_DONE /* --help, --version: all is said */
};

struct td_options {
	enum td_options_mode mode;
	const char *config_path; /* borrowed from argv, or constant */
	bool config_given;
	const char *plugin_dirs[TD_PLUGIN_DIRS_MAX + 1]; /* ends with NULL */
	char *socket_path;                               /* owned */
	char *runtime_dir;                               /* owned: where the socket is */
	char *state_dir;                                 /* owned */
};

/*
 * Parses the command line; prints what is wrong with it, or help, itself.
 * Returns: 0; -TASKD_EINVAL (the process should exit with 2); -TASKD_ENOMEM. Thread: main.
 */
int td_options_parse(struct td_options *options, int argc, char **argv);
void td_options_fini(struct td_options *options);

#endif
