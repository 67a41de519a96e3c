/* SPDX-License-Identifier: MIT */
/*
 * Bounded channels between tasks: pointers go in at one end and come out at the other, in order,
 * each once. A task that is stopped while it sends or receives loses nothing: an item belongs to
 * the sender until taskd_channel_send() has returned 0, and to the receiver as soon as
 * taskd_channel_receive() has.
 */
#ifndef TASKD_CHANNEL_H
#define TASKD_CHANNEL_H

#include <taskd/task.h>

TASKD_BEGIN_DECLS

/* A channel. */
typedef struct taskd_channel taskd_channel;

#define TASKD_CHANNEL_MAX 1000000 /* items of one channel */

/* What sending to a full channel does. */
enum taskd_overflow {
	TASKD_OVERFLOW_WAIT = 0,        /* waits until there is room */
	TASKD_OVERFLOW_DROP_OLDEST = 1, /* the oldest item makes room */
	TASKD_OVERFLOW_DROP_NEWEST = 2, /* the new item is dropped */
	TASKD_OVERFLOW_REFUSE = 3,      /* the new item is refused, and stays with the sender */
};

/* Options of a channel. Set `size` to sizeof of the struct. */
struct taskd_channel_options {
	size_t size;
	size_t capacity; /* items, 1 to TASKD_CHANNEL_MAX */
	enum taskd_overflow overflow;
	void (*destroy)(void *item); /* of items that are dropped or never received; may be NULL */
};

/*
 * Makes a channel, which the calling task holds until it ends (with `every`: until the run ends),
 * on every path. When nobody holds it any more it is closed, and what is in it is destroyed.
 * Returns: 0. Errors: -TASKD_EINVAL options; -TASKD_ENOMEM. Blocks: no.
 */
TASKD_API int taskd_channel_new(const struct taskd_channel_options *options,
				taskd_channel **ret_channel) TASKD_WARN_UNUSED;

/* Holds a channel beyond the end of the task that made it. Returns: `channel`. Blocks: no. */
TASKD_API taskd_channel *taskd_channel_ref(taskd_channel *channel);

/* Lets go of a channel. NULL is allowed. Blocks: no, but for what `destroy` does. */
TASKD_API void taskd_channel_unref(taskd_channel *channel);

/*
 * Sends one item. `timeout` in nanoseconds is how long to wait for room; TASKD_FOREVER, or 0 for
 * not at all. Owns: the item, once it has returned 0.
 * Returns: 0 it was sent, or dropped as the channel says. Errors: -TASKD_ECLOSED; -TASKD_ETIMEDOUT;
 * -TASKD_ECAPACITY it is full and refuses; -TASKD_ECANCELED. Blocks: while it is full and waits.
 */
TASKD_API int taskd_channel_send(taskd_channel *channel, void *item,
				 taskd_nsec timeout) TASKD_WARN_UNUSED;

/*
 * Receives the oldest item. `timeout` as of taskd_channel_send(). Several tasks may receive.
 * Returns: 0. Errors: -TASKD_ECLOSED it is closed and empty; -TASKD_ETIMEDOUT; -TASKD_ECANCELED.
 * Blocks: while it is empty.
 */
TASKD_API int taskd_channel_receive(taskd_channel *channel, taskd_nsec timeout, void **ret_item);

/* Closes a channel for senders; what is in it can still be received. Idempotent. Blocks: no. */
TASKD_API void taskd_channel_close(taskd_channel *channel);

/* How many items are in it, and how many were dropped so far. Blocks: no. */
TASKD_API size_t taskd_channel_count(taskd_channel *channel);
TASKD_API uint64_t taskd_channel_dropped(taskd_channel *channel);

TASKD_END_DECLS

#endif
