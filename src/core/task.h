/* SPDX-License-Identifier: MIT */
/*
 * One task: admission, states, outcome, end. All functions are called under the lock of the
 * runtime unless they say otherwise.
 */
#ifndef TD_CORE_TASK_H
#define TD_CORE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskd/task.h>

#include "base/assert.h"
#include "base/failure.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/path.h"
#include "core/reason.h"
#include "core/task_state.h"

struct td_arena;
struct td_channel;
struct td_defer;
struct td_fdwait;
struct td_group;
struct td_runtime;
struct td_scope;
struct td_stack;
struct td_thread;
struct td_token;

#define TD_TASK_MAGIC 0x7461736bu

/* What is asked of a task: bits of td_task.asked, and of signals, the part it may see now. */
#define TD_ASK_CANCEL 1u     /* to stop, for good */
#define TD_ASK_CANCEL_RUN 2u /* to end this run; the schedule goes on */
#define TD_ASK_ABORT 4u      /* no call into the runtime returns any more */
#define TD_ASK_GHOST 8u      /* condemned: it is nobody's task any more */
#define TD_ASK_SCOPE 16u     /* to leave a scope that was cancelled */
#define TD_ASK_STOP (TD_ASK_CANCEL | TD_ASK_CANCEL_RUN | TD_ASK_SCOPE)
#define TD_ASK_FORCE (TD_ASK_ABORT | TD_ASK_GHOST)

/* Which part of its life a task is in; a fresh fiber takes it up from here. */
enum td_task_stage { TD_STAGE_BODY, TD_STAGE_CLEANUP, TD_STAGE_REST };

/* Where it is. Outside the state `ending` this says the same as the state. */
enum td_task_place { TD_AT_NOTHING, TD_AT_QUEUE, TD_AT_THREAD, TD_AT_WAIT };

enum td_wait_kind {
	TD_WAIT_TIMER,
	TD_WAIT_FD,
	TD_WAIT_JOIN,
	TD_WAIT_SCHEDULE,
	TD_WAIT_SCOPE,
	TD_WAIT_TOKEN,
	TD_WAIT_CHANNEL
};

/* What the escalation timer of a task does next. */
enum td_escalation {
	TD_ESCALATE_TIMEOUT, /* the run takes too long: cancel it */
	TD_ESCALATE_ABORT,   /* the grace is over: abort */
	TD_ESCALATE_CONDEMN, /* still running after an abort: give it up */
	TD_ESCALATE_CLEANUP, /* a cleanup takes too long: abort that */
};

enum td_missed { TD_MISSED_SKIP, TD_MISSED_BURST, TD_MISSED_DELAY };

/* Of a task with `every`. */
struct td_schedule {
	taskd_nsec every, jitter;
	enum td_missed missed_policy;
	taskd_nsec due_at;  /* the tick, without jitter */
	taskd_nsec next_at; /* when the next run begins; 0 while one runs */
	uint64_t runs, failures, missed;
	struct taskd_outcome last;
	taskd_nsec last_duration;
};

/* What only tasks that people see have; owned by the task. */
struct td_task_info {
	char *name;   /* owned; NULL: named after its number */
	char *plugin; /* owned; NULL: spawned by another task */
	char status[121];
	bool configured;    /* stays visible after its end, until replaced */
	bool keep;          /* stays visible after its end, for a while */
	taskd_nsec timeout; /* of a run; 0: none */
	taskd_nsec grace;   /* its own; negative: that of the group */
	size_t stack_size;
	uint32_t cleanups_failed;
	struct td_schedule *schedule; /* owned; NULL: runs once */
	void *values;                 /* parameters; belongs to the plugin layer */
	void (*values_free)(void *values);
};

struct td_task {
	/* A dispatch touches this, a cache line, and little else. */
	struct taskd_self self; /* first: the public part */
	uint32_t magic;
	uint8_t state;            /* enum td_task_state; td_task_set_state() only */
	uint8_t stage;            /* enum td_task_stage */
	uint8_t place;            /* enum td_task_place */
	uint8_t driver;           /* enum taskd_driver */
	uint8_t wait_kind;        /* enum td_wait_kind, while it waits */
	uint8_t escalation;       /* enum td_escalation, while the timer is set */
	uint8_t hog;              /* a fiber that hogged: 2 or more gets a thread before it runs */
	bool hogging;             /* it was dispatched with the driver role given away */
	uint32_t asked;           /* TD_ASK_... */
	uint32_t refs;            /* 1 while it lives, 1 per handle, 1 while listed as ended */
	void *sp;                 /* saved context, while it does not run */
	struct td_stack *stack;   /* NULL: not started */
	struct td_thread *thread; /* that runs it now, or is bound to it */
	union {
		/* In the waiters of what it waits for; ended: in td_runtime.told. */
		struct td_list wait_link;
		struct {
			struct td_task *ready_next; /* in the ready queue */
			struct td_task **ready_at;  /* what points to it there */
		};
	};

	/* A wait and a wake-up touch this. */
	struct td_heap_node wait_timer;
	struct td_fdwait *fdwait;
	struct td_channel *channel; /* borrowed: where it waits, or was woken */
	int wait_result;
	int outcome_code;
	uint8_t outcome_kind;
	bool outcome_set;
	uint16_t masked;  /* depth of taskd_mask_cancel() */
	uint16_t handles; /* of plugins, among the references */
	struct td_group *group;
	struct td_task_info *info; /* owned; NULL for a plain spawn */

	/* The rest: its beginning and its end. */
	uint64_t id;
	struct td_list link; /* in the group's live or ended list */
	taskd_fn fn;
	void *arg;
	struct td_list waiters; /* tasks that wait for its end */
	struct td_watcher *watchers;
	struct td_heap_node escalation_timer;
	struct td_stack *left;   /* stacks it was forced off, kept for its cleanups */
	struct td_defer *defers; /* owned, youngest first */
	struct td_scope *scopes; /* owned: open ones, innermost first */
	struct td_arena *arena;  /* owned */
	struct td_token *token;  /* shared: it obeys it; NULL: none, or told already */
	struct td_list token_link;
	struct td_reason *reason;
	char *message; /* owned: of the outcome */
	taskd_nsec created_at, started_at, ended_at;
};

/* Told once when a task has ended, under the lock, at the end of the change that ended it; then the
 * record is the caller's again. It may do anything to the tree. */
struct td_watcher {
	struct td_watcher *next;
	void (*ended)(struct td_watcher *watcher, struct td_task *task);
	void *data;
};

struct td_spawn {
	const char *name;   /* NULL: named after its number */
	const char *plugin; /* NULL: none */
	taskd_fn fn;
	void *arg;
	enum taskd_driver driver; /* DEFAULT: fiber */
	size_t stack_size;        /* 0: default */
	taskd_nsec timeout;       /* 0: none */
	taskd_nsec grace;         /* negative: that of the group */
	struct td_token *token;   /* borrowed: asks it to stop, too; NULL: none */
	bool configured, keep;
	taskd_nsec every, jitter; /* every 0: runs once */
	enum td_missed missed;
	void *values; /* taken over on success only */
	void (*values_free)(void *values);
};

/*
 * Admits a task to a group and makes it ready: one step, so that no task slips into a group that
 * is being stopped. A task without name, plugin, schedule, timeout or own grace costs no info.
 * `ret_task` (may be NULL) gets a handle, to be given back with td_task_unref().
 * Returns: 0; -TASKD_ECLOSED, -TASKD_EEXIST, -TASKD_ECAPACITY, -TASKD_EINVAL, -TASKD_ENOMEM, with
 * nothing changed.
 */
int td_task_spawn(struct td_runtime *rt, struct td_group *group, const struct td_spawn *spawn,
		  struct td_task **ret_task, struct td_failure *failure);

struct td_task *td_task_ref(struct td_task *task);
/* Gives a reference back; the last one frees an ended task. Returns NULL. */
struct td_task *td_task_unref(struct td_task *task);

/* The name within the group, and the path; both return `buffer`. */
#define TD_TASK_NAME_MAX (TD_WORD_MAX + 24)
const char *td_task_name(const struct td_task *task, char buffer[TD_TASK_NAME_MAX]);
const char *td_task_path(const struct td_task *task, char buffer[TD_PATH_MAX]);
const char *td_task_state_name(enum td_task_state state);
const char *td_task_state_text(const struct td_task *task);
const char *td_outcome_name(enum taskd_outcome_kind kind);
const char *td_wait_kind_name(enum td_wait_kind kind);
/* "failed: exit code 3": kind, code or message, for people. Returns `buffer`. */
#define TD_OUTCOME_TEXT 192
const char *td_outcome_text(const struct taskd_outcome *outcome, char buffer[TD_OUTCOME_TEXT]);

/* How it ended (or, with `every`, how the last run ended). */
void td_task_outcome(const struct td_task *task, struct taskd_outcome *ret_outcome);
/* Sets the outcome unless a graver one is set already; `message` may be NULL, is copied. */
void td_task_set_outcome(struct td_task *task, enum taskd_outcome_kind kind, int code,
			 const char *message);

static inline bool td_task_ended(const struct td_task *task)
{
	return task->state == TD_TASK_ENDED;
}

/* The set of states that `state` may follow; a constant, when `state` is one. */
static inline unsigned td_task_states_before(enum td_task_state state)
{
	unsigned set = 0;

#define TD_EDGE(next) (1u << TD_TASK_##next)
#define TD_BEFORE(name, text, edges) set |= ((edges) >> state & 1u) << TD_TASK_##name;
	TD_TASK_STATES(TD_BEFORE)
#undef TD_BEFORE
#undef TD_EDGE
	return set;
}

/* Moves the state along a legal edge (asserted). */
static inline void td_task_set_state(struct td_task *task, enum td_task_state state)
{
	if (task->state == (uint8_t)state)
		return;
	td_assert(td_task_states_before(state) >> task->state & 1u);
	task->state = (uint8_t)state;
}

/* Ends a run: turns what the body returned into an outcome. */
void td_task_run_returned(struct td_task *task, int result);

/*
 * The end, whatever led to it: leaves the group, wakes who waits, emits the event, gives all back.
 * `task` may be gone afterwards. Its fiber must not run any more, or be the caller.
 */
void td_task_finish(struct td_runtime *rt, struct td_task *task);

/* Drops a record that is kept after its end. */
void td_task_forget(struct td_task *task);

void td_task_watch(struct td_task *task, struct td_watcher *watcher);
void td_task_unwatch(struct td_task *task, struct td_watcher *watcher);

/* The runtime a task lives in. Any thread. */
struct td_runtime *td_task_runtime(const struct td_task *task);

/* When the task must have ended: the tightest of its own deadline and those of its groups. */
taskd_nsec td_task_deadline(const struct td_task *task);

#endif
