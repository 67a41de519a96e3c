/* SPDX-License-Identifier: MIT */
/* Calls that block and cannot be waited for (name lookups), run by a helper task on a thread. */
#ifndef OFFLOAD_H
#define OFFLOAD_H

#include <taskd/types.h>

/*
 * Zeroed memory that the running task and its helper share, freed when both are done with it,
 * however they end. Returns: NULL when memory or descriptors are short. Blocks: no.
 */
void *offload_new(size_t size);

/*
 * Runs work(data) on a thread and waits for it; `data` comes from offload_new(), for one run.
 * `what` begins the name of the helper task ("user-lookup").
 * Returns: 0. Errors: -TASKD_ETIMEDOUT and -TASKD_ECANCELED: the helper may still write to
 * `data`, which must not be read; those of taskd_spawn(). Blocks: until done or `timeout`.
 */
int offload_run(void *data, const char *what, void (*work)(void *data), taskd_nsec timeout);

#endif
