/* SPDX-License-Identifier: MIT */
/* One task, one group, the report of a stop: what is printed line by line. */
#include "cli/render.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "cli/table.h"
#include "cli/view.h"

/* A list of "name  value" lines that is being printed. */
struct facts {
	const struct td_style *style;
	struct td_strbuf *out;
};

static void fact_name(struct facts *facts, const char *name)
{
	char padded[24];
	size_t length = strlen(name);

	td_assert(length < sizeof(padded) - 1);
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, name, length);
	padded[length > 13 ? length + 1 : 14] = '\0';
	td_strbuf_adds(facts->out, "  ");
	td_style_put(facts->style, facts->out, TD_TONE_FAINT, padded);
}

static void fact(struct facts *facts, enum td_tone tone, const char *name, const char *value)
{
	fact_name(facts, name);
	td_style_put(facts->style, facts->out, tone, value);
	td_strbuf_addc(facts->out, '\n');
}

/* Prints and empties a text that was built for one line. */
static void fact_buf(struct facts *facts, enum td_tone tone, const char *name,
		     struct td_strbuf *text)
{
	fact_name(facts, name);
	td_style_take(facts->style, facts->out, tone, text);
	td_strbuf_addc(facts->out, '\n');
}

static void fact_text(struct facts *facts, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		fact(facts, TD_TONE_PLAIN, name, value);
}

static void fact_moment(struct facts *facts, const char *name, int64_t at_us)
{
	char moment[TD_TEXT_SIZE], age[TD_TEXT_SIZE];
	struct td_strbuf text = TD_STRBUF_INIT;
	int64_t ago_us = facts->style->now_us - at_us;

	if (at_us == TD_VIEW_NONE)
		return;
	td_text_moment(at_us, moment);
	if (ago_us >= 0)
		td_strbuf_addf(&text, "%s (%s ago)", moment, td_text_age(ago_us, age));
	else
		td_strbuf_addf(&text, "%s (in %s)", moment, td_text_span(-ago_us, age));
	fact_buf(facts, TD_TONE_PLAIN, name, &text);
}

static void fact_reason(struct facts *facts, const struct td_view_reason *reason,
			int64_t deadline_us, bool over)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (!reason->given)
		return;
	td_view_reason_text(reason, &text);
	fact_buf(facts, over ? TD_TONE_PLAIN : TD_TONE_WARN, "cancelled", &text);
	fact_text(facts, "caused by", reason->caused_by);
	fact_moment(facts, "asked", reason->when_us);
	if (deadline_us == TD_VIEW_NONE || over)
		return;
	td_view_deadline_text(deadline_us, facts->style->now_us, &text);
	fact_buf(facts, TD_TONE_WARN, "deadline", &text);
}

static void heading(struct facts *facts, const char *path, int64_t id, enum td_tone tone,
		    struct td_strbuf *state)
{
	td_style_put(facts->style, facts->out, TD_TONE_STRONG, path);
	if (id != TD_VIEW_NONE)
		td_strbuf_addf(facts->out, "  #%" PRId64, id);
	td_strbuf_adds(facts->out, "  ");
	td_style_take(facts->style, facts->out, tone, state);
	td_strbuf_addc(facts->out, '\n');
}

static void show_runs(struct facts *facts, const struct td_view_task *task)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	char span[TD_TEXT_SIZE];

	if (task->every_us != TD_VIEW_NONE)
		fact(facts, TD_TONE_PLAIN, "every", td_text_span(task->every_us, span));
	if (task->runs != TD_VIEW_NONE) {
		td_strbuf_addf(&text, "%" PRId64, task->runs);
		if (task->failures != TD_VIEW_NONE && task->failures > 0)
			td_strbuf_addf(&text, ", %" PRId64 " failed", task->failures);
		if (task->missed != TD_VIEW_NONE && task->missed > 0)
			td_strbuf_addf(&text, ", %" PRId64 " missed", task->missed);
		fact_buf(facts, TD_TONE_PLAIN, "runs", &text);
	}
	if (task->last_outcome != NULL) {
		td_strbuf_adds(&text, task->last_outcome);
		if (task->last_took_us != TD_VIEW_NONE)
			td_strbuf_addf(&text, " in %s", td_text_span(task->last_took_us, span));
		if (task->last_message != NULL && task->last_message[0] != '\0')
			td_strbuf_addf(&text, ": %s", task->last_message);
		fact_buf(facts, td_view_outcome_tone(task->last_outcome), "last run", &text);
	}
	fact_moment(facts, "next run", task->next_us);
}

static void show_parameters(struct facts *facts, const struct td_json *parameters)
{
	const struct td_json *i;
	const char *value;
	struct td_strbuf text = TD_STRBUF_INIT;

	TD_JSON_FOREACH (i, parameters) {
		if (td_json_string(i, NULL, &value) <= 0)
			continue;
		td_strbuf_addf(&text, "%s = %s", td_json_key(i), value);
		fact_buf(facts, TD_TONE_PLAIN, i == td_json_first(parameters) ? "parameters" : "",
			 &text);
	}
}

static void show_task(struct facts *facts, const struct td_json *json)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_view_task task;
	char span[TD_TEXT_SIZE];
	bool ended;

	td_view_task_read(&task, json);
	ended = td_view_task_ended(&task);
	td_view_task_state(&task, &text);
	heading(facts, task.path, task.id, td_view_task_tone(&task), &text);
	if (ended)
		fact_text(facts, "message", task.message);
	fact_text(facts, "status", task.status);
	if (!ended)
		fact_text(facts, "waits for", task.waiting_for);
	fact_reason(facts, &task.reason, task.deadline_us, ended);
	fact_text(facts, "plugin", task.plugin);
	fact_text(facts, "driver", task.driver);
	fact_moment(facts, "created", task.created_us);
	fact_moment(facts, "started", task.started_us);
	if (ended) {
		fact_moment(facts, "ended", task.ended_us);
		if (task.started_us != TD_VIEW_NONE && task.ended_us >= task.started_us)
			fact(facts, TD_TONE_PLAIN, "took",
			     td_text_span(task.ended_us - task.started_us, span));
	}
	show_runs(facts, &task);
	if (td_view_task_hogs(&task))
		fact(facts, TD_TONE_WARN, "hogs",
		     "it holds a thread of its own: it ran without waiting");
	show_parameters(facts, task.parameters);
}

static void show_group(struct facts *facts, const struct td_json *json)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_view_group group;
	char span[TD_TEXT_SIZE];
	bool open;

	td_view_group_read(&group, json);
	open = strcmp(group.state, "open") == 0;
	td_strbuf_adds(&text, group.state);
	heading(facts, group.path[0] ? group.path : "/", TD_VIEW_NONE,
		open || strcmp(group.state, "closed") == 0 ? TD_TONE_PLAIN : TD_TONE_WARN, &text);
	td_strbuf_addf(&text, "%" PRId64, group.tasks);
	if (group.max_tasks != TD_VIEW_NONE)
		td_strbuf_addf(&text, " of at most %" PRId64, group.max_tasks);
	fact_buf(facts, TD_TONE_PLAIN, "tasks", &text);
	td_strbuf_addf(&text, "%" PRId64, group.groups);
	fact_buf(facts, TD_TONE_PLAIN, "groups", &text);
	if (group.condemned > 0) {
		td_strbuf_addf(&text, "%" PRId64 " could not be stopped", group.condemned);
		fact_buf(facts, TD_TONE_WORST, "condemned", &text);
	}
	if (group.grace_us != TD_VIEW_NONE)
		fact(facts, TD_TONE_PLAIN, "grace", td_text_span(group.grace_us, span));
	fact_moment(facts, "created", group.created_us);
	fact_reason(facts, &group.reason, group.deadline_us, strcmp(group.state, "closed") == 0);
}

void td_render_show(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply)
{
	struct facts facts = {.style = style, .out = out};

	if (td_json_get(reply, "task") != NULL)
		show_task(&facts, td_json_get(reply, "task"));
	if (td_json_get(reply, "group") != NULL)
		show_group(&facts, td_json_get(reply, "group"));
}

void td_render_outcome(const struct td_style *style, struct td_strbuf *out,
		       const struct td_json *json)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_view_task task;

	td_view_task_read(&task, json);
	td_style_put(style, out, TD_TONE_PLAIN, task.path);
	td_strbuf_adds(out, ": ");
	td_view_task_state(&task, &text);
	td_style_take(style, out, td_view_task_tone(&task), &text);
	if (task.message != NULL && task.message[0] != '\0') {
		td_strbuf_adds(out, ": ");
		td_style_put(style, out, TD_TONE_PLAIN, task.message);
	}
	td_strbuf_addc(out, '\n');
}
