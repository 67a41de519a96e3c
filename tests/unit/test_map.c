/* SPDX-License-Identifier: MIT */
/* Tests of base/map.h: lookup, order of insertion, holes. */
#include "base/map.h"

#include <string.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "base/rand.h"
#include "tdtest.h"

#define N_KEYS 300

static int values[N_KEYS];

static const char *key_of(size_t i, char buffer[16])
{
	snprintf(buffer, 16, "key%zu", i);
	return buffer;
}

START_TEST(what_was_added_is_found)
{
	struct td_map *map = td_map_new();
	char key[16];

	for (size_t i = 0; i < N_KEYS; i++)
		ck_assert_int_eq(td_map_add(map, key_of(i, key), &values[i]), 0);
	ck_assert_uint_eq(td_map_size(map), N_KEYS);
	for (size_t i = 0; i < N_KEYS; i++)
		ck_assert_ptr_eq(td_map_get(map, key_of(i, key)), &values[i]);
	ck_assert_ptr_null(td_map_get(map, "key"));
	ck_assert_ptr_null(td_map_get(map, ""));
	ck_assert_ptr_null(td_map_free(map));
}
END_TEST

START_TEST(a_key_is_taken_once)
{
	struct td_map *map = td_map_new();

	ck_assert_int_eq(td_map_add(map, "", &values[0]), 0);
	ck_assert_int_eq(td_map_add(map, "", &values[1]), -TASKD_EEXIST);
	ck_assert_ptr_eq(td_map_get(map, ""), &values[0]);
	ck_assert_ptr_eq(td_map_remove(map, ""), &values[0]);
	ck_assert_ptr_null(td_map_remove(map, ""));
	ck_assert_int_eq(td_map_add(map, "", &values[1]), 0);
	ck_assert_ptr_eq(td_map_get(map, ""), &values[1]);
	td_map_free(map);
}
END_TEST

START_TEST(an_empty_map_has_nothing)
{
	struct td_map *map = td_map_new();
	size_t cursor = 0;

	ck_assert_ptr_null(td_map_get(map, "a"));
	ck_assert_ptr_null(td_map_remove(map, "a"));
	ck_assert_ptr_null(td_map_next(map, &cursor, NULL));
	ck_assert_uint_eq(td_map_size(map), 0);
	td_map_free(map);
	ck_assert_ptr_null(td_map_free(NULL));
}
END_TEST

START_TEST(stepping_follows_the_order_of_insertion)
{
	struct td_map *map = td_map_new();
	size_t cursor = 0, n = 0;
	const char *key;
	char buffer[16];
	int *value;

	for (size_t i = N_KEYS; i-- > 0;)
		ck_assert_int_eq(td_map_add(map, key_of(i, buffer), &values[i]), 0);
	/* Removed and added again: now it is the last. */
	ck_assert_ptr_nonnull(td_map_remove(map, "key299"));
	ck_assert_int_eq(td_map_add(map, "key299", &values[299]), 0);
	while ((value = td_map_next(map, &cursor, &key)) != NULL) {
		size_t expected = n < N_KEYS - 1 ? N_KEYS - 2 - n : N_KEYS - 1;

		ck_assert_str_eq(key, key_of(expected, buffer));
		ck_assert_ptr_eq(value, &values[expected]);
		n++;
	}
	ck_assert_uint_eq(n, N_KEYS);
	td_map_free(map);
}
END_TEST

START_TEST(removing_while_stepping_misses_none)
{
	struct td_map *map = td_map_new();
	size_t cursor = 0, n = 0;
	const char *key;
	char buffer[16];

	for (size_t i = 0; i < N_KEYS; i++)
		ck_assert_int_eq(td_map_add(map, key_of(i, buffer), &values[i]), 0);
	while (td_map_next(map, &cursor, &key) != NULL) {
		/* The key itself is given, which is freed by the removal. */
		ck_assert_ptr_eq(td_map_remove(map, key), &values[n]);
		n++;
	}
	ck_assert_uint_eq(n, N_KEYS);
	ck_assert_uint_eq(td_map_size(map), 0);
	td_map_free(map);
}
END_TEST

START_TEST(a_map_agrees_with_a_plain_table)
{
	struct td_map *map = td_map_new();
	bool present[N_KEYS] = {false};
	size_t n_present = 0;
	struct td_rand rand;
	char key[16];

	td_rand_seed(&rand, td_test_seed());
	for (int step = 0; step < 50000; step++) {
		size_t i = td_rand_below(&rand, N_KEYS);

		key_of(i, key);
		ck_assert_ptr_eq(td_map_get(map, key), present[i] ? &values[i] : NULL);
		if (present[i]) {
			ck_assert_ptr_eq(td_map_remove(map, key), &values[i]);
			n_present--;
		} else {
			ck_assert_int_eq(td_map_add(map, key, &values[i]), 0);
			n_present++;
		}
		present[i] = !present[i];
		ck_assert_uint_eq(td_map_size(map), n_present);
	}
	td_map_free(map);
}
END_TEST

START_TEST(an_addition_that_fails_changes_nothing)
{
	struct td_map *map = td_map_new();
	char key[16];

	for (size_t i = 0; i < 20; i++) {
		TD_TEST_TORTURE(td_map_add(map, key_of(i, key), &values[i]));
		ck_assert_uint_eq(td_map_size(map), i + 1);
		ck_assert_ptr_eq(td_map_get(map, "key0"), &values[0]);
	}
	td_map_free(map);
	td_mem_fail_nth(1);
	ck_assert_ptr_null(td_map_new());
	td_mem_fail_nth(0);
}
END_TEST

TD_TEST_MAIN("map", what_was_added_is_found, a_key_is_taken_once, an_empty_map_has_nothing,
	     stepping_follows_the_order_of_insertion, removing_while_stepping_misses_none,
	     a_map_agrees_with_a_plain_table, an_addition_that_fails_changes_nothing)
