/* SPDX-License-Identifier: MIT */
/*
 * Turns the parameters of `exec` into the arguments of execve(2): the program is searched in
 * PATH, the environment is put together, the user is looked up. The child itself then has
 * nothing left to do that needs a library.
 */
#include "plugins/exec_plan.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <taskd/plugin.h>

#include "plugins/offload.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_GROUPS 1024

/* ---- user ------------------------------------------------------------------------------- */

struct user_lookup {
	char name[256];
	int error; /* errno; 0 with `found` false: no such user */
	bool found;
	uid_t uid;
	gid_t gid;
	char login[256], home[PATH_MAX], shell[PATH_MAX];
	gid_t groups[MAX_GROUPS];
	int n_groups;
	char buffer[65536]; /* for getpwnam_r(3) */
};

static bool is_number(const char *text, unsigned long *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret_number = strtoul(text, &end, 10);
	return *end == '\0' && *ret_number < UINT_MAX;
}

static bool copy_text(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (length >= size)
		return false;
	memcpy(to, from, length + 1);
	return true;
}

/* On a thread: the answer may come from the network. */
static void look_up_user(void *data)
{
	struct user_lookup *lookup = data;
	struct passwd entry, *found = NULL;
	unsigned long uid;

	if (is_number(lookup->name, &uid))
		lookup->error = getpwuid_r((uid_t)uid, &entry, lookup->buffer,
					   sizeof(lookup->buffer), &found);
	else
		lookup->error = getpwnam_r(lookup->name, &entry, lookup->buffer,
					   sizeof(lookup->buffer), &found);
	if (found == NULL)
		return;
	lookup->n_groups = MAX_GROUPS;
	if (!copy_text(lookup->login, sizeof(lookup->login), entry.pw_name) ||
	    !copy_text(lookup->home, sizeof(lookup->home), entry.pw_dir) ||
	    !copy_text(lookup->shell, sizeof(lookup->shell), entry.pw_shell) ||
	    getgrouplist(entry.pw_name, entry.pw_gid, lookup->groups, &lookup->n_groups) < 0) {
		lookup->error = E2BIG;
		return;
	}
	lookup->uid = entry.pw_uid;
	lookup->gid = entry.pw_gid;
	lookup->found = true;
}

static int find_user(struct exec_plan *plan, struct user_lookup **ret_lookup)
{
	struct user_lookup *lookup = offload_new(sizeof(*lookup));
	int r;

	if (lookup == NULL)
		return -TASKD_ENOMEM;
	if (!copy_text(lookup->name, sizeof(lookup->name), plan->user))
		return taskd_fail(-TASKD_EINVAL, "user: the name is too long");
	r = offload_run(lookup, "user-lookup", look_up_user, TASKD_FOREVER);
	if (r == -TASKD_ECANCELED)
		return r;
	if (r < 0)
		return taskd_fail(r, "cannot look up user %s: %s", plan->user, taskd_strerror(r));
	if (lookup->error != 0)
		return taskd_fail(-lookup->error, "cannot look up user %s: %s", plan->user,
				  taskd_strerror(-lookup->error));
	if (!lookup->found)
		return taskd_fail(-TASKD_EINVAL, "cannot become user %s: no such user", plan->user);
	if (geteuid() != 0 && lookup->uid != geteuid())
		return taskd_fail(-TASKD_EPERM, "cannot become user %s: taskd does not run as root",
				  plan->user);
	plan->uid = lookup->uid;
	plan->gid = lookup->gid;
	plan->groups = lookup->groups;
	plan->n_groups = (size_t)lookup->n_groups;
	*ret_lookup = lookup;
	return 0;
}

/* ---- environment ------------------------------------------------------------------------ */

/* What the service manager said to the daemon, and to nobody else. */
static const char *const not_inherited[] = {
	"NOTIFY_SOCKET",   "WATCHDOG_PID",  "WATCHDOG_USEC",
	"LISTEN_PID",      "LISTEN_FDS",    "MAINPID",
	"LISTEN_FDNAMES",  "INVOCATION_ID", "CREDENTIALS_DIRECTORY",
	"MANAGERPID",      "FDSTORE",       "JOURNAL_STREAM",
	"SYSTEMD_EXEC_PID"};

static bool is_private(const char *assignment)
{
	size_t length = strcspn(assignment, "=");

	for (size_t i = 0; i < sizeof(not_inherited) / sizeof(not_inherited[0]); i++)
		if (strlen(not_inherited[i]) == length &&
		    memcmp(not_inherited[i], assignment, length) == 0)
			return true;
	return false;
}

/* Sets one variable; there is room for it. The last one wins. */
static void set_variable(const char **environment, size_t *n, const char *assignment)
{
	size_t length = strcspn(assignment, "=");

	for (size_t i = 0; i < *n; i++)
		if (strncmp(environment[i], assignment, length) == 0 &&
		    environment[i][length] == '=') {
			environment[i] = assignment;
			return;
		}
	environment[(*n)++] = assignment;
}

static int set_user_variables(const char **environment, size_t *n, const struct user_lookup *user)
{
	const char *const set[] = {
		taskd_printf("USER=%s", user->login), taskd_printf("LOGNAME=%s", user->login),
		taskd_printf("HOME=%s", user->home),
		taskd_printf("SHELL=%s", user->shell[0] != '\0' ? user->shell : "/bin/sh")};

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		if (set[i] == NULL)
			return -TASKD_ENOMEM;
		set_variable(environment, n, set[i]);
	}
	return 0;
}

static int make_environment(struct exec_plan *plan, const struct user_lookup *user)
{
	const char *const *own;
	const char **environment;
	size_t n_own, n_inherited = 0, n = 0;
	int r;

	own = taskd_param_list("environment", &n_own);
	while (environ[n_inherited] != NULL)
		n_inherited++;
	/* 4 for those of the user, 1 for PATH, 1 for the end */
	environment = taskd_alloc((n_inherited + n_own + 6) * sizeof(*environment));
	if (environment == NULL)
		return -TASKD_ENOMEM;
	for (size_t i = 0; i < n_inherited; i++)
		if (!is_private(environ[i]))
			environment[n++] = environ[i];
	if (getenv("PATH") == NULL)
		environment[n++] = "PATH=" DEFAULT_PATH;
	if (user != NULL) {
		r = set_user_variables(environment, &n, user);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n_own; i++) {
		if (own[i][0] == '=' || strchr(own[i], '=') == NULL)
			return taskd_fail(-TASKD_EINVAL, "environment: \"%s\" is not NAME=VALUE",
					  own[i]);
		set_variable(environment, &n, own[i]);
	}
	plan->environment = environment;
	return 0;
}

/* ---- program ---------------------------------------------------------------------------- */

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static int find_program(struct exec_plan *plan)
{
	const char *name = plan->argv[0], *path = DEFAULT_PATH;

	if (name[0] == '\0')
		return taskd_fail(EXEC_NOT_FOUND, "cannot run \"\": the first word is empty");
	if (strchr(name, '/') != NULL) {
		plan->file = name;
		return 0;
	}
	for (size_t i = 0; plan->environment[i] != NULL; i++)
		if (strncmp(plan->environment[i], "PATH=", 5) == 0)
			path = plan->environment[i] + 5;
	for (const char *part = path; *part != '\0'; part += strspn(part, ":")) {
		int length = (int)strcspn(part, ":");
		char *file = taskd_printf("%.*s/%s", length, part, name);

		if (file == NULL)
			return -TASKD_ENOMEM;
		/* A relative part of PATH would mean another program in each directory. */
		if (part[0] == '/' && is_program(file)) {
			plan->file = file;
			return 0;
		}
		part += length;
	}
	return taskd_fail(EXEC_NOT_FOUND, "cannot run %s: not found in PATH", name);
}

static int make_argv(struct exec_plan *plan)
{
	const char *const *words;
	const char **argv;
	size_t n;

	words = taskd_param_list("command", &n);
	if (n == 0)
		return taskd_fail(-TASKD_EINVAL, "command: the list is empty");
	plan->argv = words;
	if (!taskd_param_boolean("shell"))
		return 0;
	/* Splitting has taken the quotes away; joined again, the text would mean something else. */
	if (n != 1)
		return taskd_fail(-TASKD_EINVAL, "command: with shell = yes it must be one word; "
						 "put the whole text in quotes");
	argv = taskd_alloc(4 * sizeof(*argv));
	if (argv == NULL)
		return -TASKD_ENOMEM;
	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = words[0];
	plan->argv = argv;
	return 0;
}

int exec_plan_make(struct exec_plan *plan)
{
	struct user_lookup *user = NULL;
	int r;

	plan->directory = taskd_param_string("directory");
	plan->user = taskd_param_string("user");
	r = make_argv(plan);
	if (r == 0 && plan->user != NULL)
		r = find_user(plan, &user);
	if (r == 0)
		r = make_environment(plan, user);
	if (r == 0)
		r = find_program(plan);
	return r;
}
