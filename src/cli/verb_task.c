/* SPDX-License-Identifier: MIT */
/* start, cancel, stop, shutdown, wait: what is done to tasks and groups that exist. */
#include <inttypes.h>
#include <string.h>

#include <taskd/types.h>

#include "base/mem.h"
#include "base/path.h"
#include "cli/call.h"
#include "cli/outcome.h"
#include "cli/render.h"
#include "cli/text.h"
#include "cli/verb.h"

/* {"path": ...} */
static void path_parameters(const char *path, struct td_strbuf *text)
{
	struct td_json_writer w = TD_JSON_WRITER_INIT(text);

	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "path", path);
	td_json_end_object(&w);
}

static int print_started(struct td_cli *cli, const struct td_json *reply, void *data)
{
	const char *path = td_json_text_or(td_json_get(reply, "task"), "path", data);
	struct td_strbuf text = TD_STRBUF_INIT;

	td_style_put(&cli->style, &text, TD_TONE_PLAIN, path);
	td_strbuf_addc(&text, '\n');
	return td_cli_print(cli, &text);
}

static int run_start(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf parameters = TD_STRBUF_INIT;
	char *path = args->words[0];
	int code = td_cli_check_path(cli, path);

	if (code != TD_EXIT_DONE)
		return code;
	path_parameters(path, &parameters);
	code = td_call_show(cli, "Start", &parameters, print_started, path);
	td_strbuf_fini(&parameters);
	return code;
}

const struct td_verb td_verb_start = {
	.name = "start",
	.arguments = "PATH",
	.help = "run a configured task again",
	.min_words = 1,
	.max_words = 1,
	.run = run_start,
};

/* Says how many were told to stop. Nothing to stop is a failure when one task was meant. */
static int print_cancelled(struct td_cli *cli, const struct td_json *reply, const char *asked)
{
	int64_t n = td_json_int_or(reply, "cancelled", 0);
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_path path;
	const char *why;
	char count[TD_TEXT_SIZE];

	if (n == 0 && td_path_parse(asked, &path, &why) == 0 && path.kind != TD_PATH_GROUP)
		return td_cli_error(cli, TD_EXIT_FAILED, "%s is not running", asked);
	td_style_put(&cli->style, &text, TD_TONE_PLAIN, asked);
	td_strbuf_addf(&text, ": asked %s to stop\n", td_text_count(n, "task", count));
	return td_cli_print(cli, &text);
}

static int run_cancel(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	struct td_client *client = NULL;
	const char *path = args->words[0];
	struct td_reply reply;
	int code = td_cli_check_path(cli, path);

	if (code == TD_EXIT_DONE)
		code = td_call_connect(cli, &client);
	if (code != TD_EXIT_DONE)
		return code;
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "path", path);
	td_json_add_optional(&w, "reason", td_args_value(args, "reason"));
	td_json_end_object(&w);
	code = td_call_ask(cli, client, "Cancel", &text, &reply);
	if (code == TD_EXIT_NO_SUCH)
		code = td_call_why_absent(cli, client, path);
	else if (code == TD_EXIT_DONE && cli->json)
		code = td_cli_print_json(cli, reply.parameters);
	else if (code == TD_EXIT_DONE)
		code = print_cancelled(cli, reply.parameters, path);
	td_strbuf_fini(&text);
	td_client_free(client);
	return code;
}

static const struct td_option cancel_options[] = {
	{"reason", 'r', "TEXT", "why; it is shown wherever the cancellation is"},
	{0},
};

const struct td_verb td_verb_cancel = {
	.name = "cancel",
	.arguments = "PATH",
	.help = "ask a task, or a group and all below it, to stop",
	.min_words = 1,
	.max_words = 1,
	.options = cancel_options,
	.run = run_cancel,
};

/* A stop that was asked for. `path` is NULL for that of the whole daemon. */
struct stop {
	const char *method, *path, *reason;
	int64_t grace_ns; /* -1: that of the configuration */
};

static int show_report(struct td_cli *cli, const struct stop *stop, const struct td_json *reply)
{
	const struct td_json *report = td_json_get(reply, "report");
	const char *result = td_json_text_or(report, "result", "");
	struct td_strbuf text = TD_STRBUF_INIT;
	int code;

	if (cli->json) {
		code = td_cli_print_json(cli, reply);
	} else {
		td_render_report(&cli->style, &text, report, stop->path ? stop->path : "taskd");
		code = td_cli_print(cli, &text);
	}
	if (code == TD_EXIT_DONE && strcmp(result, "condemned") == 0)
		code = TD_EXIT_FAILED;
	return code;
}

/* What we do here does not change the stop: the daemon goes on with it when we are gone. */
static int leave(struct td_cli *cli, const struct stop *stop, enum td_call_event event)
{
	const char *what = stop->path ? stop->path : "the daemon";
	char *goes_on =
		td_mem_printf("the stop of %s goes on; taskctl tree shows how far it is", what);
	int code = td_call_leave(cli, event, what, goes_on ? goes_on : "the stop goes on");

	td_mem_free(goes_on);
	return code;
}

static int await_report(struct td_cli *cli, struct td_client *client, const struct stop *stop)
{
	struct td_reply reply;
	size_t which;

	for (;;) {
		enum td_call_event event = td_call_wait(cli, &client, 1, INT64_MAX, &which, &reply);
		int code;

		if (event == TD_CALL_PAUSE) {
			cli->resized = false; /* nothing is drawn here */
			continue;
		}
		if (event != TD_CALL_REPLY)
			return leave(cli, stop, event);
		code = td_call_check(cli, &reply);
		if (code == TD_EXIT_NO_SUCH && stop->path != NULL)
			return td_call_why_absent(cli, client, stop->path);
		return code == TD_EXIT_DONE ? show_report(cli, stop, reply.parameters) : code;
	}
}

static int ask_to_stop(struct td_cli *cli, const struct stop *stop)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	struct td_client *client = NULL;
	int64_t grace_ns = stop->grace_ns;
	int code;

	td_json_begin_object(&w, NULL);
	td_json_add_optional(&w, "path", stop->path);
	/* Rounded up: a grace that was asked for must not become "at once". */
	if (grace_ns >= 0)
		td_json_add_int(&w, "graceUsec", grace_ns / 1000 + (grace_ns % 1000 != 0 ? 1 : 0));
	td_json_add_optional(&w, "reason", stop->reason);
	td_json_end_object(&w);
	code = td_call_connect(cli, &client);
	td_cli_signals_start(cli);
	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, client, stop->method, &text, TD_CLIENT_PLAIN);
	if (code == TD_EXIT_DONE)
		code = await_report(cli, client, stop);
	td_strbuf_fini(&text);
	td_client_free(client);
	return code;
}

/* Takes --grace and --reason. */
static int take_stop(struct td_cli *cli, const struct td_args *args, struct stop *stop)
{
	int code;

	stop->grace_ns = -1;
	stop->reason = td_args_value(args, "reason");
	code = td_cli_duration(cli, args, "grace", &stop->grace_ns);
	if (code == TD_EXIT_DONE && stop->grace_ns == TASKD_FOREVER)
		code = td_cli_error(cli, TD_EXIT_USAGE,
				    "--grace infinity: every stop has an end; give a duration");
	return code;
}

static int run_stop(struct td_cli *cli, const struct td_args *args)
{
	struct stop stop = {.method = "Stop", .path = args->words[0]};
	int code = td_cli_check_path(cli, stop.path);

	if (code == TD_EXIT_DONE)
		code = take_stop(cli, args, &stop);
	return code == TD_EXIT_DONE ? ask_to_stop(cli, &stop) : code;
}

static int run_shutdown(struct td_cli *cli, const struct td_args *args)
{
	struct stop stop = {.method = "Shutdown"};
	int code = take_stop(cli, args, &stop);

	return code == TD_EXIT_DONE ? ask_to_stop(cli, &stop) : code;
}

static const struct td_option stop_options[] = {
	{"grace", 'g', "DURATION", "time to end by themselves; 0 aborts at once"},
	{"reason", 'r', "TEXT", "why; it is shown wherever the cancellation is"},
	{0},
};

const struct td_verb td_verb_stop = {
	.name = "stop",
	.arguments = "PATH",
	.help = "cancel, wait, abort what is left, and report",
	.min_words = 1,
	.max_words = 1,
	.waits = true,
	.options = stop_options,
	.run = run_stop,
};

const struct td_verb td_verb_shutdown = {
	.name = "shutdown",
	.arguments = "",
	.help = "stop everything, report, and end the daemon",
	.waits = true,
	.options = stop_options,
	.run = run_shutdown,
};

static int run_wait(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_client *client = NULL;
	enum td_call_event event;
	struct td_reply reply;
	struct td_strbuf parameters = TD_STRBUF_INIT;
	size_t which;
	int code = td_cli_check_path(cli, args->words[0]);

	if (code == TD_EXIT_DONE)
		code = td_call_connect(cli, &client);
	path_parameters(args->words[0], &parameters);
	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, client, "Wait", &parameters, TD_CLIENT_PLAIN);
	td_strbuf_fini(&parameters);
	if (code == TD_EXIT_DONE) {
		event = td_call_wait(cli, &client, 1, INT64_MAX, &which, &reply);
		if (event == TD_CALL_REPLY)
			code = td_call_check(cli, &reply);
		else
			code = td_call_exit(cli, event, args->words[0]);
		if (event == TD_CALL_REPLY && code == TD_EXIT_DONE) {
			const struct td_json *task = td_json_get(reply.parameters, "task");

			if (!cli->json)
				td_render_outcome(&cli->style, &text, task);
			code = cli->json ? td_cli_print_json(cli, reply.parameters)
					 : td_cli_print(cli, &text);
			if (code == TD_EXIT_DONE)
				code = td_outcome_exit(task);
		}
	}
	td_client_free(client);
	return code;
}

const struct td_verb td_verb_wait = {
	.name = "wait",
	.arguments = "PATH",
	.help = "wait until a task has ended, and exit as it did",
	.min_words = 1,
	.max_words = 1,
	.waits = true,
	.run = run_wait,
};
