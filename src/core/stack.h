/* SPDX-License-Identifier: MIT */
/*
 * Guarded, pooled stacks. A stack is a slot of a slab: its lowest pages are a guard, the rest is
 * memory that costs nothing until it is touched. Slots are handed out last in, first out, so that
 * the next task finds a warm stack.
 */
#ifndef TD_CORE_STACK_H
#define TD_CORE_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sanitize.h"

#define TD_STACK_SMALL ((size_t)64 << 10)
#define TD_STACK_LARGE ((size_t)256 << 10)
#define TD_STACK_MAX ((size_t)8 << 20)

struct td_stack {
	struct td_san san; /* low and size of the usable part */
	uint8_t class;     /* index of the size class */
	bool guarded;
	struct td_stack *next;
};

struct td_stack_slab;

#define TD_STACK_CLASSES 4 /* 64 KiB, 256 KiB, 1 MiB, 8 MiB */

struct td_stack_pool {
	struct td_stack *warm[TD_STACK_CLASSES]; /* free, with pages */
	struct td_stack *cold[TD_STACK_CLASSES]; /* free, without */
	uint32_t n_warm;
	struct td_stack_slab *slabs; /* owned */
	uint64_t n_live;             /* handed out now */
	bool guard_install;          /* MADV_GUARD_INSTALL works: guards cost no mapping */
	bool unguarded;              /* the kernel's limit of mappings was met; said once */
	uint32_t n_protected;
};

void td_stack_pool_init(struct td_stack_pool *pool);
/* All stacks must have been put back, except `condemned` ones, which are leaked on purpose. */
void td_stack_pool_fini(struct td_stack_pool *pool);

/* A stack of at least `size` bytes, its content undefined. NULL: memory is short, or `size` is
 * above TD_STACK_MAX. */
struct td_stack *td_stack_get(struct td_stack_pool *pool, size_t size);

/* Gives a stack back. The caller may still be running on it, as long as it holds the lock and
 * takes no stack until it has left. */
void td_stack_put(struct td_stack_pool *pool, struct td_stack *stack);

/*
 * Gives the pages of some free stacks back to the system, when more than a reserve are warm.
 * Returns: whether more could be done. Blocks: for less than a millisecond.
 */
bool td_stack_pool_trim(struct td_stack_pool *pool);

#endif
