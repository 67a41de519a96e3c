/* SPDX-License-Identifier: MIT */
/* Each item that comes wakes one receiver, each that goes one sender; who is woken looks again. */
#include "core/channel.h"

#include "base/assert.h"
#include "base/mem.h"
#include "core/runtime.h"
#include "core/wait.h"

struct td_channel *td_channel_new(struct td_runtime *rt, size_t capacity, enum td_overflow overflow)
{
	struct td_channel *channel = td_mem_new(sizeof(*channel));

	td_assert(capacity > 0);
	if (!channel)
		return NULL;
	channel->items.slots = td_mem_array(capacity, sizeof(channel->items.slots[0]));
	if (!channel->items.slots)
		return td_mem_free(channel);
	channel->items.capacity = capacity;
	channel->overflow = overflow;
	channel->refs = 1;
	channel->rt = rt;
	td_list_init(&channel->senders);
	td_list_init(&channel->receivers);
	channel->magic = TD_CHANNEL_MAGIC;
	return channel;
}

static void free_if_unused(struct td_channel *channel)
{
	if (channel->refs > 0 || channel->n_waiting > 0)
		return;
	channel->magic = 0;
	td_mem_free(channel);
}

static void wake_first(struct td_channel *channel, struct td_list *list)
{
	struct td_task *task = TD_LIST_FIRST(list, struct td_task, wait_link);

	if (task)
		td_wake(channel->rt, task, 0);
}

void td_channel_close(struct td_channel *channel)
{
	TD_CHECK(channel, TD_CHANNEL_MAGIC);
	channel->closed = true;
	while (!td_list_empty(&channel->senders))
		wake_first(channel, &channel->senders);
	while (!td_list_empty(&channel->receivers))
		wake_first(channel, &channel->receivers);
}

void td_channel_unref(struct td_channel *channel, struct td_items *ret_items)
{
	*ret_items = (struct td_items){0};
	TD_CHECK(channel, TD_CHANNEL_MAGIC);
	td_assert(channel->refs > 0);
	if (--channel->refs > 0)
		return;
	*ret_items = channel->items;
	channel->items = (struct td_items){0};
	td_channel_close(channel);
	free_if_unused(channel);
}

static void push(struct td_channel *channel, void *item)
{
	struct td_items *items = &channel->items;

	items->slots[(items->head + items->n) % items->capacity] = item;
	items->n++;
	wake_first(channel, &channel->receivers);
}

static void *pop(struct td_items *items)
{
	void *item = items->slots[items->head];

	items->head = (items->head + 1) % items->capacity;
	items->n--;
	return item;
}

/* Waits for a change. Returns: 0 look again; an error. The channel may be gone after one. */
static int await_turn(struct td_thread **t, struct td_channel *channel, struct td_list *list,
		      taskd_nsec until)
{
	struct td_task *task = (*t)->current;
	int r;

	if (until == 0)
		return -TASKD_ETIMEDOUT;
	td_list_append(list, &task->wait_link);
	task->channel = channel;
	channel->n_waiting++;
	r = td_wait(t, TD_WAIT_CHANNEL, until);
	channel->n_waiting--;
	task->channel = NULL;
	if (channel->refs > 0)
		return r;
	free_if_unused(channel);
	return r < 0 ? r : -TASKD_ECLOSED;
}

int td_channel_send(struct td_thread **t, struct td_channel *channel, void *item, taskd_nsec until,
		    void **ret_dropped)
{
	struct td_items *items = &channel->items;

	TD_CHECK(channel, TD_CHANNEL_MAGIC);
	if ((*t)->current->self.signals & TD_ASK_STOP)
		return -TASKD_ECANCELED;
	for (;;) {
		bool full = items->n == items->capacity;
		int r;

		if (channel->closed)
			return -TASKD_ECLOSED;
		if (!full) {
			push(channel, item);
			return 0;
		}
		switch (channel->overflow) {
		case TD_OVERFLOW_WAIT:
			break;
		case TD_OVERFLOW_DROP_OLDEST:
			channel->n_dropped++;
			*ret_dropped = pop(items);
			push(channel, item);
			return 1;
		case TD_OVERFLOW_DROP_NEWEST:
			channel->n_dropped++;
			*ret_dropped = item;
			return 1;
		case TD_OVERFLOW_REFUSE:
			return -TASKD_ECAPACITY;
		}
		r = await_turn(t, channel, &channel->senders, until);
		if (r < 0)
			return r;
	}
}

int td_channel_receive(struct td_thread **t, struct td_channel *channel, taskd_nsec until,
		       void **ret_item)
{
	TD_CHECK(channel, TD_CHANNEL_MAGIC);
	if ((*t)->current->self.signals & TD_ASK_STOP)
		return -TASKD_ECANCELED;
	for (;;) {
		int r;

		if (channel->items.n > 0) {
			*ret_item = pop(&channel->items);
			wake_first(channel, &channel->senders);
			return 0;
		}
		if (channel->closed)
			return -TASKD_ECLOSED;
		r = await_turn(t, channel, &channel->receivers, until);
		if (r < 0)
			return r;
	}
}

void td_channel_abandoned(struct td_task *task)
{
	struct td_channel *channel = task->channel;

	task->channel = NULL;
	channel->n_waiting--;
	/* It may have been woken for something that is now for another one. */
	if (channel->items.n > 0)
		wake_first(channel, &channel->receivers);
	if (channel->items.n < channel->items.capacity)
		wake_first(channel, &channel->senders);
	free_if_unused(channel);
}
