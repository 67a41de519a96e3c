/* SPDX-License-Identifier: MIT */
/*
 * A 4-ary heap: half as deep as a binary one, and the four children share a cache line of
 * pointers. It owns the array of pointers; the nodes belong to their users.
 */
#include "base/heap.h"

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"

#define WAYS 4u
#define FIRST_CAPACITY 16u

static bool before(const struct td_heap_node *a, const struct td_heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->sequence < b->sequence;
}

static void put(struct td_heap *heap, uint32_t index, struct td_heap_node *node)
{
	heap->nodes[index] = node;
	node->place = index + 1;
}

static void sift_up(struct td_heap *heap, uint32_t index, struct td_heap_node *node)
{
	while (index > 0) {
		uint32_t parent = (index - 1) / WAYS;

		if (!before(node, heap->nodes[parent]))
			break;
		put(heap, index, heap->nodes[parent]);
		index = parent;
	}
	put(heap, index, node);
}

static void sift_down(struct td_heap *heap, uint32_t index, struct td_heap_node *node)
{
	/* 64 bits: the index of a child may be beyond 2^32. */
	for (;;) {
		uint64_t first = (uint64_t)index * WAYS + 1;
		uint64_t end = first + WAYS < heap->n ? first + WAYS : heap->n;
		uint32_t least;

		if (first >= heap->n)
			break;
		least = (uint32_t)first;
		for (uint32_t i = least + 1; i < end; i++)
			if (before(heap->nodes[i], heap->nodes[least]))
				least = i;
		if (!before(heap->nodes[least], node))
			break;
		put(heap, index, heap->nodes[least]);
		index = least;
	}
	put(heap, index, node);
}

void td_heap_fini(struct td_heap *heap)
{
	if (heap == NULL)
		return;
	for (uint32_t i = 0; i < heap->n; i++)
		heap->nodes[i]->place = 0;
	heap->nodes = td_mem_free(heap->nodes);
	heap->n = heap->capacity = 0;
}

int td_heap_reserve(struct td_heap *heap, uint32_t n)
{
	uint64_t need = (uint64_t)heap->n + n, capacity;
	struct td_heap_node **nodes;

	if (need <= heap->capacity)
		return 0;
	capacity = (uint64_t)heap->capacity * 2;
	if (capacity < FIRST_CAPACITY)
		capacity = FIRST_CAPACITY;
	if (capacity < need)
		capacity = need;
	if (capacity >= UINT32_MAX)
		return -TASKD_ENOMEM;
	nodes = td_mem_resize(heap->nodes, (size_t)capacity * sizeof(struct td_heap_node *));
	if (nodes == NULL)
		return -TASKD_ENOMEM;
	heap->nodes = nodes;
	heap->capacity = (uint32_t)capacity;
	return 0;
}

void td_heap_add(struct td_heap *heap, struct td_heap_node *node, int64_t key)
{
	td_assert(!td_heap_in(node));
	td_assert(heap->n < heap->capacity);
	node->key = key;
	node->sequence = ++heap->sequence;
	sift_up(heap, heap->n++, node);
}

void td_heap_remove(struct td_heap *heap, struct td_heap_node *node)
{
	struct td_heap_node *last;
	uint32_t index;

	if (!td_heap_in(node))
		return;
	index = node->place - 1;
	td_assert(index < heap->n);
	td_assert(heap->nodes[index] == node);
	node->place = 0;
	last = heap->nodes[--heap->n];
	if (last == node)
		return;
	if (index > 0 && before(last, heap->nodes[(index - 1) / WAYS]))
		sift_up(heap, index, last);
	else
		sift_down(heap, index, last);
}
