/* SPDX-License-Identifier: MIT */
/* What AddressSanitizer, ThreadSanitizer and Valgrind must be told about stacks; empty otherwise.
 */
#ifndef TD_CORE_SANITIZE_H
#define TD_CORE_SANITIZE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif
#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#endif

/* The stack that a thread or a fiber runs on, as the tools see it. */
struct td_san {
	const void *low; /* lowest address */
	size_t size;
	void *fake;        /* ASan's fake stack while it is not running */
	void *tsan;        /* TSan's fiber */
	unsigned valgrind; /* Valgrind's stack number */
};

static inline void td_san_stack_created(struct td_san *san)
{
	(void)san;
#ifdef __SANITIZE_THREAD__
	san->tsan = __tsan_create_fiber(0);
#endif
#ifdef HAVE_VALGRIND_VALGRIND_H
	san->valgrind =
		VALGRIND_STACK_REGISTER((uintptr_t)san->low, (uintptr_t)san->low + san->size);
#endif
}

static inline void td_san_stack_destroyed(struct td_san *san)
{
	(void)san;
#ifdef __SANITIZE_THREAD__
	if (san->tsan)
		__tsan_destroy_fiber(san->tsan);
#endif
#ifdef HAVE_VALGRIND_VALGRIND_H
	VALGRIND_STACK_DEREGISTER(san->valgrind);
#endif
}

/* The stack is about to be used afresh; an abandoned fiber may have left red zones on it. */
static inline void td_san_stack_reused(struct td_san *san)
{
	(void)san;
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(san->low, san->size);
	san->fake = NULL;
#endif
}

/* Right before a switch. `from` NULL: the running stack will not be returned to. */
static inline void td_san_switch_start(struct td_san *from, struct td_san *to)
{
	(void)from, (void)to;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(from ? &from->fake : NULL, to->low, to->size);
#endif
#ifdef __SANITIZE_THREAD__
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
}

/* Right after a switch, on the stack that was switched to. */
static inline void td_san_switch_finish(struct td_san *here)
{
	(void)here;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(here->fake, NULL, NULL);
#endif
}

#endif
