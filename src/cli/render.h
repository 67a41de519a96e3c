/* SPDX-License-Identifier: MIT */
/*
 * Replies of the daemon as text for people. Pure: from a reply, a style and its time to a text,
 * nothing else is looked at. `reply` is always the parameters of a reply, and NULL or wrong types
 * read as empty. Out of memory sticks in `out`.
 */
#ifndef TD_CLI_RENDER_H
#define TD_CLI_RENDER_H

#include "base/strbuf.h"
#include "cli/style.h"
#include "wire/json.h"

/* Of List: groups and tasks as a tree that begins at `group` (NULL: the root). `widths` of an
 * earlier drawing (zeroes before the first; NULL: there is none) keep the columns in place. */
#define TD_RENDER_TREE_COLUMNS 6
void td_render_tree(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply, const char *group,
		    size_t widths[TD_RENDER_TREE_COLUMNS]);

enum td_render_sort {
	TD_RENDER_BY_PATH,
	TD_RENDER_BY_STATE,
	TD_RENDER_BY_AGE, /* the youngest first */
	TD_RENDER_BY_OUTCOME,
};
/* Of List: one line a task. */
void td_render_list(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply, enum td_render_sort sort);

/* Of Get: everything about one group or task. */
void td_render_show(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply);
/* Of Wait and Run: how a task ended, in one line. */
void td_render_outcome(const struct td_style *style, struct td_strbuf *out,
		       const struct td_json *task);
/* Of Stop and Shutdown: who drained, who was aborted, who is condemned. `what` was stopped. */
void td_render_report(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *report, const char *what);
/* Of ListPlugins; `name` NULL: all of them. Returns: how many were shown. */
size_t td_render_plugins(const struct td_style *style, struct td_strbuf *out,
			 const struct td_json *reply, const char *name);
/* Of GetStatus. */
void td_render_status(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *reply, bool verbose);
/* Of Watch: one line, or none for a reply that says nothing. */
void td_render_event(const struct td_style *style, struct td_strbuf *out,
		     const struct td_json *reply);

/* A value over several lines, indented; for `call` on a terminal. */
void td_render_json(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *value);

#endif
