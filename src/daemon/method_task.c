/* SPDX-License-Identifier: MIT */
/* io.taskd.Manager: Run, Start, Wait. */
#include <string.h>

#include "base/mem.h"
#include "daemon/codec.h"
#include "daemon/control.h"
#include "daemon/find.h"
#include "daemon/session.h"
#include "daemon/tree.h"
#include "wire/peer.h"

#define SETTINGS_MAX 65 /* parameters of a request, and its arguments */

static void write_task(struct td_json_writer *w, void *data)
{
	struct td_thread *t = td_enter();

	td_codec_task(w, "task", data);
	td_leave(t);
}

static void reply_task(struct td_call *call, struct td_task *task)
{
	struct td_thread *t;

	td_call_reply_with(call, write_task, task);
	t = td_enter();
	td_task_unref(task);
	td_leave(t);
}

static int refuse_when_stopping(const struct td_app *app, struct td_failure *failure)
{
	if (app->state == TD_APP_STOPPING)
		return td_fail(failure, -TASKD_ESHUTDOWN, NULL,
			       "the daemon is stopping and starts nothing");
	return 0;
}

/* ---- Run -------------------------------------------------------------------------------- */

/* The words of `arguments`, as a NULL-terminated array; freed by the caller, the words are lent. */
static const char **take_words(const struct td_json *array)
{
	const char **words = td_mem_array(td_json_size(array) + 1, sizeof(*words));
	const struct td_json *word;
	size_t n = 0;

	if (!words)
		return NULL;
	TD_JSON_FOREACH (word, array)
		(void)td_json_string(word, NULL, &words[n++]);
	return words;
}

static int take_settings(const struct td_json *parameters, struct td_setting *settings,
			 size_t *ret_n, struct td_failure *failure)
{
	const struct td_json *object = td_json_get(parameters, "parameters"), *member;
	size_t n = 0;

	TD_JSON_FOREACH (member, object) {
		if (n + 1 >= SETTINGS_MAX)
			return td_fail(failure, -TASKD_EINVAL, "parameters",
				       "parameters: there are more than %d", SETTINGS_MAX - 1);
		settings[n].key = td_json_key(member);
		if (td_json_string(member, NULL, &settings[n].text) == 1)
			n++;
	}
	*ret_n = n;
	return 0;
}

static int handle_run(struct td_call *call, struct td_failure *failure, void *data)
{
	const struct td_json *parameters = td_call_parameters(call);
	struct td_setting settings[SETTINGS_MAX] = {0};
	const struct td_json *arguments = td_json_get(parameters, "arguments");
	const char **words = NULL;
	struct td_task *task = NULL;
	size_t n = 0;
	int r = td_session_may_change(call, failure);

	if (r == 0)
		r = refuse_when_stopping(data, failure);
	if (r == 0)
		r = take_settings(parameters, settings, &n, failure);
	if (r < 0)
		return r;
	if (arguments) {
		words = take_words(arguments);
		if (!words)
			return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the arguments");
		settings[n++] = (struct td_setting){.key = "command", .words = words};
	}
	r = td_tree_run(data, td_json_text_or(parameters, "group", ""),
			td_json_text_or(parameters, "plugin", ""),
			td_json_text_or(parameters, "name", NULL), settings, n, &task, failure);
	td_mem_free(words);
	if (r == 0)
		reply_task(call, task);
	return r;
}

static int handle_start(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_task *task = NULL;
	int r = td_session_may_change(call, failure);

	if (r == 0)
		r = refuse_when_stopping(data, failure);
	if (r == 0)
		r = td_tree_restart(data, td_json_text_or(td_call_parameters(call), "path", ""),
				    &task, failure);
	if (r == 0)
		reply_task(call, task);
	return r;
}

/* ---- Wait ------------------------------------------------------------------------------- */

struct waiting {
	struct td_call *call; /* NULL: the client has gone */
	struct td_app *app;
	struct td_task *task; /* handle */
	struct td_watcher watcher;
	struct td_letter letter;
};

static void on_letter(struct td_letter *letter)
{
	struct waiting *waiting = TD_CONTAINER_OF(letter, struct waiting, letter);

	if (waiting->call) {
		reply_task(waiting->call, waiting->task);
	} else {
		struct td_thread *t = td_enter();

		td_task_unref(waiting->task);
		td_leave(t);
	}
	td_mem_free(waiting);
}

static void on_ended(struct td_watcher *watcher, struct td_task *task)
{
	struct waiting *waiting = watcher->data;

	(void)task;
	waiting->letter.read = on_letter;
	td_inbox_put(&waiting->app->inbox, &waiting->letter);
}

/* A client that goes away gives up its place, unless the letter is on its way already. */
static void on_gone(struct td_call *call, void *data)
{
	struct waiting *waiting = data;
	struct td_thread *t = td_enter();
	bool ended = td_task_ended(waiting->task);

	(void)call;
	waiting->call = NULL;
	if (!ended) {
		td_task_unwatch(waiting->task, &waiting->watcher);
		td_task_unref(waiting->task);
	}
	td_leave(t);
	if (!ended)
		td_mem_free(waiting);
}

static int handle_wait(struct td_call *call, struct td_failure *failure, void *data)
{
	struct td_app *app = data;
	const char *path = td_json_text_or(td_call_parameters(call), "path", "");
	struct waiting *waiting = td_mem_new(sizeof(*waiting));
	struct td_task *task;
	struct td_thread *t;
	bool ended = false;

	if (!waiting)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory to wait");
	*waiting = (struct waiting){
		.call = call, .app = app, .watcher = {.ended = on_ended, .data = waiting}};
	t = td_enter();
	task = td_find_task(app->rt, path, failure);
	if (task) {
		ended = td_task_ended(task);
		waiting->task = td_task_ref(task);
		if (!ended)
			td_task_watch(task, &waiting->watcher);
	}
	td_leave(t);
	if (!task || ended)
		td_mem_free(waiting);
	if (!task)
		return failure->code;
	if (ended)
		reply_task(call, task);
	else
		td_call_set_gone(call, on_gone, waiting);
	return 0;
}

const struct td_method td_methods_task[] = {
	{.name = "io.taskd.Manager.Run", .handler = handle_run},
	{.name = "io.taskd.Manager.Start", .handler = handle_start},
	{.name = "io.taskd.Manager.Wait", .handler = handle_wait},
	{.name = NULL},
};
