/* SPDX-License-Identifier: MIT */
/* Tests of the error list, of struct td_failure and of assertions. */
#include "base/failure.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "tdtest.h"

START_TEST(every_error_has_a_text_and_a_name)
{
#define CHECK_ERROR(number, name, text, wire)                  \
	ck_assert_int_eq(TASKD_##name, number);                \
	ck_assert_str_eq(taskd_strerror(-TASKD_##name), text); \
	ck_assert_str_eq(taskd_strerror(TASKD_##name), text);  \
	ck_assert_str_eq(taskd_error_name(-TASKD_##name), #name);
	TASKD_ERROR_LIST(CHECK_ERROR)
#undef CHECK_ERROR
}
END_TEST

START_TEST(numbers_and_texts_are_unique)
{
	static const struct {
		int number;
		const char *text;
	} all[] = {
#define ENTRY(number, name, text, wire) {number, text},
		TASKD_ERROR_LIST(ENTRY)
#undef ENTRY
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(all); i++) {
		for (size_t j = i + 1; j < TD_ARRAY_SIZE(all); j++) {
			ck_assert_int_ne(all[i].number, all[j].number);
			ck_assert_str_ne(all[i].text, all[j].text);
		}
	}
}
END_TEST

START_TEST(errors_of_the_system_keep_their_text)
{
	ck_assert_str_eq(taskd_strerror(-ENOENT), strerror(ENOENT));
	ck_assert_str_eq(taskd_strerror(EACCES), strerror(EACCES));
	ck_assert_str_eq(taskd_error_name(-ENOENT), "errno");
}
END_TEST

START_TEST(any_number_has_a_text)
{
	static const int odd[] = {0, 1, -1, 999, 1000, 1021, -99999, INT_MAX, INT_MIN};

	for (size_t i = 0; i < TD_ARRAY_SIZE(odd); i++) {
		ck_assert_ptr_nonnull(taskd_strerror(odd[i]));
		ck_assert_str_eq(taskd_error_name(odd[i]), "errno");
	}
}
END_TEST

START_TEST(the_first_failure_stays)
{
	struct td_failure failure = {.code = 0};

	ck_assert_int_eq(td_fail(&failure, -TASKD_ENOTASK, "a/b", "no task %s", "a/b"),
			 -TASKD_ENOTASK);
	ck_assert_int_eq(td_fail(&failure, -TASKD_EPROTO, "x", "later"), -TASKD_EPROTO);
	ck_assert_int_eq(failure.code, -TASKD_ENOTASK);
	ck_assert_str_eq(failure.text, "no task a/b");
	ck_assert_str_eq(failure.subject, "a/b");
	ck_assert_int_eq(td_fail(NULL, -TASKD_EPROTO, NULL, "nobody listens"), -TASKD_EPROTO);
}
END_TEST

START_TEST(a_failure_is_cut_between_characters)
{
	/* Two bytes each, at an odd and at an even place, so that one of the two is cut inside. */
	for (int shift = 0; shift < 2; shift++) {
		struct td_failure failure = {.code = 0};
		char text[2 * TD_FAILURE_TEXT] = "a";

		for (size_t i = (size_t)shift; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "\xC3\xA9", 2);
		td_fail(&failure, -TASKD_EINVAL, text, "%s", text);
		ck_assert_uint_ge(strlen(failure.text), TD_FAILURE_TEXT - 2);
		ck_assert_uint_ge(strlen(failure.subject), sizeof(failure.subject) - 2);
		ck_assert(td_utf8_valid(failure.text, strlen(failure.text)));
		ck_assert(td_utf8_valid(failure.subject, strlen(failure.subject)));
	}
}
END_TEST

START_TEST(a_text_without_a_cut_stays_whole)
{
	struct td_failure failure = {.code = 0};

	td_fail(&failure, -TASKD_EINVAL, NULL, "caf\xC3\xA9");
	ck_assert_str_eq(failure.text, "caf\xC3\xA9");
	ck_assert_str_eq(failure.subject, "");
}
END_TEST

START_TEST(a_failed_assertion_says_where_and_aborts)
{
	char line[600] = "";
	int ends[2], status;
	pid_t child;
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		td_assert_failed("left == right", "file.c", 1207);
	}
	close(ends[1]);
	n = read(ends[0], line, sizeof(line) - 1);
	ck_assert_int_gt(n, 0);
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_str_eq(line, "taskd: assertion failed: left == right (file.c:1207)\n");
}
END_TEST

TD_TEST_MAIN("error", every_error_has_a_text_and_a_name, numbers_and_texts_are_unique,
	     errors_of_the_system_keep_their_text, any_number_has_a_text, the_first_failure_stays,
	     a_failure_is_cut_between_characters, a_text_without_a_cut_stays_whole,
	     a_failed_assertion_says_where_and_aborts)
