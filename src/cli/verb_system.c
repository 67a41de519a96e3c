/* SPDX-License-Identifier: MIT */
/* status, ping, call, introspect: the daemon itself and its interface. */
#include <string.h>

#include "base/mem.h"
#include "cli/call.h"
#include "cli/render.h"
#include "cli/text.h"
#include "cli/verb.h"

static int print_status(struct td_cli *cli, const struct td_json *reply, void *data)
{
	const bool *verbose = data;
	struct td_strbuf text = TD_STRBUF_INIT;

	td_render_status(&cli->style, &text, reply, *verbose);
	return td_cli_print(cli, &text);
}

static int run_status(struct td_cli *cli, const struct td_args *args)
{
	bool verbose = td_args_flag(args, "verbose");

	return td_call_show(cli, "GetStatus", NULL, print_status, &verbose);
}

static const struct td_option status_options[] = {
	{"verbose", 'v', NULL, "counters and features too"},
	{0},
};

const struct td_verb td_verb_status = {
	.name = "status",
	.arguments = "",
	.help = "version, uptime, counts; degraded or not, and why",
	.options = status_options,
	.run = run_status,
};

static int print_pong(struct td_cli *cli, const struct td_json *reply, void *data)
{
	const int64_t *asked_ns = data;
	struct td_strbuf text = TD_STRBUF_INIT;
	char span[TD_TEXT_SIZE];

	(void)reply; /* that there is one is all that it says */
	td_strbuf_addf(&text, "the daemon answers, after %s\n",
		       td_text_span((td_call_now() - *asked_ns) / 1000, span));
	return td_cli_print(cli, &text);
}

static int run_ping(struct td_cli *cli, const struct td_args *args)
{
	int64_t asked_ns = td_call_now();

	(void)args;
	return td_call_show(cli, "Ping", NULL, print_pong, &asked_ns);
}

const struct td_verb td_verb_ping = {
	.name = "ping",
	.arguments = "",
	.help = "ask whether the daemon answers",
	.run = run_ping,
};

/* Checks that the parameters are a JSON object before they are sent. */
static int check_parameters(struct td_cli *cli, const char *text)
{
	struct td_failure failure = {0};
	struct td_json *json = NULL;
	int code = TD_EXIT_DONE;

	if (text == NULL)
		return TD_EXIT_DONE;
	if (td_json_parse(text, strlen(text), &json, &failure) < 0)
		code = td_cli_error(cli, TD_EXIT_USAGE, "the parameters are not JSON: %s",
				    failure.text);
	else if (td_json_type(json) != TD_JSON_OBJECT)
		code = td_cli_error(
			cli, TD_EXIT_USAGE,
			"the parameters must be a JSON object, as in '{\"path\":\"/\"}'");
	td_json_free(json);
	return code;
}

static int print_reply(struct td_cli *cli, const struct td_reply *reply)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	int code = td_call_check(cli, reply);

	/* The members of an error are of interest to whoever calls by hand. */
	if (reply->error != NULL && reply->parameters == NULL)
		return code;
	if (cli->json || !cli->style.terminal || reply->parameters == NULL) {
		int printed = td_cli_print_json(cli, reply->parameters);

		return code != TD_EXIT_DONE ? code : printed;
	}
	td_render_json(&cli->style, &text, reply->parameters);
	(void)td_cli_print(cli, &text);
	return code;
}

static int take_replies(struct td_cli *cli, struct td_client *client, const char *method, bool more)
{
	for (;;) {
		struct td_reply reply;
		size_t which;
		enum td_call_event event = td_call_wait(cli, &client, 1, INT64_MAX, &which, &reply);
		int code;

		if (event == TD_CALL_ENDED)
			return TD_EXIT_DONE;
		code = event == TD_CALL_REPLY ? print_reply(cli, &reply)
					      : td_call_exit(cli, event, method);
		if (code != TD_EXIT_DONE || event != TD_CALL_REPLY || !more || !reply.continues ||
		    cli->closed)
			return code;
	}
}

static int run_call(struct td_cli *cli, const struct td_args *args)
{
	const char *method = args->words[0];
	const char *parameters = args->n_words > 1 ? args->words[1] : NULL;
	bool more = td_args_flag(args, "more"), oneway = td_args_flag(args, "oneway");
	unsigned flags = more ? TD_CLIENT_MORE : oneway ? TD_CLIENT_ONEWAY : TD_CLIENT_PLAIN;
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_client *client = NULL;
	int code;

	if (more && oneway)
		return td_cli_error(cli, TD_EXIT_USAGE,
				    "--more and --oneway exclude each other: many replies or none");
	code = check_parameters(cli, parameters);
	if (code != TD_EXIT_DONE)
		return code;
	cli->stream = more;
	td_strbuf_adds(&text, parameters ? parameters : "");
	code = td_call_connect(cli, &client);
	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, client, method, parameters ? &text : NULL, flags);
	if (code == TD_EXIT_DONE && !oneway)
		code = take_replies(cli, client, method, more);
	td_strbuf_fini(&text);
	td_client_free(client);
	return code;
}

static const struct td_option call_options[] = {
	{"more", 'm', NULL, "ask for any number of replies"},
	{"oneway", 'o', NULL, "ask for none, and do not wait"},
	{0},
};

const struct td_verb td_verb_call = {
	.name = "call",
	.arguments = "METHOD [JSON]",
	.help = "call any method, and print its replies as JSON",
	.min_words = 1,
	.max_words = 2,
	.waits = true,
	.options = call_options,
	.run = run_call,
};

static int print_interfaces(struct td_cli *cli, const struct td_json *reply, void *data)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	const struct td_json *i;

	(void)data;
	TD_JSON_FOREACH (i, td_json_get(reply, "interfaces")) {
		td_style_put(&cli->style, &text, TD_TONE_PLAIN, td_json_text_or(i, NULL, "?"));
		td_strbuf_addc(&text, '\n');
	}
	return td_cli_print(cli, &text);
}

/* Prints the text of an interface line by line: each of them is cleaned on its own. */
static int print_interface(struct td_cli *cli, const struct td_json *reply, void *data)
{
	const char *at = td_json_text_or(reply, "description", "");
	struct td_strbuf text = TD_STRBUF_INIT;

	(void)data;
	while (*at != '\0') {
		size_t length = strcspn(at, "\n");
		char *line = td_mem_strndup(at, length);

		if (line == NULL)
			return td_cli_error(cli, TD_EXIT_FAILED, "out of memory");
		td_style_put(&cli->style, &text,
			     line[strspn(line, " \t")] == '#' ? TD_TONE_FAINT : TD_TONE_PLAIN,
			     line);
		td_strbuf_addc(&text, '\n');
		td_mem_free(line);
		at += length + (at[length] == '\n');
	}
	return td_cli_print(cli, &text);
}

static int run_introspect(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	int code;

	if (args->n_words == 0)
		return td_call_show(cli, "org.varlink.service.GetInfo", NULL, print_interfaces,
				    NULL);
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "interface", args->words[0]);
	td_json_end_object(&w);
	code = td_call_show(cli, "org.varlink.service.GetInterfaceDescription", &text,
			    print_interface, NULL);
	td_strbuf_fini(&text);
	return code;
}

const struct td_verb td_verb_introspect = {
	.name = "introspect",
	.arguments = "[INTERFACE]",
	.help = "list the interfaces, or print the text of one",
	.max_words = 1,
	.run = run_introspect,
};
