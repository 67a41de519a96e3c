/* SPDX-License-Identifier: MIT */
/* The life of a task as its fiber lives it: body, cleanups, rest until the next run, end. */
#ifndef TD_CORE_FIBER_H
#define TD_CORE_FIBER_H

struct td_task;
struct td_thread;

/* Entry of every fiber, in the form of td_switch_prepare(): `argument` is the task, `passed` the
 * thread. The lock is held. */
void td_fiber_entry(void *argument, void *passed);

#endif
