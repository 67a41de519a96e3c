/* SPDX-License-Identifier: MIT */
/* Reads tasks, groups and reasons from replies, and finds the words for them. */
#include "cli/view.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"

/* What each state and outcome looks like. What a newer daemon adds falls back to the last row. */
struct look {
	const char *word, *mark, *ascii;
	enum td_tone tone;
};

static const struct look looks[] = {
	{"new", "◌", ".", TD_TONE_FAINT},    {"ready", "◌", ".", TD_TONE_PLAIN},
	{"running", "●", "*", TD_TONE_LIVE}, {"waiting", "○", "o", TD_TONE_PLAIN},
	{"ending", "◐", "~", TD_TONE_WARN},  {"completed", "✓", "+", TD_TONE_GOOD},
	{"failed", "✗", "x", TD_TONE_BAD},   {"cancelled", "–", "-", TD_TONE_WARN},
	{"panicked", "✗", "x", TD_TONE_BAD}, {"crashed", "✗", "x", TD_TONE_BAD},
	{"aborted", "■", "#", TD_TONE_WARN}, {"condemned", "▲", "!", TD_TONE_WORST},
	{NULL, "?", "?", TD_TONE_PLAIN},
};

static const struct look *find_look(const char *word)
{
	const struct look *look = looks;

	while (look->word != NULL && strcmp(look->word, word) != 0)
		look++;
	return look;
}

static void read_reason(struct td_view_reason *reason, const struct td_json *json)
{
	*reason = (struct td_view_reason){
		.given = json != NULL,
		.kind = td_json_text_or(json, "kind", ""),
		.origin = td_json_text_or(json, "origin", ""),
		.message = td_json_text_or(json, "message", NULL),
		.caused_by = td_json_text_or(json, "causedBy", NULL),
		.uid = td_json_int_or(json, "uid", TD_VIEW_NONE),
		.pid = td_json_int_or(json, "pid", TD_VIEW_NONE),
		.when_us = td_json_int_or(json, "whenUsec", TD_VIEW_NONE),
	};
}

void td_view_task_read(struct td_view_task *task, const struct td_json *json)
{
	*task = (struct td_view_task){
		.path = td_json_text_or(json, "path", "?"),
		.group = td_json_text_or(json, "group", "/"),
		.name = td_json_text_or(json, "name", "?"),
		.state = td_json_text_or(json, "state", "?"),
		.driver = td_json_text_or(json, "driver", NULL),
		.plugin = td_json_text_or(json, "plugin", NULL),
		.status = td_json_text_or(json, "status", NULL),
		.outcome = td_json_text_or(json, "outcome", NULL),
		.message = td_json_text_or(json, "outcomeMessage", NULL),
		.last_outcome = td_json_text_or(json, "lastOutcome", NULL),
		.last_message = td_json_text_or(json, "lastMessage", NULL),
		.waiting_for = td_json_text_or(json, "waitingFor", NULL),
		.id = td_json_int_or(json, "id", TD_VIEW_NONE),
		.code = td_json_int_or(json, "outcomeCode", TD_VIEW_NONE),
		.created_us = td_json_int_or(json, "createdUsec", TD_VIEW_NONE),
		.started_us = td_json_int_or(json, "startedUsec", TD_VIEW_NONE),
		.ended_us = td_json_int_or(json, "endedUsec", TD_VIEW_NONE),
		.deadline_us = td_json_int_or(json, "deadlineUsec", TD_VIEW_NONE),
		.last_took_us = td_json_int_or(json, "lastDurationUsec", TD_VIEW_NONE),
		.every_us = td_json_int_or(json, "everyUsec", TD_VIEW_NONE),
		.next_us = td_json_int_or(json, "nextUsec", TD_VIEW_NONE),
		.runs = td_json_int_or(json, "runs", TD_VIEW_NONE),
		.failures = td_json_int_or(json, "failures", TD_VIEW_NONE),
		.missed = td_json_int_or(json, "missed", TD_VIEW_NONE),
		.hogs = td_json_int_or(json, "hogs", TD_VIEW_NONE),
		.parameters = td_json_get(json, "parameters"),
	};
	read_reason(&task->reason, td_json_get(json, "cancelReason"));
}

void td_view_group_read(struct td_view_group *group, const struct td_json *json)
{
	*group = (struct td_view_group){
		.path = td_json_text_or(json, "path", "?"),
		.state = td_json_text_or(json, "state", "?"),
		.tasks = td_json_int_or(json, "tasks", 0),
		.groups = td_json_int_or(json, "groups", 0),
		.grace_us = td_json_int_or(json, "graceUsec", TD_VIEW_NONE),
		.max_tasks = td_json_int_or(json, "maxTasks", TD_VIEW_NONE),
		.created_us = td_json_int_or(json, "createdUsec", TD_VIEW_NONE),
		.deadline_us = td_json_int_or(json, "deadlineUsec", TD_VIEW_NONE),
		.condemned = td_json_int_or(json, "condemned", 0),
	};
	read_reason(&group->reason, td_json_get(json, "cancelReason"));
}

bool td_view_task_ended(const struct td_view_task *task)
{
	return strcmp(task->state, "ended") == 0;
}

bool td_view_task_hogs(const struct td_view_task *task)
{
	return task->hogs != TD_VIEW_NONE && task->hogs > 0 && strcmp(task->state, "running") == 0;
}

/* The word that says most: how it ended, else what it does. */
static const char *task_word(const struct td_view_task *task)
{
	return td_view_task_ended(task) && task->outcome ? task->outcome : task->state;
}

void td_view_task_state(const struct td_view_task *task, struct td_strbuf *out)
{
	const char *word = task_word(task);

	td_strbuf_adds(out, word);
	if (strcmp(word, "failed") == 0 && task->code > 0)
		td_strbuf_addf(out, " (%" PRId64 ")", task->code);
	else if (strcmp(word, "crashed") == 0 && task->code > 0)
		td_strbuf_addf(out, " (signal %" PRId64 ")", task->code);
}

enum td_tone td_view_task_tone(const struct td_view_task *task)
{
	if (!td_view_task_ended(task) && task->reason.given)
		return TD_TONE_WARN;
	return find_look(task_word(task))->tone;
}

const char *td_view_task_mark(const struct td_style *style, const struct td_view_task *task)
{
	const struct look *look = find_look(task_word(task));

	return style->utf8 ? look->mark : look->ascii;
}

enum td_tone td_view_outcome_tone(const char *outcome)
{
	return outcome ? find_look(outcome)->tone : TD_TONE_PLAIN;
}

int64_t td_view_task_since(const struct td_view_task *task)
{
	if (td_view_task_ended(task) && task->ended_us != TD_VIEW_NONE)
		return task->ended_us;
	/* Of a periodic task the runs are short and told elsewhere; this is how long it is there.
	 */
	if (task->every_us != TD_VIEW_NONE)
		return task->created_us;
	return task->started_us != TD_VIEW_NONE ? task->started_us : task->created_us;
}

void td_view_reason_text(const struct td_view_reason *reason, struct td_strbuf *out)
{
	td_strbuf_adds(out, reason->kind);
	if (reason->origin[0] != '\0')
		td_strbuf_addf(out, " on %s", reason->origin);
	if (reason->uid != TD_VIEW_NONE && reason->pid != TD_VIEW_NONE)
		td_strbuf_addf(out, " by uid %" PRId64 ", pid %" PRId64, reason->uid, reason->pid);
	else if (reason->uid != TD_VIEW_NONE)
		td_strbuf_addf(out, " by uid %" PRId64, reason->uid);
	if (reason->message != NULL && reason->message[0] != '\0')
		td_strbuf_addf(out, ": %s", reason->message);
}

void td_view_deadline_text(int64_t deadline_us, int64_t now_us, struct td_strbuf *out)
{
	char span[TD_TEXT_SIZE];

	if (deadline_us <= now_us)
		td_strbuf_adds(out, "its time is over");
	else
		td_strbuf_addf(out, "%s left", td_text_span(deadline_us - now_us, span));
}
