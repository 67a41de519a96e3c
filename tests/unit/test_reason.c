/* SPDX-License-Identifier: MIT */
/* Reasons: rank, cause, sharing. */
#include <taskd/error.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/reason.h"

START_TEST(a_stronger_reason_replaces_a_weaker_one_and_keeps_it_as_cause)
{
	struct td_reason *slot = NULL;
	struct td_reason *asked = td_reason_new(TD_REASON_REQUESTED, "a", "please");
	struct td_reason *late = td_reason_new(TD_REASON_DEADLINE, "b", NULL);
	struct td_reason *down = td_reason_new(TD_REASON_SHUTDOWN, "/", "SIGTERM");

	down->has_caller = true;
	down->pid = 7;
	down->uid = 8;
	down->realtime_usec = 9;
	td_reason_meet(&slot, asked);
	ck_assert_ptr_eq(slot, asked); /* shared, not copied */
	td_reason_meet(&slot, late);
	td_reason_meet(&slot, down);
	ck_assert_int_eq(slot->kind, TD_REASON_SHUTDOWN);
	ck_assert_str_eq(slot->message, "SIGTERM");
	ck_assert(slot->has_caller);
	ck_assert_int_eq(slot->pid, 7);
	ck_assert_int_eq(slot->uid, 8);
	ck_assert_int_eq(slot->realtime_usec, 9);
	/* The first one, whatever came in between; the shared ones know nothing of it. */
	ck_assert_str_eq(slot->cause->message, "please");
	ck_assert_ptr_null(down->cause);
	td_reason_unref(asked);
	td_reason_unref(late);
	td_reason_unref(down);
	td_reason_unref(slot);
}
END_TEST

START_TEST(a_weaker_or_equal_reason_changes_nothing)
{
	struct td_reason *slot = NULL;
	struct td_reason *first = td_reason_new(TD_REASON_DEADLINE, "a", NULL);
	struct td_reason *equal = td_reason_new(TD_REASON_DEADLINE, "b", NULL);
	struct td_reason *weaker = td_reason_new(TD_REASON_REQUESTED, "c", NULL);

	td_reason_meet(&slot, first);
	td_reason_meet(&slot, equal);
	td_reason_meet(&slot, weaker);
	td_reason_meet(&slot, NULL);
	ck_assert_ptr_eq(slot, first);
	ck_assert_uint_eq(first->refs, 2);
	ck_assert_uint_eq(equal->refs, 1);
	td_reason_unref(equal);
	td_reason_unref(weaker);
	td_reason_unref(first);
	td_reason_unref(slot);
}
END_TEST

static struct td_reason *made;

static int make(void)
{
	made = td_reason_new(TD_REASON_REQUESTED, "origin", "message");
	return made ? 0 : -TASKD_ENOMEM;
}

START_TEST(a_reason_is_made_whole_or_not_at_all)
{
	TD_TEST_TORTURE(make());
	td_reason_unref(made);
}
END_TEST

START_TEST(without_memory_the_stronger_reason_stands_without_its_cause)
{
	struct td_reason *slot = td_reason_new(TD_REASON_REQUESTED, "a", NULL);
	struct td_reason *down = td_reason_new(TD_REASON_SHUTDOWN, "/", NULL);

	td_mem_fail_nth(1);
	td_reason_meet(&slot, down);
	td_mem_fail_nth(0);
	ck_assert_ptr_eq(slot, down);
	ck_assert_ptr_null(slot->cause);
	td_reason_unref(down);
	td_reason_unref(slot);
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(td_reason_kind_name(TD_REASON_FAIL_FAST), "fail-fast");
	ck_assert_str_eq(td_reason_kind_name((enum td_reason_kind)99), "unknown");
}
END_TEST

TD_TEST_MAIN("reason", a_stronger_reason_replaces_a_weaker_one_and_keeps_it_as_cause,
	     a_weaker_or_equal_reason_changes_nothing, a_reason_is_made_whole_or_not_at_all,
	     without_memory_the_stronger_reason_stands_without_its_cause, kinds_have_names)
