/* SPDX-License-Identifier: MIT */
/* Tests of base/suggest.h, base/rand.h and base/fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/rand.h"
#include "base/suggest.h"
#include "tdtest.h"

static const char *suggestion(const char *word)
{
	static const char *const keys[] = {"grace",     "plugin", "command", "restart",
					   "max-tasks", "every",  "jitter",  "io"};
	struct td_suggest suggest = TD_SUGGEST_INIT(word);

	for (size_t i = 0; i < TD_ARRAY_SIZE(keys); i++)
		td_suggest_offer(&suggest, keys[i]);
	return suggest.best;
}

START_TEST(a_typing_error_finds_its_word)
{
	ck_assert_str_eq(suggestion("grcae"), "grace"); /* swapped */
	ck_assert_str_eq(suggestion("grac"), "grace");  /* left out */
	ck_assert_str_eq(suggestion("plugins"), "plugin");
	ck_assert_str_eq(suggestion("comand"), "command");
	ck_assert_str_eq(suggestion("restrat"), "restart");
	ck_assert_str_eq(suggestion("max_tasks"), "max-tasks");
	ck_assert_str_eq(suggestion("Grace"), "grace");
}
END_TEST

START_TEST(what_is_far_gets_no_suggestion)
{
	char long_word[200];

	memset(long_word, 'x', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	ck_assert_ptr_null(suggestion(""));
	ck_assert_ptr_null(suggestion("x"));
	ck_assert_ptr_null(suggestion("o"));
	ck_assert_ptr_null(suggestion("zzzzz"));
	ck_assert_ptr_null(suggestion("colour"));
	ck_assert_ptr_null(suggestion(long_word));
}
END_TEST

START_TEST(the_nearest_and_of_equals_the_first_wins)
{
	struct td_suggest suggest = TD_SUGGEST_INIT("abcd");

	td_suggest_offer(&suggest, "abcx");
	td_suggest_offer(&suggest, "abcy");
	ck_assert_str_eq(suggest.best, "abcx");
	ck_assert_uint_eq(suggest.distance, 1);
	td_suggest_offer(&suggest, "abcd");
	ck_assert_str_eq(suggest.best, "abcd");
	ck_assert_uint_eq(suggest.distance, 0);
}
END_TEST

START_TEST(a_seed_gives_its_sequence)
{
	struct td_rand a, b, known = {.s = {1, 2, 3, 4}};

	/* The first values of the published algorithm for this state. */
	ck_assert_uint_eq(td_rand_next(&known), 11520);
	ck_assert_uint_eq(td_rand_next(&known), 0);
	ck_assert_uint_eq(td_rand_next(&known), 1509978240);
	td_rand_seed(&a, 1);
	td_rand_seed(&b, 1);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(td_rand_next(&a), td_rand_next(&b));
	td_rand_seed(&b, 2);
	ck_assert_uint_ne(td_rand_next(&a), td_rand_next(&b));
	/* The first value of splitmix64 for the seed 0. */
	td_rand_seed(&a, 0);
	ck_assert_uint_eq(a.s[0], UINT64_C(0xE220A8397B1DCDAF));
}
END_TEST

START_TEST(values_below_a_bound_are_even)
{
	uint64_t seed = td_test_seed(), counts[7] = {0};
	struct td_rand rand;

	td_rand_seed(&rand, seed);
	for (int i = 0; i < 70000; i++) {
		uint64_t value = td_rand_below(&rand, 7);

		ck_assert_uint_lt(value, 7);
		counts[value]++;
	}
	/* 10000 expected, standard deviation 93. */
	for (int i = 0; i < 7; i++) {
		ck_assert_uint_gt(counts[i], 9300);
		ck_assert_uint_lt(counts[i], 10700);
	}
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(td_rand_below(&rand, 1), 0);
		ck_assert_uint_lt(td_rand_below(&rand, UINT64_MAX), UINT64_MAX);
	}
}
END_TEST

START_TEST(a_descriptor_is_prepared_and_closed)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(td_fd_prepare(ends[0]), 0);
	ck_assert(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(ends[0], F_GETFD) & FD_CLOEXEC);
	errno = EDOM;
	ck_assert_int_eq(td_fd_close(ends[0]), -1);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
	ck_assert_int_eq(td_fd_prepare(ends[0]), -EBADF);
	errno = EDOM;
	ck_assert_int_eq(td_fd_close(-1), -1);
	ck_assert_int_eq(td_fd_close(ends[0]), -1);
	ck_assert_int_eq(errno, EDOM);
	td_fd_close(ends[1]);
}
END_TEST

TD_TEST_MAIN("small", a_typing_error_finds_its_word, what_is_far_gets_no_suggestion,
	     the_nearest_and_of_equals_the_first_wins, a_seed_gives_its_sequence,
	     values_below_a_bound_are_even, a_descriptor_is_prepared_and_closed)
