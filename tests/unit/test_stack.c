/* SPDX-License-Identifier: MIT */
/* Stacks: sizes, guards, the order in which they are handed out, and what trimming gives back. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/types.h>

#include "tdtest.h"
#include "core/stack.h"

START_TEST(a_stack_is_as_large_as_its_class_less_the_guard)
{
	static const size_t sizes[][2] = {{1, TD_STACK_SMALL},
					  {TD_STACK_SMALL, TD_STACK_SMALL},
					  {TD_STACK_SMALL + 1, TD_STACK_LARGE},
					  {TD_STACK_LARGE + 1, (size_t)1 << 20},
					  {TD_STACK_MAX, TD_STACK_MAX}};
	struct td_stack_pool pool;

	td_stack_pool_init(&pool);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct td_stack *stack = td_stack_get(&pool, sizes[i][0]);

		ck_assert_ptr_nonnull(stack);
		ck_assert_uint_le(stack->san.size, sizes[i][1]);
		ck_assert_uint_ge(stack->san.size, sizes[i][1] - TD_STACK_SMALL / 2);
		memset((void *)stack->san.low, 0xa5, stack->san.size);
		td_stack_put(&pool, stack);
	}
	ck_assert_ptr_null(td_stack_get(&pool, TD_STACK_MAX + 1));
	ck_assert_uint_eq(pool.n_live, 0);
	td_stack_pool_fini(&pool);
}
END_TEST

START_TEST(the_one_given_back_last_is_handed_out_first)
{
	struct td_stack_pool pool;
	struct td_stack *a, *b;

	td_stack_pool_init(&pool);
	a = td_stack_get(&pool, TD_STACK_SMALL);
	b = td_stack_get(&pool, TD_STACK_SMALL);
	ck_assert_ptr_ne(a, b);
	td_stack_put(&pool, b);
	td_stack_put(&pool, a);
	ck_assert_ptr_eq(td_stack_get(&pool, TD_STACK_SMALL), a);
	ck_assert_ptr_eq(td_stack_get(&pool, TD_STACK_SMALL), b);
	ck_assert_uint_eq(pool.n_live, 2);
	td_stack_put(&pool, a);
	td_stack_put(&pool, b);
	td_stack_pool_fini(&pool);
}
END_TEST

/* Writes below a stack in a child process. Returns: the signal that ended it. */
static int write_below(struct td_stack *stack)
{
	volatile char *below = (volatile char *)(uintptr_t)stack->san.low - 1;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit code of it */
		*below = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(a_write_below_the_stack_faults)
{
	for (int install = 0; install <= 1; install++) {
		struct td_stack_pool pool;
		struct td_stack *stack;

		td_stack_pool_init(&pool);
		pool.guard_install = pool.guard_install && install;
		stack = td_stack_get(&pool, TD_STACK_SMALL);
		ck_assert_int_eq(write_below(stack), SIGSEGV);
		ck_assert_int_eq(pool.n_protected > 0, !pool.guard_install);
		td_stack_put(&pool, stack);
		td_stack_pool_fini(&pool);
	}
}
END_TEST

static size_t resident(const struct td_stack *stack)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n_pages, n = 0;
	unsigned char pages[256];

	n_pages = (stack->san.size + page - 1) / page;
	ck_assert_uint_le(n_pages, sizeof(pages));
	ck_assert_int_eq(mincore((void *)(uintptr_t)stack->san.low, stack->san.size, pages), 0);
	for (size_t i = 0; i < n_pages; i++)
		n += pages[i] & 1;
	return n * page;
}

#define MANY 1000

START_TEST(trimming_gives_pages_back_and_keeps_a_reserve)
{
	static struct td_stack *stacks[MANY];
	struct td_stack_pool pool;
	size_t before = 0, after = 0;

	td_stack_pool_init(&pool);
	for (int i = 0; i < MANY; i++) {
		stacks[i] = td_stack_get(&pool, TD_STACK_SMALL);
		ck_assert_ptr_nonnull(stacks[i]);
		*((volatile char *)(uintptr_t)stacks[i]->san.low + stacks[i]->san.size - 1) = 1;
	}
	for (int i = 0; i < MANY; i++) {
		before += resident(stacks[i]);
		td_stack_put(&pool, stacks[i]);
	}
	while (td_stack_pool_trim(&pool))
		;
	for (int i = 0; i < MANY; i++)
		after += resident(stacks[i]);
	ck_assert_uint_ge(before, MANY * (size_t)4096);
	ck_assert_uint_le(after, before / 2);
	ck_assert_uint_gt(pool.n_warm, 0);
	ck_assert_uint_gt(after, 0);
	td_stack_pool_fini(&pool);
}
END_TEST

TD_TEST_MAIN("stack", a_stack_is_as_large_as_its_class_less_the_guard,
	     the_one_given_back_last_is_handed_out_first, a_write_below_the_stack_faults,
	     trimming_gives_pages_back_and_keeps_a_reserve)
