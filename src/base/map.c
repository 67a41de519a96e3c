/* SPDX-License-Identifier: MIT */
/*
 * A hash map in two arrays: the entries, dense and in the order of insertion, and a table of
 * indexes into them, probed linearly. A removed entry leaves a hole that the next growth closes;
 * so removing never moves anything, and stepping stays valid while entries are removed.
 */
#include "base/map.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"

#define MAGIC 0x6d61705fu
#define FIRST_CAPACITY 8u /* entries; the table has twice as many slots */
#define SLOT_FREE 0u      /* other values: index of the entry + 1 */
#define SLOT_GONE UINT32_MAX

struct entry {
	char *key; /* owned; NULL: a hole */
	void *value;
	uint64_t hash;
};

struct td_map {
	uint32_t magic;
	uint32_t capacity; /* of entries, a power of two, or 0 */
	uint32_t n;        /* entries, holes included */
	uint32_t live;     /* entries without the holes */
	struct entry *entries;
	uint32_t *slots; /* capacity * 2 */
};

/* FNV-1a. */
static uint64_t hash_of(const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 32);
}

struct td_map *td_map_new(void)
{
	struct td_map *map = td_mem_new(sizeof(*map));

	if (map != NULL)
		map->magic = MAGIC;
	return map;
}

struct td_map *td_map_free(struct td_map *map)
{
	if (map == NULL)
		return NULL;
	TD_CHECK(map, MAGIC);
	map->magic = 0;
	for (uint32_t i = 0; i < map->n; i++)
		td_mem_free(map->entries[i].key);
	td_mem_free(map->entries);
	td_mem_free(map->slots);
	return td_mem_free(map);
}

size_t td_map_size(const struct td_map *map)
{
	TD_CHECK(map, MAGIC);
	return map->live;
}

/* Returns: the slot that refers to the key, or NULL. */
static uint32_t *find(const struct td_map *map, const char *key, uint64_t hash)
{
	uint32_t mask = map->capacity * 2 - 1;

	if (map->capacity == 0)
		return NULL;
	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		uint32_t slot = map->slots[i];

		if (slot == SLOT_FREE)
			return NULL;
		if (slot != SLOT_GONE && map->entries[slot - 1].hash == hash &&
		    strcmp(map->entries[slot - 1].key, key) == 0)
			return &map->slots[i];
	}
}

static void link_entry(uint32_t *slots, uint32_t mask, uint64_t hash, uint32_t index)
{
	uint32_t i = (uint32_t)hash & mask;

	while (slots[i] != SLOT_FREE)
		i = (i + 1) & mask;
	slots[i] = index + 1;
}

/* Moves all to new arrays, without the holes; larger ones when there are few holes. */
static int rebuild(struct td_map *map)
{
	uint32_t capacity = map->capacity, n = 0;
	struct entry *entries;
	uint32_t *slots;

	if (map->live >= capacity / 2) {
		if (capacity >= UINT32_MAX / 8)
			return -TASKD_ENOMEM;
		capacity = capacity > 0 ? capacity * 2 : FIRST_CAPACITY;
	}
	entries = td_mem_array(capacity, sizeof(*entries));
	slots = td_mem_array((size_t)capacity * 2, sizeof(*slots));
	if (entries == NULL || slots == NULL) {
		td_mem_free(entries);
		td_mem_free(slots);
		return -TASKD_ENOMEM;
	}
	for (uint32_t i = 0; i < map->n; i++) {
		if (map->entries[i].key == NULL)
			continue;
		entries[n] = map->entries[i];
		link_entry(slots, capacity * 2 - 1, entries[n].hash, n);
		n++;
	}
	td_assert(n == map->live);
	td_mem_free(map->entries);
	td_mem_free(map->slots);
	map->entries = entries;
	map->slots = slots;
	map->capacity = capacity;
	map->n = n;
	return 0;
}

void *td_map_get(const struct td_map *map, const char *key)
{
	const uint32_t *slot;

	TD_CHECK(map, MAGIC);
	slot = find(map, key, hash_of(key));
	return slot != NULL ? map->entries[*slot - 1].value : NULL;
}

int td_map_add(struct td_map *map, const char *key, void *value)
{
	uint64_t hash = hash_of(key);
	char *copy;
	int r;

	TD_CHECK(map, MAGIC);
	td_assert(value != NULL);
	if (find(map, key, hash) != NULL)
		return -TASKD_EEXIST;
	copy = td_mem_strdup(key);
	if (copy == NULL)
		return -TASKD_ENOMEM;
	if (map->n == map->capacity) {
		r = rebuild(map);
		if (r < 0) {
			td_mem_free(copy);
			return r;
		}
	}
	map->entries[map->n] = (struct entry){.key = copy, .value = value, .hash = hash};
	/* Slots of removed keys are not used again before the next rebuild: as there are two slots
	 * per entry, holes counted, at least half of them are free at any time. */
	link_entry(map->slots, map->capacity * 2 - 1, hash, map->n);
	map->n++;
	map->live++;
	return 0;
}

void *td_map_remove(struct td_map *map, const char *key)
{
	struct entry *entry;
	uint32_t *slot;
	void *value;

	TD_CHECK(map, MAGIC);
	slot = find(map, key, hash_of(key));
	if (slot == NULL)
		return NULL;
	entry = &map->entries[*slot - 1];
	value = entry->value;
	*slot = SLOT_GONE;
	/* `key` may be the key that is freed here: it is not read any more. */
	entry->key = td_mem_free(entry->key);
	entry->value = NULL;
	map->live--;
	return value;
}

void *td_map_next(const struct td_map *map, size_t *cursor, const char **ret_key)
{
	TD_CHECK(map, MAGIC);
	while (*cursor < map->n) {
		const struct entry *entry = &map->entries[(*cursor)++];

		if (entry->key == NULL)
			continue;
		if (ret_key != NULL)
			*ret_key = entry->key;
		return entry->value;
	}
	return NULL;
}
