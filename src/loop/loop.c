/* SPDX-License-Identifier: MIT */
/* Thin wrappers; what libevent offers is what they do. */
#include "loop/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"

struct td_loop {
	struct event_base *base; /* owned */
	struct event wake_event;
	int wake_fd;
	void (*woken)(void *data);
	void *woken_data;
};

struct td_io {
	struct td_loop *loop;
	struct event event;
	int fd, events;
	void (*ready)(int fd, int events, void *data);
	void *data;
};

struct td_timer {
	struct event event;
	void (*fired)(void *data);
	void *data;
};

struct td_signal {
	struct event event;
	void (*caught)(int signal_number, void *data);
	void *data;
};

static void on_wake(evutil_socket_t fd, short what, void *data)
{
	struct td_loop *loop = data;
	uint64_t count;

	(void)what;
	(void)!read((int)fd, &count, sizeof(count));
	if (loop->woken)
		loop->woken(loop->woken_data);
}

int td_loop_new(struct td_loop **ret_loop)
{
	struct td_loop *loop = td_mem_new(sizeof(*loop));
	int r = -TASKD_ENOMEM;

	if (!loop)
		return r;
	loop->base = event_base_new();
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		r = -errno;
	if (!loop->base || loop->wake_fd < 0)
		goto failed;
	event_assign(&loop->wake_event, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake,
		     loop);
	if (event_add(&loop->wake_event, NULL) < 0)
		goto failed;
	*ret_loop = loop;
	return 0;
failed:
	td_fd_close(loop->wake_fd);
	if (loop->base)
		event_base_free(loop->base);
	td_mem_free(loop);
	return r;
}

struct td_loop *td_loop_free(struct td_loop *loop)
{
	if (!loop)
		return NULL;
	event_del(&loop->wake_event);
	event_base_free(loop->base);
	td_fd_close(loop->wake_fd);
	return td_mem_free(loop);
}

void td_loop_run(struct td_loop *loop)
{
	event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void td_loop_stop(struct td_loop *loop)
{
	event_base_loopbreak(loop->base);
}

void td_loop_on_wake(struct td_loop *loop, void (*woken)(void *data), void *data)
{
	loop->woken = woken;
	loop->woken_data = data;
}

void td_loop_wake(struct td_loop *loop)
{
	uint64_t one = 1;
	int saved = errno;

	/* It fails only when the counter is full, and then it is readable anyway. */
	(void)!write(loop->wake_fd, &one, sizeof(one));
	errno = saved;
}

/* ---- descriptors ------------------------------------------------------------------------ */

static void on_io(evutil_socket_t fd, short what, void *data)
{
	struct td_io *io = data;

	io->ready((int)fd, (what & EV_READ ? TD_IO_READ : 0) | (what & EV_WRITE ? TD_IO_WRITE : 0),
		  io->data);
}

static int watch(struct td_io *io)
{
	short what = (short)((io->events & TD_IO_READ ? EV_READ : 0) |
			     (io->events & TD_IO_WRITE ? EV_WRITE : 0) | EV_PERSIST);

	if (io->events == 0)
		return 0;
	event_assign(&io->event, io->loop->base, io->fd, what, on_io, io);
	return event_add(&io->event, NULL) < 0 ? -TASKD_ENOMEM : 0;
}

struct td_io *td_io_new(struct td_loop *loop, int fd, int events,
			void (*ready)(int fd, int events, void *data), void *data)
{
	struct td_io *io = td_mem_new(sizeof(*io));

	if (!io)
		return NULL;
	*io = (struct td_io){
		.loop = loop, .fd = fd, .events = events, .ready = ready, .data = data};
	return watch(io) < 0 ? td_mem_free(io) : io;
}

int td_io_set(struct td_io *io, int events)
{
	if (events == io->events)
		return 0;
	if (io->events)
		event_del(&io->event);
	io->events = events;
	return watch(io);
}

struct td_io *td_io_free(struct td_io *io)
{
	if (io && io->events)
		event_del(&io->event);
	return td_mem_free(io);
}

/* ---- timers ----------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *data)
{
	struct td_timer *timer = data;

	(void)fd, (void)what;
	timer->fired(timer->data);
}

struct td_timer *td_timer_new(struct td_loop *loop, void (*fired)(void *data), void *data)
{
	struct td_timer *timer = td_mem_new(sizeof(*timer));

	if (!timer)
		return NULL;
	timer->fired = fired;
	timer->data = data;
	evtimer_assign(&timer->event, loop->base, on_timer, timer);
	return timer;
}

void td_timer_start(struct td_timer *timer, taskd_nsec delay)
{
	taskd_nsec usec = delay / TASKD_USEC + (delay % TASKD_USEC != 0);
	struct timeval tv = {.tv_sec = usec / 1000000, .tv_usec = usec % 1000000};

	/* No allocation is needed to set a timer again; the first one reserves its place. */
	if (event_add(&timer->event, &tv) < 0)
		td_assert(!"a timer cannot be set");
}

void td_timer_stop(struct td_timer *timer)
{
	event_del(&timer->event);
}

struct td_timer *td_timer_free(struct td_timer *timer)
{
	if (timer)
		event_del(&timer->event);
	return td_mem_free(timer);
}

/* ---- signals ---------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t number, short what, void *data)
{
	struct td_signal *signal = data;

	(void)what;
	signal->caught((int)number, signal->data);
}

struct td_signal *td_signal_new(struct td_loop *loop, int signal_number,
				void (*caught)(int signal_number, void *data), void *data)
{
	struct td_signal *signal = td_mem_new(sizeof(*signal));

	if (!signal)
		return NULL;
	signal->caught = caught;
	signal->data = data;
	evsignal_assign(&signal->event, loop->base, signal_number, on_signal, signal);
	return event_add(&signal->event, NULL) < 0 ? td_mem_free(signal) : signal;
}

struct td_signal *td_signal_free(struct td_signal *signal)
{
	if (signal)
		event_del(&signal->event);
	return td_mem_free(signal);
}
