/* SPDX-License-Identifier: MIT */
/* run: a transient task, with its output and its end when one waits for it. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <taskd/types.h>

#include "base/mem.h"
#include "base/path.h"
#include "cli/call.h"
#include "cli/outcome.h"
#include "cli/render.h"
#include "cli/verb.h"

#define LAST_OUTPUT_NS (1 * TASKD_SEC) /* how long output may trail behind the end of its task */

/* A task that we started and wait for. */
struct watched {
	struct td_cli *cli;
	/* Owned. The stream of its group is open before the task is there, so that none of its
	 * output can be missed; the other connection starts it and waits. */
	struct td_client *clients[2];
	int64_t id;
	char *path; /* owned */
	bool seen_end;
};

enum { STREAM, CONTROL };

static int check_parameter(struct td_cli *cli, const struct td_args *args, size_t at)
{
	const char *text = args->given[at].value;
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) + 1 : 0;

	if (equals == NULL || equals == text)
		return td_cli_error(cli, TD_EXIT_USAGE, "-p '%s': expected KEY=VALUE", text);
	for (size_t i = 0; i < at; i++)
		if (args->given[i].option == args->given[at].option &&
		    strncmp(args->given[i].value, text, length) == 0)
			return td_cli_error(cli, TD_EXIT_USAGE,
					    "-p '%s': the parameter was given before as '%s'", text,
					    args->given[i].value);
	return TD_EXIT_DONE;
}

static int add_parameters(struct td_cli *cli, const struct td_args *args, struct td_json_writer *w)
{
	bool any = false;

	for (size_t i = 0; i < args->n_given; i++) {
		const char *value, *equals;
		char *key;
		int code;

		if (strcmp(args->given[i].option->name, "parameter") != 0)
			continue;
		code = check_parameter(cli, args, i);
		if (code != TD_EXIT_DONE)
			return code;
		if (!any)
			td_json_begin_object(w, "parameters");
		any = true;
		value = args->given[i].value;
		equals = strchr(value, '=');
		key = td_mem_strndup(value, (size_t)(equals - value));
		if (key == NULL)
			return td_cli_error(cli, TD_EXIT_FAILED, "out of memory");
		td_json_add_string(w, key, equals + 1);
		td_mem_free(key);
	}
	if (any)
		td_json_end_object(w);
	return TD_EXIT_DONE;
}

static int check_words(struct td_cli *cli, const char *group, const char *name)
{
	if (group == NULL)
		return td_cli_error(cli, TD_EXIT_USAGE,
				    "run needs --group: every task belongs to a group");
	if (!td_path_is_group(group))
		return td_cli_error(cli, TD_EXIT_USAGE, "--group '%s': not the path of a group",
				    group);
	if (name != NULL && !td_path_is_task_name(name))
		return td_cli_error(cli, TD_EXIT_USAGE,
				    "--name '%s': not a name of a task: 1 to 63 letters, digits, _ "
				    "- and .",
				    name);
	return TD_EXIT_DONE;
}

/* Builds the parameters of Run. Returns: an exit code. */
static int build_call(struct td_cli *cli, const struct td_args *args, struct td_strbuf *text)
{
	struct td_json_writer w = TD_JSON_WRITER_INIT(text);
	const char *group = td_args_value(args, "group"), *name = td_args_value(args, "name");
	int code = check_words(cli, group, name);

	if (code != TD_EXIT_DONE)
		return code;
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "group", group);
	td_json_add_string(&w, "plugin", args->words[0]);
	td_json_add_optional(&w, "name", name);
	code = add_parameters(cli, args, &w);
	if (code != TD_EXIT_DONE)
		return code;
	if (args->n_rest > 0) {
		td_json_begin_array(&w, "arguments");
		for (size_t i = 0; i < args->n_rest; i++)
			td_json_add_string(&w, NULL, args->rest[i]);
		td_json_end_array(&w);
	}
	td_json_end_object(&w);
	return TD_EXIT_DONE;
}

static int print_path(struct td_cli *cli, const struct td_json *reply, void *data)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	(void)data;
	td_style_put(&cli->style, &text, TD_TONE_PLAIN,
		     td_json_text_or(td_json_get(reply, "task"), "path", "?"));
	td_strbuf_addc(&text, '\n');
	return td_cli_print(cli, &text);
}

/* Opens the stream and waits for its first reply: from there on nothing is missed. */
static int open_stream(struct watched *watched, const char *group)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	struct td_cli *cli = watched->cli;
	enum td_call_event event;
	struct td_reply reply;
	size_t which;
	int code = td_call_connect(cli, &watched->clients[STREAM]);

	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "path", group[0] ? group : "/");
	td_json_end_object(&w);
	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, watched->clients[STREAM], "Watch", &text, TD_CLIENT_MORE);
	td_strbuf_fini(&text);
	if (code != TD_EXIT_DONE)
		return code;
	event = td_call_wait(cli, watched->clients, 1, td_call_now() + TD_CALL_QUESTION_NS, &which,
			     &reply);
	if (event == TD_CALL_REPLY)
		return td_call_check(cli, &reply);
	return td_call_exit(cli, event == TD_CALL_PAUSE ? TD_CALL_LATE : event, "the daemon");
}

static int start_task(struct watched *watched, const struct td_strbuf *parameters)
{
	struct td_cli *cli = watched->cli;
	struct td_reply reply;
	const struct td_json *task;
	struct td_strbuf wait = TD_STRBUF_INIT;
	int code = td_call_connect(cli, &watched->clients[CONTROL]);

	if (code == TD_EXIT_DONE)
		code = td_call_ask(cli, watched->clients[CONTROL], "Run", parameters, &reply);
	if (code != TD_EXIT_DONE)
		return code;
	task = td_json_get(reply.parameters, "task");
	watched->id = td_json_int_or(task, "id", -1);
	watched->path = td_mem_strdup(td_json_text_or(task, "path", "the task"));
	if (watched->path == NULL)
		return td_cli_error(cli, TD_EXIT_FAILED, "out of memory");
	td_strbuf_addf(&wait, "{\"path\":\"#%" PRId64 "\"}", watched->id);
	code = td_call_send(cli, watched->clients[CONTROL], "Wait", &wait, TD_CLIENT_PLAIN);
	td_strbuf_fini(&wait);
	return code;
}

/* One line of its output: to stderr what it wrote there, and what the plugin itself says. */
static int print_output(struct watched *watched, const struct td_json *event)
{
	struct td_cli *cli = watched->cli;
	const char *kind = td_json_text_or(event, "kind", "");
	struct td_strbuf text = TD_STRBUF_INIT;
	int out = cli->out, code;

	if (strcmp(kind, "output") != 0 && strcmp(kind, "log") != 0)
		return TD_EXIT_DONE;
	td_style_put(&cli->style, &text, TD_TONE_PLAIN, td_json_text_or(event, "text", ""));
	td_strbuf_addc(&text, '\n');
	if (strcmp(kind, "log") == 0 || td_json_int_or(event, "stream", 1) == 2)
		cli->out = cli->err;
	code = td_cli_print(cli, &text);
	cli->out = out;
	return code;
}

/* Takes a reply of the stream. */
static int take_event(struct watched *watched, const struct td_reply *reply)
{
	const struct td_json *event = td_json_get(reply->parameters, "event");
	struct td_cli *cli = watched->cli;
	int64_t lost = td_json_int_or(reply->parameters, "lost", 0);
	int code = td_call_check(cli, reply);

	if (code != TD_EXIT_DONE)
		return code;
	if (lost > 0 && !cli->json)
		(void)td_cli_error(
			cli, 0, "%" PRId64 " events were lost; output may be missing here", lost);
	if (event == NULL || td_json_int_or(event, "task", -2) != watched->id)
		return TD_EXIT_DONE;
	if (strcmp(td_json_text_or(event, "kind", ""), "ended") == 0)
		watched->seen_end = true;
	return cli->json ? td_cli_print_json(cli, reply->parameters) : print_output(watched, event);
}

/* Prints what the task wrote just before its end. */
static int trailing_output(struct watched *watched)
{
	int64_t until_ns = td_call_now() + LAST_OUTPUT_NS;
	int code = TD_EXIT_DONE;

	while (code == TD_EXIT_DONE && !watched->seen_end) {
		struct td_reply reply;
		size_t which;

		if (td_call_wait(watched->cli, &watched->clients[STREAM], 1, until_ns, &which,
				 &reply) != TD_CALL_REPLY)
			break;
		code = take_event(watched, &reply);
	}
	return code;
}

static int print_end(struct watched *watched, const struct td_json *parameters)
{
	const struct td_json *task = td_json_get(parameters, "task");
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_cli *cli = watched->cli;
	int out = cli->out, code;

	if (cli->json) {
		code = td_cli_print_json(cli, parameters);
	} else {
		/* stdout is that of the task. */
		td_render_outcome(&cli->style, &text, task);
		cli->out = cli->err;
		code = td_cli_print(cli, &text);
		cli->out = out;
	}
	return code == TD_EXIT_DONE ? td_outcome_exit(task) : code;
}

static int leave(struct watched *watched, enum td_call_event event)
{
	char *goes_on = td_mem_printf("%s goes on; taskctl cancel %s stops it", watched->path,
				      watched->path);
	int code = td_call_leave(watched->cli, event, watched->path,
				 goes_on ? goes_on : "the task goes on");

	td_mem_free(goes_on);
	return code;
}

/* Takes what both connections say until the task has ended. */
static int await_end(struct watched *watched)
{
	struct td_cli *cli = watched->cli;

	for (;;) {
		struct td_reply reply;
		size_t which;
		enum td_call_event event =
			td_call_wait(cli, watched->clients, 2, INT64_MAX, &which, &reply);
		int code;

		if (event == TD_CALL_PAUSE) {
			cli->resized = false;
		} else if (event == TD_CALL_REPLY && which == STREAM) {
			code = take_event(watched, &reply);
			if (code != TD_EXIT_DONE)
				return code;
		} else if (event == TD_CALL_REPLY) {
			code = td_call_check(cli, &reply);
			if (code == TD_EXIT_DONE)
				code = trailing_output(watched);
			return code == TD_EXIT_DONE ? print_end(watched, reply.parameters) : code;
		} else {
			return leave(watched, event);
		}
	}
}

static int run_and_wait(struct td_cli *cli, const char *group, const struct td_strbuf *parameters)
{
	struct watched watched = {.cli = cli, .id = -1};
	int code;

	td_cli_no_deadline(cli);
	code = open_stream(&watched, group);
	if (code == TD_EXIT_DONE)
		code = start_task(&watched, parameters);
	if (code == TD_EXIT_DONE) {
		td_cli_signals_start(cli);
		code = await_end(&watched);
	}
	td_client_free(watched.clients[STREAM]);
	td_client_free(watched.clients[CONTROL]);
	td_mem_free(watched.path);
	return code;
}

static int run_run(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	int code = build_call(cli, args, &text);

	if (code == TD_EXIT_DONE && td_args_flag(args, "wait"))
		code = run_and_wait(cli, td_args_value(args, "group"), &text);
	else if (code == TD_EXIT_DONE)
		code = td_call_show(cli, "Run", &text, print_path, NULL);
	td_strbuf_fini(&text);
	return code;
}

static const struct td_option run_options[] = {
	{"group", 'g', "GROUP", "the group it belongs to (needed)"},
	{"name", 'n', "NAME", "its name in the group; else one is made up"},
	{"parameter", 'p', "KEY=VALUE", "a parameter of the plugin; may be given again"},
	{"wait", 'w', NULL, "show its output, wait for its end, and exit as it did"},
	{0},
};

const struct td_verb td_verb_run = {
	.name = "run",
	.arguments = "PLUGIN [-- ARGV...]",
	.help = "start a transient task",
	.min_words = 1,
	.max_words = 1,
	.takes_rest = true,
	.options = run_options,
	.run = run_run,
};
