/* SPDX-License-Identifier: MIT */
/* Durations and sizes as people write them. */
#ifndef TD_BASE_DURATION_H
#define TD_BASE_DURATION_H

#include <stddef.h>
#include <stdint.h>

/*
 * Parses "250ms", "1.5s", "1h 30min", "2d", "0", "infinity" (units us ms s sec min m h d w; a bare
 * number other than 0 is refused, since its unit would be a guess). Negative, NaN, exponents and
 * what overflows 2^63 ns are refused. Returns: 0, ret_ns set; -TASKD_EINVAL.
 */
int td_duration_parse(const char *text, int64_t *ret_ns);

/* "1h 30min", "2.5s", "250ms", "0": exact when it can be, at most 3 digits after the point.
 * INT64_MAX is "infinity". Returns `buffer`. */
#define TD_DURATION_TEXT 48
const char *td_duration_print(int64_t ns, char buffer[TD_DURATION_TEXT]);

/* Parses "512", "64K", "1.5M", "2GiB" (powers of 1024). Returns: 0; -TASKD_EINVAL. */
int td_size_parse(const char *text, int64_t *ret_bytes);
const char *td_size_print(int64_t bytes, char buffer[TD_DURATION_TEXT]);

/* Parses a whole decimal int64 with optional sign, nothing around it. 0 or -TASKD_EINVAL. */
int td_integer_parse(const char *text, int64_t *ret_value);
/* yes no true false on off 1 0. Returns: 0 or -TASKD_EINVAL. */
int td_boolean_parse(const char *text, _Bool *ret_value);

#endif
