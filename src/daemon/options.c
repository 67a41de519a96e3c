/* SPDX-License-Identifier: MIT */
/* getopt_long(3), and defaults for root and for users. */
#include "daemon/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <taskd/error.h>

#include "base/mem.h"

#define SOCKET_NAME "io.taskd.Manager" /* the file is named after the interface */

static const char usage[] =
	"usage: taskd [OPTION]...\n"
	"Runs the background work of a host as one tree of named task groups.\n"
	"Stays in the foreground; a service manager does the rest.\n"
	"\n"
	"  -c, --config FILE     the configuration (" TD_CONFIG_PATH ")\n"
	"      --socket PATH     the control socket (/run/taskd/" SOCKET_NAME ", for a\n"
	"                        user $XDG_RUNTIME_DIR/taskd/" SOCKET_NAME ")\n"
	"      --plugin-dir DIR  where plugins are; may be repeated, the first wins\n"
	"                        (" TD_PLUGIN_DIR ")\n"
	"      --state-dir DIR   what outlives a restart (/var/lib/taskd, for a user\n"
	"                        $XDG_STATE_HOME/taskd)\n"
	"      --check           validate everything, run nothing\n"
	"      --print-config    print the effective configuration, run nothing\n"
	"  -h, --help            print this\n"
	"  -V, --version         print the version\n"
	"\n"
	"See taskd(8), taskd.conf(5) and taskctl(1).\n";

enum { OPT_SOCKET = 256, OPT_PLUGIN_DIR, OPT_STATE_DIR, OPT_CHECK, OPT_PRINT_CONFIG };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR},
	{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	{"check", no_argument, NULL, OPT_CHECK},
	{"print-config", no_argument, NULL, OPT_PRINT_CONFIG},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
	va_list args;

	fputs("taskd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\ntry: taskd --help\n", stderr);
	return -TASKD_EINVAL;
}

static int add_plugin_dir(struct td_options *options, const char *dir)
{
	for (size_t i = 0; i < TD_PLUGIN_DIRS_MAX; i++) {
		if (!options->plugin_dirs[i]) {
			options->plugin_dirs[i] = dir;
			return 0;
		}
	}
	return complain("--plugin-dir %s is one too many: at most 16 can be given", dir);
}

/* Absolute, since the parameters of plugins that are made from it have to be. */
static int set_path(char **slot, const char *option, const char *path)
{
	char here[PATH_MAX] = "";

	if (*path == '\0')
		return complain("%s needs a path", option);
	if (*path != '/') {
		if (!getcwd(here, sizeof(here)))
			return complain("%s is relative to a folder that is not there any more",
					option);
		while (path[0] == '.' && path[1] == '/')
			path += 2 + strspn(path + 2, "/");
	}
	td_mem_free(*slot);
	*slot = *here ? td_mem_printf("%s/%s", strcmp(here, "/") == 0 ? "" : here, path)
		      : td_mem_strdup(path);
	return *slot ? 0 : -TASKD_ENOMEM;
}

static int set_socket(struct td_options *options, const char *path)
{
	if (*path == '@')
		return complain("--socket %s: an abstract address has no mode that protects it; "
				"give a path",
				path);
	return set_path(&options->socket_path, "--socket", path);
}

static int apply(struct td_options *options, int option, const char *value)
{
	switch (option) {
	case 'c':
		options->config_path = value;
		options->config_given = true;
		return 0;
	case OPT_SOCKET:
		return set_socket(options, value);
	case OPT_PLUGIN_DIR:
		return add_plugin_dir(options, value);
	case OPT_STATE_DIR:
		return set_path(&options->state_dir, "--state-dir", value);
	case OPT_CHECK:
		options->mode = TD_MODE_CHECK;
		return 0;
	case OPT_PRINT_CONFIG:
		options->mode = TD_MODE_PRINT_CONFIG;
		return 0;
	case 'h':
		fputs(usage, stdout);
		options->mode = TD_MODE_DONE;
		return 0;
	case 'V':
		puts("taskd " VERSION);
		options->mode = TD_MODE_DONE;
		return 0;
	default: /* getopt has said what is wrong */
		fputs("try: taskd --help\n", stderr);
		return -TASKD_EINVAL;
	}
}

/* The default of a path: for root a fixed one, for users below a folder of theirs. */
static char *default_path(const char *for_root, const char *variable, const char *below_home,
			  const char *rest)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (geteuid() == 0)
		return td_mem_strdup(for_root);
	if (base && *base == '/')
		return td_mem_printf("%s/%s", base, rest);
	if (below_home && home && *home == '/')
		return td_mem_printf("%s/%s/%s", home, below_home, rest);
	return NULL;
}

static int fill_in(struct td_options *options)
{
	/* systemd says where, with StateDirectory=; the first of several counts. */
	const char *state = getenv("STATE_DIRECTORY");
	struct sockaddr_un address;
	char *slash;

	if (!options->config_path)
		options->config_path = TD_CONFIG_PATH;
	if (!options->plugin_dirs[0])
		options->plugin_dirs[0] = TD_PLUGIN_DIR;
	if (!options->socket_path)
		options->socket_path = default_path("/run/taskd/" SOCKET_NAME, "XDG_RUNTIME_DIR",
						    NULL, "taskd/" SOCKET_NAME);
	if (!options->state_dir && state && *state == '/')
		options->state_dir = td_mem_strndup(state, strcspn(state, ":"));
	if (!options->state_dir)
		options->state_dir =
			default_path("/var/lib/taskd", "XDG_STATE_HOME", ".local/state", "taskd");
	if (!options->socket_path)
		return complain("there is no place for the control socket: %s is not set; "
				"give --socket",
				"XDG_RUNTIME_DIR");
	if (!options->state_dir)
		return complain("there is no place for the state: neither XDG_STATE_HOME nor %s is "
				"set; give --state-dir",
				"HOME");
	if (strlen(options->socket_path) >= sizeof(address.sun_path))
		return complain("--socket %s is too long: the system allows 107 bytes",
				options->socket_path);
	slash = strrchr(options->socket_path, '/');
	options->runtime_dir =
		slash ? td_mem_strndup(options->socket_path,
				       slash == options->socket_path
					       ? 1
					       : (size_t)(slash - options->socket_path))
		      : td_mem_strdup(".");
	return options->runtime_dir ? 0 : -TASKD_ENOMEM;
}

int td_options_parse(struct td_options *options, int argc, char **argv)
{
	int option, r;

	*options = (struct td_options){.mode = TD_MODE_RUN};
	while ((option = getopt_long(argc, argv, "c:hV", long_options, NULL)) != -1) {
		r = apply(options, option, optarg);
		if (r < 0 || options->mode == TD_MODE_DONE)
			return r;
	}
	if (optind < argc)
		return complain("\"%s\" is not an option; taskd takes no other arguments",
				argv[optind]);
	return fill_in(options);
}

void td_options_fini(struct td_options *options)
{
	options->socket_path = td_mem_free(options->socket_path);
	options->runtime_dir = td_mem_free(options->runtime_dir);
	options->state_dir = td_mem_free(options->state_dir);
}
