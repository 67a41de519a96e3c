/* SPDX-License-Identifier: MIT */
/* Cleanups are a stack of small records; the arena is a list of chunks with a bump pointer. */
#include "core/cleanup.h"

#include <stdint.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "core/task.h"

#define CHUNK ((size_t)1024 - 64)
#define ALIGNMENT ((size_t)16)

struct td_arena {
	struct td_arena *next; /* older */
	size_t used, size;
	char bytes[] __attribute__((aligned(16)));
};

int td_defer_push(struct td_task *task, void (*fn)(void *arg), void *arg)
{
	struct td_defer *defer = td_mem_new(sizeof(*defer));

	if (!defer)
		return -TASKD_ENOMEM;
	*defer = (struct td_defer){.next = task->defers, .fn = fn, .arg = arg};
	if (task->stage == TD_STAGE_CLEANUP)
		defer->until = task->escalation_timer.key;
	task->defers = defer;
	return 0;
}

bool td_defer_take(struct td_task *task, void (*fn)(void *arg), void *arg)
{
	for (struct td_defer **at = &task->defers; *at; at = &(*at)->next) {
		struct td_defer *defer = *at;

		if (defer->fn != fn || defer->arg != arg)
			continue;
		*at = defer->next;
		td_mem_free(defer);
		return true;
	}
	return false;
}

bool td_defer_pop(struct td_task *task, struct td_defer *ret_defer)
{
	struct td_defer *defer = task->defers;

	if (!defer)
		return false;
	*ret_defer = *defer;
	task->defers = defer->next;
	td_mem_free(defer);
	return true;
}

void td_defer_drop_all(struct td_task *task)
{
	struct td_defer defer;

	while (td_defer_pop(task, &defer))
		;
}

void *td_arena_new(struct td_task *task, size_t size)
{
	struct td_arena *arena = task->arena;
	size_t need = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	void *memory;

	if (need < size)
		return NULL;
	if (!arena || arena->size - arena->used < need) {
		size_t room = need > CHUNK ? need : CHUNK;

		if (room > SIZE_MAX - sizeof(*arena))
			return NULL;
		arena = td_mem_new(sizeof(*arena) + room);
		if (!arena)
			return NULL;
		arena->size = room;
		arena->next = task->arena;
		task->arena = arena;
	}
	memory = arena->bytes + arena->used;
	arena->used += need;
	return memory;
}

void td_arena_free(struct td_task *task)
{
	while (task->arena) {
		struct td_arena *arena = task->arena;

		task->arena = arena->next;
		td_mem_free(arena);
	}
}
