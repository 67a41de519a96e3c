/* SPDX-License-Identifier: MIT */
/* The inside of an interface, for the files that read, check and print it. */
#ifndef TD_WIRE_IDL_PRIV_H
#define TD_WIRE_IDL_PRIV_H

#include <stdint.h>

#include "base/map.h"
#include "wire/idl.h"

#define TD_IDL_MAGIC 0x69646c5fu

struct td_idl_chunk;

struct td_idl {
	uint32_t magic;
	const char *text, *name, *doc;
	struct td_idl_member *members;
	size_t n_members;
	struct td_map *by_name;      /* owned; values are indexes of members, plus one */
	struct td_idl_chunk *chunks; /* owned: all memory of the tables */
};

/* Zeroed memory that lives as long as the interface, or NULL. */
void *td_idl_alloc(struct td_idl *idl, size_t size);

#endif
