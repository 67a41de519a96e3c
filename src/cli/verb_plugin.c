/* SPDX-License-Identifier: MIT */
/* plugins: what is loaded, and what was refused and why. */
#include <string.h>

#include "base/suggest.h"
#include "cli/call.h"
#include "cli/render.h"
#include "cli/verb.h"

static const struct td_json *find_plugin(const struct td_json *reply, const char *name,
					 const char **ret_nearest)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(name);
	const struct td_json *i;

	TD_JSON_FOREACH (i, td_json_get(reply, "plugins")) {
		const char *other = td_json_text_or(i, "name", "");

		if (strcmp(other, name) == 0)
			return i;
		td_suggest_offer(&suggest, other);
	}
	*ret_nearest = suggest.best;
	return NULL;
}

static int print_plugins(struct td_cli *cli, const struct td_json *reply, const char *name)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (td_render_plugins(&cli->style, &text, reply, name) == 0)
		td_strbuf_adds(&text, "no plugin is loaded\n");
	return td_cli_print(cli, &text);
}

/* Prints one plugin. A refused one is not running: that is what the exit code says. */
static int print_one(struct td_cli *cli, const struct td_json *reply, const char *name)
{
	const char *nearest = NULL;
	const struct td_json *plugin = find_plugin(reply, name, &nearest);
	int code;

	if (plugin == NULL)
		return td_cli_error(cli, TD_EXIT_NO_SUCH, "no such plugin: %s%s%s%s", name,
				    nearest ? "; did you mean " : "", nearest ? nearest : "",
				    nearest ? "?" : "");
	code = cli->json ? td_cli_print_json(cli, plugin) : print_plugins(cli, reply, name);
	if (code == TD_EXIT_DONE && strcmp(td_json_text_or(plugin, "state", ""), "refused") == 0)
		code = TD_EXIT_FAILED;
	return code;
}

static int run_plugins(struct td_cli *cli, const struct td_args *args)
{
	struct td_client *client = NULL;
	struct td_reply reply;
	int code = td_call_connect(cli, &client);

	if (code == TD_EXIT_DONE)
		code = td_call_ask(cli, client, "ListPlugins", NULL, &reply);
	if (code == TD_EXIT_DONE) {
		if (args->n_words > 0)
			code = print_one(cli, reply.parameters, args->words[0]);
		else if (cli->json)
			code = td_cli_print_json(cli, reply.parameters);
		else
			code = print_plugins(cli, reply.parameters, NULL);
	}
	td_client_free(client);
	return code;
}

const struct td_verb td_verb_plugins = {
	.name = "plugins",
	.arguments = "[NAME]",
	.help = "what is loaded, with parameters; what was refused and why",
	.max_words = 1,
	.run = run_plugins,
};
