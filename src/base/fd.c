/* SPDX-License-Identifier: MIT */
/* Small helpers around descriptors. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int td_fd_close(int fd)
{
	int saved = errno;

	/* Linux closes it even when close(2) reports an error: a retry would be wrong. */
	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

int td_fd_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	flags = fcntl(fd, F_GETFD);
	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}
