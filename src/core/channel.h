/* SPDX-License-Identifier: MIT */
/*
 * Bounded channels. An item moves only in the call that succeeds, never on behalf of somebody who
 * waits: so whoever is stopped while it waits loses nothing. Under the lock; items are destroyed by
 * the callers, outside of it.
 */
#ifndef TD_CORE_CHANNEL_H
#define TD_CORE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskd/types.h>

#include "base/list.h"

struct td_runtime;
struct td_task;
struct td_thread;

#define TD_CHANNEL_MAGIC 0x6368616eu

enum td_overflow {
	TD_OVERFLOW_WAIT,
	TD_OVERFLOW_DROP_OLDEST,
	TD_OVERFLOW_DROP_NEWEST,
	TD_OVERFLOW_REFUSE
};

/* A ring of pointers. */
struct td_items {
	void **slots; /* owned */
	size_t capacity, head, n;
};

struct td_channel {
	uint32_t magic;
	bool closed;
	enum td_overflow overflow;
	uint32_t refs;
	uint32_t n_waiting; /* tasks in a wait; the last one frees it when nobody holds it */
	struct td_runtime *rt;
	struct td_items items;
	struct td_list senders, receivers; /* that wait */
	uint64_t n_dropped;
	void (*destroy)(void *item); /* of the plugin; not called by core */
};

/* Returns: a channel with one reference, or NULL: out of memory. */
struct td_channel *td_channel_new(struct td_runtime *rt, size_t capacity,
				  enum td_overflow overflow);
/* Gives a reference back. The last one closes the channel and hands what is left in it to
 * *ret_items: to be destroyed, and the slots to be freed, by the caller. */
void td_channel_unref(struct td_channel *channel, struct td_items *ret_items);

/* Sends. `until` absolute; 0: does not wait. Returns: 0, or an error; 1: *ret_dropped is to be
 * destroyed, because it had to make room, or had none. */
int td_channel_send(struct td_thread **t, struct td_channel *channel, void *item, taskd_nsec until,
		    void **ret_dropped);
/* Receives. Returns: 0, or an error. */
int td_channel_receive(struct td_thread **t, struct td_channel *channel, taskd_nsec until,
		       void **ret_item);
void td_channel_close(struct td_channel *channel);

/* A task was stopped by force in a wait, or after it was woken: another one has its turn. */
void td_channel_abandoned(struct td_task *task);

#endif
