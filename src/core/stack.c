/* SPDX-License-Identifier: MIT */
/*
 * Slabs of stacks. Guards are made with MADV_GUARD_INSTALL (Linux 6.13): they need no mapping of
 * their own, so that a million stacks fit below vm.max_map_count. Older kernels get mprotect()
 * guards for the first quarter of that limit, then none.
 */
#include "core/stack.h"

#include <sys/mman.h>

#include "base/assert.h"
#include "base/mem.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define GUARD ((size_t)16 << 10) /* a frame larger than this needs -fstack-clash-protection */
/* The tops of stacks are a slot apart, which is a power of two: all would share a few sets of the
 * caches. So each begins a little lower than the one before; all within its first page. */
#define COLOURS 16
#define COLOUR_BYTES ((size_t)128)
#define SLAB_BYTES ((size_t)16 << 20)
#define KEEP_WARM 256           /* free stacks whose pages stay; about 1 MB */
#define TRIM_BATCH 128          /* stacks trimmed at once; about 1.2 us each */
#define PROTECT_MAX (65530 / 4) /* of the default vm.max_map_count */

static const size_t class_size[TD_STACK_CLASSES] = {TD_STACK_SMALL, TD_STACK_LARGE, (size_t)1 << 20,
						    TD_STACK_MAX};

struct td_stack_slab {
	struct td_stack_slab *next;
	char *memory;
	size_t size;
	uint32_t n;
	struct td_stack stacks[];
};

void td_stack_pool_init(struct td_stack_pool *pool)
{
	char *probe;

	*pool = (struct td_stack_pool){0};
	probe = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (probe != MAP_FAILED) {
		pool->guard_install = madvise(probe, 4096, MADV_GUARD_INSTALL) == 0;
		munmap(probe, 8192);
	}
}

void td_stack_pool_fini(struct td_stack_pool *pool)
{
	struct td_stack_slab *slab = pool->slabs, *next;

	for (; slab; slab = next) {
		next = slab->next;
		for (uint32_t i = 0; i < slab->n; i++)
			td_san_stack_destroyed(&slab->stacks[i].san);
		/* A condemned task may still run on one of them: then the memory stays. */
		if (pool->n_live == 0)
			munmap(slab->memory, slab->size);
		td_mem_free(slab);
	}
	*pool = (struct td_stack_pool){0};
}

static void guard(struct td_stack_pool *pool, char *low)
{
	if (pool->guard_install && madvise(low, GUARD, MADV_GUARD_INSTALL) == 0)
		return;
	if (pool->n_protected < PROTECT_MAX && mprotect(low, GUARD, PROT_NONE) == 0)
		pool->n_protected++;
	else
		pool->unguarded = true;
}

static bool grow(struct td_stack_pool *pool, uint8_t class)
{
	size_t slot = class_size[class];
	size_t n = SLAB_BYTES / slot ? SLAB_BYTES / slot : 1;
	struct td_stack_slab *slab = td_mem_new(sizeof(*slab) + n * sizeof(slab->stacks[0]));

	if (!slab)
		return false;
	slab->size = n * slot;
	slab->n = (uint32_t)n;
	slab->memory = mmap(NULL, slab->size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (slab->memory == MAP_FAILED) {
		td_mem_free(slab);
		return false;
	}
	/* With transparent huge pages, one touched stack would cost 2 MB. */
	(void)madvise(slab->memory, slab->size, MADV_NOHUGEPAGE);
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = n; i-- > 0;) {
		struct td_stack *stack = &slab->stacks[i];

		stack->san.low = slab->memory + i * slot + GUARD;
		stack->san.size = slot - GUARD - i % COLOURS * COLOUR_BYTES;
		stack->class = class;
		td_san_stack_created(&stack->san);
		stack->next = pool->cold[class];
		pool->cold[class] = stack;
	}
	return true;
}

struct td_stack *td_stack_get(struct td_stack_pool *pool, size_t size)
{
	struct td_stack *stack;
	uint8_t class = 0;

	while (class < TD_STACK_CLASSES && class_size[class] < size)
		class ++;
	if (class == TD_STACK_CLASSES)
		return NULL;
	if (!pool->warm[class] && !pool->cold[class] && !grow(pool, class))
		return NULL;
	if (pool->warm[class]) {
		stack = pool->warm[class];
		pool->warm[class] = stack->next;
		pool->n_warm--;
	} else {
		stack = pool->cold[class];
		pool->cold[class] = stack->next;
	}
	pool->n_live++;
	if (!stack->guarded) {
		/* Made at the first use: guards of stacks never used would cost page tables. */
		guard(pool, (char *)stack->san.low - GUARD);
		stack->guarded = true;
	}
	td_san_stack_reused(&stack->san);
	return stack;
}

void td_stack_put(struct td_stack_pool *pool, struct td_stack *stack)
{
	td_assert(pool->n_live > 0);
	pool->n_live--;
	stack->next = pool->warm[stack->class];
	pool->warm[stack->class] = stack;
	pool->n_warm++;
}

bool td_stack_pool_trim(struct td_stack_pool *pool)
{
	int n = 0;

	for (int class = TD_STACK_CLASSES - 1; class >= 0; class --) {
		while (pool->warm[class] && pool->n_warm > KEEP_WARM && n++ < TRIM_BATCH) {
			struct td_stack *stack = pool->warm[class];

			/* A failure costs memory, nothing else. */
			(void)madvise((void *)stack->san.low, stack->san.size, MADV_DONTNEED);
			pool->warm[class] = stack->next;
			stack->next = pool->cold[class];
			pool->cold[class] = stack;
			pool->n_warm--;
		}
	}
	return pool->n_warm > KEEP_WARM;
}
