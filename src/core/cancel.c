/* SPDX-License-Identifier: MIT */
/* Flags for those who look, wake-ups for those who wait, and force for those who do neither. */
#include "core/cancel.h"

#include "base/assert.h"
#include "core/channel.h"
#include "core/cleanup.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/stop.h"
#include "core/wait.h"

#define CLEANUP_STOPPED "a cleanup was stopped by force after cleanup-timeout"

void td_task_update_signals(struct td_task *task)
{
	uint32_t signals = task->masked ? task->asked & ~TD_ASK_STOP : task->asked;

	__atomic_store_n(&task->self.signals, signals, __ATOMIC_RELAXED);
}

void td_task_arm(struct td_task *task, enum td_escalation step, taskd_nsec when)
{
	struct td_runtime *rt = td_task_runtime(task);

	if (when == TASKD_FOREVER)
		return;
	if (td_heap_in(&task->escalation_timer) && task->escalation >= step &&
	    (task->escalation > step || task->escalation_timer.key <= when))
		return;
	task->escalation = (uint8_t)step;
	td_timer_set(rt, &task->escalation_timer, TD_TIMER_ESCALATE, when);
}

/* A task that never started is removed and never runs. */
static bool never_started(const struct td_task *task)
{
	return !task->stack && !task->left && task->place == TD_AT_QUEUE && task->started_at == 0;
}

static void end_unstarted(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);
	struct td_thread *bound = task->thread;

	td_sched_unready(rt, task);
	if (bound && bound->bound == task) {
		bound->bound = NULL;
		td_thread_wake(td_thread_self(), bound);
	}
	td_task_set_outcome(task, TASKD_CANCELLED, 0, "never started");
	td_task_finish(rt, task);
}

void td_task_tell(struct td_task *task, uint32_t what, struct td_reason *reason)
{
	struct td_runtime *rt = td_task_runtime(task);

	TD_CHECK(task, TD_TASK_MAGIC);
	if (td_task_ended(task))
		return;
	td_reason_meet(&task->reason, reason);
	if ((task->asked & what) == what)
		return;
	task->asked |= what;
	rt->counters.cancelled++;
	if (never_started(task)) {
		end_unstarted(task);
		return;
	}
	td_task_update_signals(task);
	if (task->place == TD_AT_WAIT && (task->self.signals & TD_ASK_STOP))
		td_wake(rt, task, -TASKD_ECANCELED);
}

void td_task_ask(struct td_task *task, uint32_t what, struct td_reason *reason)
{
	/* A task that has scopes has started, and does not end by being told. */
	bool news = task->scopes && (task->asked & what) != what;

	td_task_tell(task, what, reason);
	if (news)
		td_scope_inherit(task, reason);
}

/* Leaves the fiber where it stands, never to be resumed. The stack is kept: what the cleanups are
 * given may point to it. */
static void abandon(struct td_task *task)
{
	struct td_thread *bound = task->thread;

	if (bound && bound->bound == task) {
		bound->bound = NULL;
		if (bound != td_thread_self())
			td_thread_wake(td_thread_self(), bound);
	}
	task->thread = NULL;
	if (task->channel)
		td_channel_abandoned(task);
	task->hogging = false; /* whoever goes on with the cleanups begins afresh */
	if (task->stack) {
		task->stack->next = task->left;
		task->left = task->stack;
		task->stack = NULL;
	}
	task->sp = NULL;
}

/* What was asked by force is done. Returns: whether cleanups, or later runs, are still to come. */
static bool goes_on(struct td_task *task)
{
	bool ends = !task->info || !task->info->schedule || (task->asked & TD_ASK_CANCEL);

	task->asked &= ~TD_ASK_ABORT;
	task->masked = 0;
	td_task_update_signals(task);
	if (ends && !task->defers && !task->scopes)
		return false;
	task->stage = TD_STAGE_CLEANUP;
	if (ends)
		td_task_set_state(task, TD_TASK_ENDING);
	return true;
}

/* Goes on with the cleanups, on a fresh stack; or ends, when there are none. */
static void continue_in_cleanup(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);

	if (goes_on(task))
		td_sched_ready(rt, task);
	else
		td_task_finish(rt, task);
}

void td_task_cleanup_failed(struct td_task *task, const char *text)
{
	struct td_runtime *rt = td_task_runtime(task);

	rt->counters.cleanups_failed++;
	if (task->info)
		task->info->cleanups_failed++;
	td_emit(rt, TD_EVENT_FORCED, TASKD_WARNING, task->group, task, "%s", text);
}

/* A cleanup that waited for too long: the next one gets its turn. */
static void abort_cleanup(struct td_task *task)
{
	td_task_cleanup_failed(task, CLEANUP_STOPPED);
	abandon(task);
	continue_in_cleanup(task);
}

static void condemn(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);

	td_emit(rt, TD_EVENT_CONDEMNED, TASKD_ERR, task->group, task,
		"could not be stopped: it runs without calling taskd; its thread is given up");
	task->asked |= TD_ASK_GHOST;
	td_task_update_signals(task);
	rt->counters.condemned++;
	task->group->n_condemned++;
	task->outcome_set = false;
	td_task_set_outcome(task, TASKD_CONDEMNED, 0, "still running after abort-timeout");
	td_task_finish(rt, task);
}

/* What is left of a task that stands still in a call into the runtime. */
static void abort_suspended(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);

	if (task->place == TD_AT_WAIT)
		td_wait_unlink(rt, task);
	else
		td_sched_unready(rt, task);
	task->place = TD_AT_NOTHING;
	if (task->stage == TD_STAGE_CLEANUP) {
		abort_cleanup(task);
		return;
	}
	if (task->stage == TD_STAGE_REST) {
		/* Between two runs no code of it stands anywhere: nothing was cut short. */
		task->outcome_set = false;
		td_task_run_returned(task, -TASKD_ECANCELED);
	} else {
		rt->counters.aborted++;
		td_task_set_outcome(task, TASKD_ABORTED, 0, "stopped by force");
		td_emit(rt, TD_EVENT_FORCED, TASKD_WARNING, task->group, task,
			"stopped by force while it waited");
	}
	abandon(task);
	continue_in_cleanup(task);
}

/* Of a task that runs: it is caught at its next call, or condemned when it makes none. */
static void abort_running(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);

	task->asked |= TD_ASK_ABORT;
	td_task_update_signals(task);
	td_task_arm(task, TD_ESCALATE_CONDEMN, td_later(td_now(rt), rt->limits.abort_timeout));
}

/* Ends what is going on, the run or the cleanup; `asked` says whether more is to follow. */
static void abort_present(struct td_task *task)
{
	if (task->place == TD_AT_THREAD)
		abort_running(task);
	else
		abort_suspended(task);
}

/* The rest of an abort, of a task that is asked to stop. */
static void abort_asked(struct td_task *task)
{
	/* Cleanups have a budget of their own, which is running already. */
	if (td_task_ended(task) || task->stage == TD_STAGE_CLEANUP)
		return;
	abort_present(task);
}

void td_task_abort(struct td_task *task, struct td_reason *reason)
{
	TD_CHECK(task, TD_TASK_MAGIC);
	if (td_task_ended(task))
		return;
	/* One that never started ends when it is asked, and perhaps nobody else holds it. */
	(void)td_task_ref(task);
	td_task_ask(task, TD_ASK_CANCEL, reason);
	abort_asked(task);
	td_task_unref(task);
}

/* The run takes longer than its timeout. */
static void run_timed_out(struct td_task *task)
{
	struct td_runtime *rt = td_task_runtime(task);
	char path[TD_PATH_MAX];
	bool periodic = task->info && task->info->schedule;
	struct td_reason *reason =
		td_reason_new(TD_REASON_DEADLINE, td_task_path(task, path), "timeout of the run");

	if (reason)
		reason->realtime_usec = rt->env.realtime_usec(rt->env.data);
	td_emit(rt, TD_EVENT_CANCEL, TASKD_NOTICE, task->group, task,
		"took longer than its timeout");
	td_task_arm(task, TD_ESCALATE_ABORT,
		    td_later(td_now(rt), task->info && task->info->grace >= 0
						 ? task->info->grace
						 : td_group_grace(task->group)));
	td_task_ask(task, periodic ? TD_ASK_CANCEL_RUN : TD_ASK_CANCEL, reason);
	td_reason_unref(reason);
}

void td_task_escalate(struct td_task *task)
{
	switch ((enum td_escalation)task->escalation) {
	case TD_ESCALATE_TIMEOUT:
		run_timed_out(task);
		break;
	case TD_ESCALATE_ABORT:
		if (task->asked & TD_ASK_CANCEL)
			td_task_abort(task, NULL);
		else
			abort_present(task); /* the run alone; the schedule goes on */
		break;
	case TD_ESCALATE_CLEANUP:
		abort_present(task);
		break;
	case TD_ESCALATE_CONDEMN:
		if (task->place == TD_AT_THREAD)
			condemn(task);
		break;
	}
}

/* A ghost has come back: its record was kept for this moment. */
__attribute__((noreturn)) static void land_ghost(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;
	struct td_stack *stack = task->stack;

	rt->counters.late_ghosts++;
	/* After td_runtime_free() the outside world is gone, and there is nobody left to tell. */
	if (!rt->stopping)
		td_emit(rt, TD_EVENT_CONDEMNED, TASKD_NOTICE, NULL, NULL,
			"a condemned task (#%llu) called taskd again; its thread is free",
			(unsigned long long)task->id);
	td_defer_drop_all(task);
	td_arena_free(task);
	t->bound = NULL;
	task->stack = NULL;
	while (task->left) {
		struct td_stack *left = task->left;

		task->left = left->next;
		td_stack_put(&rt->stacks, left);
	}
	td_task_unref(task);
	td_sched_exit(t, stack);
}

void td_task_leave(struct td_thread *t, struct td_task *task)
{
	struct td_stack *here = task->stack;

	task->place = TD_AT_NOTHING;
	task->stack = NULL;
	abandon(task);
	if (!goes_on(task)) {
		td_task_finish(t->rt, task);
		td_sched_exit(t, here);
	}
	here->next = task->left;
	task->left = here;
	td_sched_ready(t->rt, task);
	td_sched_exit(t, NULL);
}

void td_task_land(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;

	if (task->asked & TD_ASK_GHOST)
		land_ghost(t, task);
	td_timer_clear(rt, &task->escalation_timer);
	if (task->stage == TD_STAGE_CLEANUP) {
		td_task_cleanup_failed(task, CLEANUP_STOPPED);
	} else {
		rt->counters.aborted++;
		td_task_set_outcome(task, TASKD_ABORTED, 0, "stopped by force");
		td_emit(rt, TD_EVENT_FORCED, TASKD_WARNING, task->group, task,
			"stopped by force at its next call into taskd");
	}
	td_task_leave(t, task);
}
