/* SPDX-License-Identifier: MIT */
/*
 * What every unit test shares: main(), seeds and torture by counting. A test program is
 *
 *	START_TEST(a_closed_group_admits_nothing)
 *	{
 *		ck_assert_int_eq(add(group), -TASKD_ECLOSED);
 *	}
 *	END_TEST
 *
 *	TD_TEST_MAIN("group", a_closed_group_admits_nothing, ...)
 *
 * ck_assert_int_eq() and its like print both operands. CK_TAP_LOG_FILE_NAME=- makes Check write
 * TAP; CK_FORK=no keeps a test in the debugger.
 */
#ifndef TD_TESTS_UNIT_TDTEST_H
#define TD_TESTS_UNIT_TDTEST_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TD_TEST_TIMEOUT 30 /* seconds for one test, also on a slow machine with sanitizers */

/* Each test becomes a case of its own name. Returns: what main() returns. */
static inline int td_test_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int n_failed;

	for (size_t i = 0; i < n; i++) {
		TCase *test_case = tcase_create(tests[i]->name);

		tcase_set_timeout(test_case, TD_TEST_TIMEOUT);
		tcase_add_test(test_case, tests[i]);
		suite_add_tcase(suite, test_case);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define TD_TEST_MAIN(name, ...)                                                      \
	int main(void)                                                               \
	{                                                                            \
		const TTest *const tests[] = {__VA_ARGS__};                          \
                                                                                     \
		return td_test_run((name), tests, sizeof(tests) / sizeof(tests[0])); \
	}

/* The seed of a random test: TD_TEST_SEED, or a new one. It is printed, to be given back. */
static inline uint64_t td_test_seed(void)
{
	const char *given = getenv("TD_TEST_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
	if (given != NULL)
		seed = strtoull(given, NULL, 0);
	printf("# TD_TEST_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/*
 * Runs `call`, an expression of type int, again and again and fails its first allocation, its
 * second and so on, until it gets by with fewer. Each failed run must give -TASKD_ENOMEM and must
 * leave nothing behind. The last run succeeds and its result stays. Needs base/mem.h.
 */
#define TD_TEST_TORTURE(call)                                     \
	do {                                                      \
		for (uint64_t nth_ = 1;; nth_++) {                \
			uint64_t asked_;                          \
			int result_;                              \
                                                                  \
			td_mem_fail_nth(nth_);                    \
			result_ = (call);                         \
			asked_ = td_mem_count();                  \
			td_mem_fail_nth(0);                       \
			if (asked_ < nth_) {                      \
				ck_assert_int_ge(result_, 0);     \
				break;                            \
			}                                         \
			ck_assert_int_eq(result_, -TASKD_ENOMEM); \
		}                                                 \
	} while (0)

#endif
