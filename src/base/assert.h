/* SPDX-License-Identifier: MIT */
/* Assertions that stay on: for our own mistakes only, never for what comes from outside. */
#ifndef TD_BASE_ASSERT_H
#define TD_BASE_ASSERT_H

#include <stdint.h>

/* Writes one line to stderr with write(2) and ends the process by SIGABRT. */
__attribute__((noreturn, cold)) void td_assert_failed(const char *what, const char *file, int line);

#define td_assert(condition)                          \
	(__builtin_expect(!!(condition), 1) ? (void)0 \
					    : td_assert_failed(#condition, __FILE__, __LINE__))

/* Every long-lived object starts with `uint32_t magic`, unique to its type. */
#define TD_CHECK(object, expected) td_assert((object) != NULL && (object)->magic == (expected))

#define TD_CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))
#define TD_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define td_likely(x) __builtin_expect(!!(x), 1)
#define td_unlikely(x) __builtin_expect(!!(x), 0)

#endif
