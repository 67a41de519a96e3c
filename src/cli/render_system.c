/* SPDX-License-Identifier: MIT */
/* Plugins, the status of the daemon, and events. */
#include "cli/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "cli/table.h"
#include "cli/view.h"

#define HELP_INDENT 4 /* columns before the help of a parameter */
#define HELP_WIDTH 96 /* columns of help where the output has no limit */

/* An end of a range, as users write it in the configuration. */
static const char *limit_text(const char *type, int64_t value, char buffer[TD_DURATION_TEXT])
{
	if (strcmp(type, "duration") == 0)
		return td_duration_print(value, buffer);
	if (strcmp(type, "size") == 0)
		return td_size_print(value, buffer);
	(void)snprintf(buffer, TD_DURATION_TEXT, "%" PRId64, value);
	return buffer;
}

/* "integer in ms, 1 to 100"; of an enum its choices, which say more than that word. */
static void type_text(const struct td_json *parameter, struct td_strbuf *out)
{
	const char *type = td_json_text_or(parameter, "type", "?");
	char low[TD_DURATION_TEXT], high[TD_DURATION_TEXT];
	const struct td_json *i;
	const char *sep = "";
	const char *unit = td_json_text_or(parameter, "unit", NULL);
	int64_t min = td_json_int_or(parameter, "min", TD_VIEW_NONE);
	int64_t max = td_json_int_or(parameter, "max", TD_VIEW_NONE);

	TD_JSON_FOREACH (i, td_json_get(parameter, "choices")) {
		td_strbuf_addf(out, "%s%s", sep, td_json_text_or(i, NULL, "?"));
		sep = "|";
	}
	if (sep[0] == '\0')
		td_strbuf_adds(out, type);
	if (unit != NULL && unit[0] != '\0')
		td_strbuf_addf(out, " in %s", unit);
	/* Where only one end was meant, the other is that of the type. */
	if (min == INT64_MIN)
		min = TD_VIEW_NONE;
	if (max == INT64_MAX)
		max = TD_VIEW_NONE;
	if (min != TD_VIEW_NONE && max != TD_VIEW_NONE)
		td_strbuf_addf(out, ", %s to %s", limit_text(type, min, low),
			       limit_text(type, max, high));
	else if (min != TD_VIEW_NONE)
		td_strbuf_addf(out, ", at least %s", limit_text(type, min, low));
	else if (max != TD_VIEW_NONE)
		td_strbuf_addf(out, ", at most %s", limit_text(type, max, high));
}

/* What stands behind the name: "integer in ms, 1 to 100, default 5". */
static void facts_text(const struct td_json *parameter, struct td_strbuf *out)
{
	const char *otherwise = td_json_text_or(parameter, "default", NULL);

	type_text(parameter, out);
	if (td_json_bool_or(parameter, "required", false))
		td_strbuf_adds(out, ", required");
	else if (otherwise != NULL)
		td_strbuf_addf(out, ", default %s", otherwise);
}

/* Folds a clean text at its spaces. */
static void put_folded(const struct td_style *style, struct td_strbuf *out, const char *text)
{
	size_t limit = style->width > 0 ? (size_t)style->width : HELP_WIDTH, at = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, " "), columns;
		char *word = td_mem_strndup(text, length);

		if (word == NULL) {
			out->failed = true;
			return;
		}
		columns = td_style_columns(style, word);
		if (at > 0 && at + 1 + columns > limit) {
			td_strbuf_addc(out, '\n');
			at = 0;
		}
		td_strbuf_addf(out, "%*s%s", at == 0 ? HELP_INDENT : 1, "", word);
		at += (at == 0 ? HELP_INDENT : 1) + columns;
		td_mem_free(word);
		text += length + strspn(text + length, " ");
	}
	if (at > 0)
		td_strbuf_addc(out, '\n');
}

static void parameter_text(const struct td_style *style, struct td_strbuf *out,
			   const struct td_json *parameter)
{
	char *help = td_style_clean(style, td_json_text_or(parameter, "help", NULL));
	struct td_strbuf facts = TD_STRBUF_INIT;

	facts_text(parameter, &facts);
	td_strbuf_adds(out, "  ");
	td_style_put(style, out, TD_TONE_STRONG, td_json_text_or(parameter, "name", "?"));
	td_strbuf_adds(out, "  ");
	td_style_take(style, out, TD_TONE_FAINT, &facts);
	td_strbuf_addc(out, '\n');
	if (help == NULL)
		out->failed = true;
	else
		put_folded(style, out, help);
	td_mem_free(help);
}

static void plugin_text(const struct td_style *style, struct td_strbuf *out,
			const struct td_json *plugin)
{
	const char *driver = td_json_text_or(plugin, "driver", NULL);
	const char *version = td_json_text_or(plugin, "version", NULL);
	const char *summary = td_json_text_or(plugin, "summary", NULL);
	const struct td_json *i;
	char tasks[TD_TEXT_SIZE];

	td_style_put(style, out, TD_TONE_STRONG, td_json_text_or(plugin, "name", "?"));
	if (version != NULL) {
		td_strbuf_addc(out, ' ');
		td_style_put(style, out, TD_TONE_FAINT, version);
	}
	if (summary != NULL) {
		td_strbuf_adds(out, "  ");
		td_style_put(style, out, TD_TONE_PLAIN, summary);
	}
	td_strbuf_addf(out, "  %s", td_style_on(style, TD_TONE_FAINT));
	if (driver != NULL)
		td_style_put(style, out, TD_TONE_FAINT, driver);
	td_strbuf_addf(out, "%s%s%s\n", driver ? ", " : "",
		       td_text_count(td_json_int_or(plugin, "tasks", 0), "task", tasks),
		       td_style_off(style, TD_TONE_FAINT));
	TD_JSON_FOREACH (i, td_json_get(plugin, "parameters"))
		parameter_text(style, out, i);
}

static void refused_text(const struct td_style *style, struct td_strbuf *out,
			 const struct td_json *plugin)
{
	td_style_put(style, out, TD_TONE_STRONG, td_json_text_or(plugin, "name", "?"));
	td_strbuf_adds(out, "  ");
	td_style_put(style, out, TD_TONE_BAD, "refused");
	td_strbuf_adds(out, ": ");
	td_style_put(style, out, TD_TONE_PLAIN,
		     td_json_text_or(plugin, "error", "no reason given"));
	td_strbuf_adds(out, "\n  ");
	td_style_put(style, out, TD_TONE_FAINT, td_json_text_or(plugin, "file", "?"));
	td_strbuf_addc(out, '\n');
}

size_t td_render_plugins(const struct td_style *style, struct td_strbuf *out,
			 const struct td_json *reply, const char *name)
{
	const struct td_json *i;
	size_t n = 0;

	TD_JSON_FOREACH (i, td_json_get(reply, "plugins")) {
		if (name != NULL && strcmp(td_json_text_or(i, "name", ""), name) != 0)
			continue;
		if (n++ > 0)
			td_strbuf_addc(out, '\n');
		if (strcmp(td_json_text_or(i, "state", ""), "refused") == 0)
			refused_text(style, out, i);
		else
			plugin_text(style, out, i);
	}
	return n;
}

/* A map of names to ints or texts, one line each. */
static void status_map(const struct td_style *style, struct td_strbuf *out, const char *title,
		       const struct td_json *map)
{
	const struct td_column columns[] = {
		{.title = ""},
		{.title = "", .right = td_json_type(td_json_first(map)) == TD_JSON_INT},
	};
	struct td_table *table = td_table_new(style, columns, TD_ARRAY_SIZE(columns));
	const struct td_json *i;

	td_strbuf_addf(out, "%s:\n", title);
	TD_JSON_FOREACH (i, map) {
		td_table_row(table);
		td_table_cellf(table, 0, TD_TONE_PLAIN, "  %s", td_json_key(i));
		if (td_json_type(i) == TD_JSON_INT)
			td_table_cellf(table, 1, TD_TONE_PLAIN, "%" PRId64,
				       td_json_int_or(i, NULL, 0));
		else
			td_table_cell(table, 1, TD_TONE_PLAIN, td_json_text_or(i, NULL, "?"));
	}
	td_table_print(table, out, false);
	td_table_free(table);
}

static void status_health(const struct td_style *style, struct td_strbuf *out,
			  const struct td_json *reply)
{
	const struct td_json *degraded = td_json_get(reply, "degraded"), *i;

	td_strbuf_adds(out, "  health   ");
	if (td_json_size(degraded) == 0) {
		td_style_put(style, out, TD_TONE_GOOD, "good");
		td_strbuf_addc(out, '\n');
		return;
	}
	td_style_put(style, out, TD_TONE_BAD, "degraded");
	td_strbuf_addc(out, '\n');
	TD_JSON_FOREACH (i, degraded) {
		td_strbuf_adds(out, "           - ");
		td_style_put(style, out, TD_TONE_PLAIN, td_json_text_or(i, NULL, "?"));
		td_strbuf_addc(out, '\n');
	}
}

static void status_counts(struct td_strbuf *out, const struct td_json *reply)
{
	static const char *const states[] = {"running", "waiting", "ready", "ended"};
	char tasks[TD_TEXT_SIZE], groups[TD_TEXT_SIZE], events[TD_TEXT_SIZE], others[TD_TEXT_SIZE];
	int64_t refused = td_json_int_or(reply, "refused", 0);

	td_strbuf_addf(out, "  tree     %s in %s",
		       td_text_count(td_json_int_or(reply, "tasks", 0), "task", tasks),
		       td_text_count(td_json_int_or(reply, "groups", 0), "group", groups));
	for (size_t i = 0; i < TD_ARRAY_SIZE(states); i++)
		td_strbuf_addf(out, "%s%" PRId64 " %s", i == 0 ? ": " : ", ",
			       td_json_int_or(reply, states[i], 0), states[i]);
	td_strbuf_addf(out, "\n  plugins  %" PRId64 " loaded", td_json_int_or(reply, "plugins", 0));
	if (refused > 0)
		td_strbuf_addf(out, ", %" PRId64 " refused (see taskctl plugins)", refused);
	td_strbuf_addf(out, "\n  control  %s, %s so far\n",
		       td_text_count(td_json_int_or(reply, "connections", 0), "connection", others),
		       td_text_count(td_json_int_or(reply, "events", 0), "event", events));
}

void td_render_status(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *reply, bool verbose)
{
	int64_t started_us = td_json_int_or(reply, "startedUsec", style->now_us);
	char age[TD_TEXT_SIZE], moment[TD_TEXT_SIZE];

	td_strbuf_adds(out, td_style_on(style, TD_TONE_STRONG));
	td_strbuf_adds(out, "taskd ");
	td_style_put(style, out, TD_TONE_STRONG, td_json_text_or(reply, "version", "?"));
	td_strbuf_adds(out, "  ");
	td_style_put(style, out, TD_TONE_PLAIN, td_json_text_or(reply, "state", "?"));
	td_strbuf_addf(out, " for %s, since %s, pid %" PRId64 "\n",
		       td_text_age(style->now_us - started_us, age),
		       td_text_moment(started_us, moment), td_json_int_or(reply, "pid", 0));
	status_health(style, out, reply);
	status_counts(out, reply);
	if (!verbose)
		return;
	status_map(style, out, "counters", td_json_get(reply, "counters"));
	status_map(style, out, "features", td_json_get(reply, "features"));
}

static enum td_tone level_tone(const char *level)
{
	if (strcmp(level, "error") == 0)
		return TD_TONE_BAD;
	if (strcmp(level, "warning") == 0)
		return TD_TONE_WARN;
	return strcmp(level, "debug") == 0 ? TD_TONE_FAINT : TD_TONE_PLAIN;
}

void td_render_event(const struct td_style *style, struct td_strbuf *out,
		     const struct td_json *reply)
{
	const struct td_json *event = td_json_get(reply, "event");
	int64_t lost = td_json_int_or(reply, "lost", 0);
	const char *level = td_json_text_or(event, "level", "?");
	const char *path = td_json_text_or(event, "path", "");
	struct td_strbuf text = TD_STRBUF_INIT;
	char clock[TD_TEXT_SIZE];

	if (lost > 0) {
		td_strbuf_addf(&text,
			       "-- %" PRId64 " events were lost here: this reader was too slow --",
			       lost);
		td_style_take(style, out, TD_TONE_WARN, &text);
		td_strbuf_addc(out, '\n');
	}
	if (event == NULL)
		return;
	td_style_put(style, out, TD_TONE_FAINT,
		     td_text_clock(td_json_int_or(event, "timeUsec", 0), clock));
	td_strbuf_addf(&text, " %-7s ", level);
	td_style_take(style, out, level_tone(level), &text);
	td_style_put(style, out, TD_TONE_STRONG, path[0] ? path : "/");
	/* What a program wrote looks different from what is said about it. */
	td_strbuf_adds(out,
		       strcmp(td_json_text_or(event, "kind", ""), "output") == 0 ? " | " : ": ");
	td_style_put(style, out, level_tone(level), td_json_text_or(event, "text", ""));
	td_strbuf_addc(out, '\n');
}
