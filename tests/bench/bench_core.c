/* SPDX-License-Identifier: MIT */
/*
 * What the runtime costs, measured from inside a task and from beside it, with the real clock and
 *the library that plugins use. Each figure is the median of some passes; one line of JSON each.
 *
 *	bench_core [TEXT]	only those whose name has the text
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <taskd/task.h>

#include "base/rand.h"
#include "core/runtime.h"
#include "core/stop.h"
#include "loop/world.h"

#define PASSES 5

static struct td_runtime *rt;
static struct td_group *group; /* of the bench in progress */

static void figure(const char *name, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, value, unit);
	fflush(stdout);
}

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench_core: %s\n", what);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static int64_t status_kb(const char *key)
{
	char line[256];
	int64_t value = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoll(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The clock of the figures: TD_BENCH_CPU=1 takes the CPU time of the process, for comparisons on a
 * machine that is busy with other things. */
static clockid_t bench_clock = CLOCK_MONOTONIC;

static taskd_nsec bench_now(void)
{
	struct timespec ts;

	clock_gettime(bench_clock, &ts);
	return (taskd_nsec)ts.tv_sec * TASKD_SEC + ts.tv_nsec;
}

/* ---- from inside a task: arg is where the result in nanoseconds goes ---------------------- */

static int nothing(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return 0;
}

static int spawn_join(taskd_self *self, void *arg)
{
	enum { N = 300000 /* x5 */ };
	taskd_nsec began = bench_now();
	taskd_task *child;

	(void)self;
	for (int i = 0; i < N; i++)
		if (taskd_spawn(NULL, nothing, NULL, &child) < 0 || taskd_join(child, NULL) < 0)
			die("spawn");
	*(double *)arg = (double)(bench_now() - began) / N;
	return 0;
}

struct yielders {
	int n, rounds;
	double result;
};

static int yielder(taskd_self *self, void *arg)
{
	const struct yielders *y = arg;

	(void)self;
	for (int i = 0; i < y->rounds; i++)
		(void)taskd_yield();
	return 0;
}

static int yields(taskd_self *self, void *arg)
{
	struct yielders *y = arg;
	taskd_task **children = calloc((size_t)y->n, sizeof(*children));
	taskd_nsec began;

	(void)self;
	for (int i = 0; i < y->n; i++)
		if (taskd_spawn(NULL, yielder, y, &children[i]) < 0)
			die("spawn");
	(void)taskd_yield(); /* all have begun */
	began = bench_now();
	for (int i = 0; i < y->n; i++)
		(void)taskd_join(children[i], NULL);
	y->result = (double)(bench_now() - began) / ((double)y->n * y->rounds);
	free(children);
	return 0;
}

static int checkpoints(taskd_self *self, void *arg)
{
	enum { N = 100000000 };
	taskd_nsec began = bench_now();
	int stop = 0;

	for (int i = 0; i < N; i++)
		stop |= taskd_checkpoint(self);
	*(double *)arg = (double)(bench_now() - began) / N;
	return stop;
}

static struct td_rand seeds;

static int sleeper(taskd_self *self, void *arg)
{
	struct td_rand own;

	(void)self, (void)arg;
	td_rand_seed(&own, td_rand_next(&seeds));
	for (int i = 0; i < 10; i++)
		(void)taskd_sleep((taskd_nsec)(td_rand_below(&own, 100) + 1) * TASKD_MSEC);
	return 0;
}

static int sleeps(taskd_self *self, void *arg)
{
	enum { N = 100000 };
	taskd_task **children = calloc(N, sizeof(*children));
	double began;

	(void)self;
	for (int i = 0; i < N; i++)
		if (taskd_spawn(NULL, sleeper, NULL, &children[i]) < 0)
			die("spawn");
	(void)taskd_yield();
	began = cpu_seconds();
	for (int i = 0; i < N; i++)
		(void)taskd_join(children[i], NULL);
	*(double *)arg = (cpu_seconds() - began) * 1e9 / (N * 10.0);
	free(children);
	return 0;
}

/* ---- from beside ------------------------------------------------------------------------ */

struct latch {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool open;
};
#define LATCH_INIT                                                         \
	{                                                                  \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false \
	}

static void latch_open(struct latch *latch)
{
	pthread_mutex_lock(&latch->mutex);
	latch->open = true;
	pthread_cond_signal(&latch->changed);
	pthread_mutex_unlock(&latch->mutex);
}

static void latch_wait(struct latch *latch)
{
	pthread_mutex_lock(&latch->mutex);
	while (!latch->open)
		pthread_cond_wait(&latch->changed, &latch->mutex);
	pthread_mutex_unlock(&latch->mutex);
}

static void on_ended(struct td_watcher *watcher, struct td_task *task)
{
	(void)task;
	latch_open(watcher->data);
}

/* Runs one task to its end. */
static void run(taskd_fn fn, void *arg)
{
	struct latch latch = LATCH_INIT;
	struct td_watcher watcher = {.ended = on_ended, .data = &latch};
	struct td_spawn spawn = {.fn = fn, .arg = arg, .grace = -1};
	struct td_task *task;
	struct td_thread *t = td_enter();

	if (td_task_spawn(rt, group, &spawn, &task, NULL) < 0)
		die("spawn");
	td_task_watch(task, &watcher);
	td_leave(t);
	latch_wait(&latch);
	t = td_enter();
	td_task_unref(task);
	td_leave(t);
}

static void new_group(const char *name, struct td_group *parent)
{
	struct td_thread *t = td_enter();

	if (td_group_new(parent, name, NULL, &group, NULL) < 0)
		die("group");
	td_leave(t);
}

static void on_stopped(struct td_stop *stop, void *data)
{
	td_stop_free(stop);
	latch_open(data);
}

/* Stops the group of the bench; returns how long that took, in ns. */
static double stop_group(void)
{
	struct latch latch = LATCH_INIT;
	taskd_nsec began = bench_now();
	struct td_thread *t = td_enter();

	if (td_group_stop(group, 60 * TASKD_SEC, NULL, on_stopped, &latch) < 0)
		die("stop");
	td_leave(t);
	latch_wait(&latch);
	return (double)(bench_now() - began);
}

static int forever(taskd_self *self, void *arg)
{
	(void)self, (void)arg;
	return taskd_sleep(TASKD_FOREVER);
}

static void spawn_many(taskd_fn fn, int n)
{
	struct td_spawn spawn = {.fn = fn, .grace = -1};
	struct td_thread *t = td_enter();

	for (int i = 0; i < n; i++)
		if (td_task_spawn(rt, group, &spawn, NULL, NULL) < 0)
			die("spawn");
	td_leave(t);
}

/* Until all tasks of the group wait: the driver has nothing left to do. */
static void wait_parked(void)
{
	for (bool parked = false; !parked;) {
		struct td_thread *t = td_enter();

		parked = !rt->ready && rt->idle;
		td_leave(t);
	}
}

static void bench_cancel(int n, const char *name)
{
	double values[PASSES];

	for (int pass = 0; pass < PASSES; pass++) {
		new_group("cancel", rt->root);
		spawn_many(forever, n);
		wait_parked();
		values[pass] = stop_group() / 1e6;
		struct td_thread *t = td_enter();
		(void)td_group_remove(group, NULL);
		td_leave(t);
	}
	figure(name, median(values, PASSES), "ms");
}

static void bench_memory(void)
{
	enum { N = 100000 };
	int64_t before, queued, waiting;
	struct td_spawn spawn = {.fn = forever, .grace = -1};
	struct td_thread *t;

	new_group("memory", rt->root);
	before = status_kb("VmRSS:") + status_kb("VmPTE:");
	t = td_enter(); /* under the lock nothing runs */
	for (int i = 0; i < N; i++)
		if (td_task_spawn(rt, group, &spawn, NULL, NULL) < 0)
			die("spawn");
	queued = status_kb("VmRSS:") + status_kb("VmPTE:");
	td_leave(t);
	wait_parked();
	waiting = status_kb("VmRSS:") + status_kb("VmPTE:");
	figure("memory_queued_task", (double)(queued - before) * 1024 / N, "bytes");
	figure("memory_waiting_task", (double)(waiting - before) * 1024 / N, "bytes");
	(void)stop_group();
}

static void bench_deep(void)
{
	double values[101];
	struct td_group *leaf;

	group = rt->root;
	for (int i = 0; i < 16; i++)
		new_group("deep", group);
	leaf = group;
	for (size_t i = 0; i < TD_ARRAY_SIZE(values); i++) {
		struct latch latch = LATCH_INIT;
		struct td_watcher watcher = {.ended = on_ended, .data = &latch};
		struct td_spawn spawn = {.fn = forever, .grace = -1};
		struct td_task *task;
		taskd_nsec began;
		struct td_thread *t = td_enter();

		if (td_task_spawn(rt, leaf, &spawn, &task, NULL) < 0)
			die("spawn");
		td_task_watch(task, &watcher);
		td_leave(t);
		wait_parked();
		t = td_enter();
		began = bench_now();
		td_task_ask(task, TD_ASK_CANCEL, NULL);
		values[i] = (double)(bench_now() - began) / 1e3;
		td_leave(t);
		latch_wait(&latch);
		t = td_enter();
		td_task_unref(task);
		td_leave(t);
	}
	figure("cancel_leaf_16_deep", median(values, TD_ARRAY_SIZE(values)), "us");
}

static int burst(taskd_self *self, void *arg)
{
	enum { N = 200000, BATCH = 1000 };
	taskd_task *children[BATCH];
	taskd_nsec began = bench_now();

	(void)self;
	for (int i = 0; i < N; i += BATCH) {
		for (int j = 0; j < BATCH; j++)
			if (taskd_spawn(NULL, nothing, NULL, &children[j]) < 0)
				die("spawn");
		for (int j = 0; j < BATCH; j++)
			(void)taskd_join(children[j], NULL);
	}
	*(double *)arg = N / ((double)(bench_now() - began) / 1e9) / 1e6;
	return 0;
}

static void bench_inside(const char *name, taskd_fn fn, const char *unit, int passes)
{
	double values[PASSES];

	for (int pass = 0; pass < passes; pass++)
		run(fn, &values[pass]);
	figure(name, median(values, (size_t)passes), unit);
}

static void bench_yield(const char *name, int n, int rounds)
{
	double values[PASSES];

	for (int pass = 0; pass < PASSES; pass++) {
		struct yielders y = {.n = n, .rounds = rounds};

		run(yields, &y);
		values[pass] = y.result;
	}
	figure(name, median(values, PASSES), "ns");
}

static void on_events(void *data)
{
	(void)data;
}

/* Whether a bench was asked for: all, or those whose name has the text of the command line. */
static bool wanted(int argc, char **argv, const char *name)
{
	return argc < 2 || strstr(name, argv[1]);
}

static void run_all(int argc, char **argv)
{
	if (wanted(argc, argv, "memory"))
		bench_memory();
	new_group("bench", rt->root);
	if (wanted(argc, argv, "spawn_run_join"))
		bench_inside("spawn_run_join", spawn_join, "ns", PASSES);
	if (wanted(argc, argv, "switch_2"))
		bench_yield("switch_2", 2, 500000);
	if (wanted(argc, argv, "switch_10000"))
		bench_yield("switch_10000", 10000, 50);
	if (wanted(argc, argv, "checkpoint"))
		bench_inside("checkpoint", checkpoints, "ns", PASSES);
	if (wanted(argc, argv, "spawn_to_complete"))
		bench_inside("spawn_to_complete", burst, "M_per_s", PASSES);
	if (wanted(argc, argv, "sleep_wake_cpu"))
		bench_inside("sleep_wake_cpu", sleeps, "ns", 1);
	if (wanted(argc, argv, "cancel_10k_waiting"))
		bench_cancel(10000, "cancel_10k_waiting");
	if (wanted(argc, argv, "cancel_100k_waiting"))
		bench_cancel(100000, "cancel_100k_waiting");
	if (wanted(argc, argv, "cancel_leaf"))
		bench_deep();
}

int main(int argc, char **argv)
{
	struct td_limits limits = td_limits_default;
	struct td_world *world;
	struct td_env env;

	if (getenv("TD_BENCH_CPU"))
		bench_clock = CLOCK_PROCESS_CPUTIME_ID;
	limits.level = TASKD_ERR;
	if (td_world_new(on_events, NULL, &world) < 0)
		die("world");
	td_world_env(world, &env);
	if (td_runtime_new(&env, &limits, true, &rt) < 0)
		die("runtime");
	td_world_bind(world, rt);
	td_rand_seed(&seeds, 1);
	run_all(argc, argv);
	group = rt->root;
	(void)stop_group();
	td_runtime_free(rt);
	td_world_free(world);
	return 0;
}
