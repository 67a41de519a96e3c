/* SPDX-License-Identifier: MIT */
/*
 * One event base, touched by the driver alone; other threads wake it through an eventfd. The watch
 * is a timerfd that the monitor thread reads: an idle daemon has no wake-ups.
 */
#include "loop/world.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <taskd/error.h>
#include <taskd/io.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/runtime.h"

_Static_assert(sizeof(struct event) <= sizeof(((struct td_fdwait *)NULL)->loop),
	       "td_fdwait has room for an event");

struct td_world {
	struct td_runtime *rt;
	struct event_base *base; /* owned; the driver's */
	struct event wake_event, timeout_event;
	int wake_fd;
	int watch_fd;
	bool watch_stopped;
	struct td_rand rand;
	void (*events)(void *data);
	void *data;
};

static taskd_nsec world_now(void *data)
{
	struct timespec ts;

	(void)data;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (taskd_nsec)ts.tv_sec * TASKD_SEC + ts.tv_nsec;
}

static int64_t world_realtime(void *data)
{
	struct timespec ts;

	(void)data;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static uint64_t world_random(void *data)
{
	return td_rand_next(&((struct td_world *)data)->rand);
}

static void world_events(void *data)
{
	struct td_world *world = data;

	world->events(world->data);
}

static void on_wake(evutil_socket_t fd, short what, void *data)
{
	uint64_t count;

	(void)what, (void)data;
	(void)!read((int)fd, &count, sizeof(count));
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
	(void)fd, (void)what, (void)data; /* its work is to end the wait */
}

static bool world_wait(void *data, taskd_nsec until)
{
	struct td_world *world = data;

	if (until != 0 && until != TASKD_FOREVER) {
		taskd_nsec left = until - world_now(data);
		taskd_nsec usec;
		struct timeval tv;

		/* Rounded up: a timer that fires early would make the driver spin. */
		left = left < 0 ? 0 : left;
		usec = left / TASKD_USEC + (left % TASKD_USEC != 0);
		tv = (struct timeval){.tv_sec = usec / 1000000, .tv_usec = usec % 1000000};
		event_add(&world->timeout_event, &tv);
	}
	event_base_loop(world->base, until == 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
	if (until != 0 && until != TASKD_FOREVER)
		event_del(&world->timeout_event);
	return true;
}

static void world_wake(void *data)
{
	struct td_world *world = data;
	uint64_t one = 1;

	(void)!write(world->wake_fd, &one, sizeof(one));
}

static void on_fd(evutil_socket_t fd, short what, void *data)
{
	struct td_fdwait *wait = data;
	struct td_world *world = wait->owner;

	(void)fd;
	td_runtime_fd_fired(world->rt, wait,
			    (what & EV_READ ? TASKD_READABLE : 0) |
				    (what & EV_WRITE ? TASKD_WRITABLE : 0));
}

static int world_fd_arm(void *data, struct td_fdwait *wait)
{
	struct td_world *world = data;
	struct event *event = (struct event *)wait->loop;
	short what = (short)((wait->events & TASKD_READABLE ? EV_READ : 0) |
			     (wait->events & TASKD_WRITABLE ? EV_WRITE : 0));

	wait->owner = world;
	event_assign(event, world->base, wait->fd, what, on_fd, wait);
	errno = 0;
	if (event_add(event, NULL) == 0)
		return 0;
	return errno ? -errno : -TASKD_ENOMEM;
}

static void world_fd_disarm(void *data, struct td_fdwait *wait)
{
	(void)data;
	event_del((struct event *)wait->loop);
}

static void world_watch_arm(void *data, taskd_nsec delay)
{
	struct td_world *world = data;
	struct itimerspec when = {
		.it_value = {.tv_sec = delay / TASKD_SEC, .tv_nsec = delay % TASKD_SEC}};

	if (!__atomic_load_n(&world->watch_stopped, __ATOMIC_ACQUIRE))
		timerfd_settime(world->watch_fd, 0, &when, NULL);
}

static bool world_watch_wait(void *data)
{
	struct td_world *world = data;
	uint64_t count;

	while (!__atomic_load_n(&world->watch_stopped, __ATOMIC_ACQUIRE))
		if (read(world->watch_fd, &count, sizeof(count)) == sizeof(count))
			break;
	return !__atomic_load_n(&world->watch_stopped, __ATOMIC_ACQUIRE);
}

static void world_watch_stop(void *data)
{
	struct td_world *world = data;
	/* Armed last and repeating, so that no race with an earlier arm can lose it. */
	struct itimerspec when = {.it_value = {.tv_nsec = 1}, .it_interval = {.tv_nsec = 10000000}};

	__atomic_store_n(&world->watch_stopped, true, __ATOMIC_RELEASE);
	timerfd_settime(world->watch_fd, 0, &when, NULL);
}

/* What libevent would print itself: the return values tell us the same. Not so of what it cannot
 * live with, after which it ends the process. */
static void quiet(int severity, const char *message)
{
	if (severity == EVENT_LOG_ERR)
		dprintf(STDERR_FILENO, "taskd: cannot go on: %s\n", message);
}

/* Precise: the default clock of libevent is coarse, and sleepers would be 4 ms late. */
static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int td_world_new(void (*events)(void *data), void *data, struct td_world **ret_world)
{
	struct td_world *world = td_mem_new(sizeof(*world));
	uint64_t seed = (uint64_t)world_now(NULL);
	int r = -TASKD_ENOMEM;

	if (!world)
		return r;
	event_set_log_callback(quiet);
	(void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	td_rand_seed(&world->rand, seed);
	world->events = events;
	world->data = data;
	world->base = base_new();
	world->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world->watch_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (world->wake_fd < 0 || world->watch_fd < 0)
		r = -errno;
	if (!world->base || world->wake_fd < 0 || world->watch_fd < 0)
		goto failed;
	event_assign(&world->wake_event, world->base, world->wake_fd, EV_READ | EV_PERSIST, on_wake,
		     world);
	evtimer_assign(&world->timeout_event, world->base, on_timeout, world);
	if (event_add(&world->wake_event, NULL) < 0)
		goto failed;
	*ret_world = world;
	return 0;
failed:
	if (world->base)
		event_base_free(world->base);
	td_fd_close(world->wake_fd);
	td_fd_close(world->watch_fd);
	td_mem_free(world);
	return r;
}

struct td_world *td_world_free(struct td_world *world)
{
	if (!world)
		return NULL;
	event_del(&world->wake_event);
	event_base_free(world->base);
	td_fd_close(world->wake_fd);
	td_fd_close(world->watch_fd);
	return td_mem_free(world);
}

void td_world_bind(struct td_world *world, struct td_runtime *rt)
{
	world->rt = rt;
}

void td_world_env(struct td_world *world, struct td_env *ret_env)
{
	*ret_env = (struct td_env){
		.size = sizeof(*ret_env),
		.data = world,
		.now = world_now,
		.realtime_usec = world_realtime,
		.random = world_random,
		.wait = world_wait,
		.wake = world_wake,
		.fd_arm = world_fd_arm,
		.fd_disarm = world_fd_disarm,
		.events = world_events,
		.watch_arm = world_watch_arm,
		.watch_wait = world_watch_wait,
		.watch_stop = world_watch_stop,
	};
}
