/* SPDX-License-Identifier: MIT */
/* Tests of wire/frame.h: messages cut out of a stream, in whatever pieces it comes. */
#include "wire/frame.h"

#include <string.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/strbuf.h"
#include "tdtest.h"

static void check_next(struct td_frame *frame, const char *expected)
{
	const char *text = NULL;
	size_t length = 99;

	if (expected == NULL) {
		ck_assert_int_eq(td_frame_next(frame, &text, &length), 0);
		return;
	}
	ck_assert_int_eq(td_frame_next(frame, &text, &length), 1);
	ck_assert_uint_eq(length, strlen(expected));
	ck_assert_str_eq(text, expected);
}

START_TEST(many_messages_come_in_one_read)
{
	struct td_frame frame = TD_FRAME_INIT(100);

	check_next(&frame, NULL);
	ck_assert_int_eq(td_frame_add(&frame, "one\0two\0\0thr", 12), 0);
	check_next(&frame, "one");
	check_next(&frame, "two");
	check_next(&frame, "");
	check_next(&frame, NULL);
	ck_assert_uint_eq(td_frame_waiting(&frame), 3);
	ck_assert_int_eq(td_frame_add(&frame, "ee", 3), 0);
	check_next(&frame, "three");
	check_next(&frame, NULL);
	ck_assert_uint_eq(td_frame_waiting(&frame), 0);
	td_frame_fini(&frame);
	td_frame_fini(NULL);
}
END_TEST

START_TEST(a_message_may_come_byte_by_byte)
{
	static const char text[] = "{\"method\":\"x\"}";
	struct td_frame frame = TD_FRAME_INIT(100);

	for (size_t i = 0; i < sizeof(text); i++) {
		check_next(&frame, NULL);
		ck_assert_int_eq(td_frame_add(&frame, text + i, 1), 0);
	}
	check_next(&frame, text);
	check_next(&frame, NULL);
	td_frame_fini(&frame);
}
END_TEST

START_TEST(a_message_above_the_limit_is_refused)
{
	struct td_frame frame = TD_FRAME_INIT(4);
	const char *text;
	size_t length;

	ck_assert_int_eq(td_frame_add(&frame, "1234\0abcd", 9), 0);
	check_next(&frame, "1234");
	check_next(&frame, NULL);
	/* Before its end has come: nobody waits for the rest of what is too large. */
	ck_assert_int_eq(td_frame_add(&frame, "e", 1), 0);
	ck_assert_int_eq(td_frame_next(&frame, &text, &length), -TASKD_EPROTO);
	td_frame_fini(&frame);
	ck_assert_int_eq(td_frame_add(&frame, "12345\0", 6), 0);
	ck_assert_int_eq(td_frame_next(&frame, &text, &length), -TASKD_EPROTO);
	td_frame_fini(&frame);
}
END_TEST

START_TEST(any_cuts_give_the_same_messages)
{
	struct td_frame frame = TD_FRAME_INIT(1 << 20);
	struct td_strbuf sent = TD_STRBUF_INIT, got = TD_STRBUF_INIT;
	struct td_rand rand;
	const char *text;
	size_t length;

	td_rand_seed(&rand, td_test_seed());
	for (int i = 0; i < 500; i++) {
		size_t n = td_rand_below(&rand, i % 50 == 0 ? 100000 : 300);

		for (size_t j = 0; j < n; j++)
			td_strbuf_addc(&sent, (char)('a' + j % 26));
		td_strbuf_addc(&sent, '\0');
	}
	for (size_t at = 0, n; at < sent.length; at += n) {
		n = 1 + td_rand_below(&rand, 5000);
		if (n > sent.length - at)
			n = sent.length - at;
		ck_assert_int_eq(td_frame_add(&frame, sent.text + at, n), 0);
		/* Not always at once: messages may wait. */
		while (td_rand_below(&rand, 4) > 0 && td_frame_next(&frame, &text, &length) == 1)
			td_strbuf_add(&got, text, length + 1);
	}
	while (td_frame_next(&frame, &text, &length) == 1)
		td_strbuf_add(&got, text, length + 1);
	ck_assert_uint_eq(got.length, sent.length);
	ck_assert_mem_eq(got.text, sent.text, sent.length);
	td_frame_fini(&frame);
	td_strbuf_fini(&sent);
	td_strbuf_fini(&got);
}
END_TEST

START_TEST(an_idle_stream_holds_little)
{
	struct td_frame frame = TD_FRAME_INIT(1 << 20);
	size_t n = 1 << 19;
	char *large = td_mem_array(1, n);
	const char *text;
	size_t length;

	memset(large, 'x', n - 1);
	ck_assert_int_eq(td_frame_add(&frame, large, n), 0);
	ck_assert_int_eq(td_frame_next(&frame, &text, &length), 1);
	ck_assert_uint_ge(frame.capacity, n);
	ck_assert_int_eq(td_frame_add(&frame, "a", 2), 0);
	ck_assert_uint_le(frame.capacity, 65536);
	check_next(&frame, "a");
	td_frame_fini(&frame);
	td_mem_free(large);
}
END_TEST

START_TEST(without_memory_nothing_is_lost)
{
	struct td_frame frame = TD_FRAME_INIT(1 << 20);

	ck_assert_int_eq(td_frame_add(&frame, "begin", 5), 0);
	{
		static const char rest[10000] = "-end";

		TD_TEST_TORTURE(td_frame_add(&frame, rest, sizeof(rest)));
	}
	check_next(&frame, "begin-end");
	td_frame_fini(&frame);
}
END_TEST

TD_TEST_MAIN("frame", many_messages_come_in_one_read, a_message_may_come_byte_by_byte,
	     a_message_above_the_limit_is_refused, any_cuts_give_the_same_messages,
	     an_idle_stream_holds_little, without_memory_nothing_is_lost)
