/* SPDX-License-Identifier: MIT */
/*
 * Intrusive 4-ary min-heap of timers, ordered by (key, order of insertion), never by address, so
 * that equal deadlines fire in the order in which they were set.
 */
#ifndef TD_BASE_HEAP_H
#define TD_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct td_heap_node {
	int64_t key;
	uint64_t sequence;
	uint32_t place; /* index + 1; 0: in no heap. Zeroed memory is a valid node. */
	uint32_t kind;  /* free for the owner of the node */
};

struct td_heap {
	struct td_heap_node **nodes; /* owned array */
	uint32_t n, capacity;
	uint64_t sequence;
};

void td_heap_fini(struct td_heap *heap);
/* Makes room for n more, so that the next n td_heap_add() cannot fail. 0 or -TASKD_ENOMEM. */
int td_heap_reserve(struct td_heap *heap, uint32_t n);
/* Adds a node that is in no heap. Room must be there (asserted): see td_heap_reserve(). */
void td_heap_add(struct td_heap *heap, struct td_heap_node *node, int64_t key);
/* Takes a node out; nothing happens when it is in no heap. */
void td_heap_remove(struct td_heap *heap, struct td_heap_node *node);

static inline struct td_heap_node *td_heap_first(const struct td_heap *heap)
{
	return heap->n ? heap->nodes[0] : NULL;
}

static inline bool td_heap_in(const struct td_heap_node *node)
{
	return node->place != 0;
}

#endif
