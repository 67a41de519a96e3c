/* SPDX-License-Identifier: MIT */
/*
 * What the runtime needs from outside, as one table: clock, randomness, descriptors, the watch for
 * hogs, and the news that there are events. Nothing else in core knows the time or the world, so
 * that the same core runs under libevent and under a virtual clock.
 */
#ifndef TD_CORE_ENV_H
#define TD_CORE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include <taskd/types.h>

struct td_runtime;

/* One wait for a descriptor. Owned by core; `loop` belongs to the implementation of the table. */
struct td_fdwait {
	int fd;
	int events;                   /* TASKD_READABLE | TASKD_WRITABLE */
	int fired;                    /* what was ready; set by td_runtime_fd_fired() */
	struct td_task *task;         /* who waits; NULL: it was called off */
	struct td_fdwait *next;       /* among the requests, or the free ones */
	struct td_fdwait *fired_next; /* among those that fired; the driver's own */
	bool armed;
	void *owner;    /* of the implementation of the table */
	void *loop[20]; /* room for the event of its loop */
};

struct td_env {
	uint32_t size;
	void *data; /* first argument of all functions */

	/* CLOCK_MONOTONIC in nanoseconds, CLOCK_REALTIME in microseconds. Any thread. */
	taskd_nsec (*now)(void *data);
	int64_t (*realtime_usec)(void *data);
	/* 64 random bits. Under the lock. */
	uint64_t (*random)(void *data);
	/*
	 * Waits until the absolute time `until` (0: looks and returns at once; TASKD_FOREVER),
	 * until a descriptor fires, or until wake(). Calls td_runtime_fd_fired() for each that
	 * fired. By the driver alone; without the lock unless `until` is 0. Returns: false when
	 * nothing can ever happen any more (a simulator).
	 */
	bool (*wait)(void *data, taskd_nsec until);
	/* Ends a wait() in progress, or the next one. Any thread, never under the lock. */
	void (*wake)(void *data);
	/* Watches a descriptor once. 0 or -errno. By the driver, under the lock. */
	int (*fd_arm)(void *data, struct td_fdwait *wait);
	void (*fd_disarm)(void *data, struct td_fdwait *wait);
	/* There are new events in the ring. Must not block or call back. Under the lock. */
	void (*events)(void *data);

	/* Which of the `n` ready tasks runs next, 0 the oldest; NULL: the oldest always. For a
	 * simulator: whatever it picks is an order that could have been. Under the lock. */
	uint32_t (*pick)(void *data, uint32_t n);

	/* The watch for hogs; NULL when the runtime has one thread only. watch_wait() blocks the
	 * monitor thread until an armed time has passed; false: end the thread. */
	void (*watch_arm)(void *data, taskd_nsec delay);
	bool (*watch_wait)(void *data);
	void (*watch_stop)(void *data); /* makes watch_wait() return false, now and ever after */
};

#endif
