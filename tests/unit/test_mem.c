/* SPDX-License-Identifier: MIT */
/* Tests of base/mem.h: memory, and its failure on demand. */
#include "base/mem.h"

#include <string.h>

#include <taskd/error.h>

#include "tdtest.h"

START_TEST(new_memory_is_zeroed)
{
	unsigned char *bytes = td_mem_new(1000);

	ck_assert_ptr_nonnull(bytes);
	for (int i = 0; i < 1000; i++)
		ck_assert_uint_eq(bytes[i], 0);
	ck_assert_ptr_null(td_mem_free(bytes));
}
END_TEST

START_TEST(nothing_is_not_failure)
{
	void *nothing = td_mem_new(0), *none = td_mem_array(0, 8);

	ck_assert_ptr_nonnull(nothing);
	ck_assert_ptr_nonnull(none);
	nothing = td_mem_resize(nothing, 0);
	ck_assert_ptr_nonnull(nothing);
	td_mem_free(nothing);
	td_mem_free(none);
	ck_assert_ptr_null(td_mem_free(NULL));
}
END_TEST

START_TEST(an_array_whose_size_overflows_is_refused)
{
	/* Not a constant, or the compiler warns about what is tested here. */
	volatile size_t half = SIZE_MAX / 2;

	ck_assert_ptr_null(td_mem_array(half, 3));
}
END_TEST

START_TEST(a_resize_that_fails_keeps_the_old)
{
	char *old = td_mem_strdup("old"), *larger;

	td_mem_fail_nth(1);
	larger = td_mem_resize(old, 100);
	td_mem_fail_nth(0);
	ck_assert_ptr_null(larger);
	ck_assert_str_eq(old, "old");
	larger = td_mem_resize(old, 100);
	ck_assert_str_eq(larger, "old");
	td_mem_free(larger);
}
END_TEST

START_TEST(texts_are_copied)
{
	char *all = td_mem_strdup("text"), *part = td_mem_strndup("text", 2);
	char *more = td_mem_strndup("text", 100), *none = td_mem_strndup("text", 0);
	char *printed = td_mem_printf("%s-%d", "a", 7);

	ck_assert_str_eq(all, "text");
	ck_assert_str_eq(part, "te");
	ck_assert_str_eq(more, "text");
	ck_assert_str_eq(none, "");
	ck_assert_str_eq(printed, "a-7");
	ck_assert_ptr_null(td_mem_strdup(NULL));
	ck_assert_ptr_null(td_mem_strndup(NULL, 3));
	td_mem_free(all);
	td_mem_free(part);
	td_mem_free(more);
	td_mem_free(none);
	td_mem_free(printed);
}
END_TEST

START_TEST(exactly_the_nth_allocation_fails)
{
	void *a, *b, *c;

	td_mem_fail_nth(2);
	a = td_mem_new(1);
	b = td_mem_new(1);
	c = td_mem_new(1);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_null(b);
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(td_mem_count(), 3);
	td_mem_fail_nth(0);
	ck_assert_uint_eq(td_mem_count(), 0);
	td_mem_free(a);
	td_mem_free(c);
}
END_TEST

START_TEST(every_way_to_allocate_can_fail)
{
	td_mem_fail_nth(1);
	ck_assert_ptr_null(td_mem_strdup("x"));
	td_mem_fail_nth(1);
	ck_assert_ptr_null(td_mem_strndup("x", 1));
	td_mem_fail_nth(1);
	ck_assert_ptr_null(td_mem_printf("x"));
	td_mem_fail_nth(1);
	ck_assert_ptr_null(td_mem_array(2, 2));
	td_mem_fail_nth(0);
}
END_TEST

START_TEST(taking_leaves_nothing_behind)
{
	char *text = td_mem_strdup("x"), *taken = TD_TAKE(text);

	ck_assert_ptr_null(text);
	ck_assert_str_eq(taken, "x");
	td_mem_free(taken);
}
END_TEST

TD_TEST_MAIN("mem", new_memory_is_zeroed, nothing_is_not_failure,
	     an_array_whose_size_overflows_is_refused, a_resize_that_fails_keeps_the_old,
	     texts_are_copied, exactly_the_nth_allocation_fails, every_way_to_allocate_can_fail,
	     taking_leaves_nothing_behind)
