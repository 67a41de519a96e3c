/* SPDX-License-Identifier: MIT */
/* Threads: hogs, thread tasks, force from outside, ghosts. On the real clock. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include <taskd/io.h>
#include <taskd/task.h>

#include "tdtest.h"
#include "base/mem.h"
#include "core/thread.h"
#include "real.h"

static bool is_true(atomic_int *flag)
{
	return atomic_load(flag) != 0;
}

/* ---- hogs ------------------------------------------------------------------------------- */

#define N_TICKERS 1000
#define N_TICKS 20

static atomic_int n_ticks, n_finished, hog_runs, release;

static int tick(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	for (int i = 0; i < N_TICKS; i++) {
		ck_assert_int_eq(taskd_sleep(5 * TASKD_MSEC), 0);
		atomic_fetch_add(&n_ticks, 1);
	}
	atomic_fetch_add(&n_finished, 1);
	return 0;
}

static int compute(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	atomic_store(&hog_runs, 1);
	while (!is_true(&release))
		;
	return 0;
}

static int block(taskd_self *self, void *arg)
{
	char byte;

	(void)self;
	atomic_store(&hog_runs, 1);
	ck_assert_int_eq((int)read(*(int *)arg, &byte, 1), 1);
	return 0;
}

static bool all_finished(struct real *real, void *data)
{
	(void)real, (void)data;
	return atomic_load(&n_finished) == N_TICKERS;
}

/* S3-33 (as decided): the others go on, all of them, until after the hog was told to end. */
static void others_tick_beside(taskd_fn hog, int *pipe_fds)
{
	struct td_limits limits = real_limits();
	struct td_task *task;
	struct real real;

	limits.level = TASKD_INFO;
	atomic_store(&n_ticks, 0);
	atomic_store(&n_finished, 0);
	atomic_store(&hog_runs, 0);
	atomic_store(&release, 0);
	real_start(&real, &limits);
	task = real_spawn(&real, real.rt->root,
			  (struct td_spawn){.name = "hog", .fn = hog, .arg = pipe_fds});
	for (int i = 0; i < N_TICKERS; i++)
		real_release(real_spawn(&real, real.rt->root, (struct td_spawn){.fn = tick}));
	real_wait(&real, all_finished, NULL);
	ck_assert_int_eq(atomic_load(&n_ticks), N_TICKERS * N_TICKS);
	ck_assert(is_true(&hog_runs));
	ck_assert_uint_ge(real.rt->counters.hogs, 1);
	ck_assert(!td_task_ended(task));
	atomic_store(&release, 1);
	ck_assert_int_eq((int)write(pipe_fds[1], "x", 1), 1);
	real_wait(&real, real_has_ended, task);
	real_release(task);
	real_end(&real);
}

START_TEST(a_thousand_tickers_tick_beside_one_that_computes)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	others_tick_beside(compute, fds);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(a_thousand_tickers_tick_beside_one_that_blocks)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	others_tick_beside(block, fds);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static int hog_again(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	for (int i = 0; i < 20; i++) {
		taskd_nsec until = taskd_now() + 15 * TASKD_MSEC;

		while (taskd_now() < until)
			;
		ck_assert_int_eq(taskd_yield(), 0);
	}
	return 0;
}

/* Many at once, again and again: the role goes round and nobody is lost. */
START_TEST(hogs_come_back_to_the_herd)
{
	struct td_limits limits = real_limits();
	struct td_task *tasks[3];
	struct real real;

	limits.hog_limit = 2 * TASKD_MSEC;
	real_start(&real, &limits);
	for (int i = 0; i < 3; i++)
		tasks[i] = real_spawn(&real, real.rt->root, (struct td_spawn){.fn = hog_again});
	for (int i = 0; i < 3; i++) {
		real_wait(&real, real_has_ended, tasks[i]);
		real_release(tasks[i]);
	}
	ck_assert_uint_ge(real.rt->counters.hogs, 1);
	real_end(&real);
}
END_TEST

/* ---- force on those who run -------------------------------------------------------------- */

static atomic_int came_back, cleaned, running;

static void clean(void *arg)
{
	(void)arg;
	atomic_fetch_add(&cleaned, 1);
}

static void reset(void)
{
	atomic_store(&came_back, 0);
	atomic_store(&cleaned, 0);
	atomic_store(&running, 0);
	atomic_store(&release, 0);
}

static int spin_with_checkpoints(taskd_self *self, void *arg)
{
	(void)arg;
	ck_assert_int_eq(taskd_defer(clean, NULL), 0);
	atomic_store(&running, 1);
	for (;;)
		(void)taskd_checkpoint(self);
	return 0;
}

START_TEST(one_that_computes_is_stopped_at_its_next_checkpoint)
{
	enum taskd_driver drivers[] = {TASKD_DRIVER_FIBER, TASKD_DRIVER_THREAD};

	for (int i = 0; i < 2; i++) {
		struct td_limits limits = real_limits();
		struct td_stop *stop;
		struct real real;

		reset();
		limits.abort_timeout = 20 * TASKD_SEC;
		real_start(&real, &limits);
		real_release(real_spawn(
			&real, real.rt->root,
			(struct td_spawn){.fn = spin_with_checkpoints, .driver = drivers[i]}));
		real_wait(&real, real_is_set, &running);
		stop = real_stop(&real, real.rt->root, TASKD_MSEC);
		ck_assert_uint_eq(stop->n_aborted, 1);
		ck_assert_uint_eq(stop->n_condemned, 0);
		ck_assert_int_eq(atomic_load(&cleaned), 1);
		td_stop_free(stop);
		real_end(&real);
	}
}
END_TEST

/* Spins without a call until the test lets it go; then it calls, or just returns. */
static int spin(taskd_self *self, void *arg)
{
	(void)self;
	ck_assert_int_eq(taskd_defer(clean, NULL), 0);
	ck_assert_ptr_nonnull(taskd_alloc(100));
	atomic_store(&running, 1);
	while (!is_true(&release))
		;
	if (arg) {
		(void)taskd_yield();
		atomic_store(&came_back, 1);
	}
	return 0;
}

static char calls[] = "calls"; /* an argument that is not NULL */

static bool ghost_is_back(struct real *real, void *data)
{
	(void)data;
	return real->rt->counters.late_ghosts == 1;
}

/* What cannot be stopped is condemned: reported, counted, and its group is closed without it.
 * Later it comes back as a ghost and gets no further. S1-46, S1-48. */
static void condemn_and_release(enum taskd_driver driver, void *arg)
{
	struct td_limits limits = real_limits();
	struct taskd_outcome outcome;
	struct td_group *group;
	struct td_stop *stop;
	struct td_task *task;
	struct td_thread *t;
	struct real real;

	reset();
	real_start(&real, &limits);
	group = real_group(&real, "g");
	task = real_spawn(
		&real, group,
		(struct td_spawn){.name = "stuck", .fn = spin, .arg = arg, .driver = driver});
	real_wait(&real, real_is_set, &running);
	stop = real_stop(&real, group, 0);
	ck_assert_uint_eq(stop->n_condemned, 1);
	ck_assert_uint_eq(stop->n_aborted, 0);
	ck_assert_int_eq(stop->tasks[0].outcome.kind, TASKD_CONDEMNED);
	ck_assert_str_eq(stop->tasks[0].path, "g/stuck");
	ck_assert_int_ge(stop->tasks[0].took, limits.abort_timeout);
	td_stop_free(stop);

	t = td_enter();
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_CONDEMNED);
	ck_assert_int_eq(group->state, TD_GROUP_CLOSED);
	ck_assert_uint_eq(group->n_condemned, 1);
	ck_assert_uint_eq(real.rt->counters.condemned, 1);
	ck_assert_uint_eq(real.rt->n_tasks, 0);
	ck_assert_int_eq(td_group_remove(group, NULL), 0); /* the ghost outlives its group */
	td_task_unref(task);
	td_leave(t);

	atomic_store(&release, 1);
	real_wait(&real, ghost_is_back, NULL);
	ck_assert_int_eq(atomic_load(&came_back), 0);
	ck_assert_int_eq(atomic_load(&cleaned), 0); /* their data was in use */
	real_end(&real);
}

START_TEST(what_cannot_be_stopped_is_condemned)
{
	condemn_and_release(TASKD_DRIVER_FIBER, calls);
	condemn_and_release(TASKD_DRIVER_FIBER, NULL);
	condemn_and_release(TASKD_DRIVER_THREAD, calls);
	condemn_and_release(TASKD_DRIVER_THREAD, NULL);
}
END_TEST

/* At the end nobody waits for it: the runtime goes, but for what the ghost may still touch. */
START_TEST(a_runtime_is_freed_without_waiting_for_a_ghost)
{
	struct td_limits limits = real_limits();
	static struct real real; /* what is left stays reachable */
	struct td_thread *thread;
	struct td_stop *stop;

	reset();
	real_start(&real, &limits);
	real_release(real_spawn(&real, real.rt->root, (struct td_spawn){.fn = spin, .arg = calls}));
	real_wait(&real, real_is_set, &running);
	stop = real_stop(&real, real.rt->root, 0);
	ck_assert_uint_eq(stop->n_condemned, 1);
	td_stop_free(stop);
	ck_assert_uint_eq(td_runtime_free(real.rt), 1);
	td_world_free(real.world); /* the world is not the ghost's */
	for (thread = real.rt->threads; thread && !thread->left; thread = thread->all)
		;
	ck_assert_ptr_nonnull(thread);
	atomic_store(&release, 1);
	ck_assert_int_eq(pthread_join(thread->id, NULL), 0);
	ck_assert_int_eq(atomic_load(&came_back), 0);
	close(real.event_fd);
}
END_TEST

static void spin_in_cleanup(void *arg)
{
	(void)arg;
	atomic_store(&running, 1);
	for (;;)
		(void)taskd_yield();
}

static int defer_spin(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(clean, NULL), 0);
	ck_assert_int_eq(taskd_defer(spin_in_cleanup, NULL), 0);
	return 0;
}

START_TEST(a_cleanup_that_never_ends_is_stopped_and_the_next_one_runs)
{
	enum taskd_driver drivers[] = {TASKD_DRIVER_FIBER, TASKD_DRIVER_THREAD};

	for (int i = 0; i < 2; i++) {
		struct td_limits limits = real_limits();
		struct td_task *task;
		struct real real;

		reset();
		real_start(&real, &limits);
		task = real_spawn(&real, real.rt->root,
				  (struct td_spawn){.fn = defer_spin, .driver = drivers[i]});
		real_wait(&real, real_has_ended, task);
		ck_assert_int_eq(atomic_load(&cleaned), 1);
		ck_assert_uint_eq(real.rt->counters.cleanups_failed, 1);
		ck_assert_uint_eq(real.rt->counters.condemned, 0);
		real_release(task);
		real_end(&real);
	}
}
END_TEST

/* ---- thread tasks ----------------------------------------------------------------------- */

#define N_PARALLEL 8

static pthread_barrier_t barrier;

static int meet(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	for (int i = 0; i < 10; i++) {
		pthread_barrier_wait(&barrier);
		ck_assert_int_eq(taskd_sleep(TASKD_MSEC), 0);
	}
	return 0;
}

START_TEST(thread_tasks_run_in_parallel)
{
	struct td_limits limits = real_limits();
	struct td_task *tasks[N_PARALLEL];
	struct real real;

	pthread_barrier_init(&barrier, NULL, N_PARALLEL);
	real_start(&real, &limits);
	for (int round = 0; round < 3; round++) { /* later ones get used threads */
		for (int i = 0; i < N_PARALLEL; i++)
			tasks[i] = real_spawn(
				&real, real.rt->root,
				(struct td_spawn){.fn = meet, .driver = TASKD_DRIVER_THREAD});
		for (int i = 0; i < N_PARALLEL; i++) {
			real_wait(&real, real_has_ended, tasks[i]);
			real_release(tasks[i]);
		}
	}
	ck_assert_uint_le(real.rt->n_threads, N_PARALLEL + 4);
	real_end(&real);
	pthread_barrier_destroy(&barrier);
}
END_TEST

static int defer_and_wait(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	ck_assert_int_eq(taskd_defer(clean, NULL), 0);
	return taskd_sleep(TASKD_FOREVER);
}

START_TEST(a_thread_task_that_waits_is_cancelled_or_aborted)
{
	for (int force = 0; force <= 1; force++) {
		struct td_limits limits = real_limits();
		struct td_task *tasks[4];
		struct td_stop *stop;
		struct real real;

		reset();
		real_start(&real, &limits);
		for (int i = 0; i < 4; i++)
			tasks[i] = real_spawn(&real, real.rt->root,
					      (struct td_spawn){.fn = defer_and_wait,
								.driver = TASKD_DRIVER_THREAD});
		for (int i = 0; i < 4; i++) {
			real_wait(&real, real_is_waiting, tasks[i]);
			real_release(tasks[i]);
		}
		stop = real_stop(&real, real.rt->root, force ? 0 : 20 * TASKD_SEC);
		ck_assert_uint_eq(stop->n_aborted, force ? 4 : 0);
		ck_assert_int_eq(atomic_load(&cleaned), 4);
		td_stop_free(stop);
		real_end(&real);
	}
}
END_TEST

START_TEST(a_thread_task_without_a_thread_is_refused)
{
	struct td_limits limits = real_limits();
	struct td_spawn spawn = {.fn = defer_and_wait, .driver = TASKD_DRIVER_THREAD, .grace = -1};
	struct td_thread *t, *pool;
	uint32_t n;
	struct real real;

	real_start(&real, &limits);
	t = td_enter();
	n = real.rt->n_threads;
	pool = real.rt->pool;
	real.rt->n_threads = TD_THREADS_MAX;
	real.rt->pool = NULL;
	ck_assert_int_eq(td_task_spawn(real.rt, real.rt->root, &spawn, NULL, NULL),
			 -TASKD_ECAPACITY);
	spawn.name = "named";
	ck_assert_int_eq(td_task_spawn(real.rt, real.rt->root, &spawn, NULL, NULL),
			 -TASKD_ECAPACITY);
	real.rt->n_threads = n;
	real.rt->pool = pool;
	ck_assert_uint_eq(real.rt->n_tasks, 0);
	ck_assert_uint_eq(real.rt->root->n_records, 0);
	ck_assert_int_eq(td_task_spawn(real.rt, real.rt->root, &spawn, NULL, NULL), 0);
	td_leave(t);
	real_end(&real);
}
END_TEST

/* ---- descriptors ------------------------------------------------------------------------ */

#define N_ROUNDS 200

static int echo(taskd_self *self, void *arg)
{
	int fd = *(int *)arg;
	char byte;

	(void)self;
	for (int i = 0; i < N_ROUNDS; i++) {
		ck_assert_int_eq((int)taskd_read(fd, &byte, 1, 10 * TASKD_SEC), 1);
		ck_assert_int_eq(taskd_write(fd, &byte, 1, 10 * TASKD_SEC), 0);
	}
	return 0;
}

static int call(taskd_self *self, void *arg)
{
	int fd = *(int *)arg;

	(void)self;
	for (int i = 0; i < N_ROUNDS; i++) {
		char out = (char)i, in = 0;

		ck_assert_int_eq(taskd_write(fd, &out, 1, 10 * TASKD_SEC), 0);
		ck_assert_int_eq((int)taskd_read(fd, &in, 1, 10 * TASKD_SEC), 1);
		ck_assert_int_eq(in, out);
	}
	return 0;
}

START_TEST(sockets_echo_between_all_kinds_of_tasks)
{
	struct td_limits limits = real_limits();
	struct td_task *tasks[16];
	struct real real;
	int fds[16];

	real_start(&real, &limits);
	for (int i = 0; i < 16; i += 2) {
		ck_assert_int_eq(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, &fds[i]),
			0);
		for (int k = 0; k < 2; k++)
			tasks[i + k] = real_spawn(
				&real, real.rt->root,
				(struct td_spawn){.fn = k ? call : echo,
						  .arg = &fds[i + k],
						  .driver = (i / 2 + k) % 3 == 0
								    ? TASKD_DRIVER_THREAD
								    : TASKD_DRIVER_FIBER});
	}
	for (int i = 0; i < 16; i++) {
		struct taskd_outcome outcome;

		real_wait(&real, real_has_ended, tasks[i]);
		td_task_outcome(tasks[i], &outcome);
		ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
		real_release(tasks[i]);
		close(fds[i]);
	}
	real_end(&real);
}
END_TEST

static int wait_odd_fds(taskd_self *self, void *arg)
{
	int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), fds[2];
	char path[] = "/tmp/taskd-test-XXXXXX", byte;

	(void)self, (void)arg;
	close(file);
	ck_assert_int_eq(taskd_wait_fd(file, TASKD_READABLE, TASKD_SEC), -EBADF);
	file = mkstemp(path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(taskd_wait_fd(file, TASKD_READABLE, TASKD_SEC), -EPERM);
	close(file);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(taskd_wait_fd(fds[0], TASKD_READABLE, TASKD_MSEC), -TASKD_ETIMEDOUT);
	ck_assert_int_eq(taskd_wait_fd(fds[1], TASKD_WRITABLE, TASKD_SEC), TASKD_WRITABLE);
	/* Timed out, closed, and the number used again at once. */
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(taskd_wait_fd(fds[0], TASKD_READABLE, 1), -TASKD_ETIMEDOUT);
		close(fds[0]);
		close(fds[1]);
		ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
		ck_assert_int_eq((int)write(fds[1], "x", 1), 1);
		ck_assert_int_eq((int)taskd_read(fds[0], &byte, 1, TASKD_SEC), 1);
	}
	close(fds[1]);
	ck_assert_int_eq((int)taskd_read(fds[0], &byte, 1, TASKD_SEC), 0);
	close(fds[0]);
	return 0;
}

START_TEST(descriptors_that_cannot_be_waited_for_are_refused)
{
	struct td_limits limits = real_limits();
	struct taskd_outcome outcome;
	struct td_task *task;
	struct real real;

	real_start(&real, &limits);
	task = real_spawn(&real, real.rt->root, (struct td_spawn){.fn = wait_odd_fds});
	real_wait(&real, real_has_ended, task);
	td_task_outcome(task, &outcome);
	ck_assert_int_eq(outcome.kind, TASKD_COMPLETED);
	real_release(task);
	real_end(&real);
}
END_TEST

/* ---- birth ------------------------------------------------------------------------------ */

static struct real made;

static int make(void)
{
	struct td_limits limits = real_limits();
	struct td_env env;
	int r;

	td_world_env(made.world, &env);
	r = td_runtime_new(&env, &limits, true, &made.rt);
	if (r == -TASKD_ECAPACITY)
		r = -TASKD_ENOMEM;
	return r;
}

START_TEST(a_runtime_is_born_whole_or_not_at_all)
{
	made.event_fd = -1;
	ck_assert_int_eq(td_world_new(real_event, &made, &made.world), 0);
	for (uint64_t nth = 1;; nth++) {
		int r;

		td_mem_fail_nth(nth);
		r = make();
		td_mem_fail_nth(0);
		if (r == 0)
			break;
		ck_assert_int_eq(r, -TASKD_ENOMEM);
		ck_assert_ptr_null(td_thread_current);
		ck_assert_uint_lt(nth, 100);
	}
	td_world_bind(made.world, made.rt);
	real_end(&made);
}
END_TEST

TD_TEST_MAIN("driver", a_thousand_tickers_tick_beside_one_that_computes,
	     a_thousand_tickers_tick_beside_one_that_blocks, hogs_come_back_to_the_herd,
	     one_that_computes_is_stopped_at_its_next_checkpoint,
	     what_cannot_be_stopped_is_condemned, a_runtime_is_freed_without_waiting_for_a_ghost,
	     a_cleanup_that_never_ends_is_stopped_and_the_next_one_runs,
	     thread_tasks_run_in_parallel, a_thread_task_that_waits_is_cancelled_or_aborted,
	     a_thread_task_without_a_thread_is_refused, sockets_echo_between_all_kinds_of_tasks,
	     descriptors_that_cannot_be_waited_for_are_refused,
	     a_runtime_is_born_whole_or_not_at_all)
