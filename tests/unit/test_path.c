/* SPDX-License-Identifier: MIT */
/* Tests of base/path.h: which names there can be. */
#include "base/path.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/strbuf.h"
#include "tdtest.h"

#define WORD63 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static struct td_path parse(const char *text)
{
	struct td_path path;
	const char *why = NULL;
	int r = td_path_parse(text, &path, &why);

	ck_assert_msg(r == 0, "'%s' is refused: %s", text, why);
	ck_assert_ptr_null(why);
	return path;
}

START_TEST(groups_are_dotted)
{
	static const char *const groups[] = {"a",
					     "ingest",
					     "ingest.parse",
					     "a-b_c.0",
					     "_",
					     WORD63,
					     "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16"};

	for (size_t i = 0; i < TD_ARRAY_SIZE(groups); i++) {
		struct td_path path = parse(groups[i]);

		ck_assert_int_eq(path.kind, TD_PATH_GROUP);
		ck_assert_str_eq(path.group, groups[i]);
		ck_assert_str_eq(path.task, "");
		ck_assert(td_path_is_group(groups[i]));
	}
}
END_TEST

START_TEST(the_root_has_two_spellings)
{
	ck_assert_int_eq(parse("/").kind, TD_PATH_GROUP);
	ck_assert_str_eq(parse("/").group, "");
	ck_assert_int_eq(parse("").kind, TD_PATH_GROUP);
	ck_assert_str_eq(parse("").group, "");
	ck_assert(td_path_is_group("/"));
	ck_assert(td_path_is_group(""));
}
END_TEST

START_TEST(tasks_stand_after_a_slash)
{
	struct td_path path = parse("ingest.parse/fetch.v2");

	ck_assert_int_eq(path.kind, TD_PATH_TASK);
	ck_assert_str_eq(path.group, "ingest.parse");
	ck_assert_str_eq(path.task, "fetch.v2");
	path = parse("/fetch");
	ck_assert_int_eq(path.kind, TD_PATH_TASK);
	ck_assert_str_eq(path.group, "");
	ck_assert_str_eq(path.task, "fetch");
}
END_TEST

START_TEST(numbers_stand_after_a_hash)
{
	ck_assert_int_eq(parse("#42").kind, TD_PATH_ID);
	ck_assert_uint_eq(parse("#42").id, 42);
	ck_assert_uint_eq(parse("#18446744073709551615").id, UINT64_MAX);
}
END_TEST

START_TEST(a_longest_path_fits)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_path path;

	for (int i = 0; i < TD_DEPTH_MAX; i++)
		td_strbuf_addf(&text, "%s" WORD63, i > 0 ? "." : "");
	td_strbuf_adds(&text, "/" WORD63);
	ck_assert_uint_lt(text.length, TD_PATH_MAX);
	path = parse(td_strbuf_text(&text));
	td_strbuf_fini(&text);
	ck_assert_uint_eq(strlen(path.group), TD_GROUP_PATH_MAX - 1);
	ck_assert_str_eq(path.task, WORD63);
}
END_TEST

START_TEST(broken_rules_are_named)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{".", "empty"},
		{"a.", "empty"},
		{".a", "empty"},
		{"a..b", "empty"},
		{"a/", "empty"},
		{"./a", "empty"},
		{"//", "one '/'"},
		{"a/b/c", "one '/'"},
		{"/a/", "one '/'"},
		{"-a", "begin with '-'"},
		{"a.-b", "begin with '-'"},
		{"a/-b", "begin with '-'"},
		{"a b", "letters"},
		{"a\n", "letters"},
		{"a*", "letters"},
		{"caf\xC3\xA9", "letters"},
		{"a/b c", "letters"},
		{" a", "letters"},
		{"a#1", "letters"},
		{"a/#1", "letters"},
		{WORD63 "x", "63"},
		{"a/" WORD63 "x", "63"},
		{"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", "16 words"},
		{"#", "number"},
		{"#0", "number"},
		{"#042", "number"},
		{"#-1", "number"},
		{"#4 2", "number"},
		{"#18446744073709551616", "number"},
		{"#1/a", "number"},
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		struct td_path path = {.id = 7};
		const char *why = "";

		ck_assert_msg(td_path_parse(cases[i].text, &path, &why) == -TASKD_EINVAL,
			      "'%s' is taken", cases[i].text);
		ck_assert_msg(strstr(why, cases[i].why) != NULL, "'%s': '%s' lacks '%s'",
			      cases[i].text, why, cases[i].why);
		ck_assert_uint_eq(path.id, 7);
		ck_assert_int_eq(td_path_parse(cases[i].text, &path, NULL), -TASKD_EINVAL);
	}
}
END_TEST

START_TEST(words_and_task_names_differ_by_the_dot)
{
	ck_assert(td_path_is_word("a-1"));
	ck_assert(!td_path_is_word("a.b"));
	ck_assert(!td_path_is_word(""));
	ck_assert(!td_path_is_word("/"));
	ck_assert(td_path_is_task_name("a.b"));
	ck_assert(!td_path_is_task_name(""));
	ck_assert(!td_path_is_task_name("a/b"));
	ck_assert(!td_path_is_task_name("-a"));
	ck_assert(!td_path_is_group("a/b"));
	ck_assert(!td_path_is_group("#1"));
}
END_TEST

TD_TEST_MAIN("path", groups_are_dotted, the_root_has_two_spellings, tasks_stand_after_a_slash,
	     numbers_stand_after_a_hash, a_longest_path_fits, broken_rules_are_named,
	     words_and_task_names_differ_by_the_dot)
