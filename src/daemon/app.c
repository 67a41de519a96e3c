/* SPDX-License-Identifier: MIT */
/* Start in order, end in reverse; in between, the loop of the control thread. */
#include "daemon/app.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "core/group.h"
#include "daemon/control.h"
#include "daemon/log.h"
#include "daemon/sd.h"
#include "daemon/stopping.h"
#include "daemon/tree.h"
#include "loop/loop.h"
#include "loop/world.h"

#define LAST_RESORT \
	(2 * TASKD_SEC) /* beyond every bound of a stop: then the core itself is stuck */

/* ---- events ----------------------------------------------------------------------------- */

/* Under the lock, from any thread: only say that there is something. */
static void on_events(void *data)
{
	struct td_app *app = data;

	if (!__atomic_exchange_n(&app->events_pending, true, __ATOMIC_ACQ_REL))
		td_loop_wake(app->loop);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_status(struct td_app *app)
{
	char degraded[TD_DEGRADED_MAX][160], text[TD_SD_STATUS_MAX];
	size_t n = td_app_degraded(app, degraded);
	struct td_thread *t = td_enter();

	(void)snprintf(text, sizeof(text), "%s%" PRIu64 " task%s in %u group%s%s%s",
		       app->state == TD_APP_STOPPING ? "stopping, " : "", app->rt->n_tasks,
		       plural(app->rt->n_tasks), app->rt->n_groups - 1,
		       plural(app->rt->n_groups - 1), n ? "; degraded: " : "",
		       n ? degraded[0] : "");
	td_leave(t);
	td_sd_status(app->sd, text);
}

static void on_wake(void *data)
{
	struct td_app *app = data;

	if (__atomic_exchange_n(&app->events_pending, false, __ATOMIC_ACQ_REL)) {
		/* Whoever floods is written in portions, so that clients have their turn. */
		if (app->log && td_log_pump(app->log))
			on_events(app);
		if (app->control)
			td_control_pump(app->control);
		if (app->state != TD_APP_STARTING)
			tell_status(app);
	}
	td_inbox_read(&app->inbox);
}

size_t td_app_degraded(struct td_app *app, char texts[TD_DEGRADED_MAX][160])
{
	const struct td_counters *counters = &app->rt->counters;
	struct td_plugin *plugin = NULL;
	size_t n = 0;
	uint64_t condemned = 0, ghosts = 0, refused = 0;
	struct td_thread *t = td_enter();

	condemned = counters->condemned;
	ghosts = counters->late_ghosts;
	td_leave(t);
	if (condemned)
		(void)snprintf(texts[n++], sizeof(texts[0]),
			       "%" PRIu64
			       " task%s condemned: still running when it had to end (%" PRIu64
			       " came back later)",
			       condemned, condemned == 1 ? " was" : "s were", ghosts);
	while ((plugin = td_loader_next(app->loader, plugin)))
		refused += !plugin->descriptor;
	if (refused)
		(void)snprintf(texts[n++], sizeof(texts[0]),
			       "%" PRIu64 " plugin file%s refused; see taskctl plugins", refused,
			       refused == 1 ? " was" : "s were");
	if (app->n_left_out)
		(void)snprintf(texts[n++], sizeof(texts[0]),
			       "%u task%s left out: the plugin was refused", app->n_left_out,
			       app->n_left_out == 1 ? " was" : "s were");
	if (td_sd_lost(app->sd))
		(void)snprintf(texts[n++], sizeof(texts[0]),
			       "%" PRIu64 " journal records were lost", td_sd_lost(app->sd));
	return n;
}

/* ---- the end ---------------------------------------------------------------------------- */

/* The last word: how everything ended. */
static void say_report(struct td_app *app, const struct td_stop *stop)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (!app->log)
		return;
	td_stopping_print(&text, stop);
	td_log_finish(app->log, td_strbuf_ok(&text) ? td_strbuf_text(&text) : NULL);
	td_strbuf_fini(&text);
}

struct ending {
	struct td_app *app;
	void (*done)(const struct td_stop *stop, void *data);
	void *data;
};

static void on_root_stopped(const struct td_stop *stop, void *data)
{
	struct ending *ending = data;
	struct td_app *app = ending->app;

	if (ending->done)
		ending->done(stop, ending->data);
	td_mem_free(ending);
	if (stop->n_condemned)
		app->status = TD_EXIT_CONDEMNED;
	/* The first report is the one of the whole stop; later requests only shortened it. */
	if (app->loop)
		td_loop_stop(app->loop);
	if (app->control && !app->reported) {
		app->reported = true;
		say_report(app, stop);
	}
}

static void on_last_resort(void *data)
{
	static const char text[] = "taskd: the runtime did not end within its bounds; giving up\n";

	(void)data;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(TD_EXIT_CONDEMNED);
}

/* How long a stop can take at the most: every rung has a bound. */
static taskd_nsec stop_bound(const struct td_app *app, taskd_nsec grace)
{
	const struct td_limits *limits = &app->rt->limits;

	return td_later(
		td_later(td_later(grace, 2 * limits->abort_timeout), limits->cleanup_timeout),
		LAST_RESORT);
}

int td_app_shutdown(struct td_app *app, taskd_nsec grace, struct td_reason *reason,
		    void (*done)(const struct td_stop *stop, void *data), void *data)
{
	struct ending *ending = td_mem_new(sizeof(*ending));
	struct td_thread *t;
	int r;

	if (!ending)
		return -TASKD_ENOMEM;
	*ending = (struct ending){.app = app, .done = done, .data = data};
	t = td_enter();
	if (grace < 0)
		grace = td_group_grace(app->rt->root);
	r = td_stopping_begin(&app->inbox, app->rt->root, grace, reason, on_root_stopped, ending);
	td_leave(t);
	if (r < 0) {
		td_mem_free(ending);
		return r;
	}
	if (app->state != TD_APP_STOPPING)
		td_sd_stopping(app->sd, "stopping",
			       (uint64_t)(stop_bound(app, grace) / TASKD_USEC));
	app->state = TD_APP_STOPPING;
	td_timer_start(app->last_resort, stop_bound(app, grace));
	return 0;
}

static void on_signal(int number, void *data)
{
	struct td_app *app = data;
	struct td_reason *reason =
		td_reason_new(TD_REASON_SHUTDOWN, "/", number == SIGTERM ? "SIGTERM" : "SIGINT");

	if (reason)
		reason->realtime_usec = app->rt->env.realtime_usec(app->rt->env.data);
	/* The second one means it. */
	if (td_app_shutdown(app, app->state == TD_APP_STOPPING ? 0 : -1, reason, NULL, NULL) < 0)
		td_loop_stop(app->loop);
	td_reason_unref(reason);
}

/* ---- watchdog --------------------------------------------------------------------------- */

static void on_watchdog(void *data)
{
	struct td_app *app = data;
	struct td_thread *t = td_enter(); /* alive means: the lock can be had */

	td_leave(t);
	td_sd_watchdog(app->sd);
	td_timer_start(app->watchdog, td_sd_watchdog_interval(app->sd) / 3);
}

/* ---- configuration ---------------------------------------------------------------------- */

static void print_errors(const struct td_config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		fprintf(stderr, "taskd: %s\n", errors->texts[i]);
	if (errors->n_more)
		fprintf(stderr, "taskd: and %zu more errors\n", errors->n_more);
}

/* A plugin that is refused costs its own tasks; everything else goes on. */
static void on_refused(const struct td_config_task *task, const char *why, void *data)
{
	struct td_app *app = data;

	app->n_left_out++;
	fprintf(stderr, "taskd: %s:%u: [task %s] is left out: %s\n", task->file ? task->file : "",
		task->line, task->path, why);
}

/* How long the service manager lets a stop take; the unit says so beside its TimeoutStopSec=. */
static int read_stop_limit(struct td_config_check_options *limits)
{
	const char *text = getenv("TASKD_STOP_LIMIT");

	if (!text || td_duration_parse(text, &limits->stop_limit_ns) == 0)
		return 0;
	fprintf(stderr, "taskd: TASKD_STOP_LIMIT=%s: expected a duration, such as 90s\n", text);
	return -TASKD_ECONFIG;
}

static int load_config(struct td_app *app)
{
	const struct td_options *options = app->options;
	struct td_config_errors errors = {0};
	struct td_config_check_options limits = {0};
	struct td_config_plugins plugins = {
		.find = td_tree_find_plugin,
		/* Who only asks whether all is well is told as an error. */
		.refused = options->mode == TD_MODE_RUN ? on_refused : NULL,
		.data = app,
		.state = options->state_dir,
		.runtime = options->runtime_dir,
		.socket = options->socket_path,
	};
	int r = read_stop_limit(&limits);

	if (r < 0)
		return r;
	app->config = td_config_load(options->config_path, &errors);
	r = app->config ? td_config_check(app->config, &limits, &errors) : -TASKD_ECONFIG;
	if (app->config && td_config_check_plugins(app->config, &plugins, &errors) < 0)
		r = -TASKD_ECONFIG;
	print_errors(&errors);
	td_config_errors_fini(&errors);
	return r;
}

static int print_config(struct td_app *app)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	int status = TD_EXIT_FAILED;

	td_config_print(app->config, &text);
	if (td_strbuf_ok(&text)) {
		fputs(td_strbuf_text(&text), stdout);
		status = fflush(stdout) == 0 ? TD_EXIT_OK : TD_EXIT_FAILED;
	}
	td_strbuf_fini(&text);
	return status;
}

/* ---- start ------------------------------------------------------------------------------ */

static int complain(const struct td_failure *failure)
{
	fprintf(stderr, "taskd: %s\n", failure->text);
	return failure->code;
}

static int add_plugin_dirs(struct td_app *app)
{
	app->loader = td_loader_new();
	if (!app->loader)
		return -TASKD_ENOMEM;
	for (const char *const *dir = app->options->plugin_dirs; *dir; dir++)
		if (td_loader_add_dir(app->loader, *dir) < 0)
			return -TASKD_ENOMEM;
	return 0;
}

/* The folders above `path` that are missing; one that cannot be made is reported for `path`. */
static void make_parents(const char *path)
{
	char *copy = td_mem_strdup(path);

	if (!copy)
		return;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(copy, 0755);
		*slash = '/';
	}
	td_mem_free(copy);
}

static int make_state_dir(const char *path)
{
	struct stat st = {.st_mode = S_IFDIR};

	make_parents(path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int error = errno;

		fprintf(stderr, "taskd: cannot make the state directory %s: %s\n", path,
			strerror(error));
		return -error;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || access(path, W_OK | X_OK) < 0) {
		int error = S_ISDIR(st.st_mode) ? errno : ENOTDIR;

		fprintf(stderr, "taskd: cannot use %s as the state directory: %s\n", path,
			strerror(error));
		return -error;
	}
	return 0;
}

static void limits_of(const struct td_config_daemon *config, struct td_limits *ret_limits)
{
	*ret_limits = (struct td_limits){
		.grace = config->grace_ns,
		.abort_timeout = config->abort_timeout_ns,
		.cleanup_timeout = config->cleanup_timeout_ns,
		.hog_limit = config->hog_limit_ns,
		.event_bytes = (size_t)config->events_bytes,
		.keep_ended = (uint32_t)config->keep_ended,
		.level = (enum taskd_level)config->log_level,
	};
}

static int start_runtime(struct td_app *app)
{
	struct td_limits limits;
	struct td_env env;
	int r;

	limits_of(&app->config->daemon, &limits);
	r = td_loop_new(&app->loop);
	if (r < 0)
		return r;
	app->inbox.loop = app->loop;
	td_loop_on_wake(app->loop, on_wake, app);
	r = td_world_new(on_events, app, &app->world);
	if (r < 0)
		return r;
	td_world_env(app->world, &env);
	r = td_runtime_new(&env, &limits, true, &app->rt);
	if (r < 0)
		return r;
	td_world_bind(app->world, app->rt);
	app->log = td_log_new(app->rt, app->sd, app->loop);
	return app->log ? 0 : -TASKD_ENOMEM;
}

static int start_loop_parts(struct td_app *app)
{
	app->signals[0] = td_signal_new(app->loop, SIGTERM, on_signal, app);
	app->signals[1] = td_signal_new(app->loop, SIGINT, on_signal, app);
	app->watchdog = td_timer_new(app->loop, on_watchdog, app);
	app->last_resort = td_timer_new(app->loop, on_last_resort, app);
	if (!app->signals[0] || !app->signals[1] || !app->watchdog || !app->last_resort)
		return -TASKD_ENOMEM;
	if (td_sd_watchdog_interval(app->sd) > 0)
		on_watchdog(app);
	return 0;
}

static void announce(struct td_app *app)
{
	struct td_thread *t = td_enter();

	td_emit(app->rt, TD_EVENT_DAEMON, TASKD_INFO, NULL, NULL,
		"taskd %s is ready: %" PRIu64 " task%s in %u group%s, control socket %s", VERSION,
		app->rt->n_tasks, plural(app->rt->n_tasks), app->rt->n_groups - 1,
		plural(app->rt->n_groups - 1), app->options->socket_path);
	td_leave(t);
	app->state = TD_APP_RUNNING;
	td_sd_ready(app->sd, NULL);
}

static int start(struct td_app *app)
{
	struct td_failure failure = {0};
	int r = make_state_dir(app->options->state_dir);

	if (r < 0)
		return r;
	r = td_sd_new(NULL, &app->sd);
	if (r == 0)
		r = start_runtime(app);
	if (r == 0)
		r = start_loop_parts(app);
	if (r < 0) {
		fprintf(stderr, "taskd: cannot start: %s\n", taskd_strerror(r));
		return r;
	}
	app->started_usec = app->rt->env.realtime_usec(app->rt->env.data);
	if (td_control_new(app, &app->control, &failure) < 0)
		return complain(&failure);
	if (td_tree_start(app, &failure) < 0)
		return complain(&failure);
	announce(app);
	return 0;
}

/* ---- run -------------------------------------------------------------------------------- */

/* After a failed start, what was started already must end as well. */
static void stop_what_runs(struct td_app *app)
{
	/* Where no task was started, how they ended would only hide what went wrong. */
	if (app->rt && app->rt->n_tasks == 0)
		app->log = td_log_free(app->log);
	if (app->rt && app->rt->root->state != TD_GROUP_CLOSED &&
	    td_app_shutdown(app, 0, NULL, NULL, NULL) == 0)
		td_loop_run(app->loop);
}

static void free_parts(struct td_app *app)
{
	uint32_t left = 0;

	if (app->rt) {
		/* Others may have asked for the same stop: their letters were put in under the
		 * lock, and are all there when it can be had. */
		struct td_thread *t = td_enter();

		td_leave(t);
		td_inbox_read(&app->inbox);
	}
	app->control = td_control_free(app->control);
	for (size_t i = 0; i < TD_ARRAY_SIZE(app->signals); i++)
		td_signal_free(app->signals[i]);
	td_timer_free(app->watchdog);
	td_timer_free(app->last_resort);
	if (app->log)
		td_log_finish(app->log, NULL);
	td_log_free(app->log);
	if (app->rt)
		left = td_runtime_free(app->rt);
	td_sd_free(app->sd);
	if (left) {
		/* A condemned task still runs: nothing that it may touch can be freed, and exit
		 * handlers might wait for what it holds. */
		fflush(stdout);
		_exit(TD_EXIT_CONDEMNED);
	}
	td_world_free(app->world);
	td_loop_free(app->loop);
	td_config_free(app->config);
	td_loader_free(app->loader);
}

int td_app_run(const struct td_options *options)
{
	struct td_app app = {.options = options, .status = TD_EXIT_OK};
	int r;

	(void)signal(SIGPIPE, SIG_IGN); /* a client that has gone is seen by its socket */
	(void)signal(SIGHUP, SIG_IGN);  /* the end of a terminal is no reason to stop */
	r = add_plugin_dirs(&app);
	if (r == 0)
		r = load_config(&app);
	if (r < 0) {
		app.status = TD_EXIT_FAILED;
	} else if (options->mode == TD_MODE_PRINT_CONFIG) {
		app.status = print_config(&app);
	} else if (options->mode == TD_MODE_CHECK) {
		printf("%s: valid, %zu group%s, %zu task%s\n", options->config_path,
		       app.config->n_groups, plural(app.config->n_groups), app.config->n_tasks,
		       plural(app.config->n_tasks));
	} else if (start(&app) < 0) {
		app.status = TD_EXIT_FAILED;
		stop_what_runs(&app);
	} else {
		td_loop_run(app.loop);
	}
	free_parts(&app);
	return app.status;
}
