/* SPDX-License-Identifier: MIT */
/* Lists of words, split as a shell splits them. */
#ifndef TD_BASE_WORDS_H
#define TD_BASE_WORDS_H

#include <stddef.h>

/*
 * Splits on spaces, tabs and newlines; '...' and "..." and \c protect; no variables, no globs.
 * Returns: 0, ret_words a NULL-terminated array to be freed with td_words_free();
 * -TASKD_EINVAL a quote is not closed or a \ ends the text; -TASKD_ENOMEM.
 */
int td_words_split(const char *text, char ***ret_words, size_t *ret_n);
char **td_words_free(char **words); /* NULL allowed; returns NULL */

#endif
