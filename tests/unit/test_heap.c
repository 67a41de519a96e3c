/* SPDX-License-Identifier: MIT */
/* Tests of base/heap.h: order, stability, removal from the middle. */
#include "base/heap.h"

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/rand.h"
#include "tdtest.h"

#define N_NODES 500

static void check_order(const struct td_heap *heap)
{
	for (uint32_t i = 1; i < heap->n; i++) {
		const struct td_heap_node *up = heap->nodes[(i - 1) / 4], *node = heap->nodes[i];

		ck_assert(up->key < node->key ||
			  (up->key == node->key && up->sequence < node->sequence));
		ck_assert_uint_eq(node->place, i + 1);
	}
}

START_TEST(nodes_come_out_in_order)
{
	static const int64_t keys[] = {5, INT64_MIN, 3, INT64_MAX, 0, -7, 3, 9, 1, 2};
	struct td_heap_node nodes[TD_ARRAY_SIZE(keys)] = {0};
	struct td_heap heap = {0};
	int64_t last = INT64_MIN;

	ck_assert_ptr_null(td_heap_first(&heap));
	ck_assert_int_eq(td_heap_reserve(&heap, TD_ARRAY_SIZE(keys)), 0);
	for (size_t i = 0; i < TD_ARRAY_SIZE(keys); i++) {
		ck_assert(!td_heap_in(&nodes[i]));
		td_heap_add(&heap, &nodes[i], keys[i]);
		ck_assert(td_heap_in(&nodes[i]));
		check_order(&heap);
	}
	for (size_t i = 0; i < TD_ARRAY_SIZE(keys); i++) {
		struct td_heap_node *first = td_heap_first(&heap);

		ck_assert_int_ge(first->key, last);
		last = first->key;
		td_heap_remove(&heap, first);
		ck_assert(!td_heap_in(first));
	}
	ck_assert_ptr_null(td_heap_first(&heap));
	td_heap_fini(&heap);
}
END_TEST

START_TEST(equal_keys_keep_the_order_of_insertion)
{
	struct td_heap_node nodes[N_NODES] = {0};
	struct td_heap heap = {0};

	ck_assert_int_eq(td_heap_reserve(&heap, N_NODES), 0);
	/* By descending address, so that an order by address would show. */
	for (size_t i = N_NODES; i-- > 0;)
		td_heap_add(&heap, &nodes[i], 42);
	for (size_t i = N_NODES; i-- > 0;) {
		ck_assert_ptr_eq(td_heap_first(&heap), &nodes[i]);
		td_heap_remove(&heap, &nodes[i]);
	}
	td_heap_fini(&heap);
}
END_TEST

START_TEST(any_node_can_be_removed_at_any_time)
{
	struct td_heap_node nodes[N_NODES] = {0};
	struct td_heap heap = {0};
	struct td_rand rand;

	td_rand_seed(&rand, td_test_seed());
	for (int step = 0; step < 20000; step++) {
		struct td_heap_node *node = &nodes[td_rand_below(&rand, N_NODES)];

		if (td_heap_in(node)) {
			td_heap_remove(&heap, node);
		} else {
			ck_assert_int_eq(td_heap_reserve(&heap, 1), 0);
			td_heap_add(&heap, node, (int64_t)td_rand_below(&rand, 50));
		}
		if (step % 97 == 0)
			check_order(&heap);
	}
	check_order(&heap);
	td_heap_fini(&heap);
}
END_TEST

START_TEST(removing_what_is_not_there_does_nothing)
{
	struct td_heap_node in = {0}, out = {0};
	struct td_heap heap = {0};

	ck_assert_int_eq(td_heap_reserve(&heap, 1), 0);
	td_heap_add(&heap, &in, 1);
	td_heap_remove(&heap, &out);
	ck_assert_uint_eq(heap.n, 1);
	td_heap_remove(&heap, &in);
	td_heap_remove(&heap, &in);
	ck_assert_uint_eq(heap.n, 0);
	td_heap_fini(&heap);
}
END_TEST

START_TEST(room_is_for_n_more)
{
	struct td_heap_node nodes[40] = {0};
	struct td_heap heap = {0};

	for (size_t i = 0; i < 40; i++) {
		ck_assert_int_eq(td_heap_reserve(&heap, 1), 0);
		ck_assert_uint_gt(heap.capacity, heap.n);
		td_heap_add(&heap, &nodes[i], (int64_t)i);
	}
	ck_assert_int_eq(td_heap_reserve(&heap, UINT32_MAX), -TASKD_ENOMEM);
	ck_assert_uint_eq(heap.n, 40);
	td_mem_fail_nth(1);
	ck_assert_int_eq(td_heap_reserve(&heap, 1000), -TASKD_ENOMEM);
	td_mem_fail_nth(0);
	ck_assert_ptr_eq(td_heap_first(&heap), &nodes[0]);
	td_heap_fini(&heap);
	ck_assert(!td_heap_in(&nodes[7]));
}
END_TEST

TD_TEST_MAIN("heap", nodes_come_out_in_order, equal_keys_keep_the_order_of_insertion,
	     any_node_can_be_removed_at_any_time, removing_what_is_not_there_does_nothing,
	     room_is_for_n_more)
