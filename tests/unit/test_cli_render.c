/* SPDX-License-Identifier: MIT */
/* What taskctl prints, letter by letter, from replies that are always the same. */
#include "cli/render.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/text.h"
#include "cli_replies.h"
#include "tdtest.h"

static struct td_json *parse(const char *text)
{
	struct td_failure failure = {0};
	struct td_json *json = NULL;

	ck_assert_msg(td_json_parse(text, strlen(text), &json, &failure) == 0, "%s", failure.text);
	return json;
}

/* Ages and widths come out the same everywhere: the time is given, the zone and locale are set. */
static struct td_style fixed_style(int width)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	setenv("TZ", "UTC", 1);
	return (struct td_style){.utf8 = true, .width = width, .now_us = NOW_US};
}

static void expect(struct td_strbuf *out, const char *expected)
{
	ck_assert(td_strbuf_ok(out));
	ck_assert_str_eq(td_strbuf_text(out), expected);
	td_strbuf_fini(out);
}

static void expect_tree(const struct td_style *style, const char *group, const char *expected)
{
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *reply = parse(REPLY_LIST);

	td_render_tree(style, &out, reply, group, NULL);
	expect(&out, expected);
	td_json_free(reply);
}

START_TEST(a_tree_has_aligned_columns_and_says_only_what_matters)
{
	struct td_style style = fixed_style(0);

	/* clang-format off */
	expect_tree(&style, NULL,
"/               4 tasks in 5 groups, 1 failed\n"
"├─ host\n"
"│  └─ load      ○ waiting        3min  completed in 0.2ms  in 1s  load 0.42\n"
"├─ jobs         draining, 1.5s left: not needed\n"
"│  ├─ finite    ✗ failed (3)     1min                             exit code 3\n"
"│  └─ stubborn  ● running     2h 5min                             stopping, 1.5s left:"
" not needed (hogs a thread)\n"
"├─ ingest\n"
"│  └─ parse\n"
"│     └─ html   ✓ completed    1d 23h\n"
"└─ spare        empty\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_tree_is_drawn_in_ascii_where_the_locale_is)
{
	struct td_style style = fixed_style(0);

	style.utf8 = false;
	/* clang-format off */
	expect_tree(&style, NULL,
"/               4 tasks in 5 groups, 1 failed\n"
"|- host\n"
"|  `- load      o waiting        3min  completed in 0.2ms  in 1s  load 0.42\n"
"|- jobs         draining, 1.5s left: not needed\n"
"|  |- finite    x failed (3)     1min                             exit code 3\n"
"|  `- stubborn  * running     2h 5min                             stopping, 1.5s left:"
" not needed (hogs a thread)\n"
"|- ingest\n"
"|  `- parse\n"
"|     `- html   + completed    1d 23h\n"
"`- spare        empty\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_subtree_begins_at_its_group)
{
	struct td_style style = fixed_style(0);

	/* clang-format off */
	expect_tree(&style, "ingest",
"ingest      1 task in 1 group\n"
"└─ parse\n"
"   └─ html  ✓ completed  1d 23h\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_narrow_tree_gives_up_the_least_important_columns)
{
	struct td_style style = fixed_style(50);

	/* clang-format off */
	expect_tree(&style, NULL,
"/               4 tasks in 5 groups, 1 failed\n"
"├─ host\n"
"│  └─ load      ○ waiting     load 0.42\n"
"├─ jobs         draining, 1.5s left: not needed\n"
"│  ├─ finite    ✗ failed (3)  exit code 3\n"
"│  └─ stubborn  ● running     stopping, 1.5s left…\n"
"├─ ingest\n"
"│  └─ parse\n"
"│     └─ html   ✓ completed\n"
"└─ spare        empty\n");
	/* clang-format on */
}
END_TEST

START_TEST(no_line_of_a_tree_is_wider_than_the_terminal)
{
	struct td_json *reply = parse(REPLY_LIST);

	for (int width = 20; width < 140; width++) {
		struct td_style style = fixed_style(width);
		struct td_strbuf out = TD_STRBUF_INIT;
		char *rest = NULL;

		td_render_tree(&style, &out, reply, NULL, NULL);
		ck_assert(td_strbuf_ok(&out));
		for (char *line = strtok_r(out.text, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest))
			/* Name and state are always there: below that the terminal folds. */
			if (width >= 32)
				ck_assert_msg(td_style_columns(&style, line) <= (size_t)width,
					      "%d: %s", width, line);
		td_strbuf_fini(&out);
	}
	td_json_free(reply);
}
END_TEST

START_TEST(colors_never_change_the_text)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf plain = TD_STRBUF_INIT, color = TD_STRBUF_INIT, stripped = TD_STRBUF_INIT;
	struct td_json *reply = parse(REPLY_LIST);

	td_render_tree(&style, &plain, reply, NULL, NULL);
	style.color = true;
	td_render_tree(&style, &color, reply, NULL, NULL);
	for (const char *at = td_strbuf_text(&color); *at != '\0'; at++) {
		if (*at == '\033')
			at = strchr(at, 'm');
		else
			td_strbuf_addc(&stripped, *at);
	}
	ck_assert_uint_gt(color.length, plain.length);
	ck_assert_str_eq(td_strbuf_text(&stripped), td_strbuf_text(&plain));
	td_strbuf_fini(&plain);
	td_strbuf_fini(&color);
	td_strbuf_fini(&stripped);
	td_json_free(reply);
}
END_TEST

START_TEST(a_timeless_tree_does_not_change_by_itself)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf now = TD_STRBUF_INIT, later = TD_STRBUF_INIT;
	struct td_json *reply = parse(REPLY_LIST);

	style.timeless = true;
	td_render_tree(&style, &now, reply, NULL, NULL);
	style.now_us += INT64_C(3600000000);
	td_render_tree(&style, &later, reply, NULL, NULL);
	ck_assert_str_eq(td_strbuf_text(&now), td_strbuf_text(&later));
	ck_assert_ptr_nonnull(strstr(td_strbuf_text(&now), "stubborn"));
	td_strbuf_fini(&now);
	td_strbuf_fini(&later);
	td_json_free(reply);
}
END_TEST

START_TEST(a_tree_that_is_drawn_again_keeps_its_columns_in_place)
{
	struct td_style style = fixed_style(0);
	size_t widths[TD_RENDER_TREE_COLUMNS] = {0};
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *wide = parse(REPLY_LIST), *small = parse("{\"tasks\":[" TASK_LOAD "]}");

	td_render_tree(&style, &out, wide, NULL, widths);
	td_strbuf_reset(&out);
	td_render_tree(&style, &out, small, NULL, widths);
	ck_assert_ptr_nonnull(
		strstr(td_strbuf_text(&out),
		       "load      ○ waiting        3min  completed in 0.2ms  in 1s  load 0.42\n"));
	td_strbuf_fini(&out);
	td_json_free(wide);
	td_json_free(small);
}
END_TEST

static void expect_list(const struct td_style *style, enum td_render_sort sort,
			const char *expected)
{
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *reply = parse(REPLY_LIST);

	td_render_list(style, &out, reply, sort);
	expect(&out, expected);
	td_json_free(reply);
}

START_TEST(a_list_is_one_line_a_task_with_titles_for_people_only)
{
	struct td_style style = fixed_style(0);

	/* clang-format off */
	expect_list(&style, TD_RENDER_BY_PATH,
"host/load          #4  waiting        3min  completed in 0.2ms  in 1s  load 0.42\n"
"ingest.parse/html  #9  completed    1d 23h\n"
"jobs/finite        #6  failed (3)     1min                             exit code 3\n"
"jobs/stubborn      #7  running     2h 5min                             stopping, 1.5s"
" left: not needed (hogs a thread)\n");
	style.terminal = true;
	style.width = 64;
	expect_list(&style, TD_RENDER_BY_PATH,
"TASK               STATE           AGE  NEXT   STATUS\n"
"host/load          waiting        3min  in 1s  load 0.42\n"
"ingest.parse/html  completed    1d 23h\n"
"jobs/finite        failed (3)     1min         exit code 3\n"
"jobs/stubborn      running     2h 5min         stopping, 1.5s l…\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_list_is_sorted_by_the_key_that_was_asked_for)
{
	static const char *const first[] = {
		[TD_RENDER_BY_PATH] = "host/load",
		[TD_RENDER_BY_STATE] = "ingest.parse/html", /* ended, before running and waiting */
		[TD_RENDER_BY_AGE] = "jobs/finite",
		[TD_RENDER_BY_OUTCOME] = "jobs/finite",
	};
	struct td_style style = fixed_style(0);
	struct td_json *reply = parse(REPLY_LIST);

	for (enum td_render_sort sort = TD_RENDER_BY_PATH; sort <= TD_RENDER_BY_OUTCOME; sort++) {
		struct td_strbuf out = TD_STRBUF_INIT;

		td_render_list(&style, &out, reply, sort);
		ck_assert_msg(strncmp(td_strbuf_text(&out), first[sort], strlen(first[sort])) == 0,
			      "sort %d: %s", (int)sort, td_strbuf_text(&out));
		td_strbuf_fini(&out);
	}
	td_json_free(reply);
}
END_TEST

static void expect_show(const char *reply, const char *expected)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(reply);

	td_render_show(&style, &out, json);
	expect(&out, expected);
	td_json_free(json);
}

START_TEST(show_tells_all_that_is_known_of_a_task)
{
	/* clang-format off */
	expect_show("{\"task\":" TASK_LOAD "}",
"host/load  #4  waiting\n"
"  status        load 0.42\n"
"  waits for     timer\n"
"  plugin        sample\n"
"  driver        fiber\n"
"  created       2025-01-31 11:56:49 (3min ago)\n"
"  started       2025-01-31 11:56:49 (3min ago)\n"
"  every         1s\n"
"  runs          191\n"
"  last run      completed in 0.2ms\n"
"  next run      2025-01-31 12:00:00 (in 400ms)\n");
	expect_show("{\"task\":" TASK_FINITE "}",
"jobs/finite  #6  failed (3)\n"
"  message       exit code 3\n"
"  plugin        exec\n"
"  driver        fiber\n"
"  created       2025-01-31 11:58:00 (2min ago)\n"
"  started       2025-01-31 11:58:00 (2min ago)\n"
"  ended         2025-01-31 11:58:05 (1min ago)\n"
"  took          5.5s\n"
"  parameters    command = /bin/false\n");
	expect_show("{\"task\":" TASK_STUBBORN "}",
"jobs/stubborn  #7  running\n"
"  cancelled     requested on jobs by uid 0, pid 99: not needed\n"
"  asked         2025-01-31 11:59:59 (1s ago)\n"
"  deadline      1.5s left\n"
"  plugin        exec\n"
"  driver        thread\n"
"  created       2025-01-31 09:55:00 (2h 5min ago)\n"
"  started       2025-01-31 09:55:00 (2h 5min ago)\n"
"  hogs          it holds a thread of its own: it ran without waiting\n");
	/* clang-format on */
}
END_TEST

START_TEST(show_tells_all_that_is_known_of_a_group)
{
	/* clang-format off */
	expect_show("{\"group\":" GROUP_JOBS "}",
"jobs  draining\n"
"  tasks         1 of at most 10\n"
"  groups        0\n"
"  grace         2s\n"
"  created       2025-01-29 12:00:00 (2d ago)\n"
"  cancelled     requested on jobs by uid 0, pid 99: not needed\n"
"  asked         2025-01-31 11:59:59 (1s ago)\n"
"  deadline      1.5s left\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_report_names_the_worst_first_and_where_the_time_went)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(REPLY_REPORT);

	td_render_report(&style, &out, td_json_get(json, "report"), "jobs");
	/* clang-format off */
	expect(&out,
"jobs stopped in 2.3s: condemned (1 condemned, 1 aborted, 2 drained)\n"
"  grace 2s, draining took 2s, aborting took 250ms\n"
"  ▲ condemned  jobs/stubborn   #7              after 2.2s  in a call that does not return\n"
"  ■ aborted    jobs/slow       #8                after 2s  waited for a timer\n"
"  ✓ drained    jobs/sleeper    #5  cancelled   after 12ms\n"
"  ✓ drained    jobs/last      #10  failed     after 0.9ms\n"
"  and 1 more\n");
	/* clang-format on */
	td_json_free(json);
}
END_TEST

START_TEST(an_outcome_is_one_line)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(TASK_FINITE);

	td_render_outcome(&style, &out, json);
	expect(&out, "jobs/finite: failed (3): exit code 3\n");
	td_json_free(json);
}
END_TEST

START_TEST(plugins_show_types_ranges_defaults_and_refusals)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(REPLY_PLUGINS);

	ck_assert_uint_eq(td_render_plugins(&style, &out, json, NULL), 2);
	/* clang-format off */
	expect(&out,
"exec 1.0  runs a program  fiber, 2 tasks\n"
"  command  list, required\n"
"    what to run\n"
"  nice  integer, -20 to 19, default 0\n"
"    as in nice(1)\n"
"  output  events|discard, default events\n"
"    what becomes of its output\n"
"  limit  size in bytes, at least 64K\n"
"    of memory\n"
"  within  duration, 1ms to 1h, default 5s\n"
"    how long\n"
"\n"
"old  refused: made for ABI 1, this is 2\n"
"  /lib/old.so\n");
	/* clang-format on */
	ck_assert_uint_eq(td_render_plugins(&style, &out, json, "old"), 1);
	expect(&out, "old  refused: made for ABI 1, this is 2\n  /lib/old.so\n");
	ck_assert_uint_eq(td_render_plugins(&style, &out, json, "none"), 0);
	td_strbuf_fini(&out);
	td_json_free(json);
}
END_TEST

START_TEST(status_says_whether_it_is_degraded_and_why)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(REPLY_STATUS);

	td_render_status(&style, &out, json, true);
	/* clang-format off */
	expect(&out,
"taskd 0.1.0  running for 2h 5min, since 2025-01-31 09:55:00, pid 123\n"
"  health   degraded\n"
"           - 1 task is condemned: jobs/stubborn\n"
"  tree     11 tasks in 4 groups: 1 running, 8 waiting, 0 ready, 2 ended\n"
"  plugins  5 loaded, 1 refused (see taskctl plugins)\n"
"  control  1 connection, 1204 events so far\n"
"counters:\n"
"  spawned  40\n"
"  ended    29\n"
"features:\n"
"  pidfd   yes\n"
"  stacks  guarded\n");
	/* clang-format on */
	td_json_free(json);
	json = parse("{\"version\":\"1\",\"state\":\"running\",\"degraded\":[]}");
	td_render_status(&style, &out, json, false);
	ck_assert_ptr_nonnull(strstr(td_strbuf_text(&out), "  health   good\n"));
	td_strbuf_fini(&out);
	td_json_free(json);
}
END_TEST

START_TEST(an_event_is_one_clean_line_and_lost_ones_are_told)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse(REPLY_EVENT);

	td_render_event(&style, &out, json);
	/* clang-format off */
	expect(&out,
"-- 3 events were lost here: this reader was too slow --\n"
"11:59:59.123 warning host/load: load is high.[2J\n");
	/* clang-format on */
	td_json_free(json);
	json = parse("{\"sequence\":12}");
	td_render_event(&style, &out, json);
	expect(&out, "");
	td_json_free(json);
}
END_TEST

START_TEST(replies_without_members_do_not_break_anything)
{
	struct td_style style = fixed_style(80);
	struct td_json *json = parse("{\"groups\":3,\"tasks\":[{},{\"path\":7}],\"task\":{},"
				     "\"group\":{},\"plugins\":[{}],\"event\":{},\"lost\":\"x\"}");
	struct td_strbuf out = TD_STRBUF_INIT;

	td_render_tree(&style, &out, json, NULL, NULL);
	td_render_list(&style, &out, json, TD_RENDER_BY_AGE);
	td_render_show(&style, &out, json);
	td_render_report(&style, &out, json, "x");
	td_render_plugins(&style, &out, json, NULL);
	td_render_status(&style, &out, json, true);
	td_render_event(&style, &out, json);
	td_render_tree(&style, &out, NULL, "a.b", NULL);
	ck_assert(td_strbuf_ok(&out));
	td_strbuf_fini(&out);
	td_json_free(json);
}
END_TEST

START_TEST(json_is_indented)
{
	struct td_style style = fixed_style(0);
	struct td_strbuf out = TD_STRBUF_INIT;
	struct td_json *json = parse("{\"a\":[1,\"\\u0007x\",{}],\"b\":{\"c\":null,\"d\":1.5}}");

	td_render_json(&style, &out, json);
	expect(&out, "{\n  \"a\": [\n    1,\n    \"\\u0007x\",\n    {}\n  ],\n  \"b\": {\n"
		     "    \"c\": null,\n    \"d\": 1.5\n  }\n}\n");
	td_json_free(json);
}
END_TEST

static void expect_span(int64_t usec, const char *span, const char *age)
{
	char text[TD_TEXT_SIZE];

	ck_assert_str_eq(td_text_span(usec, text), span);
	ck_assert_str_eq(td_text_age(usec, text), age);
}

START_TEST(times_are_short)
{
	expect_span(0, "0s", "0s");
	expect_span(99, "99us", "0s");
	expect_span(250, "0.2ms", "0s");
	expect_span(12000, "12ms", "0s");
	expect_span(2500000, "2.5s", "2s");
	expect_span(9999999, "9.9s", "9s");
	expect_span(INT64_C(42000000), "42s", "42s");
	expect_span(INT64_C(60000000), "1min", "1min");
	expect_span(INT64_C(190000000), "3min", "3min");
	expect_span(INT64_C(7500000000), "2h 5min", "2h 5min");
	expect_span(INT64_C(7200000000), "2h", "2h");
	expect_span(INT64_C(273600000000), "3d 4h", "3d 4h");
	expect_span(-5, "0s", "0s");
}
END_TEST

static int render_all(const struct td_style *style, const struct td_json *list,
		      const struct td_json *report, const struct td_json *plugins)
{
	struct td_strbuf out = TD_STRBUF_INIT;
	bool ok;

	td_render_tree(style, &out, list, NULL, NULL);
	td_render_list(style, &out, list, TD_RENDER_BY_PATH);
	td_render_report(style, &out, td_json_get(report, "report"), "jobs");
	td_render_plugins(style, &out, plugins, NULL);
	ok = td_strbuf_ok(&out);
	td_strbuf_fini(&out);
	return ok ? 0 : -TASKD_ENOMEM;
}

START_TEST(running_out_of_memory_while_drawing_leaves_nothing_behind)
{
	struct td_style style = fixed_style(0);
	struct td_json *list = parse(REPLY_LIST), *report = parse(REPLY_REPORT);
	struct td_json *plugins = parse(REPLY_PLUGINS);

	TD_TEST_TORTURE(render_all(&style, list, report, plugins));
	td_json_free(list);
	td_json_free(report);
	td_json_free(plugins);
}
END_TEST

TD_TEST_MAIN("cli_render", a_tree_has_aligned_columns_and_says_only_what_matters,
	     a_tree_is_drawn_in_ascii_where_the_locale_is, a_subtree_begins_at_its_group,
	     a_narrow_tree_gives_up_the_least_important_columns,
	     no_line_of_a_tree_is_wider_than_the_terminal, colors_never_change_the_text,
	     a_timeless_tree_does_not_change_by_itself,
	     a_tree_that_is_drawn_again_keeps_its_columns_in_place,
	     a_list_is_one_line_a_task_with_titles_for_people_only,
	     a_list_is_sorted_by_the_key_that_was_asked_for, show_tells_all_that_is_known_of_a_task,
	     show_tells_all_that_is_known_of_a_group,
	     a_report_names_the_worst_first_and_where_the_time_went, an_outcome_is_one_line,
	     plugins_show_types_ranges_defaults_and_refusals,
	     status_says_whether_it_is_degraded_and_why,
	     an_event_is_one_clean_line_and_lost_ones_are_told,
	     replies_without_members_do_not_break_anything, json_is_indented, times_are_short,
	     running_out_of_memory_while_drawing_leaves_nothing_behind)
