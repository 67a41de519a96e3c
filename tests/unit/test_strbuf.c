/* SPDX-License-Identifier: MIT */
/* Tests of base/strbuf.h: growth, limits, errors that stick. */
#include "base/strbuf.h"

#include <string.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "tdtest.h"

START_TEST(a_text_is_built_from_parts)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	ck_assert_str_eq(td_strbuf_text(&buf), "");
	td_strbuf_adds(&buf, "one");
	td_strbuf_addc(&buf, ' ');
	td_strbuf_add(&buf, "two and more", 3);
	td_strbuf_addf(&buf, " %d%s", 3, "!");
	ck_assert_str_eq(td_strbuf_text(&buf), "one two 3!");
	ck_assert_uint_eq(buf.length, 10);
	ck_assert(td_strbuf_ok(&buf));
	td_strbuf_fini(&buf);
	ck_assert_str_eq(td_strbuf_text(&buf), "");
	td_strbuf_fini(NULL);
}
END_TEST

START_TEST(nothing_added_is_nothing)
{
	struct td_strbuf buf = TD_STRBUF_INIT;
	char *text;

	td_strbuf_adds(&buf, "");
	td_strbuf_add(&buf, NULL, 0);
	td_strbuf_addf(&buf, "%s", "");
	ck_assert_uint_eq(buf.length, 0);
	text = td_strbuf_take(&buf);
	ck_assert_str_eq(text, "");
	td_mem_free(text);
}
END_TEST

START_TEST(bytes_of_any_value_are_kept)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	td_strbuf_add(&buf, "a\0b", 3);
	ck_assert_uint_eq(buf.length, 3);
	ck_assert_mem_eq(buf.text, "a\0b", 4);
	td_strbuf_fini(&buf);
}
END_TEST

START_TEST(formatted_texts_fit_at_every_length)
{
	/* All lengths around the steps of growth; a wrong count would cut a text or write beyond.
	 */
	for (int length = 0; length < 300; length++) {
		struct td_strbuf buf = TD_STRBUF_INIT;

		td_strbuf_addf(&buf, "%*s", length, "");
		ck_assert_uint_eq(buf.length, (size_t)length);
		td_strbuf_addf(&buf, "%s", "end");
		ck_assert_uint_eq(buf.length, (size_t)length + 3);
		ck_assert_str_eq(buf.text + length, "end");
		td_strbuf_fini(&buf);
	}
}
END_TEST

START_TEST(above_the_limit_all_fails)
{
	struct td_strbuf buf = {.limit = 5};

	td_strbuf_adds(&buf, "12345");
	ck_assert(td_strbuf_ok(&buf));
	td_strbuf_adds(&buf, "6");
	ck_assert(!td_strbuf_ok(&buf));
	td_strbuf_reset(&buf);
	ck_assert(td_strbuf_ok(&buf));
	td_strbuf_addf(&buf, "%s", "123456");
	ck_assert(!td_strbuf_ok(&buf));
	ck_assert_str_eq(td_strbuf_text(&buf), "");
	ck_assert_ptr_null(td_strbuf_take(&buf));
	ck_assert(td_strbuf_ok(&buf));
	ck_assert_uint_eq(buf.limit, 5);
}
END_TEST

START_TEST(an_error_sticks_until_reset)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	td_strbuf_adds(&buf, "before");
	td_mem_fail_nth(1);
	td_strbuf_addf(&buf, "%500s", "x");
	td_mem_fail_nth(0);
	td_strbuf_adds(&buf, "after");
	ck_assert(!td_strbuf_ok(&buf));
	ck_assert_str_eq(td_strbuf_text(&buf), "before");
	td_strbuf_reset(&buf);
	td_strbuf_adds(&buf, "again");
	ck_assert_str_eq(td_strbuf_text(&buf), "again");
	td_strbuf_fini(&buf);
}
END_TEST

START_TEST(taking_hands_the_text_over)
{
	struct td_strbuf buf = TD_STRBUF_INIT;
	char *text;

	td_strbuf_adds(&buf, "mine");
	text = td_strbuf_take(&buf);
	ck_assert_str_eq(text, "mine");
	ck_assert_uint_eq(buf.length, 0);
	ck_assert_uint_eq(buf.capacity, 0);
	td_strbuf_adds(&buf, "next");
	ck_assert_str_eq(text, "mine");
	td_mem_free(text);
	td_strbuf_fini(&buf);
}
END_TEST

TD_TEST_MAIN("strbuf", a_text_is_built_from_parts, nothing_added_is_nothing,
	     bytes_of_any_value_are_kept, formatted_texts_fit_at_every_length,
	     above_the_limit_all_fails, an_error_sticks_until_reset, taking_hands_the_text_over)
