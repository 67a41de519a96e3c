/* SPDX-License-Identifier: MIT */
/*
 * Runs seeds, one after the other. `sim` alone runs as many as TASKD_SIM_SEEDS says, from number
 * TASKD_SIM_FIRST on, and those in seeds/, which found something once; `sim SEED` shows one run
 * step by step.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS_DEFAULT 500
#else
#define SEEDS_DEFAULT 10000
#endif
#define SEEDS_QUICK 1000
#define BATCH 1000       /* seeds in one line of results */
#define AGAIN_EVERY 10   /* of so many, one is run twice */
#define HANG_SECONDS 120 /* of real time, for one batch */

static struct sim world; /* large, and the same place for all runs */
static uint64_t running_seed;
static bool running_points;
static const char *program;

/* ---- memory that is out ----------------------------------------------------------------- */

/* The linker has every call of the runtime go through these. */
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

static int64_t n_blocks;

void *__wrap_calloc(size_t n, size_t size)
{
	void *memory = __real_calloc(n, size);

	n_blocks += memory != NULL;
	return memory;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *memory = __real_realloc(old, size);

	n_blocks += !old && memory;
	return memory;
}

void __wrap_free(void *memory)
{
	n_blocks -= memory != NULL;
	__real_free(memory);
}

int64_t sim_blocks(void)
{
	return n_blocks;
}

/* ---- results ---------------------------------------------------------------------------- */

/* How to see it again; also from a handler of signals. */
static void say_replay(void)
{
	char text[512];
	int n = running_points
			? snprintf(text, sizeof(text),
				   "not ok - every point, run %" PRIu64 "\n# replay: %s points\n",
				   world.n_runs, program)
			: snprintf(text, sizeof(text),
				   "not ok - seed %" PRIu64 "\n# replay: %s %" PRIu64 "\n",
				   running_seed, program, running_seed);

	if (write(STDOUT_FILENO, text, (size_t)n) < 0)
		_exit(2);
}

static void on_signal(int number)
{
	(void)number;
	say_replay();
	_exit(1);
}

void sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;

	printf("# step %" PRIu64 ", time %lld: ", sim->n_steps, (long long)sim->now);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	say_replay();
	_exit(1);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
	char text[TD_EVENT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim->hash ^= (uint64_t)sim->now;
	for (const char *at = text; *at; at++)
		sim->hash = (sim->hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	if (sim->verbose)
		printf("# %13.6f  %s\n", (double)sim->now / (double)TASKD_SEC, text);
}

uint64_t sim_below(struct sim *sim, uint64_t bound)
{
	return td_rand_below(&sim->rand, bound);
}

bool sim_chance(struct sim *sim, uint32_t percent)
{
	return percent > 0 && td_rand_below(&sim->rand, 100) < percent;
}

/* ---- one run ---------------------------------------------------------------------------- */

/* Each seed has an emphasis of its own, so that rare things come together now and then. */
static void choose_manner(struct sim *sim, struct td_limits *limits)
{
	sim->by_priority = sim_chance(sim, 40);
	for (uint32_t i = 0; i < SIM_CHANGES; i++)
		sim->change_at[i] = sim_below(sim, 200);
	sim->n_ops = 4 + (uint32_t)sim_below(sim, 30);
	sim->turns_most = 20 + sim_below(sim, 200);
	sim->hog_percent = sim_chance(sim, 30) ? (uint32_t)sim_below(sim, 30) : 2;
	sim->spawn_percent = (uint32_t)sim_below(sim, 25);
	sim->scope_percent = sim_chance(sim, 50) ? (uint32_t)sim_below(sim, 12) : 0;
	sim->fault_percent = sim_chance(sim, 20) ? 20 : 0;
	sim->jump_percent = sim_chance(sim, 20) ? 10 : 0;
	sim->short_turns = sim_chance(sim, 20);
	sim->outside_left = (uint32_t)sim_below(sim, 20);
	sim->outside_at = sim->now + (taskd_nsec)sim_below(sim, 100) * TASKD_MSEC;
	limits->level = TASKD_DEBUG;
	limits->grace = (taskd_nsec)sim_below(sim, 5000) * TASKD_MSEC;
	limits->abort_timeout = TASKD_MSEC + (taskd_nsec)sim_below(sim, 300) * TASKD_MSEC;
	limits->cleanup_timeout = TASKD_MSEC + (taskd_nsec)sim_below(sim, 1000) * TASKD_MSEC;
	limits->keep_ended = (uint32_t)sim_below(sim, 4);
	limits->event_bytes = (size_t)16 << 10;
}

bool sim_begin(struct sim *sim, uint64_t seed)
{
	struct td_limits limits = td_limits_default;
	bool verbose = sim->verbose;
	uint64_t n_runs = sim->n_runs;
	struct td_env env;
	int r;

	memset(sim, 0, sizeof(*sim));
	sim->seed = seed;
	sim->verbose = verbose;
	sim->n_runs = n_runs;
	sim->hash = UINT64_C(0xcbf29ce484222325);
	sim->now = 1000 * TASKD_SEC;
	td_rand_seed(&sim->rand, seed);
	choose_manner(sim, &limits);
	if (seed && sim_chance(sim, 15)) {
		sim->faults = true;
		td_mem_fail_nth(1 + sim_below(sim, 120));
	}
	sim_world_env(sim, &env);
	r = td_runtime_new(&env, &limits, false, &sim->rt);
	if (r != 0 && !(r == -TASKD_ENOMEM && sim->faults))
		sim_fail(sim, "no runtime: %d", r);
	return r == 0;
}

/* At the beginning of each round of the driver, under the lock, while no task runs. */
static bool turn(void *data)
{
	struct sim *sim = data;

	sim->n_turns++;
	sim_check(sim, true);
	if (sim->ending)
		return sim->rt->root->state == TD_GROUP_CLOSED;
	if (sim->plan) {
		sim->plan(sim);
		return false;
	}
	if (sim->n_turns >= sim->turns_most)
		return true;
	if (sim->outside_left == 0)
		return false;
	if (sim->now >= sim->outside_at || sim_chance(sim, 10)) {
		sim->outside_at = sim->now + (taskd_nsec)sim_below(sim, 200) * TASKD_MSEC;
		sim_meddle(sim);
	}
	return false;
}

/* Gives all handles back that were held outside, or by tasks that were given up. */
static void let_go(struct sim *sim)
{
	while (sim->n_held > 0)
		td_task_unref(sim->held[--sim->n_held]);
	for (uint32_t i = 0; i < sim->n_tasks; i++) {
		struct sim_task *record = &sim->tasks[i];

		if (record->condemned || sim->faults)
			while (record->n_handles > 0)
				td_task_unref(
					(struct td_task *)record->handles[--record->n_handles]);
	}
}

/* What the runs have come to see, so that one can tell whether they look everywhere. */
static struct td_counters seen;

static void add_up(const struct td_counters *counters)
{
	seen.spawned += counters->spawned;
	seen.aborted += counters->aborted;
	seen.condemned += counters->condemned;
	seen.late_ghosts += counters->late_ghosts;
	seen.cleanups_failed += counters->cleanups_failed;
	seen.cancelled += counters->cancelled;
	seen.missed += counters->missed;
}

void sim_end(struct sim *sim)
{
	struct td_thread *t;

	td_runtime_run(sim->rt, turn, sim);
	sim->n_asked = td_mem_count();
	sim->n_turns_used = sim->n_turns;
	td_mem_fail_nth(0);
	t = td_enter();
	sim->ending = true;
	sim->n_stops -= sim->n_stops == SIM_STOPS;
	sim->outside_left = 0;
	sim_stop_group(sim, sim->rt->root,
		       sim_chance(sim, 30) ? 0 : (taskd_nsec)sim_below(sim, 3000) * TASKD_MSEC);
	td_leave(t);
	td_runtime_run(sim->rt, turn, sim);
	t = td_enter();
	let_go(sim);
	sim_check(sim, true);
	td_leave(t);
	sim_check_end(sim);
	add_up(&sim->rt->counters);
	if (td_runtime_free(sim->rt) != 0)
		sim_fail(sim, "a thread was left");
	if (sim->n_fds)
		sim_fail(sim, "%u descriptors are still watched", sim->n_fds);
}

static uint64_t run_seed(struct sim *sim, uint64_t seed)
{
	int64_t before = sim_blocks();
	struct td_thread *t;

	running_seed = seed;
	if (sim_begin(sim, seed)) {
		t = td_enter();
		sim->cursor = td_ring_begin(&sim->rt->ring);
		sim_plant(sim);
		td_leave(t);
		sim_end(sim);
	}
	td_mem_fail_nth(0);
	if (sim_blocks() != before)
		sim_fail(sim, "%lld blocks of memory are lost", (long long)(sim_blocks() - before));
	return sim->hash;
}

static void run_twice(struct sim *sim, uint64_t seed)
{
	uint64_t hash = run_seed(sim, seed);

	if (run_seed(sim, seed) != hash)
		sim_fail(sim, "the same seed has taken another way");
}

/* ---- all runs --------------------------------------------------------------------------- */

static uint64_t number_from(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : fallback;
}

/* Seeds of the past: one number at the start of each line of seeds/past. */
static void run_past(struct sim *sim)
{
	const char *folder = getenv("srcdir");
	char path[4096], line[256];
	uint64_t n = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tests/sim/seeds/past", folder ? folder : ".");
	file = fopen(path, "re");
	if (!file) {
		printf("ok # SKIP no file %s: srcdir says where the source is\n", path);
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char *end;
		uint64_t seed = strtoull(line, &end, 10);

		if (end == line)
			continue;
		run_twice(sim, seed);
		n++;
	}
	(void)fclose(file);
	printf("ok - %" PRIu64 " seeds that found something once\n", n);
}

static int run_all(struct sim *sim)
{
	bool quick = number_from("TASKD_TEST_QUICK", 0) != 0;
	uint64_t first = number_from("TASKD_SIM_FIRST", 1);
	uint64_t n = number_from("TASKD_SIM_SEEDS", quick ? SEEDS_QUICK : SEEDS_DEFAULT);
	uint64_t steps = 0, points;

	printf("# seeds %" PRIu64 " to %" PRIu64 "; one alone: %s SEED\n", first, first + n - 1,
	       program);
	printf("1..%" PRIu64 "\n", 2 + (n + BATCH - 1) / BATCH);
	fflush(stdout);
	alarm(HANG_SECONDS);
	run_past(sim);
	fflush(stdout);
	for (uint64_t i = 0; i < n; i++) {
		if (i % BATCH == 0)
			alarm(HANG_SECONDS);
		if (i % AGAIN_EVERY == 0)
			run_twice(sim, first + i);
		else
			(void)run_seed(sim, first + i);
		steps += sim->n_steps;
		if (i % BATCH == BATCH - 1 || i == n - 1) {
			printf("ok - seeds to %" PRIu64 ", %" PRIu64 " steps\n", first + i, steps);
			fflush(stdout);
		}
	}
	alarm(HANG_SECONDS);
	running_points = true;
	points = sim_every_point(sim, false);
	running_points = false;
	printf("ok - cancelled, stopped, aborted and short of memory at every point: %" PRIu64
	       " runs\n",
	       points);
	printf("# %" PRIu64 " tasks, %" PRIu64 " told to stop, %" PRIu64 " aborted, %" PRIu64
	       " condemned, %" PRIu64 " of them came back, %" PRIu64 " cleanups failed, %" PRIu64
	       " runs missed\n",
	       seen.spawned, seen.cancelled, seen.aborted, seen.condemned, seen.late_ghosts,
	       seen.cleanups_failed, seen.missed);
	return 0;
}

int main(int argc, char **argv)
{
	static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};

	program = argv[0];
	for (size_t i = 0; i < TD_ARRAY_SIZE(fatal); i++)
		(void)signal(fatal[i], on_signal);
	if (argc == 1)
		return run_all(&world);
	world.verbose = true;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "points") == 0) {
		running_points = true;
		printf("# %" PRIu64 " runs\n", sim_every_point(&world, true));
		return 0;
	}
	printf("# seed %s\n", argv[1]);
	run_twice(&world, strtoull(argv[1], NULL, 0));
	printf("ok - seed %s: %" PRIu64 " steps, hash %016" PRIx64 "\n", argv[1], world.n_steps,
	       world.hash);
	return 0;
}
