/* SPDX-License-Identifier: MIT */
/* Text to pointer, open addressing; iterates in the order of insertion, whatever the addresses. */
#ifndef TD_BASE_MAP_H
#define TD_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct td_map;

struct td_map *td_map_new(void);
struct td_map *td_map_free(struct td_map *map); /* not the values; returns NULL */
size_t td_map_size(const struct td_map *map);
void *td_map_get(const struct td_map *map, const char *key); /* NULL: not there */
/* Copies the key. Returns: 0; -TASKD_EEXIST, nothing changed; -TASKD_ENOMEM. */
int td_map_add(struct td_map *map, const char *key, void *value);
/* Takes a key out. Returns: its value, or NULL. */
void *td_map_remove(struct td_map *map, const char *key);
/* Steps through all: start with *cursor = 0. Returns: the value or NULL at the end; ret_key may be
 * NULL. Adding while stepping is not allowed; removing is. */
void *td_map_next(const struct td_map *map, size_t *cursor, const char **ret_key);

#endif
