/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a thread: descriptors, timers, signals, and wake-ups from other threads. This
 * folder is the only place that knows libevent.
 *
 * Thread: the one that runs the loop, but for td_loop_wake(). Callbacks come from td_loop_run().
 */
#ifndef TD_LOOP_LOOP_H
#define TD_LOOP_LOOP_H

#include <stdbool.h>

#include <taskd/types.h>

struct td_loop;
struct td_io;
struct td_timer;
struct td_signal;

#define TD_IO_READ 1
#define TD_IO_WRITE 2

/* Returns: 0; -TASKD_ENOMEM; -errno of the descriptors. Owns: the caller frees it. */
int td_loop_new(struct td_loop **ret_loop);
/* All that was added must have been removed. NULL allowed; returns NULL. */
struct td_loop *td_loop_free(struct td_loop *loop);

/* Runs callbacks until td_loop_stop(). Blocks: until then. */
void td_loop_run(struct td_loop *loop);
void td_loop_stop(struct td_loop *loop);

/* Calls `woken` in the loop's thread soon; many wakes before it runs make one call. Thread: any.
 * Async-signal-safe. */
void td_loop_wake(struct td_loop *loop);
void td_loop_on_wake(struct td_loop *loop, void (*woken)(void *data), void *data);

/*
 * Watches a descriptor until it is removed. `events`, a set of TD_IO_..., may be 0 for a pause.
 * Returns: NULL when memory is short or the descriptor cannot be watched.
 */
struct td_io *td_io_new(struct td_loop *loop, int fd, int events,
			void (*ready)(int fd, int events, void *data), void *data);
/* 0 or -TASKD_ENOMEM. */
int td_io_set(struct td_io *io, int events);
struct td_io *td_io_free(struct td_io *io); /* does not close; NULL allowed; returns NULL */

/* A timer that fires once each time it is set; `delay` in nanoseconds, rounded up. */
struct td_timer *td_timer_new(struct td_loop *loop, void (*fired)(void *data), void *data);
void td_timer_start(struct td_timer *timer, taskd_nsec delay);
void td_timer_stop(struct td_timer *timer);
struct td_timer *td_timer_free(struct td_timer *timer); /* NULL allowed; returns NULL */

/* Calls back, in the loop, for a signal of the process. */
struct td_signal *td_signal_new(struct td_loop *loop, int signal_number,
				void (*caught)(int signal_number, void *data), void *data);
struct td_signal *td_signal_free(struct td_signal *signal); /* NULL allowed; returns NULL */

#endif
