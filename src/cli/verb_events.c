/* SPDX-License-Identifier: MIT */
/* watch: events as they happen. */
#include <string.h>

#include "base/assert.h"
#include "base/suggest.h"
#include "cli/call.h"
#include "cli/render.h"
#include "cli/verb.h"

static int check_level(struct td_cli *cli, const char *level)
{
	static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};
	struct td_suggest suggest = TD_SUGGEST_INIT(level);

	for (size_t i = 0; level != NULL && i < TD_ARRAY_SIZE(levels); i++) {
		if (strcmp(level, levels[i]) == 0)
			return TD_EXIT_DONE;
		td_suggest_offer(&suggest, levels[i]);
	}
	if (level == NULL)
		return TD_EXIT_DONE;
	return td_cli_error(cli, TD_EXIT_USAGE,
			    "--level '%s': expected error, warning, notice, info or debug%s%s%s",
			    level, suggest.best ? "; did you mean '" : "",
			    suggest.best ? suggest.best : "", suggest.best ? "'?" : "");
}

static int print_event(struct td_cli *cli, const struct td_reply *reply)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	int code = td_call_check(cli, reply);

	if (code != TD_EXIT_DONE)
		return code;
	if (cli->json)
		return td_cli_print_json(cli, reply->parameters);
	td_render_event(&cli->style, &text, reply->parameters);
	return td_cli_print(cli, &text);
}

static int watch(struct td_cli *cli, const struct td_strbuf *parameters)
{
	struct td_client *client = NULL;
	enum td_call_event event = TD_CALL_REPLY;
	int code = td_call_connect(cli, &client);

	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, client, "Watch", parameters, TD_CLIENT_MORE);
	while (code == TD_EXIT_DONE && event == TD_CALL_REPLY && !cli->closed) {
		struct td_reply reply;
		size_t which;

		event = td_call_wait(cli, &client, 1, INT64_MAX, &which, &reply);
		code = event == TD_CALL_REPLY ? print_event(cli, &reply)
					      : td_call_exit(cli, event, "watch");
	}
	td_client_free(client);
	return code;
}

static int run_watch(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	const char *level = td_args_value(args, "level");
	int code = check_level(cli, level);

	if (code == TD_EXIT_DONE && args->n_words > 0)
		code = td_cli_check_path(cli, args->words[0]);
	if (code != TD_EXIT_DONE)
		return code;
	cli->stream = true;
	td_json_begin_object(&w, NULL);
	td_json_add_optional(&w, "path", args->n_words > 0 ? args->words[0] : NULL);
	td_json_add_optional(&w, "level", level);
	td_json_end_object(&w);
	code = watch(cli, &text);
	td_strbuf_fini(&text);
	return code;
}

static const struct td_option watch_options[] = {
	{"level", 'l', "LEVEL", "at least error, warning, notice, info (the default) or debug"},
	{0},
};

const struct td_verb td_verb_watch = {
	.name = "watch",
	.arguments = "[PATH]",
	.help = "events as they happen, one line each",
	.max_words = 1,
	.waits = true,
	.options = watch_options,
	.run = run_watch,
};
