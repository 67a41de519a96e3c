/* SPDX-License-Identifier: MIT */
/* What runs on a fiber, from its first instruction to its last. */
#include "core/fiber.h"

#include "base/assert.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/cleanup.h"
#include "core/runtime.h"
#include "core/schedule.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/wait.h"

/* Takes the lock again after code of the task. A ghost gets no further. */
static struct td_thread *come_back(struct td_task *task)
{
	struct td_thread *t = td_enter();

	td_assert(t->current == task);
	if (td_unlikely(task->asked & TD_ASK_GHOST))
		td_task_land(t, task);
	return t;
}

static struct td_thread *run_body(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;
	int result;

	if (!task->info) {
		task->started_at = td_clock(rt);
	} else {
		task->started_at = td_now(rt);
		if (task->info->timeout > 0)
			td_task_arm(task, TD_ESCALATE_TIMEOUT,
				    td_later(task->started_at, task->info->timeout));
		td_emit(rt, TD_EVENT_STARTED, TASKD_DEBUG, task->group, task, "started");
	}
	td_leave(t);
	result = task->fn(&task->self, task->arg);
	t = come_back(task);
	if (task->asked & TD_ASK_ABORT) {
		/* It came back by itself, between the abort and its next call. */
		task->asked &= ~TD_ASK_ABORT;
		td_task_update_signals(task);
	}
	td_task_run_returned(task, result);
	return task->scopes ? td_scope_end_inside(t, NULL) : t;
}

/* The next cleanup, and until when it may run. Those whose time is over before they begin were
 * registered by one that took all of it: they are left out, or a cleanup that registers itself
 * again would never end. */
static bool next_cleanup(struct td_runtime *rt, struct td_task *task, struct td_defer *ret_defer)
{
	taskd_nsec now = td_now(rt);

	while (td_defer_pop(task, ret_defer)) {
		if (ret_defer->until == 0)
			ret_defer->until = td_later(now, rt->limits.cleanup_timeout);
		if (ret_defer->until > now)
			return true;
		td_task_cleanup_failed(task, "a cleanup was left out: the one that registered it "
					     "took all of cleanup-timeout");
	}
	return false;
}

/* Runs the cleanups, youngest first, shielded from cancellation, within a budget. */
static struct td_thread *run_cleanups(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;
	struct td_defer defer;

	task->stage = TD_STAGE_CLEANUP;
	td_timer_clear(rt, &task->escalation_timer);
	if (task->scopes)
		t = td_scope_end_inside(t, NULL);
	if (!task->defers)
		return t;
	task->masked = 1;
	td_task_update_signals(task);
	while (next_cleanup(rt, task, &defer)) {
		td_timer_clear(rt, &task->escalation_timer);
		td_task_arm(task, TD_ESCALATE_CLEANUP, defer.until);
		td_leave(t);
		defer.fn(defer.arg);
		t = come_back(task);
		task->asked &= ~TD_ASK_ABORT;
		td_timer_clear(rt, &task->escalation_timer);
		t = td_scope_end_inside(t, NULL);
	}
	td_timer_clear(rt, &task->escalation_timer);
	task->masked = 0;
	td_task_update_signals(task);
	return t;
}

static void put_left_stacks(struct td_runtime *rt, struct td_task *task)
{
	while (task->left) {
		struct td_stack *left = task->left;

		task->left = left->next;
		td_stack_put(&rt->stacks, left);
	}
}

/* The books of one run of a periodic task. */
static void count_run(struct td_runtime *rt, struct td_task *task)
{
	struct td_schedule *schedule = task->info->schedule;

	td_task_outcome(task, &schedule->last);
	schedule->last_duration = td_now(rt) - task->started_at;
	schedule->runs++;
	schedule->failures += schedule->last.kind != TASKD_COMPLETED;
}

/* Gives back what belongs to the run, and sets the time of the next one. */
static void close_run(struct td_runtime *rt, struct td_task *task)
{
	struct td_schedule *schedule = task->info->schedule;
	char text[TD_OUTCOME_TEXT];
	uint64_t missed;

	count_run(rt, task);
	td_emit(rt, TD_EVENT_ENDED,
		schedule->last.kind == TASKD_COMPLETED ? TASKD_DEBUG : TASKD_WARNING, task->group,
		task, "run %s", td_outcome_text(&schedule->last, text));
	td_arena_free(task);
	put_left_stacks(rt, task);
	task->asked &= ~(TD_ASK_CANCEL_RUN | TD_ASK_ABORT);
	td_task_update_signals(task);
	if (!(task->asked & TD_ASK_STOP))
		task->reason = td_reason_unref(task->reason);
	missed = td_schedule_next(schedule, td_now(rt), rt->env.random(rt->env.data));
	rt->counters.missed += missed;
	if (missed)
		td_emit(rt, TD_EVENT_MISSED, TASKD_NOTICE, task->group, task,
			"%llu runs missed: the last one took longer than its interval",
			(unsigned long long)missed);
}

/* Waits for the next run. Returns: whether there is one. */
static bool rest(struct td_thread **t, struct td_task *task)
{
	struct td_schedule *schedule = task->info->schedule;
	int r;

	task->stage = TD_STAGE_REST;
	r = td_wait(t, TD_WAIT_SCHEDULE, schedule->next_at);
	schedule->next_at = 0;
	/* The outcome of the last run is in the books; this is about the next, or about the task.
	 */
	task->outcome_set = false;
	task->message = td_mem_free(task->message);
	if (r == -TASKD_ECANCELED) {
		td_task_run_returned(task, r);
		return false;
	}
	task->stage = TD_STAGE_BODY;
	return true;
}

/* Lives a task from its present stage to its end. Returns: the thread on which it ended. */
static struct td_thread *live(struct td_thread *t, struct td_task *task)
{
	struct td_runtime *rt = t->rt;

	if (task->stage == TD_STAGE_REST && !rest(&t, task))
		goto end;
	for (;;) {
		if (task->stage == TD_STAGE_BODY)
			t = run_body(t, task);
		if (!task->info || !task->info->schedule || (task->asked & TD_ASK_CANCEL)) {
			td_task_set_state(task, TD_TASK_ENDING);
			t = run_cleanups(t, task);
			if (task->info && task->info->schedule)
				count_run(rt, task);
			break;
		}
		t = run_cleanups(t, task);
		close_run(rt, task);
		if (!rest(&t, task))
			break;
	}
end:
	td_timer_clear(rt, &task->escalation_timer);
	return t;
}

void td_fiber_entry(void *argument, void *passed)
{
	struct td_task *task = argument;
	struct td_thread *t = passed;
	struct td_stack *stack = task->stack;

	td_san_switch_finish(&stack->san);
	for (;;) {
		struct td_runtime *rt;
		struct td_task *next;

		td_sched_begin(t);
		t = live(t, task);
		rt = t->rt;
		task->stack = NULL; /* it is ours from here on */
		task->place = TD_AT_NOTHING;
		if (t->bound == task)
			t->bound = NULL;
		td_task_finish(rt, task);
		t->current = NULL;
		/* The next one, when it has not started yet, runs on this stack at once. */
		next = t->driver && rt->budget > 1 ? td_sched_first(rt) : NULL;
		if (!next || next->stack || next->hog >= 2 || !td_sched_adopt(t, next, stack))
			td_sched_exit(t, stack);
		task = next;
	}
}
