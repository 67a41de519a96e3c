/* SPDX-License-Identifier: MIT */
/*
 * A thread as the runtime sees it: the driver, a pooled thread (spare, keeping a hog, or bound to a
 * task with driver `thread`), or a foreign one (control, monitor). Pooled threads are never
 * destroyed before the runtime, so that addresses of thread-local variables stay valid for a
 * fiber that moved.
 */
#ifndef TD_CORE_THREAD_H
#define TD_CORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "core/lock.h"
#include "core/sanitize.h"

struct td_runtime;
struct td_task;

#define TD_THREAD_MAGIC 0x74687264u
#define TD_THREADS_MAX 4096 /* pooled threads of one runtime */
#define TD_WAKES_MAX 8      /* threads woken after the lock is released; more are woken under it */

struct td_thread {
	uint32_t magic;
	bool driver; /* runs the fibers; changes under the lock */
	bool pooled; /* made by the runtime; else foreign */
	bool idle;   /* in the pool of spares */
	bool left;   /* to a ghost, when the runtime was freed */
	bool kick;   /* wake the driver from its wait once the lock is released */
	uint8_t n_wakes;
	uint32_t go; /* futex: something was assigned to this thread */
	struct td_runtime *rt;
	struct td_task *current; /* that it runs now; NULL: the thread itself */
	struct td_task *bound;   /* its task, with driver `thread` */
	int64_t hogging_since;   /* when a known hog was given the thread */
	void *sp;                /* of its own stack, while it runs a fiber */
	struct td_thread *next;  /* in the pool */
	struct td_thread *all;   /* of all threads of the runtime */
	int *errno_at;           /* its errno: asked for once, as compilers would, but per thread */
	struct td_thread *previous; /* what this OS thread was before it was registered here */
	struct td_thread *wakes[TD_WAKES_MAX];
	struct td_san san;
	pthread_t id;
};

/*
 * The record of the calling thread, or NULL. Never keep the result across a suspension: the task
 * may continue on another thread. (The address of a thread-local variable may not be kept
 * either, and compilers do; hence the assembly.)
 */
extern __thread struct td_thread *td_thread_current __attribute__((tls_model("initial-exec")));

#if defined(__x86_64__) && !defined(__ILP32__)
static inline struct td_thread *td_thread_self(void)
{
	struct td_thread *t;

	__asm__ volatile("movq td_thread_current@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
			 : "=r"(t)
			 :
			 : "memory");
	return t;
}
#else
struct td_thread *td_thread_self(void);
#endif

/* Registers the calling thread as foreign. Returns: NULL when memory is short. */
struct td_thread *td_thread_register(struct td_runtime *rt);
/* Takes the calling thread out again and frees the record. Lock not held. */
void td_thread_unregister(struct td_thread *t);
/* Starts a pooled thread; it goes to the pool by itself. 0, -TASKD_ECAPACITY, -TASKD_ENOMEM. Under
 * the lock. `ret_thread` may be NULL; else the thread is assigned `task` before it starts. */
int td_thread_start(struct td_runtime *rt, struct td_task *task);
/* Tells a thread to look at what was assigned to it; woken when `t` releases the lock. */
void td_thread_wake(struct td_thread *t, struct td_thread *target);
/* Sends the wake-ups that have gathered, after the lock was released. */
void td_thread_post(struct td_thread *t);

#endif
