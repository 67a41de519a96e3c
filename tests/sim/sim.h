/* SPDX-License-Identifier: MIT */
/*
 * A simulator of the core: the real runtime, one thread, a virtual clock, and a world that is made
 * from a seed: what the tree looks like, which ready task runs next, what tasks and operators do,
 * what fails. After every step it looks whether the runtime still keeps its promises.
 *
 * A run is its seed: it depends on nothing else, neither addresses nor time. It owns all that it
 * needs in one `struct sim`, and never allocates with td_mem_*, whose failures it plans.
 */
#ifndef TD_TESTS_SIM_SIM_H
#define TD_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rand.h"
#include "core/runtime.h"
#include "core/stop.h"

#define SIM_TASKS 48  /* admitted in one run */
#define SIM_DEFERS 6  /* registered by one task at a time */
#define SIM_HANDLES 5 /* held by one task */
#define SIM_STOPS 24  /* asked for in one run */
#define SIM_FDS 64    /* watched at a time */
#define SIM_GROUPS 48 /* made in one run */
#define SIM_CHANGES 3 /* of priorities, in one run */

struct sim;
struct sim_task;

enum sim_cleanup {
	SIM_CLEANUP_GIVE_BACK, /* the handles; the first that each run registers */
	SIM_CLEANUP_NOTHING,
	SIM_CLEANUP_SLEEP,
	SIM_CLEANUP_YIELD,
	SIM_CLEANUP_FOREVER, /* waits, and never returns */
	SIM_CLEANUP_COMPUTE,
	SIM_CLEANUP_DEFER, /* registers another */
	SIM_CLEANUP_ALLOC,
	SIM_CLEANUP_PANIC,
	SIM_CLEANUP_KINDS,
};

struct sim_defer {
	struct sim_task *owner;
	enum sim_cleanup kind;
	bool nested; /* registered by a cleanup: may be left out when the time is over */
	bool used;
};

/* What the simulator knows about one task. */
struct sim_task {
	struct sim *sim;
	struct td_task *task; /* NULL once it has ended */
	struct td_task *self; /* the same, for its own code, which a condemned task still runs */
	struct td_watcher watcher;
	uint64_t id;
	taskd_fn body;
	uint32_t priority;
	bool stubborn;                /* goes on when it is asked to stop */
	bool forever;                 /* its present wait has no end */
	const struct td_task *joined; /* whose end its present wait is for */
	bool periodic;
	bool scoped; /* it was in a scope, which may have been cancelled */
	bool ended, condemned;
	uint64_t n_runs;
	taskd_task *handles[SIM_HANDLES];
	uint32_t n_handles;
	struct sim_defer defers[SIM_DEFERS];
	struct sim_defer *stack[SIM_DEFERS]; /* registered and not run, oldest first */
	uint32_t n_stack;
};

struct sim_stop {
	struct sim *sim;
	taskd_nsec due;     /* by then it must have ended, ... */
	taskd_nsec slow_at; /* ... give or take what tasks and jumps of the clock have held up */
	bool done;
};

/* What the events have said about one task. */
enum {
	SIM_SAID_SPAWNED = 1,
	SIM_SAID_STARTED = 2,
	SIM_SAID_FORCED = 4,
	SIM_SAID_CONDEMNED = 8,
	SIM_SAID_ENDED = 16,
};

struct sim {
	uint64_t seed;
	struct td_runtime *rt;
	struct td_rand rand;
	bool verbose;

	/* the world */
	taskd_nsec now, slow; /* slow: time that passed while a task computed, or in jumps */
	struct td_fdwait *fds[SIM_FDS];
	taskd_nsec fd_at[SIM_FDS];
	uint32_t n_fds;

	/* what this run is like */
	bool by_priority; /* else uniform */
	uint64_t change_at[SIM_CHANGES];
	uint32_t n_ops, hog_percent, spawn_percent, scope_percent, fault_percent, jump_percent;
	bool faults;      /* an allocation will fail */
	bool short_turns; /* the outside is looked at after every step */

	/* the operators */
	uint32_t outside_left;
	taskd_nsec outside_at;
	bool ending;                   /* the last stop is on its way */
	uint64_t turns_most;           /* then it is over */
	void (*plan)(struct sim *sim); /* instead of operators: called at every turn */
	void *plan_data;

	struct sim_task tasks[SIM_TASKS];
	uint32_t n_tasks, n_ended;
	struct td_task *held[SIM_TASKS]; /* handles outside of tasks */
	uint32_t n_held;
	struct sim_stop stops[SIM_STOPS];
	uint32_t n_stops;
	uint32_t n_groups;

	/* what was seen */
	uint64_t n_runs; /* of sim_every_point() */
	uint64_t n_steps, n_turns;
	uint64_t n_turns_used; /* before the last stop */
	uint64_t n_asked;      /* allocations until then */
	struct td_cursor cursor;
	uint8_t said[SIM_TASKS + 2];
	char cancelled[TD_PATH_MAX]; /* the group of the last stop that was announced */
	uint64_t hash;
};

/* ---- sim.c: a run ------------------------------------------------------------------------ */

/* Says what is wrong, and how to see it again, and ends the program. */
__attribute__((noreturn, format(printf, 2, 3))) void sim_fail(struct sim *sim, const char *format,
							      ...);
/* Adds to the trace: shown when asked for, hashed always. */
__attribute__((format(printf, 2, 3))) void sim_trace(struct sim *sim, const char *format, ...);
uint64_t sim_below(struct sim *sim, uint64_t bound);
bool sim_chance(struct sim *sim, uint32_t percent);

/* Blocks that td_mem_* has given out and not got back. */
int64_t sim_blocks(void);

/* Begins: a runtime in a world. Returns: false when the planned failure hit just that. */
bool sim_begin(struct sim *sim, uint64_t seed);
/* Runs until nothing is left to do, stops the root, runs until it is closed, checks, frees. */
void sim_end(struct sim *sim);

/* ---- world.c ----------------------------------------------------------------------------- */

void sim_world_env(struct sim *sim, struct td_env *ret_env);

/* ---- invariant.c ------------------------------------------------------------------------- */

/* Under the lock, at any step. `at_rest`: no task is running. */
void sim_check(struct sim *sim, bool at_rest);
/* A task has ended: called by the runtime. */
void sim_check_ended(struct td_watcher *watcher, struct td_task *task);
/* An event has come. */
void sim_check_event(struct sim *sim, const struct td_event *event);
/* After the last stop; the lock is not held. */
void sim_check_end(struct sim *sim);

/* ---- task.c ------------------------------------------------------------------------------ */

/* A record for the next task, or NULL when there have been enough. */
struct sim_task *sim_task_new(struct sim *sim, taskd_fn body);
/* The task was admitted. Under the lock. */
void sim_task_admitted(struct sim_task *me, struct td_task *task);
/* What admission must answer for `group`. */
int sim_admission(struct td_group *group, const char *name);
/* Random calls; `arg` is the record. */
int sim_body(taskd_self *self, void *arg);
/* What all bodies do first: registers the cleanup that gives the handles back. */
int sim_body_begin(struct sim_task *me);
int sim_defer(struct sim_task *me, enum sim_cleanup kind);
int sim_spawn(struct sim_task *me, const struct taskd_spawn_options *options, taskd_fn body);
int sim_join(struct sim_task *me);

/* ---- outside.c --------------------------------------------------------------------------- */

/* The tree at the beginning. Under the lock. */
void sim_plant(struct sim *sim);
/* One thing that an operator does. Under the lock; a task may be running. */
void sim_meddle(struct sim *sim);
void sim_stop_group(struct sim *sim, struct td_group *group, taskd_nsec grace);
void sim_admit(struct sim *sim, struct td_group *group, const struct td_spawn *spawn,
	       taskd_fn body);

/* ---- points.c ---------------------------------------------------------------------------- */

/* Cancels, stops and aborts at each step of a set of workloads, and fails each allocation. Returns:
 * how many runs that were. */
uint64_t sim_every_point(struct sim *sim, bool verbose);

#endif
