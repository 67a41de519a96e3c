/* SPDX-License-Identifier: MIT */
/*
 * The helper cannot be interrupted in its call, so it may outlive the task that asked: what both
 * use is counted, and the last one frees it. The end of the work is told by an eventfd, because a
 * descriptor can be waited for with a time limit.
 */
#include "plugins/offload.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <taskd/plugin.h>

#define STACK_BYTES (256 * 1024) /* name services may load and run anything */
#define LOOK_EVERY TASKD_SEC     /* how soon a helper that was cancelled unstarted is noticed */

/* Tells the helpers of this plugin apart. */
static atomic_uint n_helpers;

struct offload {
	atomic_int refs;
	atomic_bool started;
	int done_fd; /* owned */
	void (*work)(void *data);
	alignas(max_align_t) unsigned char data[];
};

static void offload_drop(void *arg)
{
	struct offload *offload = arg;

	if (atomic_fetch_sub(&offload->refs, 1) != 1)
		return;
	(void)close(offload->done_fd);
	free(offload);
}

void *offload_new(size_t size)
{
	struct offload *offload = calloc(1, sizeof(*offload) + size);

	if (offload == NULL)
		return NULL;
	atomic_init(&offload->refs, 1);
	offload->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (offload->done_fd < 0) {
		free(offload);
		return NULL;
	}
	if (taskd_defer(offload_drop, offload) < 0) {
		offload_drop(offload);
		return NULL;
	}
	return offload->data;
}

static int offload_body(taskd_self *self, void *arg)
{
	struct offload *offload = arg;
	const uint64_t one = 1;

	(void)self;
	atomic_store(&offload->started, true);
	offload->work(offload->data);
	/* Cannot fail: the counter of an eventfd has room for it. */
	(void)!write(offload->done_fd, &one, sizeof(one));
	offload_drop(offload);
	return 0;
}

static int wait_done(struct offload *offload, const taskd_task *helper, taskd_nsec timeout)
{
	taskd_nsec end = timeout == TASKD_FOREVER ? TASKD_FOREVER : taskd_now() + timeout;
	int r;

	for (;;) {
		taskd_nsec left = end == TASKD_FOREVER ? TASKD_FOREVER : end - taskd_now();

		if (left <= 0)
			return -TASKD_ETIMEDOUT;
		r = taskd_wait_fd(offload->done_fd, TASKD_READABLE,
				  left < LOOK_EVERY ? left : LOOK_EVERY);
		if (r != -TASKD_ETIMEDOUT)
			return r < 0 ? r : 0;
		if (taskd_is_finished(helper) && !atomic_load(&offload->started))
			return -TASKD_ECANCELED;
	}
}

int offload_run(void *data, const char *what, void (*work)(void *data), taskd_nsec timeout)
{
	struct offload *offload = (void *)((unsigned char *)data - offsetof(struct offload, data));
	const struct taskd_spawn_options options = {
		.size = sizeof(options),
		.name = taskd_printf("%s-%u", what, atomic_fetch_add(&n_helpers, 1) + 1),
		.driver = TASKD_DRIVER_THREAD,
		.stack_size = STACK_BYTES,
	};
	taskd_task *helper;
	int r;

	offload->work = work;
	atomic_fetch_add(&offload->refs, 1);
	r = taskd_spawn(&options, offload_body, offload, &helper);
	if (r < 0) {
		offload_drop(offload);
		return r;
	}
	r = wait_done(offload, helper, timeout);
	if (r < 0)
		taskd_cancel(helper, "nobody waits for the answer any more");
	/* A helper that was stopped before it began cannot give its share back. */
	if (taskd_is_finished(helper) && !atomic_load(&offload->started))
		offload_drop(offload);
	taskd_release(helper);
	return r;
}
