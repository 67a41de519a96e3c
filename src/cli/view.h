/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says about a task, a group or a reason, read from its replies. Members that are
 * absent are NULL or TD_VIEW_NONE; texts are borrowed from the reply and are not clean yet.
 */
#ifndef TD_CLI_VIEW_H
#define TD_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "cli/style.h"
#include "cli/text.h"
#include "wire/json.h"

#define TD_VIEW_NONE INT64_MIN

struct td_view_reason {
	bool given;
	const char *kind, *origin, *message, *caused_by;
	int64_t uid, pid, when_us;
};

struct td_view_task {
	const char *path, *group, *name, *state, *driver, *plugin, *status;
	const char *outcome, *message; /* of the end */
	const char *last_outcome, *last_message;
	const char *waiting_for;
	int64_t id, code, created_us, started_us, ended_us, deadline_us;
	int64_t last_took_us, every_us, next_us;
	int64_t runs, failures, missed, hogs;
	struct td_view_reason reason;
	const struct td_json *parameters;
};

struct td_view_group {
	const char *path, *state;
	int64_t tasks, groups, grace_us, max_tasks, created_us, deadline_us, condemned;
	struct td_view_reason reason;
};

void td_view_task_read(struct td_view_task *task, const struct td_json *json);
void td_view_group_read(struct td_view_group *group, const struct td_json *json);

bool td_view_task_ended(const struct td_view_task *task);
/* Whether it holds a thread of its own at this moment. */
bool td_view_task_hogs(const struct td_view_task *task);
/* "waiting", "failed (3)": the state, or how it ended. Negative codes are those of taskd, and the
 * message has their text. */
void td_view_task_state(const struct td_view_task *task, struct td_strbuf *out);
enum td_tone td_view_task_tone(const struct td_view_task *task);
/* One column wide. */
const char *td_view_task_mark(const struct td_style *style, const struct td_view_task *task);
/* How bad an outcome is; TD_TONE_PLAIN for NULL. */
enum td_tone td_view_outcome_tone(const char *outcome);
/* Since when it is as it is: the end, else the start, else (and of a periodic one) the creation. */
int64_t td_view_task_since(const struct td_view_task *task);

/* "by taskctl (uid 0, pid 42) on jobs: not needed", all that is known in one line. */
void td_view_reason_text(const struct td_view_reason *reason, struct td_strbuf *out);
/* "1.5s until it is aborted", or "the time is over". */
void td_view_deadline_text(int64_t deadline_us, int64_t now_us, struct td_strbuf *out);

#endif
