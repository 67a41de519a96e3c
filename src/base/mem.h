/* SPDX-License-Identifier: MIT */
/* The only allocator: every allocation can be made to fail, one by one, for torture tests. */
#ifndef TD_BASE_MEM_H
#define TD_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, or NULL. Thread: any. */
void *td_mem_new(size_t size) __attribute__((malloc, warn_unused_result));
/* As calloc(3), with the overflow check. */
void *td_mem_array(size_t n, size_t size) __attribute__((malloc, warn_unused_result));
/* As realloc(3); on failure `old` stays valid. The new part is not zeroed. */
void *td_mem_resize(void *old, size_t size) __attribute__((warn_unused_result));
/* A copy of a text (NULL gives NULL), or of its first `length` bytes. */
char *td_mem_strdup(const char *text) __attribute__((warn_unused_result));
char *td_mem_strndup(const char *text, size_t length) __attribute__((warn_unused_result));
char *td_mem_printf(const char *format, ...)
	__attribute__((format(printf, 1, 2), warn_unused_result));
char *td_mem_vprintf(const char *format, va_list args)
	__attribute__((format(printf, 1, 0), warn_unused_result));
/* Frees (NULL allowed). Returns: NULL, so that p = td_mem_free(p) leaves nothing dangling. */
void *td_mem_free(void *memory);

#define TD_TAKE(p)                          \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

/* Fails the n-th allocation from now on (1 is the next; 0 switches it off). For tests. */
void td_mem_fail_nth(uint64_t n);
/* How many allocations were asked for since td_mem_fail_nth(). */
uint64_t td_mem_count(void);

#endif
