/* SPDX-License-Identifier: MIT */
/* Tests of base/words.h: a text is split as a shell does it. */
#include "base/words.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "tdtest.h"

START_TEST(words_are_split_by_the_rules_of_the_shell)
{
	static const struct {
		const char *text;
		size_t n;
		const char *words[4];
	} cases[] = {
		{"", 0, {NULL}},
		{" \t\n", 0, {NULL}},
		{"one", 1, {"one"}},
		{"  one\ttwo\nthree ", 3, {"one", "two", "three"}},
		{"'one two'", 1, {"one two"}},
		{"\"one two\"", 1, {"one two"}},
		{"'' \"\"", 2, {"", ""}},
		{"a'b c'\"d e\"f", 1, {"ab cd ef"}},
		{"one\\ two", 1, {"one two"}},
		{"\\'a\\\"", 1, {"'a\""}},
		{"'a\\b'", 1, {"a\\b"}},
		{"\"a\\\"b\"", 1, {"a\"b"}},
		{"\"a\\\\b\"", 1, {"a\\b"}},
		{"\"a\\nb\"", 1, {"a\\nb"}},
		{"\"a'b\" 'c\"d'", 2, {"a'b", "c\"d"}},
		{"$HOME *.c", 2, {"$HOME", "*.c"}},
		{"a \\\n b", 2, {"a", "b"}},
		{"a\\\nb", 1, {"ab"}},
		{"/bin/sh -c 'echo \"x\"'", 3, {"/bin/sh", "-c", "echo \"x\""}},
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		char **words;
		size_t n;

		ck_assert_int_eq(td_words_split(cases[i].text, &words, &n), 0);
		ck_assert_uint_eq(n, cases[i].n);
		for (size_t j = 0; j < n; j++)
			ck_assert_str_eq(words[j], cases[i].words[j]);
		ck_assert_ptr_null(words[n]);
		ck_assert_ptr_null(td_words_free(words));
	}
}
END_TEST

START_TEST(what_is_left_open_is_refused)
{
	static const char *const cases[] = {"'", "\"", "a 'b", "a \"b", "a\\", "\"a\\\"", "\"a\\"};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		char **words = NULL;
		size_t n = 7;

		ck_assert_int_eq(td_words_split(cases[i], &words, &n), -TASKD_EINVAL);
		ck_assert_ptr_null(words);
		ck_assert_uint_eq(n, 7);
	}
	ck_assert_ptr_null(td_words_free(NULL));
}
END_TEST

START_TEST(many_words_fit)
{
	char text[1001];
	char **words;
	size_t n;

	for (size_t i = 0; i < 1000; i += 2)
		memcpy(text + i, "w ", 2);
	text[1000] = '\0';
	ck_assert_int_eq(td_words_split(text, &words, &n), 0);
	ck_assert_uint_eq(n, 500);
	ck_assert_str_eq(words[499], "w");
	ck_assert_ptr_null(words[500]);
	td_words_free(words);
}
END_TEST

START_TEST(no_allocation_that_fails_leaks)
{
	char **words;
	size_t n;

	TD_TEST_TORTURE(td_words_split("one 'two' \"\" four five", &words, &n));
	ck_assert_uint_eq(n, 5);
	td_words_free(words);
}
END_TEST

TD_TEST_MAIN("words", words_are_split_by_the_rules_of_the_shell, what_is_left_open_is_refused,
	     many_words_fit, no_allocation_that_fails_leaks)
