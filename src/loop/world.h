/* SPDX-License-Identifier: MIT */
/*
 * The real world as a runtime sees it: clocks, randomness, descriptors through libevent, and the
 * watch for hogs. Fills in the table td_env.
 */
#ifndef TD_LOOP_WORLD_H
#define TD_LOOP_WORLD_H

#include "core/env.h"

struct td_world;

/*
 * `events(data)` is called, under the lock of the runtime, when there are new events; it must
 * neither block nor call back. Returns: 0; -TASKD_ENOMEM; -errno. Owns: the caller frees it, after
 * the runtime.
 */
int td_world_new(void (*events)(void *data), void *data, struct td_world **ret_world);
struct td_world *td_world_free(struct td_world *world); /* NULL allowed; returns NULL */
/* The table, and whose descriptors it will report. The runtime copies it. */
void td_world_env(struct td_world *world, struct td_env *ret_env);
void td_world_bind(struct td_world *world, struct td_runtime *rt);

#endif
