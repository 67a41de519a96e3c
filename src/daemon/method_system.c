/* SPDX-License-Identifier: MIT */
/* io.taskd.Manager: GetStatus, ListPlugins, Ping, Shutdown. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/group.h"
#include "daemon/codec.h"
#include "daemon/control.h"
#include "daemon/session.h"
#include "wire/peer.h"

static int handle_ping(struct td_call *call, struct td_failure *failure, void *data)
{
	(void)failure, (void)data;
	td_call_reply(call, NULL);
	return 0;
}

/* ---- GetStatus -------------------------------------------------------------------------- */

static const char *state_name(enum td_app_state state)
{
	static const char *const names[] = {
		[TD_APP_STARTING] = "starting",
		[TD_APP_RUNNING] = "running",
		[TD_APP_STOPPING] = "stopping",
	};

	return names[state];
}

struct tally {
	int64_t groups, states[TD_TASK_ENDED + 1];
};

static void count(struct td_runtime *rt, struct tally *tally)
{
	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group)) {
		struct td_task *task;

		tally->groups += group != rt->root && !group->unlisted;
		TD_LIST_FOREACH (task, &group->tasks, link)
			tally->states[task->state]++;
		tally->states[TD_TASK_ENDED] += group->n_ended;
	}
}

static void write_counters(struct td_json_writer *w, struct td_app *app)
{
	const struct td_counters *c = &app->rt->counters;

	td_json_begin_object(w, "counters");
	td_json_add_int(w, "spawned", (int64_t)c->spawned);
	td_json_add_int(w, "ended", (int64_t)c->ended);
	td_json_add_int(w, "cancelled", (int64_t)c->cancelled);
	td_json_add_int(w, "aborted", (int64_t)c->aborted);
	td_json_add_int(w, "condemned", (int64_t)c->condemned);
	td_json_add_int(w, "lateGhosts", (int64_t)c->late_ghosts);
	td_json_add_int(w, "cleanupsFailed", (int64_t)c->cleanups_failed);
	td_json_add_int(w, "hogs", (int64_t)c->hogs);
	td_json_add_int(w, "missed", (int64_t)c->missed);
	td_json_add_int(w, "dispatches", (int64_t)c->dispatches);
	td_json_add_int(w, "idles", (int64_t)c->idles);
	td_json_add_int(w, "timersFired", (int64_t)c->timers_fired);
	td_json_add_int(w, "threads", app->rt->n_threads);
	td_json_add_int(w, "connectionsAccepted", (int64_t)app->control->n_accepted);
	td_json_add_int(w, "connectionsRefused", (int64_t)app->control->n_refused);
	td_json_end_object(w);
}

static void write_features(struct td_json_writer *w, struct td_app *app)
{
	td_json_begin_object(w, "features");
	td_json_add_string(w, "stackGuards",
			   app->rt->stacks.guard_install ? "MADV_GUARD_INSTALL" : "mprotect");
	td_json_add_string(w, "lockRelease", app->rt->lock.strict ? "barrier" : "membarrier");
#if defined(TD_SWITCH_UCONTEXT)
	td_json_add_string(w, "contextSwitch", "ucontext");
#elif defined(__x86_64__)
	td_json_add_string(w, "contextSwitch", "x86-64");
#else
	td_json_add_string(w, "contextSwitch", "aarch64");
#endif
	td_json_end_object(w);
}

static void write_plugin_counts(struct td_json_writer *w, struct td_app *app)
{
	struct td_plugin *plugin = NULL;
	int64_t loaded = 0, refused = 0;

	while ((plugin = td_loader_next(app->loader, plugin)))
		*(plugin->descriptor ? &loaded : &refused) += 1;
	td_json_add_int(w, "plugins", loaded);
	td_json_add_int(w, "refused", refused);
}

static void write_status(struct td_json_writer *w, void *data)
{
	struct td_app *app = data;
	char degraded[TD_DEGRADED_MAX][160];
	size_t n = td_app_degraded(app, degraded);
	struct tally tally = {0};
	struct td_thread *t;

	td_json_add_string(w, "version", VERSION);
	td_json_add_int(w, "pid", getpid());
	td_json_add_int(w, "startedUsec", app->started_usec);
	td_json_add_string(w, "state", state_name(app->state));
	td_json_begin_array(w, "degraded");
	for (size_t i = 0; i < n; i++)
		td_json_add_string(w, NULL, degraded[i]);
	td_json_end_array(w);
	t = td_enter();
	count(app->rt, &tally);
	td_json_add_int(w, "groups", tally.groups);
	td_json_add_int(w, "tasks", (int64_t)app->rt->n_tasks);
	td_json_add_int(w, "running", tally.states[TD_TASK_RUNNING] + tally.states[TD_TASK_ENDING]);
	td_json_add_int(w, "waiting", tally.states[TD_TASK_WAITING]);
	td_json_add_int(w, "ready", tally.states[TD_TASK_READY] + tally.states[TD_TASK_NEW]);
	td_json_add_int(w, "ended", tally.states[TD_TASK_ENDED]);
	write_plugin_counts(w, app);
	td_json_add_int(w, "events", (int64_t)app->rt->ring.next);
	td_json_add_int(w, "connections", app->control->n_sessions);
	write_counters(w, app);
	write_features(w, app);
	td_leave(t);
}

static int handle_get_status(struct td_call *call, struct td_failure *failure, void *data)
{
	(void)failure;
	td_call_reply_with(call, write_status, data);
	return 0;
}

/* ---- ListPlugins ------------------------------------------------------------------------ */

static uint64_t count_users(struct td_runtime *rt, const char *plugin)
{
	uint64_t n = 0;

	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group)) {
		struct td_task *task;

		TD_LIST_FOREACH (task, &group->tasks, link)
			n += task->info && task->info->plugin &&
			     strcmp(task->info->plugin, plugin) == 0;
	}
	return n;
}

static void write_plugins(struct td_json_writer *w, void *data)
{
	struct td_app *app = data;
	struct td_plugin *plugin = NULL;
	struct td_thread *t = td_enter();

	td_json_begin_array(w, "plugins");
	while ((plugin = td_loader_next(app->loader, plugin)))
		td_codec_plugin(w, NULL, plugin, count_users(app->rt, plugin->name));
	td_json_end_array(w);
	td_leave(t);
}

static int handle_list_plugins(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_app *app = data;

	if (td_loader_scan(app->loader) < 0)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the list of plugins");
	td_call_reply_with(call, write_plugins, app);
	return 0;
}

/* ---- Shutdown --------------------------------------------------------------------------- */

/* The call in progress, until it is answered or the client has gone. */
struct pending {
	struct td_call *call;
};

static void on_gone(struct td_call *call, void *data)
{
	(void)call;
	((struct pending *)data)->call = NULL;
}

static void write_report(struct td_json_writer *w, void *data)
{
	td_codec_report(w, "report", data);
}

static void on_stopped(const struct td_stop *stop, void *data)
{
	struct pending *pending = data;

	if (pending->call)
		td_call_reply_with(pending->call, write_report, (void *)stop);
	td_mem_free(pending);
}

static int handle_shutdown(struct td_call *call, struct td_failure *failure, void *data)
{
	const struct td_json *parameters = td_call_parameters(call);
	int64_t grace_usec = td_json_int_or(parameters, "graceUsec", -1);
	struct td_reason *reason;
	struct pending *pending;
	int r = td_session_may_change(call, failure);

	if (r < 0)
		return r;
	if (td_json_get(parameters, "graceUsec") &&
	    (grace_usec < 0 || grace_usec > INT64_MAX / 1000))
		return td_fail(failure, -TASKD_EINVAL, "graceUsec",
			       "graceUsec: %" PRId64 " is not a duration in microseconds",
			       grace_usec);
	pending = td_mem_new(sizeof(*pending));
	reason = td_session_reason(call, TD_REASON_SHUTDOWN, "/",
				   td_json_text_or(parameters, "reason", NULL));
	if (!pending || !reason) {
		td_reason_unref(reason);
		td_mem_free(pending);
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory to stop in order");
	}
	pending->call = call;
	r = td_app_shutdown(data, grace_usec < 0 ? -1 : grace_usec * TASKD_USEC, reason, on_stopped,
			    pending);
	td_reason_unref(reason);
	if (r < 0) {
		td_mem_free(pending);
		return td_fail(failure, r, NULL, "no memory to stop in order");
	}
	td_call_set_gone(call, on_gone, pending);
	return 0;
}

const struct td_method td_methods_system[] = {
	{.name = "io.taskd.Manager.GetStatus", .handler = handle_get_status},
	{.name = "io.taskd.Manager.ListPlugins", .handler = handle_list_plugins},
	{.name = "io.taskd.Manager.Ping", .handler = handle_ping},
	{.name = "io.taskd.Manager.Shutdown", .handler = handle_shutdown},
	{.name = NULL},
};
