/* SPDX-License-Identifier: MIT */
/* Times and counts as people like to read them: short, and only as exact as is of use. */
#ifndef TD_CLI_TEXT_H
#define TD_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TD_TEXT_SIZE 64

/* "0.2ms", "120ms", "2.5s", "42s", "3min", "2h 5min", "3d 4h". Returns `buffer`. */
const char *td_text_span(int64_t usec, char buffer[TD_TEXT_SIZE]);
/* The same in whole seconds, for what is counted while one looks: "0s", "42s", "3min". */
const char *td_text_age(int64_t usec, char buffer[TD_TEXT_SIZE]);
/* A moment of CLOCK_REALTIME in local time: "2025-01-31 17:04:05", or "17:04:05.123" alone. */
const char *td_text_moment(int64_t usec, char buffer[TD_TEXT_SIZE]);
const char *td_text_clock(int64_t usec, char buffer[TD_TEXT_SIZE]);
/* "1 task", "3 tasks". */
const char *td_text_count(int64_t n, const char *noun, char buffer[TD_TEXT_SIZE]);

#endif
