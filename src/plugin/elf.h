/* SPDX-License-Identifier: MIT */
/* A look into a shared object without loading it: is it one that could be a plugin here? */
#ifndef TD_PLUGIN_ELF_H
#define TD_PLUGIN_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

/* What is known of a data object before any code of the file has run. */
struct td_elf_object {
	uint64_t size;     /* bytes, as the symbol table has it */
	uint32_t words[2]; /* its first 8 bytes, before relocation */
};

/*
 * Checks the header, the segments and the dynamic section of the file behind `fd`, and finds the
 * data object that it exports as `symbol`. Reads and never maps, so that a file that shrinks at
 * that moment cannot hurt. `file` is for the messages.
 * Returns: 0. Errors: -TASKD_EPLUGIN, one line says which rule was broken; -TASKD_ENOMEM.
 * Blocks: on the disk. Thread: any.
 */
int td_elf_find(int fd, const char *file, const char *symbol, struct td_elf_object *ret_object,
		struct td_failure *reterr_failure);

#endif
