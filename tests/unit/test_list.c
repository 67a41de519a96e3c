/* SPDX-License-Identifier: MIT */
/* Tests of base/list.h. */
#include "base/list.h"

#include "tdtest.h"

struct item {
	int number;
	struct td_list in_list;
};

static void check_numbers(struct td_list *list, const char *expected)
{
	char text[32] = "";
	struct item *item;
	size_t n = 0;

	TD_LIST_FOREACH (item, list, in_list)
		text[n++] = (char)('0' + item->number);
	ck_assert_str_eq(text, expected);
}

START_TEST(members_keep_their_order)
{
	struct item a = {.number = 1}, b = {.number = 2}, c = {.number = 3};
	struct td_list list;

	td_list_init(&list);
	ck_assert(td_list_empty(&list));
	ck_assert_ptr_null(TD_LIST_FIRST(&list, struct item, in_list));
	td_list_append(&list, &b.in_list);
	td_list_append(&list, &c.in_list);
	td_list_prepend(&list, &a.in_list);
	check_numbers(&list, "123");
	ck_assert_ptr_eq(TD_LIST_FIRST(&list, struct item, in_list), &a);
}
END_TEST

START_TEST(a_member_knows_whether_it_is_linked)
{
	struct item a = {.number = 1}, b = {.number = 2};
	struct td_list list;

	td_list_init(&list);
	ck_assert(!td_list_linked(&a.in_list));
	td_list_append(&list, &a.in_list);
	td_list_append(&list, &b.in_list);
	ck_assert(td_list_linked(&a.in_list));
	td_list_remove(&a.in_list);
	ck_assert(!td_list_linked(&a.in_list));
	td_list_remove(&a.in_list);
	check_numbers(&list, "2");
	td_list_remove(&b.in_list);
	ck_assert(td_list_empty(&list));
}
END_TEST

START_TEST(the_current_member_may_go)
{
	struct item items[5] = {
		{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}, {.number = 5}};
	struct td_list list;
	struct item *item, *next;

	td_list_init(&list);
	for (size_t i = 0; i < 5; i++)
		td_list_append(&list, &items[i].in_list);
	TD_LIST_FOREACH_SAFE (item, next, &list, in_list)
		if (item->number % 2 == 1)
			td_list_remove(&item->in_list);
	check_numbers(&list, "24");
}
END_TEST

TD_TEST_MAIN("list", members_keep_their_order, a_member_knows_whether_it_is_linked,
	     the_current_member_may_go)
