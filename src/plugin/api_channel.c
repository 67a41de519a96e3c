/* SPDX-License-Identifier: MIT */
/* <taskd/channel.h>: channels between tasks. Destructors are code of plugins: outside the lock. */
#include <taskd/channel.h>

#include "base/mem.h"
#include "core/channel.h"
#include "core/cleanup.h"
#include "plugin/api.h"

static struct td_channel *channel_of(taskd_channel *handle)
{
	struct td_channel *channel = (struct td_channel *)handle;

	TD_CHECK(channel, TD_CHANNEL_MAGIC);
	return channel;
}

/* Lets go of a channel, and destroys what was left in it when it was the last. Takes the lock over
 * from the caller. */
static void let_go(struct td_thread *t, struct td_channel *channel)
{
	void (*destroy)(void *item) = channel->destroy;
	struct td_items items;

	td_channel_unref(channel, &items);
	td_leave(t);
	for (size_t i = 0; destroy && i < items.n; i++)
		destroy(items.slots[(items.head + i) % items.capacity]);
	td_mem_free(items.slots);
}

/* The cleanup of the task that made it. */
static void drop(void *arg)
{
	let_go(td_enter_task(), arg);
}

int taskd_channel_new(const struct taskd_channel_options *options, taskd_channel **ret_channel)
{
	struct td_task *task = td_api_current(__func__);
	struct td_channel *channel;
	struct td_thread *t;

	if (!options || options->size != sizeof(*options) || options->capacity < 1 ||
	    options->capacity > TASKD_CHANNEL_MAX || options->overflow > TASKD_OVERFLOW_REFUSE)
		return -TASKD_EINVAL;
	t = td_enter_task();
	channel = td_channel_new(t->rt, options->capacity, (enum td_overflow)options->overflow);
	if (channel && td_defer_push(task, drop, channel) < 0) {
		let_go(t, channel);
		return -TASKD_ENOMEM;
	}
	if (channel)
		channel->destroy = options->destroy;
	td_leave(t);
	if (!channel)
		return -TASKD_ENOMEM;
	*ret_channel = (taskd_channel *)channel;
	return 0;
}

taskd_channel *taskd_channel_ref(taskd_channel *handle)
{
	struct td_thread *t;

	(void)td_api_current(__func__);
	t = td_enter_task();
	channel_of(handle)->refs++;
	td_leave(t);
	return handle;
}

void taskd_channel_unref(taskd_channel *handle)
{
	struct td_task *task = td_api_current(__func__);
	struct td_thread *t;

	if (!handle)
		return;
	t = td_enter_task();
	/* Of the task that made it, it is this one that is given back. */
	(void)td_defer_take(task, drop, handle);
	let_go(t, channel_of(handle));
}

static taskd_nsec until_of(taskd_nsec timeout)
{
	return timeout <= 0 ? 0 : td_later(taskd_now(), timeout);
}

int taskd_channel_send(taskd_channel *handle, void *item, taskd_nsec timeout)
{
	struct td_channel *channel = channel_of(handle);
	taskd_nsec until = until_of(timeout);
	void (*destroy)(void *item);
	void *dropped = NULL;
	struct td_thread *t;
	int r;

	(void)td_api_current(__func__);
	t = td_enter_task();
	destroy = channel->destroy;
	r = td_channel_send(&t, channel, item, until, &dropped);
	td_leave(t);
	if (r > 0 && destroy)
		destroy(dropped);
	return r > 0 ? 0 : r;
}

int taskd_channel_receive(taskd_channel *handle, taskd_nsec timeout, void **ret_item)
{
	taskd_nsec until = until_of(timeout);
	struct td_thread *t;
	int r;

	(void)td_api_current(__func__);
	t = td_enter_task();
	r = td_channel_receive(&t, channel_of(handle), until, ret_item);
	td_leave(t);
	return r;
}

void taskd_channel_close(taskd_channel *handle)
{
	struct td_thread *t;

	(void)td_api_current(__func__);
	t = td_enter_task();
	td_channel_close(channel_of(handle));
	td_leave(t);
}

size_t taskd_channel_count(taskd_channel *handle)
{
	struct td_thread *t;
	size_t n;

	(void)td_api_current(__func__);
	t = td_enter_task();
	n = channel_of(handle)->items.n;
	td_leave(t);
	return n;
}

uint64_t taskd_channel_dropped(taskd_channel *handle)
{
	struct td_thread *t;
	uint64_t n;

	(void)td_api_current(__func__);
	t = td_enter_task();
	n = channel_of(handle)->n_dropped;
	td_leave(t);
	return n;
}
