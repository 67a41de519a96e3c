/* SPDX-License-Identifier: MIT */
/* The ring of events, against a model that forgets nothing. */
#include <string.h>

#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/event.h"
#include "virtual.h"

#define SMALL ((size_t)16 << 10) /* the least size of a ring */

static void put(struct td_ring *ring, uint64_t id, const char *path, const char *text)
{
	struct td_event event = {.kind = TD_EVENT_LOG,
				 .level = TASKD_INFO,
				 .task_id = id,
				 .realtime_usec = (int64_t)id * 3,
				 .stream = (uint8_t)(id % 3),
				 .path = path,
				 .text = text};

	td_ring_put(ring, &event);
}

START_TEST(an_event_comes_back_as_it_was_put)
{
	struct td_ring ring;
	struct td_cursor cursor;
	struct td_event event;
	uint64_t lost = 7;

	ck_assert_int_eq(td_ring_init(&ring, SMALL), 0);
	cursor = td_ring_begin(&ring);
	ck_assert(!td_ring_get(&ring, &cursor, &event, &lost));
	put(&ring, 5, "a.b/c", "hello");
	ck_assert(td_ring_get(&ring, &cursor, &event, &lost));
	ck_assert_uint_eq(lost, 0);
	ck_assert_uint_eq(event.sequence, 0);
	ck_assert_int_eq(event.kind, TD_EVENT_LOG);
	ck_assert_int_eq(event.level, TASKD_INFO);
	ck_assert_uint_eq(event.task_id, 5);
	ck_assert_int_eq(event.realtime_usec, 15);
	ck_assert_int_eq(event.stream, 2);
	ck_assert_str_eq(event.path, "a.b/c");
	ck_assert_str_eq(event.text, "hello");
	ck_assert(!td_ring_get(&ring, &cursor, &event, &lost));
	td_ring_fini(&ring);
}
END_TEST

/* S1-31: a reader sees only what is emitted after it subscribed. */
START_TEST(a_cursor_on_the_end_sees_only_what_comes_later)
{
	struct td_ring ring;
	struct td_cursor cursor;
	struct td_event event;
	uint64_t lost;

	ck_assert_int_eq(td_ring_init(&ring, SMALL), 0);
	put(&ring, 1, "/", "before");
	cursor = td_ring_end(&ring);
	ck_assert(!td_ring_get(&ring, &cursor, &event, &lost));
	put(&ring, 2, "/", "after");
	ck_assert(td_ring_get(&ring, &cursor, &event, &lost));
	ck_assert_str_eq(event.text, "after");
	td_ring_fini(&ring);
}
END_TEST

/* S1-31: putting never waits; who is slow loses the oldest, and is told how many. */
START_TEST(a_slow_reader_is_told_how_many_it_lost)
{
	struct td_ring ring;
	struct td_cursor slow;
	struct td_event event;
	uint64_t lost, n = 10000, next;

	ck_assert_int_eq(td_ring_init(&ring, SMALL), 0);
	slow = td_ring_end(&ring);
	for (uint64_t i = 0; i < n; i++)
		put(&ring, i, "group/task", "one of many");
	ck_assert(td_ring_get(&ring, &slow, &event, &lost));
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(event.sequence, lost);
	for (next = lost + 1; td_ring_get(&ring, &slow, &event, &lost); next++) {
		ck_assert_uint_eq(lost, 0);
		ck_assert_uint_eq(event.task_id, next);
	}
	ck_assert_uint_eq(next, n);
	td_ring_fini(&ring);
}
END_TEST

START_TEST(texts_that_are_too_long_are_cut)
{
	static char text[TD_EVENT_TEXT_MAX + 100], path[3000];
	struct td_ring ring;
	struct td_cursor cursor;
	struct td_event event;
	uint64_t lost;

	memset(text, 't', sizeof(text) - 1);
	memset(path, 'p', sizeof(path) - 1);
	ck_assert_int_eq(td_ring_init(&ring, 1), 0); /* gets the least size */
	cursor = td_ring_begin(&ring);
	for (int i = 0; i < 5; i++)
		put(&ring, 1, path, text);
	while (td_ring_get(&ring, &cursor, &event, &lost)) {
		ck_assert_uint_eq(strlen(event.text), TD_EVENT_TEXT_MAX);
		ck_assert_uint_eq(strlen(event.path), 2048);
	}
	ck_assert_uint_eq(cursor.sequence, 5);
	td_ring_fini(&ring);
}
END_TEST

#define MODEL_EVENTS 20000
#define MODEL_CURSORS 4

/* The text of event i is a function of i, so that the model needs no memory. */
static size_t model_size(uint64_t i)
{
	struct td_rand rand;

	td_rand_seed(&rand, i);
	return (size_t)(td_rand_below(&rand, 20) ? td_rand_below(&rand, 200)
						 : td_rand_below(&rand, TD_EVENT_TEXT_MAX));
}

static void model_text(uint64_t i, char *buffer)
{
	size_t n = model_size(i);

	memset(buffer, 'a' + (int)(i % 26), n);
	buffer[n] = '\0';
}

static void model_read(struct td_ring *ring, struct td_cursor *cursor, char *buffer)
{
	uint64_t lost, expected = cursor->sequence, oldest = ring->first;
	struct td_event event;

	if (!td_ring_get(ring, cursor, &event, &lost)) {
		ck_assert_uint_eq(expected, ring->next);
		return;
	}
	if (expected < oldest) {
		ck_assert_uint_eq(lost, oldest - expected);
		expected = oldest;
	} else {
		ck_assert_uint_eq(lost, 0);
	}
	ck_assert_uint_eq(event.sequence, expected);
	ck_assert_uint_eq(event.task_id, expected);
	model_text(expected, buffer);
	ck_assert_str_eq(event.text, buffer);
	ck_assert_str_eq(event.path, expected % 2 ? "odd" : "even/x");
}

START_TEST(every_reader_sees_what_the_model_says)
{
	static char buffer[TD_EVENT_TEXT_MAX + 1];
	struct td_cursor cursors[MODEL_CURSORS];
	uint64_t n_put = 0;
	struct td_rand rand;
	struct td_ring ring;

	td_rand_seed(&rand, td_test_seed());
	ck_assert_int_eq(td_ring_init(&ring, SMALL + td_rand_below(&rand, SMALL)), 0);
	for (int i = 0; i < MODEL_CURSORS; i++)
		cursors[i] = td_ring_begin(&ring);
	while (n_put < MODEL_EVENTS) {
		uint64_t what = td_rand_below(&rand, 100);

		if (what < 40) {
			model_text(n_put, buffer);
			put(&ring, n_put, n_put % 2 ? "odd" : "even/x", buffer);
			n_put++;
		} else if (what < 98) {
			/* The first is fast, the last is slow. */
			uint64_t which = td_rand_below(&rand, MODEL_CURSORS);

			if (which == 0 || td_rand_below(&rand, which * which * 8) == 0)
				model_read(&ring, &cursors[which], buffer);
		} else {
			cursors[td_rand_below(&rand, MODEL_CURSORS)] =
				td_rand_below(&rand, 2) ? td_ring_begin(&ring) : td_ring_end(&ring);
		}
		ck_assert_uint_le(ring.used, ring.size);
		ck_assert_uint_eq(ring.next, n_put);
	}
	td_ring_fini(&ring);
}
END_TEST

START_TEST(a_ring_without_memory_is_refused)
{
	struct td_ring ring;

	td_mem_fail_nth(1);
	ck_assert_int_eq(td_ring_init(&ring, SMALL), -TASKD_ENOMEM);
	td_mem_fail_nth(0);
	td_ring_fini(&ring);
}
END_TEST

static int talk(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	taskd_log(TASKD_DEBUG, "too quiet");
	taskd_log(TASKD_WARNING, "loud\n\n");
	taskd_output(2, "written", 7);
	return 0;
}

/* S1-29: one type of event for all; the level is a filter. */
START_TEST(events_below_the_level_are_not_kept)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);

	rt->limits.level = TASKD_INFO;
	td_task_unref(virtual_spawn(rt, rt->root, "a", talk, NULL));
	virtual_run(rt);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_LOG, "too quiet"), 0);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_LOG, "loud"), 1);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_OUTPUT, "written"), 1);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_SPAWNED, ""), 0);
	ck_assert_int_eq(virtual_count_events(rt, TD_EVENT_ENDED, "completed"), 1);
	ck_assert_uint_gt(world.n_event_calls, 0);
	virtual_end(rt);
}
END_TEST

START_TEST(levels_and_kinds_have_names)
{
	enum taskd_level level = TASKD_ERR;

	ck_assert_int_eq(td_level_parse("notice", &level), 0);
	ck_assert_int_eq(level, TASKD_NOTICE);
	ck_assert_int_eq(td_level_parse("Notice", &level), -TASKD_EINVAL);
	ck_assert_int_eq(level, TASKD_NOTICE);
	ck_assert_str_eq(td_level_name(TASKD_WARNING), "warning");
	ck_assert_str_eq(td_level_name((enum taskd_level)99), "unknown");
	ck_assert_str_eq(td_event_kind_name(TD_EVENT_FORCED), "forced");
	ck_assert_str_eq(td_event_kind_name((enum td_event_kind)99), "unknown");
}
END_TEST

TD_TEST_MAIN("event", an_event_comes_back_as_it_was_put,
	     a_cursor_on_the_end_sees_only_what_comes_later, a_slow_reader_is_told_how_many_it_lost,
	     texts_that_are_too_long_are_cut, every_reader_sees_what_the_model_says,
	     a_ring_without_memory_is_refused, events_below_the_level_are_not_kept,
	     levels_and_kinds_have_names)
