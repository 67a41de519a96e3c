/* SPDX-License-Identifier: MIT */
/* The context switch: assembly where there is some, ucontext elsewhere. */
#ifndef TD_CORE_SWITCH_H
#define TD_CORE_SWITCH_H

#include <stddef.h>

/*
 * Saves the callee-saved registers on the running stack, stores where in *save, and continues the
 * context `load`. Returns, on the stack of `load`, what the one who switched gave as `passed`.
 */
void *td_switch(void **save, void *load, void *passed);

/*
 * Prepares a context on the memory low .. low + size. When it is first switched to, it calls
 * entry(argument, passed), which must never return. Returns: what td_switch() takes as `load`.
 */
void *td_switch_prepare(void *low, size_t size, void (*entry)(void *argument, void *passed),
			void *argument);

#endif
