/* SPDX-License-Identifier: MIT */
/* What must be true of the runtime after every step, whatever has happened. It reads, and changes
 * nothing but the notes of the simulator. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cancel.h"
#include "core/cleanup.h"
#include "sim.h"

/* What a walk over the tree has counted. */
struct count {
	uint64_t tasks, timers, queued, stacks;
};

/* A cleanup that another one has registered may be left out when the time of both is over. */
static void check_cleanups(struct sim *sim, struct sim_task *record, const struct td_task *task)
{
	uint32_t n = 0;

	for (const struct td_defer *defer = task->defers; defer; defer = defer->next)
		n++;
	while (record->n_stack > n && record->stack[record->n_stack - 1]->nested)
		record->stack[--record->n_stack]->used = false;
	if (record->n_stack != n)
		sim_fail(sim, "#%" PRIu64 " has %u cleanups, and registered %u", task->id, n,
			 record->n_stack);
}

static void check_wait(struct sim *sim, const struct td_task *task)
{
	const struct sim_task *record = task->arg;
	bool timed = td_heap_in(&task->wait_timer);

	if (task->self.signals & TD_ASK_STOP)
		sim_fail(sim, "#%" PRIu64 " was asked to stop, and still waits for %s", task->id,
			 td_wait_kind_name(task->wait_kind));
	switch ((enum td_wait_kind)task->wait_kind) {
	case TD_WAIT_TIMER:
		if (!timed && !record->forever)
			sim_fail(sim, "#%" PRIu64 " sleeps, and no timer will wake it", task->id);
		break;
	case TD_WAIT_SCHEDULE:
		if (!timed)
			sim_fail(sim, "#%" PRIu64 " rests, and no timer will wake it", task->id);
		break;
	case TD_WAIT_JOIN:
		if (!td_list_linked(&task->wait_link) || td_task_ended(record->joined))
			sim_fail(sim, "#%" PRIu64 " joins, and nobody will tell it", task->id);
		break;
	case TD_WAIT_FD:
		if (!task->fdwait || task->fdwait->task != task)
			sim_fail(sim, "#%" PRIu64 " waits for no descriptor", task->id);
		break;
	default:
		break;
	}
	/* What is left in a scope has its own end. */
	if (task->stage == TD_STAGE_CLEANUP && task->wait_kind != TD_WAIT_SCOPE &&
	    !td_heap_in(&task->escalation_timer))
		sim_fail(sim, "#%" PRIu64 " waits in a cleanup that has no end", task->id);
}

static void check_place(struct sim *sim, const struct td_task *task)
{
	static const uint8_t state_of[] = {
		[TD_AT_QUEUE] = TD_TASK_READY,
		[TD_AT_THREAD] = TD_TASK_RUNNING,
		[TD_AT_WAIT] = TD_TASK_WAITING,
	};

	if (task->place == TD_AT_NOTHING)
		sim_fail(sim, "#%" PRIu64 " is nowhere", task->id);
	if (task->state != TD_TASK_ENDING && task->state != state_of[task->place])
		sim_fail(sim, "#%" PRIu64 " is %s, and at place %d", task->id,
			 td_task_state_text(task), task->place);
	if (task->place == TD_AT_WAIT) {
		check_wait(sim, task);
		return;
	}
	/* (In the ready queue, its links stand where wait_link is otherwise.) */
	if (td_heap_in(&task->wait_timer) || task->fdwait ||
	    (task->place != TD_AT_QUEUE && td_list_linked(&task->wait_link)))
		sim_fail(sim, "#%" PRIu64 " does not wait, and something will wake it", task->id);
}

/* Whether what was asked of the group has reached the task. */
static void check_asked(struct sim *sim, const struct td_group *group, const struct td_task *task)
{
	uint32_t stop = task->masked ? 0 : task->asked & TD_ASK_STOP;

	if ((task->self.signals & TD_ASK_STOP) != stop)
		sim_fail(sim, "#%" PRIu64 " does not see what it is asked", task->id);
	if (group->state != TD_GROUP_OPEN && !(task->asked & TD_ASK_CANCEL))
		sim_fail(sim, "#%" PRIu64 " of the %s group %s was not asked to stop", task->id,
			 td_group_state_name(group->state), td_group_path(group));
	/* What a periodic task does not do any more, once it gets its turn, is to rest. */
	if (group->state == TD_GROUP_ABORTING && task->stage != TD_STAGE_CLEANUP &&
	    !(task->place == TD_AT_QUEUE && task->stage == TD_STAGE_REST) &&
	    !(task->place == TD_AT_THREAD && task->asked & TD_ASK_ABORT))
		sim_fail(sim, "#%" PRIu64 " of the aborting group %s goes on", task->id,
			 td_group_path(group));
}

static void check_task(struct sim *sim, const struct td_group *group, const struct td_task *task,
		       struct count *count)
{
	if (task->magic != TD_TASK_MAGIC || task->group != group || td_task_ended(task))
		sim_fail(sim, "group %s lists #%" PRIu64 ", which is not a live task of it",
			 td_group_path(group), task->id);
	check_place(sim, task);
	check_asked(sim, group, task);
	check_cleanups(sim, task->arg, task);
	count->tasks++;
	count->timers += td_heap_in(&task->wait_timer);
	count->timers += td_heap_in(&task->escalation_timer);
	count->queued += task->place == TD_AT_QUEUE;
	count->stacks += task->stack != NULL;
	for (const struct td_stack *left = task->left; left; left = left->next)
		count->stacks++;
}

static void check_group(struct sim *sim, const struct td_group *group, struct count *count)
{
	uint64_t before = count->tasks;
	uint32_t n_open = 0, n_ended = 0, n_below = group->n_tasks;
	const struct td_group *child;
	const struct td_task *task;

	TD_LIST_FOREACH (task, &group->tasks, link)
		check_task(sim, group, task, count);
	TD_LIST_FOREACH (task, &group->ended, link)
		n_ended++;
	TD_LIST_FOREACH (child, &group->children, sibling) {
		n_open += child->state != TD_GROUP_CLOSED;
		n_below += child->n_below;
		if (group->state != TD_GROUP_OPEN && child->state == TD_GROUP_OPEN)
			sim_fail(sim, "group %s is open below a parent that is %s",
				 td_group_path(child), td_group_state_name(group->state));
	}
	count->timers += td_heap_in(&group->deadline_timer);
	if (group->n_tasks != count->tasks - before || group->n_ended != n_ended ||
	    group->n_open_children != n_open || group->n_below != n_below)
		sim_fail(sim, "the counters of group %s are wrong", td_group_path(group));
	if (group->state == TD_GROUP_CLOSED && (n_below || n_open || group->stops))
		sim_fail(sim, "group %s is closed and not empty", td_group_path(group));
	if (group->state == TD_GROUP_CLOSED && !group->scope && td_heap_in(&group->deadline_timer))
		sim_fail(sim, "group %s is closed and has a deadline", td_group_path(group));
	if (group->state != TD_GROUP_OPEN && group->state != TD_GROUP_CLOSED &&
	    !(group->n_tasks || n_open))
		sim_fail(sim, "group %s is empty and still %s", td_group_path(group),
			 td_group_state_name(group->state));
}

static void check_queue(struct sim *sim, uint64_t expected)
{
	struct td_runtime *rt = sim->rt;
	struct td_task **end = &rt->ready;
	uint64_t n = 0;

	for (struct td_task *task = rt->ready; task; task = task->ready_next, n++) {
		if (task->magic != TD_TASK_MAGIC || task->place != TD_AT_QUEUE || n > SIM_TASKS)
			sim_fail(sim, "the ready queue holds a task that is not ready");
		end = &task->ready_next;
	}
	if (n != expected || rt->ready_end != end)
		sim_fail(sim, "%" PRIu64 " tasks are ready, and %" PRIu64 " are in the queue",
			 expected, n);
}

static void check_timers(struct sim *sim, uint64_t expected)
{
	const struct td_heap *heap = &sim->rt->timers;

	if (heap->n != expected)
		sim_fail(sim, "%u timers run, and %" PRIu64 " belong to somebody", heap->n,
			 expected);
	for (uint32_t i = 0; i < heap->n; i++)
		if (heap->nodes[i]->place != i + 1 ||
		    heap->nodes[i]->key < heap->nodes[i ? (i - 1) / 4 : 0]->key)
			sim_fail(sim, "the timers are not in order");
}

static void check_descriptors(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_fds; i++) {
		const struct td_fdwait *wait = sim->fds[i], *request;

		if (wait->task && wait->task->fdwait == wait)
			continue;
		for (request = sim->rt->fd_requests; request; request = request->next)
			if (request == wait)
				break;
		if (wait->task || !request)
			sim_fail(sim, "a descriptor is watched for nobody");
	}
}

static void check_stops(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_stops; i++) {
		const struct sim_stop *stop = &sim->stops[i];

		if (!stop->done && sim->now > td_later(stop->due, sim->slow - stop->slow_at))
			sim_fail(sim, "stop %u goes on after all its time is over", i);
	}
}

void sim_check(struct sim *sim, bool at_rest)
{
	struct td_runtime *rt = sim->rt;
	struct count count = {0};

	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group))
		check_group(sim, group, &count);
	if (count.tasks != rt->n_tasks || rt->counters.spawned - rt->counters.ended != count.tasks)
		sim_fail(sim, "%" PRIu64 " tasks are in the tree, the counters say %" PRIu64,
			 count.tasks, rt->n_tasks);
	if (sim->n_tasks != rt->counters.spawned || sim->n_ended != rt->counters.ended)
		sim_fail(sim, "%u tasks were told to have ended, and %" PRIu64 " have",
			 sim->n_ended, rt->counters.ended);
	check_queue(sim, count.queued);
	check_timers(sim, count.timers);
	check_descriptors(sim);
	check_stops(sim);
	if (at_rest && rt->stacks.n_live != count.stacks)
		sim_fail(sim, "%" PRIu64 " stacks are out, and tasks have %" PRIu64,
			 rt->stacks.n_live, count.stacks);
}

/* ---- ends and events -------------------------------------------------------------------- */

void sim_check_ended(struct td_watcher *watcher, struct td_task *task)
{
	struct sim_task *record = watcher->data;
	struct sim *sim = record->sim;
	uint8_t said = sim->said[task->id];

	if (record->ended || !td_task_ended(task))
		sim_fail(sim, "#%" PRIu64 " is told to have ended, and has not", task->id);
	record->ended = true;
	record->task = NULL;
	sim->n_ended++;
	if (task->info && !(said & SIM_SAID_ENDED))
		sim_fail(sim, "#%" PRIu64 " has ended, and no event said so", task->id);
	if (task->outcome_kind == TASKD_CANCELLED && !(task->asked & TD_ASK_STOP) &&
	    !record->scoped)
		sim_fail(sim, "#%" PRIu64 " was cancelled, and nobody asked", task->id);
	if (task->outcome_kind == TASKD_ABORTED && !(said & SIM_SAID_FORCED))
		sim_fail(sim, "#%" PRIu64 " was aborted, and no event said so", task->id);
	if (task->outcome_kind == TASKD_CONDEMNED) {
		if (!(said & SIM_SAID_CONDEMNED))
			sim_fail(sim, "#%" PRIu64 " is condemned, and no event said so", task->id);
		record->condemned = true;
		record->n_stack = 0;
		return;
	}
	check_cleanups(sim, record, task);
	/* Short of memory there may be no stack for them. */
	if (record->n_stack > 0 && !sim->faults)
		sim_fail(sim, "#%" PRIu64 " has ended, and %u cleanups did not run", task->id,
			 record->n_stack);
	if (task->arena)
		sim_fail(sim, "#%" PRIu64 " has ended, and its memory is still there", task->id);
}

static void check_task_event(struct sim *sim, const struct td_event *event)
{
	uint8_t *said = &sim->said[event->task_id];

	if (*said & SIM_SAID_ENDED)
		sim_fail(sim, "#%" PRIu64 " has ended, and then: %s", event->task_id, event->text);
	switch (event->kind) {
	case TD_EVENT_SPAWNED:
		*said |= SIM_SAID_SPAWNED;
		break;
	case TD_EVENT_STARTED:
		if (!(*said & SIM_SAID_SPAWNED))
			sim_fail(sim, "#%" PRIu64 " started before it was admitted",
				 event->task_id);
		*said |= SIM_SAID_STARTED;
		break;
	case TD_EVENT_FORCED:
		*said |= SIM_SAID_FORCED;
		break;
	case TD_EVENT_CONDEMNED:
		*said |= SIM_SAID_CONDEMNED;
		break;
	case TD_EVENT_ENDED:
		if (strncmp(event->text, "run ", 4) != 0)
			*said |= SIM_SAID_ENDED;
		break;
	default:
		break;
	}
}

/* Whether group `path` is `top`, or below it. */
static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	if (strcmp(top, "/") == 0)
		return true;
	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

void sim_check_event(struct sim *sim, const struct td_event *event)
{
	sim_trace(sim, "%s %s #%" PRIu64 ": %s", td_event_kind_name(event->kind), event->path,
		  event->task_id, event->text);
	if (event->path[0] == '\0' || event->text[0] == '\0')
		sim_fail(sim, "an event says nothing");
	if (event->task_id >= sizeof(sim->said))
		sim_fail(sim, "an event is about a task that never was");
	if (event->task_id)
		check_task_event(sim, event);
	else if (event->kind == TD_EVENT_CANCEL)
		(void)snprintf(sim->cancelled, sizeof(sim->cancelled), "%s", event->path);
	else if (event->kind == TD_EVENT_STATE && strcmp(event->text, "closing") == 0 &&
		 !(sim->cancelled[0] && is_below(event->path, sim->cancelled)))
		sim_fail(sim, "group %s closes, and nobody asked", event->path);
}

void sim_check_end(struct sim *sim)
{
	struct td_runtime *rt = sim->rt;

	if (rt->root->state != TD_GROUP_CLOSED)
		sim_fail(sim, "nothing will happen any more, and the root is %s",
			 td_group_state_name(rt->root->state));
	for (uint32_t i = 0; i < sim->n_stops; i++)
		if (!sim->stops[i].done)
			sim_fail(sim, "stop %u was never told to be done", i);
	for (uint32_t i = 0; i < sim->n_tasks; i++) {
		const struct sim_task *record = &sim->tasks[i];

		if (!record->ended)
			sim_fail(sim, "#%" PRIu64 " never ended", record->id);
		if (record->n_handles && !record->condemned && !sim->faults)
			sim_fail(sim, "#%" PRIu64 " has not given its handles back", record->id);
	}
	if (rt->timers.n || rt->ready || rt->n_tasks || rt->stacks.n_live)
		sim_fail(sim, "a closed tree holds timers, tasks or stacks");
	for (struct td_group *group = rt->root; group; group = td_group_next(rt->root, group))
		if (group->n_records != group->n_ended)
			sim_fail(sim, "%u records of group %s are still held",
				 group->n_records - group->n_ended, td_group_path(group));
}
