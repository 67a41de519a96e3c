/* SPDX-License-Identifier: MIT */
/* Channels: order, overflow, closing, and that nobody who is stopped loses anything. */
#include <taskd/channel.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "virtual.h"

#define S TASKD_SEC
#define MS TASKD_MSEC

#define ITEMS 200

struct story {
	taskd_channel *channel;
	struct taskd_channel_options options;
	int seen[ITEMS];      /* how often an item was received */
	int destroyed[ITEMS]; /* ... or destroyed */
	int kept[ITEMS];      /* ... or stayed with its sender */
	int next, order;
	bool unordered;
};

static struct story *shown; /* of destroy(), which gets the item alone */

static void destroy(void *item)
{
	shown->destroyed[*(int *)item]++;
}

static int numbers[ITEMS];

static void prepare(struct story *story, size_t capacity, enum taskd_overflow overflow)
{
	*story = (struct story){.options = {.size = sizeof(story->options),
					    .capacity = capacity,
					    .overflow = overflow,
					    .destroy = destroy}};
	shown = story;
	for (int i = 0; i < ITEMS; i++)
		numbers[i] = i;
}

static void play(struct story *story, taskd_fn fn)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct td_task *task = virtual_spawn(rt, rt->root, "a", fn, story);

	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(task), TASKD_COMPLETED);
	td_task_unref(task);
	virtual_end(rt);
}

static int receive_all(taskd_self *self, void *arg)
{
	struct story *story = arg;
	void *item;
	int r;

	(void)self;
	while ((r = taskd_channel_receive(story->channel, TASKD_FOREVER, &item)) == 0) {
		story->seen[*(int *)item]++;
		story->unordered = story->unordered || *(int *)item < story->order;
		story->order = *(int *)item;
		r = taskd_sleep(MS);
		if (r < 0)
			break;
	}
	return r == -TASKD_ECLOSED ? 0 : r;
}

/* ---- plain use -------------------------------------------------------------------------- */

static int send_in_order(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_task *receiver;

	(void)self;
	ck_assert_int_eq(taskd_channel_new(&story->options, &story->channel), 0);
	ck_assert_int_eq(taskd_spawn(NULL, receive_all, story, &receiver), 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(taskd_channel_send(story->channel, &numbers[i], TASKD_FOREVER), 0);
	ck_assert_uint_eq(taskd_channel_count(story->channel), story->options.capacity);
	taskd_channel_close(story->channel);
	taskd_channel_close(story->channel);
	ck_assert_int_eq(taskd_channel_send(story->channel, &numbers[0], S), -TASKD_ECLOSED);
	return taskd_join(receiver, NULL);
}

START_TEST(items_arrive_once_and_in_order_and_also_after_the_close)
{
	struct story story;

	prepare(&story, 3, TASKD_OVERFLOW_WAIT);
	play(&story, send_in_order);
	ck_assert(!story.unordered);
	for (int i = 0; i < ITEMS; i++) {
		ck_assert_int_eq(story.seen[i], i < 50);
		ck_assert_int_eq(story.destroyed[i], 0);
	}
}
END_TEST

static int overflow(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_nsec begin = taskd_now();
	void *item;

	(void)self;
	ck_assert_int_eq(taskd_channel_new(&story->options, &story->channel), 0);
	ck_assert_int_eq(taskd_channel_receive(story->channel, 0, &item), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_channel_receive(story->channel, S, &item), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_now() - begin, S);
	for (int i = 0; i < 4; i++) {
		int r = taskd_channel_send(story->channel, &numbers[i], 0);

		if (i >= 2 && story->options.overflow == TASKD_OVERFLOW_WAIT)
			ck_assert_int_eq(r, -TASKD_ETIMEDOUT);
		else if (i >= 2 && story->options.overflow == TASKD_OVERFLOW_REFUSE)
			ck_assert_int_eq(r, -TASKD_ECAPACITY);
		else
			ck_assert_int_eq(r, 0);
	}
	ck_assert_uint_eq(taskd_channel_count(story->channel), 2);
	story->next = (int)taskd_channel_dropped(story->channel);
	ck_assert_int_eq(taskd_channel_receive(story->channel, 0, &item), 0);
	story->order = *(int *)item;
	return 0; /* the other one is destroyed with the channel */
}

static void check_overflow(enum taskd_overflow policy, int n_dropped, int first, int destroyed[4])
{
	struct story story;

	prepare(&story, 2, policy);
	play(&story, overflow);
	ck_assert_int_eq(story.next, n_dropped);
	ck_assert_int_eq(story.order, first);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(story.destroyed[i], destroyed[i]);
}

START_TEST(a_full_channel_does_what_its_policy_says)
{
	check_overflow(TASKD_OVERFLOW_WAIT, 0, 0, (int[]){0, 1, 0, 0});
	check_overflow(TASKD_OVERFLOW_DROP_OLDEST, 2, 2, (int[]){1, 1, 0, 1});
	check_overflow(TASKD_OVERFLOW_DROP_NEWEST, 2, 0, (int[]){0, 1, 1, 1});
	check_overflow(TASKD_OVERFLOW_REFUSE, 0, 0, (int[]){0, 1, 0, 0});
}
END_TEST

static int bad_options(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_channel_options good = story->options, bad = good;

	(void)self;
	ck_assert_int_eq(taskd_channel_new(NULL, &story->channel), -TASKD_EINVAL);
	bad.size--;
	ck_assert_int_eq(taskd_channel_new(&bad, &story->channel), -TASKD_EINVAL);
	bad = good, bad.capacity = 0;
	ck_assert_int_eq(taskd_channel_new(&bad, &story->channel), -TASKD_EINVAL);
	bad.capacity = TASKD_CHANNEL_MAX + 1;
	ck_assert_int_eq(taskd_channel_new(&bad, &story->channel), -TASKD_EINVAL);
	bad = good, bad.overflow = 4;
	ck_assert_int_eq(taskd_channel_new(&bad, &story->channel), -TASKD_EINVAL);
	TD_TEST_TORTURE(taskd_channel_new(&good, &story->channel));
	ck_assert_ptr_eq(taskd_channel_ref(story->channel), story->channel);
	taskd_channel_unref(story->channel);
	ck_assert_int_eq(taskd_channel_send(story->channel, &numbers[0], 0), 0);
	taskd_channel_unref(story->channel);
	ck_assert_int_eq(story->destroyed[0], 1);
	taskd_channel_unref(NULL);
	return 0;
}

START_TEST(options_of_a_channel_are_checked)
{
	struct story story;

	prepare(&story, 2, TASKD_OVERFLOW_WAIT);
	play(&story, bad_options);
}
END_TEST

/* ---- who waits -------------------------------------------------------------------------- */

static int let_go_while_others_wait(taskd_self *self, void *arg)
{
	struct story *story = arg;
	struct taskd_outcome outcome;
	taskd_task *receivers[3];

	(void)self;
	ck_assert_int_eq(taskd_channel_new(&story->options, &story->channel), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(taskd_spawn(NULL, receive_all, story, &receivers[i]), 0);
	ck_assert_int_eq(taskd_sleep(MS), 0);
	taskd_abort(receivers[0]);
	taskd_channel_unref(story->channel);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(taskd_join(receivers[i], &outcome), 0);
		ck_assert_int_eq(outcome.kind, i == 0 ? TASKD_ABORTED : TASKD_COMPLETED);
	}
	return 0;
}

START_TEST(who_waits_for_a_channel_that_nobody_holds_is_told_that_it_is_closed)
{
	struct story story;

	prepare(&story, 2, TASKD_OVERFLOW_WAIT);
	play(&story, let_go_while_others_wait);
}
END_TEST

static int pass_the_turn(taskd_self *self, void *arg)
{
	struct story *story = arg;
	taskd_task *receivers[2];

	(void)self;
	ck_assert_int_eq(taskd_channel_new(&story->options, &story->channel), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(taskd_spawn(NULL, receive_all, story, &receivers[i]), 0);
	ck_assert_int_eq(taskd_sleep(MS), 0);
	/* The first is woken for the item, and stopped by force before it has its turn. */
	ck_assert_int_eq(taskd_channel_send(story->channel, &numbers[0], 0), 0);
	taskd_abort(receivers[0]);
	ck_assert_int_eq(taskd_sleep(MS), 0);
	ck_assert_int_eq(story->seen[0], 1);
	taskd_channel_close(story->channel);
	ck_assert_int_eq(taskd_join(receivers[0], NULL), 0);
	return taskd_join(receivers[1], NULL);
}

START_TEST(a_turn_is_passed_on_by_who_is_stopped_before_it_is_taken)
{
	struct story story;

	prepare(&story, 2, TASKD_OVERFLOW_WAIT);
	play(&story, pass_the_turn);
}
END_TEST

/* ---- stopped anywhere ------------------------------------------------------------------- */

static int send_some(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	for (int i = 0; i < 10; i++) {
		int number = story->next++;
		int r;

		/* Until it is sent, it is the sender's; force is the one thing that takes it. */
		story->kept[number] = 1;
		r = taskd_channel_send(story->channel, &numbers[number], TASKD_FOREVER);
		if (r < 0)
			return r;
		story->kept[number] = 0;
	}
	return 0;
}

static int crowd(taskd_self *self, void *arg)
{
	struct story *story = arg;

	(void)self;
	ck_assert_int_eq(taskd_channel_new(&story->options, &story->channel), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(taskd_spawn(NULL, receive_all, story, NULL), 0);
		ck_assert_int_eq(taskd_spawn(NULL, send_some, story, NULL), 0);
	}
	ck_assert_int_eq(taskd_sleep(S), 0);
	ck_assert_uint_eq(taskd_channel_count(story->channel), 0);
	taskd_channel_close(story->channel);
	return 0;
}

/* Stops the task with that number, of three receivers (2, 4, 6) and three senders (3, 5, 7). */
static void strike(uint64_t id, int k, bool force)
{
	struct virtual_world world;
	struct td_runtime *rt = virtual_runtime(&world);
	struct story story;
	struct td_task *task, *owner;
	struct td_thread *t;

	prepare(&story, 2, TASKD_OVERFLOW_WAIT);
	owner = virtual_spawn(rt, rt->root, "a", crowd, &story);
	virtual_run_for(rt, k * MS / 2);
	t = td_enter();
	task = td_group_find_id(rt, id);
	if (task && force)
		td_task_abort(task, NULL);
	else if (task)
		td_task_ask(task, TD_ASK_CANCEL, NULL);
	td_leave(t);
	virtual_run(rt);
	ck_assert_int_eq(virtual_outcome(owner), TASKD_COMPLETED);
	for (int i = 0; i < story.next; i++)
		ck_assert_int_eq(story.seen[i] + story.destroyed[i] + story.kept[i], 1);
	ck_assert_uint_eq(rt->n_tasks, 0);
	td_task_unref(owner);
	virtual_end(rt);
}

START_TEST(nothing_is_lost_wherever_one_of_them_is_stopped)
{
	for (uint64_t id = 2; id <= 7; id++) {
		for (int k = 0; k < 26; k++) {
			strike(id, k, false);
			strike(id, k, true);
		}
	}
}
END_TEST

TD_TEST_MAIN("channel", items_arrive_once_and_in_order_and_also_after_the_close,
	     a_full_channel_does_what_its_policy_says, options_of_a_channel_are_checked,
	     who_waits_for_a_channel_that_nobody_holds_is_told_that_it_is_closed,
	     a_turn_is_passed_on_by_who_is_stopped_before_it_is_taken,
	     nothing_is_lost_wherever_one_of_them_is_stopped)
