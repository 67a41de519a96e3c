/* SPDX-License-Identifier: MIT */
/* The tree, and the list: one line for each task. */
#include "cli/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "cli/table.h"
#include "cli/view.h"

#define DEPTH_MAX 64 /* levels that are drawn; the daemon admits 16 */

enum tree_column { TREE_NAME, TREE_STATE, TREE_AGE, TREE_LAST, TREE_NEXT, TREE_STATUS };

static const struct td_column tree_columns[] = {
	[TREE_NAME] = {.title = "", .stretch = true, .min = 16},
	[TREE_STATE] = {.title = ""},
	[TREE_AGE] = {.title = "", .right = true, .rank = 2},
	[TREE_LAST] = {.title = "", .rank = 4},
	[TREE_NEXT] = {.title = "", .rank = 3},
	[TREE_STATUS] = {.title = "", .stretch = true, .min = 12, .rank = 1},
};

_Static_assert(TD_ARRAY_SIZE(tree_columns) == TD_RENDER_TREE_COLUMNS, "see render.h");

enum list_column {
	LIST_PATH,
	LIST_ID,
	LIST_STATE,
	LIST_AGE,
	LIST_LAST,
	LIST_NEXT,
	LIST_STATUS,
};

static const struct td_column list_columns[] = {
	[LIST_PATH] = {.title = "TASK"},
	[LIST_ID] = {.title = "ID", .right = true, .rank = 5},
	[LIST_STATE] = {.title = "STATE"},
	[LIST_AGE] = {.title = "AGE", .right = true, .rank = 2},
	[LIST_LAST] = {.title = "LAST RUN", .rank = 4},
	[LIST_NEXT] = {.title = "NEXT", .rank = 3},
	[LIST_STATUS] = {.title = "STATUS", .stretch = true, .min = 12, .rank = 1},
};

/* A group with what is in it. */
struct node {
	const char *path;             /* borrowed from the reply */
	const struct td_json *group;  /* borrowed; NULL: the reply did not have it */
	const struct td_json **tasks; /* owned array of borrowed values */
	size_t n_tasks, capacity;
	struct td_list groups; /* of node.sibling */
	struct td_list sibling;
};

/* The nodes of one reply. */
struct forest {
	struct td_map *nodes; /* owned, with its nodes; by path */
	struct node *root;
	bool failed;
};

static const char *root_name(const char *path)
{
	return path == NULL || path[0] == '\0' ? "/" : path;
}

static struct node *get_node(struct forest *forest, const char *path)
{
	struct node *node = td_map_get(forest->nodes, root_name(path));

	if (node != NULL)
		return node;
	node = td_mem_new(sizeof(*node));
	if (node == NULL || td_map_add(forest->nodes, root_name(path), node) < 0) {
		forest->failed = true;
		return td_mem_free(node);
	}
	node->path = root_name(path);
	td_list_init(&node->groups);
	return node;
}

/* The nearest group above a path that the reply knows; else the root. */
static struct node *parent_of(struct forest *forest, const char *path)
{
	char *above = td_mem_strdup(path);
	struct node *parent = NULL;
	char *dot;

	if (above == NULL)
		forest->failed = true;
	while (above != NULL && parent == NULL && (dot = strrchr(above, '.')) != NULL) {
		*dot = '\0';
		parent = td_map_get(forest->nodes, above);
	}
	td_mem_free(above);
	return parent ? parent : forest->root;
}

static void add_task(struct forest *forest, const struct td_json *task)
{
	struct node *node = get_node(forest, td_json_text_or(task, "group", NULL));

	if (node == NULL)
		return;
	if (node->n_tasks == node->capacity) {
		size_t capacity = node->capacity ? node->capacity * 2 : 8;
		const struct td_json **tasks =
			td_mem_resize(node->tasks, capacity * sizeof(struct td_json *));

		if (tasks == NULL) {
			forest->failed = true;
			return;
		}
		node->tasks = tasks;
		node->capacity = capacity;
	}
	node->tasks[node->n_tasks++] = task;
}

/* Whether a group is `top` or below it. */
static bool is_within(const char *path, const char *top)
{
	size_t length = strlen(root_name(top));

	if (strcmp(root_name(top), "/") == 0)
		return true;
	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

static void plant(struct forest *forest, const struct td_json *reply, const char *top)
{
	const struct td_json *i;
	struct node *node;
	size_t cursor = 0;

	forest->root = get_node(forest, top);
	TD_JSON_FOREACH (i, td_json_get(reply, "groups")) {
		const char *path = td_json_text_or(i, "path", "/");

		if (is_within(path, top) && (node = get_node(forest, path)) != NULL)
			node->group = i;
	}
	TD_JSON_FOREACH (i, td_json_get(reply, "tasks")) {
		if (is_within(td_json_text_or(i, "group", "/"), top))
			add_task(forest, i);
	}
	while (!forest->failed && (node = td_map_next(forest->nodes, &cursor, NULL)) != NULL)
		if (node != forest->root)
			td_list_append(&parent_of(forest, node->path)->groups, &node->sibling);
}

static void forest_fini(struct forest *forest)
{
	struct node *node;
	size_t cursor = 0;

	while (forest->nodes && (node = td_map_next(forest->nodes, &cursor, NULL)) != NULL) {
		td_mem_free(node->tasks);
		td_mem_free(node);
	}
	td_map_free(forest->nodes);
}

/* "running", with its mark before it. */
static void state_cell(const struct td_style *style, struct td_table *table, size_t column,
		       const struct td_view_task *task, bool mark)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (mark)
		td_strbuf_addf(&text, "%s ", td_view_task_mark(style, task));
	td_view_task_state(task, &text);
	td_table_cell_take(table, column, td_view_task_tone(task), &text);
}

static void last_cell(const struct td_style *style, struct td_table *table, size_t column,
		      const struct td_view_task *task)
{
	enum td_tone tone = td_view_outcome_tone(task->last_outcome);
	char span[TD_TEXT_SIZE];

	if (task->last_outcome == NULL)
		return;
	/* Things as they should be stay in the background. */
	if (tone == TD_TONE_GOOD)
		tone = TD_TONE_FAINT;
	if (task->last_took_us == TD_VIEW_NONE || style->timeless)
		td_table_cell(table, column, tone, task->last_outcome);
	else
		td_table_cellf(table, column, tone, "%s in %s", task->last_outcome,
			       td_text_span(task->last_took_us, span));
}

static void times_cells(const struct td_style *style, struct td_table *table, size_t age,
			size_t next, const struct td_view_task *task)
{
	int64_t since = td_view_task_since(task);
	char text[TD_TEXT_SIZE];

	if (style->timeless)
		return;
	if (since != TD_VIEW_NONE)
		td_table_cell(table, age, TD_TONE_FAINT, td_text_age(style->now_us - since, text));
	if (task->next_us != TD_VIEW_NONE && task->next_us <= style->now_us)
		td_table_cell(table, next, TD_TONE_FAINT, "now");
	else if (task->next_us != TD_VIEW_NONE)
		/* A second is begun, not over: "in 0s" would read as overdue. */
		td_table_cellf(table, next, TD_TONE_FAINT, "in %s",
			       td_text_age(task->next_us - style->now_us + 999999, text));
}

/* What matters most about a task now: that it is being stopped, why it ended, what it says. */
static void status_cell(const struct td_style *style, struct td_table *table, size_t column,
			const struct td_view_task *task)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	enum td_tone tone = TD_TONE_PLAIN;

	if (!td_view_task_ended(task) && task->reason.given) {
		tone = TD_TONE_WARN;
		td_strbuf_adds(&text, "stopping");
		if (task->deadline_us != TD_VIEW_NONE && !style->timeless) {
			td_strbuf_adds(&text, ", ");
			td_view_deadline_text(task->deadline_us, style->now_us, &text);
		}
		if (task->reason.message != NULL && task->reason.message[0] != '\0')
			td_strbuf_addf(&text, ": %s", task->reason.message);
	} else if (td_view_task_ended(task) && task->message != NULL && task->message[0] != '\0') {
		td_strbuf_adds(&text, task->message);
	} else if (task->status != NULL) {
		td_strbuf_adds(&text, task->status);
	} else if (task->last_message != NULL) {
		td_strbuf_adds(&text, task->last_message);
	}
	if (td_view_task_hogs(task))
		td_strbuf_addf(&text, "%s(hogs a thread)", text.length > 0 ? " " : "");
	td_table_cell_take(table, column, tone, &text);
}

/* The state of a group, when there is something to say about it. */
static void group_note(const struct td_style *style, struct td_table *table,
		       const struct node *node)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	enum td_tone tone = TD_TONE_FAINT;
	struct td_view_group group;

	td_view_group_read(&group, node->group);
	if (node->group != NULL && strcmp(group.state, "open") != 0) {
		tone = strcmp(group.state, "closed") == 0 ? TD_TONE_FAINT : TD_TONE_WARN;
		td_strbuf_adds(&text, group.state);
		if (group.deadline_us != TD_VIEW_NONE && tone == TD_TONE_WARN && !style->timeless) {
			td_strbuf_adds(&text, ", ");
			td_view_deadline_text(group.deadline_us, style->now_us, &text);
		}
		if (group.reason.message != NULL && group.reason.message[0] != '\0')
			td_strbuf_addf(&text, ": %s", group.reason.message);
	} else if (node->n_tasks == 0 && td_list_empty(&node->groups)) {
		td_strbuf_adds(&text, "empty");
	}
	if (group.condemned > 0) {
		tone = TD_TONE_WORST;
		td_strbuf_addf(&text, "%s%" PRId64 " condemned", text.length > 0 ? ", " : "",
			       group.condemned);
	}
	if (text.length > 0 || text.failed)
		td_table_note_take(table, tone, &text);
}

/* The drawing of the tree: what stands before the names. */
struct pen {
	const struct td_style *style;
	struct td_table *table;
	struct td_strbuf prefix;
	int depth;
};

static void pen_row(struct pen *pen, bool last)
{
	struct td_strbuf lead = TD_STRBUF_INIT;

	td_strbuf_adds(&lead, td_strbuf_text(&pen->prefix));
	if (pen->style->utf8)
		td_strbuf_adds(&lead, last ? "└─ " : "├─ ");
	else
		td_strbuf_adds(&lead, last ? "`- " : "|- ");
	td_table_row(pen->table);
	lead.failed = lead.failed || !td_strbuf_ok(&pen->prefix);
	td_table_lead_take(pen->table, TREE_NAME, &lead);
}

static void task_row(struct pen *pen, const struct td_json *json, bool last)
{
	struct td_view_task task;

	td_view_task_read(&task, json);
	pen_row(pen, last);
	td_table_cell(pen->table, TREE_NAME, TD_TONE_PLAIN, task.name);
	state_cell(pen->style, pen->table, TREE_STATE, &task, true);
	times_cells(pen->style, pen->table, TREE_AGE, TREE_NEXT, &task);
	last_cell(pen->style, pen->table, TREE_LAST, &task);
	status_cell(pen->style, pen->table, TREE_STATUS, &task);
}

static void draw_below(struct pen *pen, const struct node *node)
{
	const struct node *child;

	if (pen->depth >= DEPTH_MAX)
		return;
	pen->depth++;
	for (size_t i = 0; i < node->n_tasks; i++)
		task_row(pen, node->tasks[i],
			 i + 1 == node->n_tasks && td_list_empty(&node->groups));
	TD_LIST_FOREACH (child, &node->groups, sibling) {
		const char *dot = strrchr(child->path, '.');
		bool last = child->sibling.next == &node->groups;
		size_t length = pen->prefix.length;

		pen_row(pen, last);
		td_table_cell(pen->table, TREE_NAME, TD_TONE_STRONG, dot ? dot + 1 : child->path);
		group_note(pen->style, pen->table, child);
		td_strbuf_adds(&pen->prefix, last ? "   " : pen->style->utf8 ? "│  " : "|  ");
		draw_below(pen, child);
		if (td_strbuf_ok(&pen->prefix)) {
			pen->prefix.length = length;
			pen->prefix.text[length] = '\0';
		}
	}
	pen->depth--;
}

/* "11 tasks in 4 groups, 1 failed": the tree in one line, beside its root. */
static void root_note(struct td_table *table, const struct forest *forest)
{
	size_t n_groups = td_map_size(forest->nodes) - 1, n_tasks = 0, n_bad = 0, cursor = 0;
	char tasks[TD_TEXT_SIZE], groups[TD_TEXT_SIZE];
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_view_task task;
	struct node *node;

	while ((node = td_map_next(forest->nodes, &cursor, NULL)) != NULL) {
		n_tasks += node->n_tasks;
		for (size_t i = 0; i < node->n_tasks; i++) {
			td_view_task_read(&task, node->tasks[i]);
			n_bad += td_view_task_tone(&task) >= TD_TONE_BAD;
		}
	}
	td_strbuf_adds(&text, td_text_count((int64_t)n_tasks, "task", tasks));
	if (n_groups > 0)
		td_strbuf_addf(&text, " in %s", td_text_count((int64_t)n_groups, "group", groups));
	if (n_bad > 0)
		td_strbuf_addf(&text, ", %zu failed", n_bad);
	td_table_note_take(table, n_bad > 0 ? TD_TONE_BAD : TD_TONE_FAINT, &text);
}

static void draw(struct pen *pen, const struct forest *forest)
{
	struct td_view_group group;

	td_view_group_read(&group, forest->root->group);
	td_table_row(pen->table);
	td_table_cell(pen->table, TREE_NAME, TD_TONE_STRONG, forest->root->path);
	if (forest->root->group == NULL || strcmp(group.state, "open") == 0)
		root_note(pen->table, forest);
	else
		group_note(pen->style, pen->table, forest->root);
	draw_below(pen, forest->root);
}

void td_render_tree(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply, const char *group,
		    size_t widths[TD_RENDER_TREE_COLUMNS])
{
	struct forest forest = {.nodes = td_map_new()};
	struct pen pen = {.style = style, .prefix = TD_STRBUF_INIT};

	pen.table = td_table_new(style, tree_columns, TD_ARRAY_SIZE(tree_columns));
	if (forest.nodes != NULL)
		plant(&forest, reply, group);
	if (forest.nodes == NULL || forest.failed || pen.table == NULL) {
		out->failed = true;
	} else {
		draw(&pen, &forest);
		td_table_keep(pen.table, widths);
		td_table_print(pen.table, out, false);
	}
	td_strbuf_fini(&pen.prefix);
	td_table_free(pen.table);
	forest_fini(&forest);
}

/* Orders two tasks for the list; ties go by path. */
static int compare(const struct td_view_task *a, const struct td_view_task *b,
		   enum td_render_sort sort)
{
	int order = 0;

	switch (sort) {
	case TD_RENDER_BY_PATH:
		break;
	case TD_RENDER_BY_STATE:
		order = strcmp(a->state, b->state);
		break;
	case TD_RENDER_BY_AGE:
		order = (td_view_task_since(a) < td_view_task_since(b)) -
			(td_view_task_since(a) > td_view_task_since(b));
		break;
	case TD_RENDER_BY_OUTCOME:
		/* What needs to be looked at comes first. */
		order = (int)td_view_task_tone(b) - (int)td_view_task_tone(a);
		break;
	}
	return order != 0 ? order : strcmp(a->path, b->path);
}

static int compare_by_path(const void *a, const void *b)
{
	return compare(a, b, TD_RENDER_BY_PATH);
}

static int compare_by_state(const void *a, const void *b)
{
	return compare(a, b, TD_RENDER_BY_STATE);
}

static int compare_by_age(const void *a, const void *b)
{
	return compare(a, b, TD_RENDER_BY_AGE);
}

static int compare_by_outcome(const void *a, const void *b)
{
	return compare(a, b, TD_RENDER_BY_OUTCOME);
}

static void list_row(const struct td_style *style, struct td_table *table,
		     const struct td_view_task *task)
{
	td_table_row(table);
	td_table_cell(table, LIST_PATH, TD_TONE_PLAIN, task->path);
	if (task->id != TD_VIEW_NONE)
		td_table_cellf(table, LIST_ID, TD_TONE_FAINT, "#%" PRId64, task->id);
	state_cell(style, table, LIST_STATE, task, false);
	times_cells(style, table, LIST_AGE, LIST_NEXT, task);
	last_cell(style, table, LIST_LAST, task);
	status_cell(style, table, LIST_STATUS, task);
}

void td_render_list(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *reply, enum td_render_sort sort)
{
	static int (*const by[])(const void *, const void *) = {
		[TD_RENDER_BY_PATH] = compare_by_path,
		[TD_RENDER_BY_STATE] = compare_by_state,
		[TD_RENDER_BY_AGE] = compare_by_age,
		[TD_RENDER_BY_OUTCOME] = compare_by_outcome,
	};
	const struct td_json *list = td_json_get(reply, "tasks"), *i;
	size_t n = td_json_size(list), at = 0;
	struct td_view_task *tasks = td_mem_array(n + 1, sizeof(*tasks));
	struct td_table *table = td_table_new(style, list_columns, TD_ARRAY_SIZE(list_columns));

	if (tasks == NULL || table == NULL) {
		out->failed = true;
	} else {
		TD_JSON_FOREACH (i, list)
			td_view_task_read(&tasks[at++], i);
		qsort(tasks, n, sizeof(*tasks), by[sort]);
		for (size_t k = 0; k < n; k++)
			list_row(style, table, &tasks[k]);
		/* A script counts lines: titles are for people. */
		td_table_print(table, out, style->terminal && n > 0);
	}
	td_mem_free(tasks);
	td_table_free(table);
}
