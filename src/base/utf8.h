/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, at most U+10FFFF. */
#ifndef TD_BASE_UTF8_H
#define TD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length (1 to 4) of the valid character at `bytes`, 0 when it is not one. */
size_t td_utf8_char(const char *bytes, size_t length);
bool td_utf8_valid(const char *bytes, size_t length);
/* Copies at most `size - 1` bytes of a text, ending on a character; invalid bytes become '?', and
 * control characters but tab become '.', so that a terminal cannot be tricked. Returns the length.
 */
size_t td_utf8_clean(char *to, size_t size, const char *bytes, size_t length);

#endif
