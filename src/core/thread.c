/* SPDX-License-Identifier: MIT */
/* Registration, start and wake-up of threads. */
#include "core/thread.h"

#include <errno.h>
#include <signal.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "core/driver.h"
#include "core/runtime.h"

__thread struct td_thread *td_thread_current __attribute__((tls_model("initial-exec")));

#if !(defined(__x86_64__) && !defined(__ILP32__))
__attribute__((noinline)) struct td_thread *td_thread_self(void)
{
	__asm__ volatile("" ::: "memory");
	return td_thread_current;
}
#endif

static struct td_thread *record_new(struct td_runtime *rt)
{
	struct td_thread *t = td_mem_new(sizeof(*t));

	if (!t)
		return NULL;
	t->magic = TD_THREAD_MAGIC;
	t->rt = rt;
	return t;
}

/* What only the thread itself can find out. */
static void settle_in(struct td_thread *t)
{
	t->previous = td_thread_current;
	td_thread_current = t;
	t->errno_at = &errno;
#ifdef __SANITIZE_THREAD__
	t->san.tsan = __tsan_get_current_fiber();
#endif
#ifdef __SANITIZE_ADDRESS__
	pthread_attr_t attr;
	void *low;

	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &low, &t->san.size);
		t->san.low = low;
		pthread_attr_destroy(&attr);
	}
#endif
}

struct td_thread *td_thread_register(struct td_runtime *rt)
{
	struct td_thread *t = record_new(rt);

	if (t)
		settle_in(t);
	return t;
}

void td_thread_unregister(struct td_thread *t)
{
	TD_CHECK(t, TD_THREAD_MAGIC);
	td_assert(t == td_thread_current && !t->pooled && !t->current);
	td_thread_current = t->previous;
	t->magic = 0;
	td_mem_free(t);
}

static void *thread_main(void *data)
{
	struct td_thread *t = data;

	settle_in(t);
	td_driver_main(t);
	return NULL;
}

int td_thread_start(struct td_runtime *rt, struct td_task *task)
{
	struct td_thread *t;
	sigset_t all, old;
	int r;

	if (rt->n_threads >= TD_THREADS_MAX || rt->stopping)
		return -TASKD_ECAPACITY;
	t = record_new(rt);
	if (!t)
		return -TASKD_ENOMEM;
	t->pooled = true;
	t->bound = task;
	if (task)
		task->thread = t;
	/* Signals belong to the control thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&t->id, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0) {
		if (task)
			task->thread = NULL;
		td_mem_free(t);
		return -TASKD_ECAPACITY;
	}
	t->all = rt->threads;
	rt->threads = t;
	rt->n_threads++;
	return 0;
}

void td_thread_wake(struct td_thread *t, struct td_thread *target)
{
	__atomic_store_n(&target->go, 1, __ATOMIC_RELEASE);
	if (t->n_wakes < TD_WAKES_MAX)
		t->wakes[t->n_wakes++] = target;
	else
		td_futex_wake(&target->go, 1);
}

void td_thread_post(struct td_thread *t)
{
	struct td_thread *wakes[TD_WAKES_MAX];
	uint8_t n = t->n_wakes;
	bool kick = t->kick;
	struct td_runtime *rt = t->rt;

	for (uint8_t i = 0; i < n; i++)
		wakes[i] = t->wakes[i];
	t->n_wakes = 0;
	t->kick = false;
	for (uint8_t i = 0; i < n; i++)
		td_futex_wake(&wakes[i]->go, 1);
	if (kick) {
		int saved = *t->errno_at;

		rt->env.wake(rt->env.data);
		*t->errno_at = saved;
	}
}
