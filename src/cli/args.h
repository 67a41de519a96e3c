/* SPDX-License-Identifier: MIT */
/* The command line taken apart by tables of options. */
#ifndef TD_CLI_ARGS_H
#define TD_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"

struct td_option {
	const char *name;  /* without the two dashes; NULL ends a table */
	char letter;       /* or 0 */
	const char *value; /* what its value is called in the help; NULL: it takes none */
	const char *help;
};

struct td_given {
	const struct td_option *option; /* borrowed from the table */
	const char *value;              /* borrowed from argv; NULL for a flag */
};

struct td_args {
	struct td_given *given; /* owned, in the order of the command line */
	size_t n_given;
	char **words; /* owned array of texts borrowed from argv: no options, not after "--" */
	size_t n_words;
	char **rest; /* borrowed from argv: what was not looked at; NULL: nothing */
	size_t n_rest;
};

/*
 * Takes apart argv[0..argc-1] (without the name of the program). Options of both tables (`own` may
 * be NULL) are admitted anywhere before "--", as "--name VALUE", "--name=VALUE", "-x VALUE" or
 * "-xVALUE"; what follows "--" is left in `rest`. With `only_options` it stops before the first
 * word and leaves that in `rest` too. Owns: the caller calls td_args_fini() when it succeeded.
 * Returns: 0; -TASKD_EINVAL, and the failure names the option and the nearest one; -TASKD_ENOMEM.
 */
int td_args_parse(struct td_args *args, int argc, char **argv, const struct td_option *global,
		  const struct td_option *own, bool only_options, struct td_failure *failure);
void td_args_fini(struct td_args *args);

/* Whether an option was given, and its last value (NULL: not given). */
bool td_args_flag(const struct td_args *args, const char *name);
const char *td_args_value(const struct td_args *args, const char *name);

#endif
