/* SPDX-License-Identifier: MIT */
/* <taskd/io.h>, and errno. */
#include <taskd/io.h>

#include <errno.h>
#include <unistd.h>

#include <taskd/plugin.h>

#include "core/wait.h"
#include "plugin/api.h"

#undef errno
#define errno (*__errno_location())

/* Not inlined, not const: see the header. */
__attribute__((noinline)) int *taskd_errno_location(void)
{
	__asm__ volatile("" ::: "memory");
	return &errno;
}

static int wait_until(int fd, int events, taskd_nsec until)
{
	struct td_thread *t = td_enter_task();
	int r = td_wait_fd(&t, fd, events, until);

	td_leave(t);
	return r;
}

int taskd_wait_fd(int fd, int events, taskd_nsec timeout)
{
	(void)td_api_current(__func__);
	return wait_until(fd, events,
			  timeout == TASKD_FOREVER ? TASKD_FOREVER
						   : td_later(taskd_now(), timeout));
}

ssize_t taskd_read(int fd, void *buffer, size_t size, taskd_nsec timeout)
{
	taskd_nsec until =
		timeout == TASKD_FOREVER ? TASKD_FOREVER : td_later(taskd_now(), timeout);

	(void)td_api_current(__func__);
	for (;;) {
		int r = wait_until(fd, TASKD_READABLE, until);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(fd, buffer, size);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

int taskd_write(int fd, const void *buffer, size_t size, taskd_nsec timeout)
{
	taskd_nsec until =
		timeout == TASKD_FOREVER ? TASKD_FOREVER : td_later(taskd_now(), timeout);
	const char *at = buffer;

	/* Also when it need not wait, it is refused like a wait once the task is to stop. */
	if (taskd_checkpoint(&td_api_current(__func__)->self) < 0)
		return taskd_sleep(0);
	while (size > 0) {
		ssize_t n = write(fd, at, size);
		int r;

		if (n >= 0) {
			at += n;
			size -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_until(fd, TASKD_WRITABLE, until);
		if (r < 0)
			return r;
	}
	return 0;
}
