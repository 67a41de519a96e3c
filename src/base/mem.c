/* SPDX-License-Identifier: MIT */
/*
 * Memory, in one place: the counter behind td_mem_fail_nth() is what lets a test fail every single
 * allocation of a code path in turn. It owns two counters and nothing else.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t n_asked;
static _Atomic uint64_t fail_at; /* 0: never */

static bool is_granted(void)
{
	uint64_t n = atomic_fetch_add_explicit(&n_asked, 1, memory_order_relaxed) + 1;

	return n != atomic_load_explicit(&fail_at, memory_order_relaxed);
}

void td_mem_fail_nth(uint64_t n)
{
	atomic_store_explicit(&fail_at, n, memory_order_relaxed);
	atomic_store_explicit(&n_asked, 0, memory_order_relaxed);
}

uint64_t td_mem_count(void)
{
	return atomic_load_explicit(&n_asked, memory_order_relaxed);
}

void *td_mem_new(size_t size)
{
	return td_mem_array(1, size);
}

void *td_mem_array(size_t n, size_t size)
{
	if (!is_granted())
		return NULL;
	/* Never NULL for nothing, so that NULL always means failure. */
	if (n == 0 || size == 0)
		n = size = 1;
	return calloc(n, size);
}

void *td_mem_resize(void *old, size_t size)
{
	if (!is_granted())
		return NULL;
	return realloc(old, size > 0 ? size : 1);
}

char *td_mem_strdup(const char *text)
{
	return text != NULL ? td_mem_strndup(text, strlen(text)) : NULL;
}

char *td_mem_strndup(const char *text, size_t length)
{
	char *copy;

	if (text == NULL)
		return NULL;
	length = strnlen(text, length);
	copy = td_mem_new(length + 1);
	if (copy != NULL)
		memcpy(copy, text, length);
	return copy;
}

char *td_mem_printf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = td_mem_vprintf(format, args);
	va_end(args);
	return text;
}

char *td_mem_vprintf(const char *format, va_list args)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		return NULL;
	text = td_mem_new((size_t)n + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)n + 1, format, args); /* fits: n was just measured */
	return text;
}

void *td_mem_free(void *memory)
{
	free(memory);
	return NULL;
}
