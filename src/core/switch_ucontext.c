/* SPDX-License-Identifier: MIT */
/*
 * The context switch for machines without an assembly one: ucontext, about 200 ns because it saves
 * the signal mask with a system call. The ucontext lives on the stack that it describes.
 */
#include "core/switch.h"

#include <stdint.h>
#include <ucontext.h>

#include "base/assert.h"

struct context {
	ucontext_t uc;
	void (*entry)(void *argument, void *passed);
	void *argument;
	void *passed;
};

/* makecontext() passes ints only. */
static void trampoline(unsigned high, unsigned low)
{
	struct context *c = (struct context *)(((uintptr_t)high << 32) | low);

	c->entry(c->argument, c->passed);
	td_assert(!"an entry must not return");
}

void *td_switch(void **save, void *load, void *passed)
{
	struct context here, *there = load;

	here.passed = NULL;
	*save = &here;
	there->passed = passed;
	swapcontext(&here.uc, &there->uc);
	return ((volatile struct context *)&here)->passed;
}

void *td_switch_prepare(void *low, size_t size, void (*entry)(void *argument, void *passed),
			void *argument)
{
	uintptr_t top = ((uintptr_t)low + size - sizeof(struct context)) & ~(uintptr_t)63;
	struct context *c = (struct context *)top;

	getcontext(&c->uc);
	c->uc.uc_stack.ss_sp = low;
	c->uc.uc_stack.ss_size = top - (uintptr_t)low;
	c->uc.uc_link = NULL;
	c->entry = entry;
	c->argument = argument;
	makecontext(&c->uc, (void (*)(void))trampoline, 2, (unsigned)((uintptr_t)c >> 32),
		    (unsigned)(uintptr_t)c);
	return c;
}
