/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors from inside a task. Descriptors should be non-blocking. */
#ifndef TASKD_IO_H
#define TASKD_IO_H

#include <sys/types.h>
#include <taskd/types.h>

TASKD_BEGIN_DECLS

#define TASKD_READABLE 1 /* data, end of file, or an error to be read */
#define TASKD_WRITABLE 2

/*
 * Waits until `fd` (a pipe, socket, pidfd, eventfd, timerfd ...; not a regular file) is ready for
 * one of `events`. `timeout` in nanoseconds, TASKD_FOREVER for none. The descriptor must stay
 * open while the call waits, and only one task may wait for it per direction.
 * Returns: the events that are ready (positive). Errors: -TASKD_ETIMEDOUT, -TASKD_ECANCELED,
 * -TASKD_EINVAL, -EBADF, -EPERM (a regular file). Blocks: until then.
 */
TASKD_API int taskd_wait_fd(int fd, int events, taskd_nsec timeout);

/*
 * Reads up to `size` bytes, waiting as taskd_wait_fd() does. Returns: the number read, 0 at the
 * end; errors as taskd_wait_fd() and -errno of read(2). Blocks: until the first byte.
 */
TASKD_API ssize_t taskd_read(int fd, void *buffer, size_t size, taskd_nsec timeout);

/*
 * Writes all of `size` bytes, waiting as taskd_wait_fd() does; `timeout` bounds the whole.
 * Returns: 0, or the error; how much was written before it is not known. Blocks: until written.
 */
TASKD_API int taskd_write(int fd, const void *buffer, size_t size, taskd_nsec timeout);

TASKD_END_DECLS

#endif
