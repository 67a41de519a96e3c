/* SPDX-License-Identifier: MIT */
/*
 * Everything at once: fibers that wait, yield, compute, block and fail, thread tasks, descriptors,
 * periodic tasks, and foreign threads that spawn, cancel, abort, stop groups and walk the tree all
 * the time. At the end the books must agree and nothing may be left. TD_STRESS sets how much is
 * done (1: the default, a few seconds with a sanitizer); TD_TEST_SEED repeats a seed, though not
 * the order in which threads run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include <taskd/plugin.h> /* its errno: the address of the system's own is not kept over a wait */

#include "tdtest.h"
#include "base/rand.h"
#include "core/wait.h"
#include "real.h"

#define N_FOREIGN 2
#define N_OPS 4000     /* of each foreign thread, times TD_STRESS */
#define N_LIVE_MAX 400 /* tasks; TSan has memory for a few thousand fibers */

static struct real real;
static struct td_group *base; /* below it everything happens */
static atomic_uint_fast64_t seed;
static atomic_long n_deferred, n_cleaned, n_wrong;

/* Each body and each thread has a generator of its own. */
static void own_rand(struct td_rand *rand)
{
	td_rand_seed(rand, atomic_fetch_add(&seed, 1));
}

static void clean(void *arg)
{
	struct td_rand rand;

	own_rand(&rand);
	if (*(char *)arg != 'c')
		atomic_fetch_add(&n_wrong, 1);
	if (td_rand_below(&rand, 4) == 0)
		(void)taskd_sleep((taskd_nsec)td_rand_below(&rand, TASKD_MSEC));
	atomic_fetch_add(&n_cleaned, 1);
}

static void defer_some(struct td_rand *rand)
{
	for (uint64_t i = td_rand_below(rand, 3); i > 0; i--) {
		char *text = taskd_strdup("cleanup");

		if (taskd_defer(clean, text) == 0)
			atomic_fetch_add(&n_deferred, 1);
	}
}

/* ---- bodies ----------------------------------------------------------------------------- */

static int nap(taskd_self *self, void *arg)
{
	struct td_rand rand;
	int mine;

	(void)arg;
	own_rand(&rand);
	defer_some(&rand);
	mine = (int)td_rand_below(&rand, 100) + 200;
	for (int i = 0; i < 50; i++) {
		int r;

		errno = mine;
		r = taskd_sleep((taskd_nsec)td_rand_below(&rand, 2 * TASKD_MSEC));
		if (errno != mine)
			atomic_fetch_add(&n_wrong, 1);
		if (r < 0)
			return r;
		if (i % 8 == 0) {
			taskd_mask_cancel();
			if (taskd_yield() != 0 || taskd_checkpoint(self) != 0)
				atomic_fetch_add(&n_wrong, 1);
			taskd_unmask_cancel();
		}
	}
	return 0;
}

static int give_way(taskd_self *self, void *arg)
{
	struct td_rand rand;

	(void)self, (void)arg;
	own_rand(&rand);
	defer_some(&rand);
	for (int i = 0; i < 500; i++) {
		int r = taskd_yield();

		if (r < 0)
			return r;
	}
	return 0;
}

/* Holds its thread for a while, again and again: a hog, as hog-limit is 1 ms. */
static int compute(taskd_self *self, void *arg)
{
	struct td_rand rand;

	(void)arg;
	own_rand(&rand);
	defer_some(&rand);
	for (int i = 0; i < 3; i++) {
		taskd_nsec until = taskd_now() + (taskd_nsec)td_rand_below(&rand, 4 * TASKD_MSEC);

		while (taskd_now() < until)
			if (taskd_checkpoint(self) < 0)
				return -TASKD_ECANCELED;
		if (taskd_yield() < 0)
			return -TASKD_ECANCELED;
	}
	return 0;
}

/* Ends only by force, or when it has been asked for long enough. */
static int swallow(taskd_self *self, void *arg)
{
	struct td_rand rand;

	(void)self, (void)arg;
	own_rand(&rand);
	defer_some(&rand);
	for (int i = 0; i < 2000; i++)
		(void)taskd_sleep(TASKD_USEC);
	return 0;
}

static int break_down(taskd_self *self, void *arg)
{
	struct td_rand rand;

	(void)self, (void)arg;
	own_rand(&rand);
	defer_some(&rand);
	(void)taskd_sleep((taskd_nsec)td_rand_below(&rand, TASKD_MSEC));
	if (td_rand_below(&rand, 2))
		taskd_panic("as planned");
	return taskd_fail(7, "as planned");
}

static int talk(taskd_self *self, void *arg)
{
	struct td_rand rand;
	int fds[2], r = 0;
	char byte = 0;

	(void)self, (void)arg;
	own_rand(&rand);
	/* Forced off here, the descriptors leak: they are the test's, and few. */
	taskd_mask_cancel();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
		return taskd_fail(1, "no sockets");
	taskd_unmask_cancel();
	for (int i = 0; i < 20 && r >= 0; i++) {
		if (td_rand_below(&rand, 3))
			r = taskd_write(fds[1], "x", 1, TASKD_MSEC);
		r = (int)taskd_read(fds[0], &byte, 1, (taskd_nsec)td_rand_below(&rand, TASKD_MSEC));
		if (r == -TASKD_ETIMEDOUT)
			r = 0;
	}
	close(fds[0]);
	close(fds[1]);
	return r < 0 ? r : 0;
}

/* Handles of tasks that were stopped by force are given back at the end. */
#define N_HANDLES 65536
static _Atomic(taskd_task *) handles[N_HANDLES];
static atomic_uint n_handles;

static int bring_up(taskd_self *self, void *arg)
{
	static const taskd_fn bodies[] = {nap, give_way, break_down, compute};
	struct td_rand rand;

	(void)self, (void)arg;
	own_rand(&rand);
	defer_some(&rand);
	for (int i = 0; i < 10; i++) {
		struct taskd_spawn_options options = {
			.size = sizeof(options),
			.driver =
				td_rand_below(&rand, 16) ? TASKD_DRIVER_FIBER : TASKD_DRIVER_THREAD,
			.timeout = td_rand_below(&rand, 4) ? 0 : TASKD_MSEC};
		unsigned mine = atomic_fetch_add(&n_handles, 1) % N_HANDLES;
		taskd_task *child;
		int r = taskd_spawn(&options, bodies[td_rand_below(&rand, 4)], NULL, &child);

		if (r < 0)
			return r;
		atomic_store(&handles[mine], child);
		switch (td_rand_below(&rand, 4)) {
		case 0:
			taskd_cancel(child, "not wanted");
			break;
		case 1:
			taskd_abort(child);
			break;
		}
		if (td_rand_below(&rand, 3) == 0 || taskd_join(child, NULL) < 0)
			taskd_release(child);
		atomic_store(&handles[mine], NULL);
	}
	return 0;
}

static void give_back_handles(void)
{
	struct td_thread *t = td_enter();

	for (int i = 0; i < N_HANDLES; i++)
		td_task_unref((struct td_task *)atomic_load(&handles[i]));
	td_leave(t);
}

/* ---- foreign threads -------------------------------------------------------------------- */

static struct td_group *any_group(struct td_rand *rand)
{
	struct td_group *found = base;
	uint64_t n = 0;

	for (struct td_group *group = base; group; group = td_group_next(base, group))
		if (td_rand_below(rand, ++n) == 0)
			found = group;
	return found;
}

static struct td_task *any_task(struct td_rand *rand)
{
	struct td_group *group = any_group(rand);
	struct td_task *task, *found = NULL;
	uint64_t n = 0;

	TD_LIST_FOREACH (task, &group->tasks, link)
		if (td_rand_below(rand, ++n) == 0)
			found = task;
	return found;
}

static void spawn_any(struct td_rand *rand)
{
	static const taskd_fn bodies[] = {nap,  give_way, compute, swallow, break_down,
					  talk, bring_up, nap,     nap,     bring_up};
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct td_spawn spawn = {.fn = bodies[td_rand_below(rand, 10)], .grace = -1};

	if (real.rt->n_tasks >= N_LIVE_MAX)
		return;
	if (td_rand_below(rand, 2))
		spawn.name = names[td_rand_below(rand, 8)];
	if (td_rand_below(rand, 8) == 0)
		spawn.driver = TASKD_DRIVER_THREAD;
	if (td_rand_below(rand, 8) == 0) {
		spawn.every = TASKD_MSEC;
		spawn.jitter = TASKD_MSEC;
		spawn.missed = (enum td_missed)td_rand_below(rand, 3);
	}
	if (td_rand_below(rand, 8) == 0)
		spawn.timeout = TASKD_MSEC;
	spawn.keep = td_rand_below(rand, 4) == 0;
	/* Refused when the name is taken or the group is closing. */
	(void)td_task_spawn(real.rt, any_group(rand), &spawn, NULL, NULL);
}

static void check_books(void)
{
	uint64_t n = 0;

	for (struct td_group *group = base; group; group = td_group_next(base, group)) {
		struct td_task *task;
		uint32_t here = 0, below = 0;

		TD_LIST_FOREACH (task, &group->tasks, link) {
			if (td_task_ended(task) || task->group != group)
				atomic_fetch_add(&n_wrong, 1);
			here++;
		}
		for (struct td_group *at = group; at; at = td_group_next(group, at))
			below += at->n_tasks;
		if (here != group->n_tasks || below != group->n_below ||
		    (group->state == TD_GROUP_CLOSED && here > 0))
			atomic_fetch_add(&n_wrong, 1);
		n += here;
	}
	if (n != real.rt->n_tasks)
		atomic_fetch_add(&n_wrong, 1);
}

static void stopped(struct td_stop *stop, void *data)
{
	(void)data;
	if (stop->n_condemned)
		atomic_fetch_add(&n_wrong, 1);
	td_stop_free(stop);
}

static void change_groups(struct td_rand *rand)
{
	static const char *const names[] = {"x", "y", "z"};
	struct td_group *group = any_group(rand);

	switch (td_rand_below(rand, 4)) {
	case 0:
		if (group != base)
			(void)td_group_stop(group, (taskd_nsec)td_rand_below(rand, 3 * TASKD_MSEC),
					    NULL, stopped, NULL);
		break;
	case 1:
		if (group != base && group->state == TD_GROUP_CLOSED)
			(void)td_group_remove(group, NULL);
		break;
	default:
		if (group->depth < 4)
			(void)td_group_new(group, names[td_rand_below(rand, 3)], NULL, NULL, NULL);
	}
}

static void change_task(struct td_rand *rand)
{
	struct td_task *task = any_task(rand);

	if (!task)
		return;
	switch (td_rand_below(rand, 3)) {
	case 0:
		td_task_ask(task, TD_ASK_CANCEL, NULL);
		break;
	case 1:
		td_task_abort(task, NULL);
		break;
	case 2:
		td_task_stop(task, (taskd_nsec)td_rand_below(rand, TASKD_MSEC), NULL);
		break;
	}
}

static void *foreign_main(void *data)
{
	struct td_thread *t = td_thread_register(real.rt);
	int n_ops = *(int *)data;
	struct td_rand rand;
	char path[TD_PATH_MAX];

	own_rand(&rand);
	for (int i = 0; i < n_ops; i++) {
		uint64_t what = td_rand_below(&rand, 100);
		struct td_task *task;

		(void)td_enter();
		if (what < 55) {
			spawn_any(&rand);
		} else if (what < 65) {
			change_task(&rand);
		} else if (what < 72) {
			change_groups(&rand);
		} else if (what < 90) {
			check_books();
		} else {
			task = any_task(&rand);
			if (task)
				(void)td_task_path(task, path);
		}
		td_leave(t);
		/* Leaves the driver alone for a while; in the second half so often that it idles.
		 */
		if (what >= (2 * i < n_ops ? 90u : 40u)) {
			struct pollfd none = {.fd = -1};

			(void)poll(&none, 1, 1);
		}
	}
	td_thread_unregister(t);
	return NULL;
}

/* ---- the test --------------------------------------------------------------------------- */

static void check_end(const struct td_stop *stop)
{
	const struct td_runtime *rt = real.rt;
	struct td_thread *t = td_enter();

	ck_assert_uint_eq(stop->n_condemned, 0);
	ck_assert_int_eq(atomic_load(&n_wrong), 0);
	ck_assert_int_eq(atomic_load(&n_cleaned), atomic_load(&n_deferred));
	ck_assert_uint_eq(rt->counters.spawned, rt->counters.ended);
	ck_assert_uint_eq(rt->counters.condemned, 0);
	ck_assert_uint_eq(rt->counters.late_ghosts, 0);
	printf("# %llu tasks, %llu cancelled, %llu aborted, %llu hogs, %llu taken back, %llu idle, "
	       "%u threads, %ld cleanups\n",
	       (unsigned long long)rt->counters.spawned, (unsigned long long)rt->counters.cancelled,
	       (unsigned long long)rt->counters.aborted, (unsigned long long)rt->counters.hogs,
	       (unsigned long long)rt->counters.takebacks, (unsigned long long)rt->counters.idles,
	       rt->n_threads, atomic_load(&n_cleaned));
	td_leave(t);
}

START_TEST(everything_at_once_leaves_nothing_behind)
{
	struct td_limits limits = td_limits_default;
	const char *factor = getenv("TD_STRESS");
	int n_ops = N_OPS * (factor ? (int)strtol(factor, NULL, 10) : 1);
	pthread_t threads[N_FOREIGN];
	struct td_stop *stop;

	atomic_store(&seed, td_test_seed());
	limits.hog_limit = TASKD_MSEC;
	limits.abort_timeout = 20 * TASKD_SEC; /* nobody is stuck that long */
	limits.level = TASKD_DEBUG;
	real_start(&real, &limits);
	base = real_group(&real, "base");
	for (int i = 0; i < N_FOREIGN; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, foreign_main, &n_ops), 0);
	for (int i = 0; i < N_FOREIGN; i++)
		pthread_join(threads[i], NULL);
	stop = real_stop(&real, base, 20 * TASKD_MSEC);
	check_end(stop);
	td_stop_free(stop);
	give_back_handles();
	real_end(&real);
}
END_TEST

TD_TEST_MAIN("stress_core", everything_at_once_leaves_nothing_behind)
