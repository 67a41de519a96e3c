/* SPDX-License-Identifier: MIT */
/* list, tree, show: what is there. */
#include <string.h>

#include <taskd/types.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/suggest.h"
#include "cli/call.h"
#include "cli/render.h"
#include "cli/verb.h"

#define REDRAW_NS (250 * TASKD_MSEC) /* two drawings are at least this far apart */
#define AGES_NS TASKD_SEC            /* ages are drawn anew this often */

/* {"group": ...}, or {} for the whole tree. */
static void group_parameters(const char *group, struct td_strbuf *text)
{
	struct td_json_writer w = TD_JSON_WRITER_INIT(text);

	td_json_begin_object(&w, NULL);
	td_json_add_optional(&w, "group", group);
	td_json_end_object(&w);
}

/* Reads the argument [GROUP] into *ret_group (NULL: the root). */
static int take_group(struct td_cli *cli, const struct td_args *args, const char **ret_group)
{
	const char *group = args->n_words > 0 ? args->words[0] : NULL;

	*ret_group = NULL;
	if (group == NULL || strcmp(group, "/") == 0 || group[0] == '\0')
		return TD_EXIT_DONE;
	if (!td_path_is_group(group))
		return td_cli_error(cli, TD_EXIT_USAGE,
				    "'%s' is not the path of a group: words of letters, digits, _ "
				    "and -, joined by dots",
				    group);
	*ret_group = group;
	return TD_EXIT_DONE;
}

static int print_list(struct td_cli *cli, const struct td_json *reply, void *data)
{
	const enum td_render_sort *sort = data;
	struct td_strbuf text = TD_STRBUF_INIT;

	td_render_list(&cli->style, &text, reply, *sort);
	return td_cli_print(cli, &text);
}

static int take_sort(struct td_cli *cli, const struct td_args *args, enum td_render_sort *ret_sort)
{
	static const char *const names[] = {
		[TD_RENDER_BY_PATH] = "path",
		[TD_RENDER_BY_STATE] = "state",
		[TD_RENDER_BY_AGE] = "age",
		[TD_RENDER_BY_OUTCOME] = "outcome",
	};
	const char *value = td_args_value(args, "sort");
	struct td_suggest suggest = TD_SUGGEST_INIT(value);

	*ret_sort = TD_RENDER_BY_PATH;
	if (value == NULL)
		return TD_EXIT_DONE;
	for (size_t i = 0; i < TD_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) == 0) {
			*ret_sort = (enum td_render_sort)i;
			return TD_EXIT_DONE;
		}
		td_suggest_offer(&suggest, names[i]);
	}
	return td_cli_error(cli, TD_EXIT_USAGE,
			    "--sort '%s': expected path, state, age or outcome%s%s%s", value,
			    suggest.best ? "; did you mean '" : "",
			    suggest.best ? suggest.best : "", suggest.best ? "'?" : "");
}

static int run_list(struct td_cli *cli, const struct td_args *args)
{
	enum td_render_sort sort;
	const char *group;
	struct td_strbuf parameters = TD_STRBUF_INIT;
	int code = take_sort(cli, args, &sort);

	if (code == TD_EXIT_DONE)
		code = take_group(cli, args, &group);
	if (code != TD_EXIT_DONE)
		return code;
	group_parameters(group, &parameters);
	code = td_call_show(cli, "List", &parameters, print_list, &sort);
	td_strbuf_fini(&parameters);
	return code;
}

static const struct td_option list_options[] = {
	{"sort", 0, "KEY", "by path, state, age (youngest first) or outcome (worst first)"},
	{0},
};

const struct td_verb td_verb_list = {
	.name = "list",
	.arguments = "[GROUP]",
	.help = "tasks, one line each",
	.max_words = 1,
	.options = list_options,
	.run = run_list,
};

static int print_tree(struct td_cli *cli, const struct td_json *reply, void *data)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	td_render_tree(&cli->style, &text, reply, data, NULL);
	return td_cli_print(cli, &text);
}

/* A tree that is drawn again and again. */
struct follow {
	struct td_cli *cli;
	struct td_client *watch, *list;        /* owned */
	const char *group;                     /* borrowed; NULL: the root */
	struct td_strbuf parameters;           /* of List */
	char *shown;                           /* owned; what a pipe saw last, without its times */
	size_t widths[TD_RENDER_TREE_COLUMNS]; /* so that the columns stand still */
	size_t n_lines;                        /* on the terminal, above the cursor */
	bool dirty;                            /* something has happened since the last drawing */
};

/* Keeps the first lines of a text that fit the height of a terminal. Returns: how many lines. */
static size_t clip_lines(const struct td_style *style, struct td_strbuf *text)
{
	size_t n = 0, last_start = 0, total = 0, height = (size_t)style->height;

	for (size_t i = 0; i < text->length; i++)
		total += text->text[i] == '\n';
	if (height < 2 || total < height)
		return total;
	for (size_t i = 0; i < text->length && n < height - 2; i++)
		if (text->text[i] == '\n') {
			n++;
			last_start = i + 1;
		}
	text->length = last_start;
	td_strbuf_addf(text, "%s%s %zu more lines%s\n", td_style_on(style, TD_TONE_FAINT),
		       style->utf8 ? "…" : "...", total - n, td_style_off(style, TD_TONE_FAINT));
	return n + 1;
}

/* Draws over the last drawing: each line is cleared behind its text, so that nothing flickers. */
static int redraw(struct follow *follow, const struct td_json *reply)
{
	struct td_strbuf tree = TD_STRBUF_INIT, out = TD_STRBUF_INIT;
	struct td_cli *cli = follow->cli;
	size_t n;

	if (cli->resized)
		memset(follow->widths, 0, sizeof(follow->widths));
	td_render_tree(&cli->style, &tree, reply, follow->group, follow->widths);
	n = td_strbuf_ok(&tree) ? clip_lines(&cli->style, &tree) : 0;
	if (cli->resized)
		td_strbuf_adds(&out, "\033[H\033[2J"); /* the old lines may be folded now */
	else if (follow->n_lines > 0)
		td_strbuf_addf(&out, "\033[%zuA\r", follow->n_lines);
	for (const char *line = td_strbuf_text(&tree); *line != '\0';) {
		size_t length = strcspn(line, "\n");

		td_strbuf_add(&out, line, length);
		td_strbuf_adds(&out, "\033[K\n");
		line += length + (line[length] == '\n');
	}
	td_strbuf_adds(&out, "\033[J");
	out.failed = out.failed || !td_strbuf_ok(&tree);
	td_strbuf_fini(&tree);
	follow->n_lines = n;
	cli->resized = false;
	return td_cli_print(cli, &out);
}

/* Prints a new tree where nothing can be drawn over, when more than its ages has changed. */
static int print_changed(struct follow *follow, const struct td_json *reply)
{
	struct td_style timeless = follow->cli->style;
	struct td_strbuf text = TD_STRBUF_INIT;
	char *shown;
	bool same;

	timeless.timeless = true;
	td_render_tree(&timeless, &text, reply, follow->group, NULL);
	shown = td_strbuf_take(&text);
	if (shown == NULL)
		return td_cli_error(follow->cli, TD_EXIT_FAILED, "out of memory");
	same = follow->shown != NULL && strcmp(follow->shown, shown) == 0;
	td_mem_free(follow->shown);
	follow->shown = shown;
	if (same)
		return TD_EXIT_DONE;
	if (follow->cli->json)
		return td_cli_print_json(follow->cli, reply);
	return print_tree(follow->cli, reply, (void *)follow->group);
}

static int draw(struct follow *follow)
{
	struct td_cli *cli = follow->cli;
	struct td_reply reply;
	int code = td_call_ask(cli, follow->list, "List", &follow->parameters, &reply);

	if (code != TD_EXIT_DONE)
		return code;
	follow->dirty = false;
	td_style_refresh(&cli->style, cli->out);
	if (cli->style.terminal && !cli->json)
		return redraw(follow, reply.parameters);
	return print_changed(follow, reply.parameters);
}

/* Takes what has happened until it is time to draw. Returns: an exit code; *ret_over ends it. */
static int until_next(struct follow *follow, int64_t drawn_ns, bool *ret_over)
{
	struct td_cli *cli = follow->cli;

	for (;;) {
		int64_t until_ns = drawn_ns + (follow->dirty ? REDRAW_NS : AGES_NS);
		enum td_call_event event;
		struct td_reply reply;
		size_t which;
		int code;

		event = td_call_wait(cli, &follow->watch, 1, until_ns, &which, &reply);
		switch (event) {
		case TD_CALL_PAUSE:
			return TD_EXIT_DONE;
		case TD_CALL_REPLY:
			code = td_call_check(cli, &reply);
			if (code != TD_EXIT_DONE)
				return code;
			if (td_json_get(reply.parameters, "event") != NULL)
				follow->dirty = true;
			break;
		case TD_CALL_ENDED:
		case TD_CALL_LATE:
		case TD_CALL_INTERRUPTED:
		case TD_CALL_BROKEN:
			*ret_over = true;
			return td_call_exit(cli, event, "tree --follow");
		}
	}
}

static int follow_tree(struct follow *follow)
{
	struct td_cli *cli = follow->cli;
	bool over = false;
	int code = td_call_connect(cli, &follow->watch);

	if (code == TD_EXIT_DONE)
		code = td_call_connect(cli, &follow->list);
	if (code == TD_EXIT_DONE)
		code = td_call_send(cli, follow->watch, "Watch", NULL, TD_CLIENT_MORE);
	while (code == TD_EXIT_DONE && !over && !cli->closed) {
		int64_t drawn_ns = td_call_now();

		code = draw(follow);
		if (code == TD_EXIT_DONE)
			code = until_next(follow, drawn_ns, &over);
	}
	return code;
}

static int run_follow(struct td_cli *cli, const char *group)
{
	struct follow follow = {.cli = cli, .group = group};
	bool in_place = cli->style.terminal && !cli->json;
	struct td_strbuf text = TD_STRBUF_INIT;
	int code = TD_EXIT_DONE;

	group_parameters(group, &follow.parameters);
	cli->stream = true;
	td_cli_no_deadline(cli);
	if (in_place) {
		/* The signals are taken over so that the cursor comes back in any case. */
		td_cli_signals_start(cli);
		td_strbuf_adds(&text, "\033[?25l");
		code = td_cli_print(cli, &text);
	}
	if (code == TD_EXIT_DONE)
		code = follow_tree(&follow);
	if (in_place) {
		td_strbuf_adds(&text, "\033[?25h");
		(void)td_cli_print(cli, &text);
	}
	td_client_free(follow.watch);
	td_client_free(follow.list);
	td_strbuf_fini(&follow.parameters);
	td_mem_free(follow.shown);
	return code;
}

static int run_tree(struct td_cli *cli, const struct td_args *args)
{
	const char *group;
	struct td_strbuf parameters = TD_STRBUF_INIT;
	int code = take_group(cli, args, &group);

	if (code != TD_EXIT_DONE)
		return code;
	if (td_args_flag(args, "follow"))
		return run_follow(cli, group);
	group_parameters(group, &parameters);
	code = td_call_show(cli, "List", &parameters, print_tree, (void *)group);
	td_strbuf_fini(&parameters);
	return code;
}

static const struct td_option tree_options[] = {
	{"follow", 'f', NULL, "draw it again when something has changed, until Ctrl-C"},
	{0},
};

const struct td_verb td_verb_tree = {
	.name = "tree",
	.arguments = "[GROUP]",
	.help = "groups and tasks as a tree",
	.max_words = 1,
	.options = tree_options,
	.run = run_tree,
};

static int print_show(struct td_cli *cli, const struct td_json *reply, void *data)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	(void)data; /* Get knows already what was asked for */
	td_render_show(&cli->style, &text, reply);
	return td_cli_print(cli, &text);
}

static int run_show(struct td_cli *cli, const struct td_args *args)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	int code = td_cli_check_path(cli, args->words[0]);

	if (code != TD_EXIT_DONE)
		return code;
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "path", args->words[0]);
	td_json_end_object(&w);
	code = td_call_show(cli, "Get", &text, print_show, NULL);
	td_strbuf_fini(&text);
	return code;
}

const struct td_verb td_verb_show = {
	.name = "show",
	.arguments = "PATH",
	.help = "everything about one group or task",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};
