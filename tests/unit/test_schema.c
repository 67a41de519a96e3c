/* SPDX-License-Identifier: MIT */
/* Parameter schemas: declarations that are refused, values that are taken, errors word by word. */
#include <string.h>

#include <taskd/error.h>
#include <taskd/types.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "plugin/schema.h"
#include "tdtest.h"

#define SECOND TASKD_SEC

static const struct taskd_param all[] = {
	{.name = "text", .type = TASKD_PARAM_STRING, .help = "A text."},
	{.name = "count",
	 .type = TASKD_PARAM_INTEGER,
	 .fallback = "3",
	 .help = "A number.",
	 .unit = "lines",
	 .min = 1,
	 .max = 10},
	{.name = "deep", .type = TASKD_PARAM_BOOLEAN, .fallback = "yes", .help = "A flag."},
	{.name = "pause",
	 .type = TASKD_PARAM_DURATION,
	 .fallback = "1s",
	 .help = "A time.",
	 .min = 10 * TASKD_MSEC,
	 .max = 3600 * TASKD_SEC},
	{.name = "room",
	 .type = TASKD_PARAM_SIZE,
	 .help = "A size.",
	 .min = 1024,
	 .max = INT64_MAX},
	{.name = "command", .type = TASKD_PARAM_LIST, .help = "Words."},
	{.name = "path", .type = TASKD_PARAM_PATH, .help = "A path."},
	{.name = "metric",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "load",
	 .help = "What.",
	 .choices = "load memory pressure"},
	{.name = NULL},
};

static const struct taskd_param strict[] = {
	{.name = "command",
	 .type = TASKD_PARAM_LIST,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "What to run."},
	{.name = NULL},
};

/* The error of giving one value; "" when it is taken. */
static const char *error_of(const struct taskd_param *params, const char *key, const char *text)
{
	static struct td_failure failure;
	const struct td_setting setting = {.key = key, .text = text};
	struct td_values *values = NULL;

	failure = (struct td_failure){0};
	if (td_values_new(params, &setting, 1, &values, &failure) < 0) {
		ck_assert_int_eq(failure.code, -TASKD_EINVAL);
		ck_assert_str_eq(failure.subject, key);
	}
	td_values_unref(values);
	return failure.text;
}

static const char *declaration_error(struct taskd_param param)
{
	static struct td_failure failure;
	const struct taskd_param params[] = {param, {.name = NULL}};

	failure = (struct td_failure){0};
	if (td_schema_check(params, &failure) < 0)
		ck_assert_int_eq(failure.code, -TASKD_EPLUGIN);
	return failure.text;
}

START_TEST(a_good_declaration_passes)
{
	ck_assert_int_eq(td_schema_check(all, NULL), 0);
	ck_assert_int_eq(td_schema_check(strict, NULL), 0);
	ck_assert_int_eq(td_schema_check(NULL, NULL), 0);
}
END_TEST

START_TEST(a_bad_declaration_is_refused_with_the_rule)
{
	const struct taskd_param good = {
		.name = "x", .type = TASKD_PARAM_INTEGER, .help = "A number."};
	struct taskd_param bad;

	ck_assert_str_eq(declaration_error(good), "");
	static const char *const names[] = {"", "X", "a b", "-a", "a-", "a--b", "1a", "a-1", "a_b"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bad = good;
		bad.name = names[i];
		ck_assert_ptr_nonnull(strstr(declaration_error(bad), "must be lower case words"));
	}
	bad = good;
	bad.type = (enum taskd_param_type)9;
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": the type is not one of enum taskd_param_type");
	bad = good;
	bad.help = NULL;
	ck_assert_str_eq(declaration_error(bad), "parameter \"x\": a parameter needs a help text");
	bad = good;
	bad.flags = 2;
	ck_assert_str_eq(declaration_error(bad), "parameter \"x\": unknown flags");
	bad = good;
	bad.flags = TASKD_PARAM_REQUIRED;
	bad.fallback = "1";
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": a required parameter cannot have a default");
	bad = good;
	bad.min = 2;
	bad.max = 1;
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": the minimum is above the maximum");
	bad = good;
	bad.type = TASKD_PARAM_STRING;
	bad.max = 1;
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": only integers, durations and sizes have bounds");
	bad = good;
	bad.type = TASKD_PARAM_SIZE;
	bad.min = -1;
	ck_assert_str_eq(declaration_error(bad), "parameter \"x\": the minimum is negative");
	bad = good;
	bad.choices = "a";
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": an enum, and nothing else, has choices");
	bad.type = TASKD_PARAM_ENUM;
	bad.choices = " ";
	ck_assert_str_eq(declaration_error(bad),
			 "parameter \"x\": an enum needs at least one choice");
	bad = good;
	bad.fallback = "many";
	ck_assert_str_eq(declaration_error(bad), "the default of the parameter is wrong: x = "
						 "\"many\": expected a whole number");
}
END_TEST

START_TEST(a_name_is_declared_once_and_the_list_is_bounded)
{
	struct taskd_param many[TD_SCHEMA_PARAMS_MAX + 2] = {{.name = NULL}};
	char names[TD_SCHEMA_PARAMS_MAX + 1][4];
	struct td_failure failure = {0};

	for (int i = 0; i <= TD_SCHEMA_PARAMS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "%c%c", 'a' + i / 26, 'a' + i % 26);
		many[i] = (struct taskd_param){
			.name = names[i], .type = TASKD_PARAM_STRING, .help = "A text."};
	}
	ck_assert_int_eq(td_schema_check(many, &failure), -TASKD_EPLUGIN);
	ck_assert_str_eq(failure.text, "a plugin has at most 64 parameters");
	many[TD_SCHEMA_PARAMS_MAX].name = NULL;
	ck_assert_int_eq(td_schema_check(many, NULL), 0);
	many[1].name = names[0];
	failure = (struct td_failure){0};
	ck_assert_int_eq(td_schema_check(many, &failure), -TASKD_EPLUGIN);
	ck_assert_str_eq(failure.text, "parameter \"aa\": declared twice");
}
END_TEST

START_TEST(values_of_every_type_are_parsed)
{
	const struct td_setting settings[] = {
		{.key = "text", .text = "hello ; world"},
		{.key = "count", .text = "10"},
		{.key = "deep", .text = "no"},
		{.key = "pause", .text = "1min 30s"},
		{.key = "room", .text = "64K"},
		{.key = "command", .text = "a 'b c' d"},
		{.key = "path", .text = "/etc"},
		{.key = "metric", .text = "memory"},
	};
	struct td_values *values = NULL;
	const char *const *words;
	const char *text;
	int64_t number;
	bool flag;
	size_t n;

	ck_assert_int_eq(td_values_new(all, settings, 8, &values, NULL), 0);
	ck_assert_int_eq(td_values_string(values, "text", &text), 0);
	ck_assert_str_eq(text, "hello ; world");
	ck_assert_int_eq(td_values_integer(values, "count", &number), 0);
	ck_assert_int_eq(number, 10);
	ck_assert_int_eq(td_values_boolean(values, "deep", &flag), 0);
	ck_assert(!flag);
	ck_assert_int_eq(td_values_integer(values, "pause", &number), 0);
	ck_assert_int_eq(number, 90 * SECOND);
	ck_assert_int_eq(td_values_integer(values, "room", &number), 0);
	ck_assert_int_eq(number, 65536);
	ck_assert_int_eq(td_values_list(values, "command", &words, &n), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(words[1], "b c");
	ck_assert_ptr_null(words[3]);
	ck_assert_int_eq(td_values_string(values, "path", &text), 0);
	ck_assert_str_eq(text, "/etc");
	ck_assert_int_eq(td_values_string(values, "metric", &text), 0);
	ck_assert_str_eq(text, "memory");
	td_values_unref(values);
}
END_TEST

START_TEST(defaults_are_applied_and_do_not_count_as_given)
{
	struct td_values *values = NULL;
	const char *const *words;
	const char *text = "";
	int64_t number = -1;
	bool flag = false;
	size_t n = 9;

	ck_assert_int_eq(td_values_new(all, NULL, 0, &values, NULL), 0);
	ck_assert_int_eq(td_values_integer(values, "count", &number), 0);
	ck_assert_int_eq(number, 3);
	ck_assert_int_eq(td_values_boolean(values, "deep", &flag), 0);
	ck_assert(flag);
	ck_assert_int_eq(td_values_given(values, "count", &flag), 0);
	ck_assert(!flag);
	ck_assert_int_eq(td_values_string(values, "text", &text), 0);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(td_values_list(values, "command", &words, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(words);
	ck_assert_ptr_null(words[0]);
	ck_assert_int_eq(td_values_integer(values, "room", &number), 0);
	ck_assert_int_eq(number, 0);
	ck_assert_str_eq(td_values_text(values, "pause"), "1s");
	ck_assert_ptr_null(td_values_text(values, "room"));
	ck_assert_ptr_null(td_values_text(values, "nonsense"));
	td_values_unref(values);
}
END_TEST

START_TEST(a_wrong_value_is_refused_with_what_was_expected)
{
	ck_assert_str_eq(error_of(all, "count", "11"),
			 "count = \"11\": expected a whole number from 1 to 10 (in lines)");
	ck_assert_str_eq(error_of(all, "count", "0"),
			 "count = \"0\": expected a whole number from 1 to 10 (in lines)");
	ck_assert_str_eq(error_of(all, "count", "ten"),
			 "count = \"ten\": expected a whole number from 1 to 10 (in lines)");
	ck_assert_str_eq(error_of(all, "count", ""),
			 "count = \"\": expected a whole number from 1 to 10 (in lines)");
	ck_assert_str_eq(error_of(all, "deep", "maybe"), "deep = \"maybe\": expected yes or no");
	ck_assert_str_eq(
		error_of(all, "pause", "10"),
		"pause = \"10\": expected a duration from 10ms to 1h, such as 250ms or 1h 30min");
	ck_assert_str_eq(
		error_of(all, "pause", "9ms"),
		"pause = \"9ms\": expected a duration from 10ms to 1h, such as 250ms or 1h 30min");
	ck_assert_str_eq(
		error_of(all, "room", "1023"),
		"room = \"1023\": expected a size in bytes of at least 1K, such as 512 or 64K");
	ck_assert_str_eq(error_of(all, "command", "a 'b"),
			 "command = \"a 'b\": expected words, with every quote closed");
	ck_assert_str_eq(error_of(all, "path", "etc/x"),
			 "path = \"etc/x\": expected an absolute path");
	ck_assert_str_eq(error_of(all, "metric", "lod"),
			 "metric = \"lod\": expected one of load, memory, pressure; did you mean "
			 "\"load\"?");
	ck_assert_str_eq(error_of(all, "metric", "zzzzzz"),
			 "metric = \"zzzzzz\": expected one of load, memory, pressure");
}
END_TEST

START_TEST(unknown_repeated_and_missing_parameters_are_refused)
{
	const struct td_setting twice[] = {{.key = "count", .text = "1"},
					   {.key = "count", .text = "2"}};
	const struct taskd_param none[] = {{.name = NULL}};
	struct td_failure failure = {0};
	struct td_values *values = NULL;

	ck_assert_str_eq(error_of(all, "metrc", "load"),
			 "unknown parameter \"metrc\"; did you mean \"metric\"?");
	ck_assert_str_eq(error_of(strict, "zzz", "1"),
			 "unknown parameter \"zzz\"; the plugin takes command");
	ck_assert_str_eq(error_of(none, "zzz", "1"),
			 "unknown parameter \"zzz\"; the plugin takes none");
	ck_assert_str_eq(error_of(NULL, "zzz", "1"),
			 "unknown parameter \"zzz\"; the plugin takes none");
	ck_assert_int_eq(td_values_new(all, twice, 2, &values, &failure), -TASKD_EINVAL);
	ck_assert_str_eq(failure.text, "parameter \"count\" is given twice");
	failure = (struct td_failure){0};
	ck_assert_int_eq(td_values_new(strict, NULL, 0, &values, &failure), -TASKD_EINVAL);
	ck_assert_str_eq(failure.text, "the parameter \"command\" is required: What to run.");
	ck_assert_ptr_null(values);
}
END_TEST

START_TEST(a_list_given_word_by_word_is_taken_verbatim)
{
	const char *const given[] = {"/bin/sh", "-c", "echo 'a b'; # c", "", "it's", NULL};
	const struct td_setting setting = {.key = "command", .words = given};
	struct td_setting again = {.key = "command"};
	struct td_values *values = NULL, *copy = NULL;
	const char *const *words;
	size_t n;

	ck_assert_int_eq(td_values_new(strict, &setting, 1, &values, NULL), 0);
	ck_assert_str_eq(td_values_text(values, "command"),
			 "/bin/sh -c 'echo '\\''a b'\\''; # c' '' 'it'\\''s'");
	again.text = td_values_text(values, "command");
	ck_assert_int_eq(td_values_new(strict, &again, 1, &copy, NULL), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(td_values_list(i ? copy : values, "command", &words, &n), 0);
		ck_assert_uint_eq(n, 5);
		for (size_t w = 0; w < n; w++)
			ck_assert_str_eq(words[w], given[w]);
		ck_assert_ptr_null(words[n]);
	}
	td_values_unref(copy);
	td_values_unref(values);
}
END_TEST

START_TEST(words_are_for_lists_alone)
{
	const char *const given[] = {"1", NULL};
	const struct td_setting setting = {.key = "count", .words = given};
	struct td_failure failure = {0};
	struct td_values *values = NULL;

	ck_assert_int_eq(td_values_new(all, &setting, 1, &values, &failure), -TASKD_EINVAL);
	ck_assert_str_eq(failure.text,
			 "count: the parameter is of type integer, which takes no list of words");
}
END_TEST

START_TEST(values_are_bounded)
{
	char *text = td_mem_new(TD_VALUE_TEXT_MAX + 2);
	const char **words = td_mem_array(TD_VALUE_WORDS_MAX + 2, sizeof(*words));
	struct td_setting setting = {.key = "command", .words = words};
	struct td_failure failure = {0};
	struct td_values *values = NULL;

	memset(text, 'x', TD_VALUE_TEXT_MAX);
	ck_assert_str_eq(error_of(all, "text", text), "");
	text[TD_VALUE_TEXT_MAX] = 'x';
	ck_assert_str_eq(error_of(all, "text", text), "text: the value is longer than 65536 bytes");
	for (size_t i = 0; i < TD_VALUE_WORDS_MAX; i++)
		words[i] = "x";
	ck_assert_int_eq(td_values_new(all, &setting, 1, &values, NULL), 0);
	values = td_values_unref(values);
	words[TD_VALUE_WORDS_MAX] = "x";
	ck_assert_int_eq(td_values_new(all, &setting, 1, &values, &failure), -TASKD_EINVAL);
	ck_assert_str_eq(failure.text,
			 "command: the list is too long: at most 4096 words and 65536 bytes");
	memset(text, ' ', TD_VALUE_TEXT_MAX);
	for (size_t i = 0; i <= TD_VALUE_WORDS_MAX; i++)
		text[2 * i] = 'x';
	text[TD_VALUE_TEXT_MAX] = '\0';
	ck_assert_str_eq(error_of(all, "command", text),
			 "command: the list has 4097 words, at most 4096 are allowed");
	td_mem_free(words);
	td_mem_free(text);
}
END_TEST

START_TEST(a_getter_refuses_a_wrong_name_or_type)
{
	struct td_values *values = NULL;
	const char *const *words;
	const char *text;
	int64_t number;
	bool flag;

	ck_assert_int_eq(td_values_new(all, NULL, 0, &values, NULL), 0);
	ck_assert_int_eq(td_values_string(values, "count", &text), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_string(values, "nothing", &text), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_integer(values, "deep", &number), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_integer(values, "metric", &number), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_boolean(values, "count", &flag), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_list(values, "text", &words, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(td_values_given(values, "nothing", &flag), -TASKD_EINVAL);
	td_values_unref(values);
}
END_TEST

static void collect(const char *name, const char *text, bool given, void *data)
{
	td_strbuf_addf(data, "%s=%s%s;", name, text, given ? "!" : "");
}

START_TEST(each_goes_through_what_has_a_text_in_order)
{
	const struct td_setting setting = {.key = "text", .text = "hi"};
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_values *values = NULL;

	ck_assert_int_eq(td_values_new(all, &setting, 1, &values, NULL), 0);
	td_values_each(values, collect, &text);
	ck_assert_str_eq(td_strbuf_text(&text), "text=hi!;count=3;deep=yes;pause=1s;metric=load;");
	td_strbuf_fini(&text);
	td_values_unref(values);
}
END_TEST

START_TEST(values_live_as_long_as_their_references)
{
	struct td_values *values = NULL;

	ck_assert_int_eq(td_values_new(NULL, NULL, 0, &values, NULL), 0);
	ck_assert_ptr_eq(td_values_ref(values), values);
	ck_assert_ptr_null(td_values_unref(values));
	td_values_each(values, collect, NULL);
	ck_assert_ptr_null(td_values_unref(values));
	ck_assert_ptr_null(td_values_ref(NULL));
	ck_assert_ptr_null(td_values_unref(NULL));
}
END_TEST

START_TEST(a_wrong_value_is_shown_short_and_clean)
{
	char text[200] = "";

	memset(text, 'y', sizeof(text) - 1);
	text[1] = '\033';
	ck_assert_str_eq(error_of(all, "deep", text),
			 "deep = \"y.yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
			 "yyyyyyyyyyyyyyy...\": expected yes or no");
}
END_TEST

START_TEST(memory_may_end_anywhere)
{
	const char *const given[] = {"a", "b c", NULL};
	const struct td_setting settings[] = {{.key = "command", .words = given},
					      {.key = "text", .text = "x"},
					      {.key = "metric", .text = "memory"}};
	struct td_values *values = NULL;

	TD_TEST_TORTURE(td_values_new(all, settings, 3, &values, NULL));
	td_values_unref(values);
	TD_TEST_TORTURE(td_schema_check(all, NULL));
}
END_TEST

TD_TEST_MAIN("schema", a_good_declaration_passes, a_bad_declaration_is_refused_with_the_rule,
	     a_name_is_declared_once_and_the_list_is_bounded, values_of_every_type_are_parsed,
	     defaults_are_applied_and_do_not_count_as_given,
	     a_wrong_value_is_refused_with_what_was_expected,
	     unknown_repeated_and_missing_parameters_are_refused,
	     a_list_given_word_by_word_is_taken_verbatim, words_are_for_lists_alone,
	     values_are_bounded, a_getter_refuses_a_wrong_name_or_type,
	     each_goes_through_what_has_a_text_in_order, values_live_as_long_as_their_references,
	     a_wrong_value_is_shown_short_and_clean, memory_may_end_anywhere)
