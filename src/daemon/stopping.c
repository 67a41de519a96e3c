/* SPDX-License-Identifier: MIT */
/* The request outlives whoever made it: a client that goes away stops nothing from stopping. */
#include "daemon/stopping.h"

#include <stdbool.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "core/group.h"
#include "core/task.h"

#define PRINT_MAX 30 /* tasks that ended by themselves and are named */

struct request {
	struct td_letter letter;
	struct td_inbox *inbox;
	struct td_stop *stop;
	void (*done)(const struct td_stop *stop, void *data);
	void *data;
};

static void read_letter(struct td_letter *letter)
{
	struct request *request = TD_CONTAINER_OF(letter, struct request, letter);

	if (request->done)
		request->done(request->stop, request->data);
	td_stop_free(request->stop);
	td_mem_free(request);
}

static void on_done(struct td_stop *stop, void *data)
{
	struct request *request = data;

	request->stop = stop;
	request->letter.read = read_letter;
	td_inbox_put(request->inbox, &request->letter);
}

int td_stopping_begin(struct td_inbox *inbox, struct td_group *group, taskd_nsec grace,
		      struct td_reason *reason,
		      void (*done)(const struct td_stop *stop, void *data), void *data)
{
	struct request *request = td_mem_new(sizeof(*request));

	if (!request)
		return -TASKD_ENOMEM;
	*request = (struct request){.inbox = inbox, .done = done, .data = data};
	if (td_group_stop(group, grace, reason, on_done, request) < 0) {
		td_mem_free(request);
		return -TASKD_ENOMEM;
	}
	return 0;
}

/* Cut to what matters: nobody reads nanoseconds. */
static const char *brief(taskd_nsec ns, char text[TD_DURATION_TEXT])
{
	taskd_nsec unit = ns >= 10 * TASKD_SEC ? TASKD_SEC / 10
			  : ns >= TASKD_SEC    ? 10 * TASKD_MSEC
			  : ns >= TASKD_MSEC   ? TASKD_MSEC
					       : TASKD_USEC;

	return td_duration_print(ns - ns % unit, text);
}

static void print_line(struct td_strbuf *to, const struct td_stopped *line)
{
	char took[TD_DURATION_TEXT], text[TD_OUTCOME_TEXT];

	td_strbuf_addf(to, "  %-28s %s, after %s\n", line->path,
		       td_outcome_text(&line->outcome, text), brief(line->took, took));
}

void td_stopping_print(struct td_strbuf *to, const struct td_stop *stop)
{
	char took[TD_DURATION_TEXT], grace[TD_DURATION_TEXT];
	uint32_t printed = 0;

	td_strbuf_addf(to, "%s stopped in %s (grace %s): %u ended, %u aborted, %u condemned\n",
		       stop->path, brief(stop->done_at - stop->asked_at, took),
		       td_duration_print(stop->grace, grace), stop->n_tasks + stop->more,
		       stop->n_aborted, stop->n_condemned);
	/* Who had to be forced is always named; of the others, as many as one can look through. */
	for (uint32_t i = 0; i < stop->n_tasks; i++) {
		bool forced = stop->tasks[i].outcome.kind >= TASKD_ABORTED;

		if (forced || i < PRINT_MAX) {
			print_line(to, &stop->tasks[i]);
			printed++;
		}
	}
	if (stop->n_tasks + stop->more > printed)
		td_strbuf_addf(to, "  and %u more\n", stop->n_tasks + stop->more - printed);
}
