/* SPDX-License-Identifier: MIT */
/* Small helpers around descriptors. */
#ifndef TD_BASE_FD_H
#define TD_BASE_FD_H

#include <stdbool.h>

int td_fd_close(int fd); /* keeps errno; -1 allowed; returns -1 */
/* Sets O_NONBLOCK and FD_CLOEXEC. Returns: 0 or -errno. */
int td_fd_prepare(int fd);

#endif
