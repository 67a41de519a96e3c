/* SPDX-License-Identifier: MIT */
/* The loops of the threads: driver, spares, bound threads, and the monitor that watches for hogs.
 */
#ifndef TD_CORE_DRIVER_H
#define TD_CORE_DRIVER_H

#include <stdbool.h>

struct td_runtime;
struct td_thread;

/* The life of a pooled thread. Lock not held. */
void td_driver_main(struct td_thread *t);
/* One round of the driver. Under the lock. Returns: false when nothing can ever happen. */
bool td_driver_round(struct td_thread *t);
/* Gives the role of driver from `t` to a spare. Under the lock. Returns: whether there was one. */
bool td_driver_offer(struct td_thread *t);
/* Takes an offer back that nobody has accepted yet, for `t`. Under the lock. */
void td_driver_take_back(struct td_thread *t);
/* The monitor thread; `data` is the runtime. */
void *td_driver_monitor(void *data);

#endif
