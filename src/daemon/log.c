/* SPDX-License-Identifier: MIT */
/*
 * Reads the ring with a cursor of its own. Lines go out with one write(2) each: stdio's lock might
 * be held for ever by a plugin that was stopped by force.
 */
#include "daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/sd.h"

#define BATCH 64 /* events taken while the lock is held once */

struct td_log {
	struct td_runtime *rt;
	struct td_sd *sd;
	struct td_cursor cursor;
	bool journal;
	char run_id[33];
};

struct td_log *td_log_new(struct td_runtime *rt, struct td_sd *sd)
{
	struct td_log *log = td_mem_new(sizeof(*log));
	uint64_t id[2] = {0, 0};
	struct td_thread *t;

	if (!log)
		return NULL;
	log->rt = rt;
	log->sd = sd;
	log->journal = td_sd_under_journal();
	(void)!getrandom(id, sizeof(id), GRND_NONBLOCK);
	(void)snprintf(log->run_id, sizeof(log->run_id), "%016" PRIx64 "%016" PRIx64, id[0], id[1]);
	t = td_enter();
	log->cursor = td_ring_begin(&rt->ring);
	td_leave(t);
	return log;
}

struct td_log *td_log_free(struct td_log *log)
{
	return td_mem_free(log);
}

static void to_stderr(const struct td_event *event, uint64_t lost)
{
	char line[TD_EVENT_TEXT_MAX + 512], when[16] = "";
	time_t seconds = (time_t)(event->realtime_usec / 1000000);
	struct tm tm;
	int n;

	if (localtime_r(&seconds, &tm))
		(void)strftime(when, sizeof(when), "%H:%M:%S", &tm);
	if (lost) {
		n = snprintf(line, sizeof(line), "%s.%03d warning / %" PRIu64 " events were lost\n",
			     when, (int)(event->realtime_usec / 1000 % 1000), lost);
		(void)!write(STDERR_FILENO, line, (size_t)n);
	}
	n = snprintf(line, sizeof(line), "%s.%03d %-7s %s%s %s\n", when,
		     (int)(event->realtime_usec / 1000 % 1000), td_level_name(event->level),
		     event->path, event->kind == TD_EVENT_OUTPUT ? " |" : ":", event->text);
	(void)!write(STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static void to_journal(struct td_log *log, const struct td_event *event, uint64_t lost)
{
	char message[TD_EVENT_TEXT_MAX + 512];
	const char *kind = td_event_kind_name(event->kind);
	struct td_sd_record record = {
		.priority = (int)event->level,
		.message = message,
		.kind = kind,
		.node = event->path,
		.task_id = event->task_id,
		.run_id = log->run_id,
		.outcome = event->kind == TD_EVENT_ENDED ? event->text : NULL,
		.sequence = event->sequence,
		.lost = lost,
	};

	(void)snprintf(message, sizeof(message), "%s: %s", event->path, event->text);
	td_sd_journal(log->sd, &record);
}

/* A copy of one event: the texts in the ring are only valid under the lock. */
struct copy {
	struct td_event event;
	uint64_t lost;
	char *texts;
};

static bool take(struct td_log *log, struct copy *copy)
{
	size_t path, text;

	if (!td_ring_get(&log->rt->ring, &log->cursor, &copy->event, &copy->lost))
		return false;
	path = strlen(copy->event.path) + 1;
	text = strlen(copy->event.text) + 1;
	copy->texts = td_mem_new(path + text);
	if (!copy->texts) { /* the event is lost; the next one says so */
		copy->event.path = copy->event.text = "";
		return true;
	}
	memcpy(copy->texts, copy->event.path, path);
	memcpy(copy->texts + path, copy->event.text, text);
	copy->event.path = copy->texts;
	copy->event.text = copy->texts + path;
	return true;
}

void td_log_pump(struct td_log *log)
{
	struct copy copies[BATCH];
	size_t n;

	do {
		struct td_thread *t = td_enter();

		for (n = 0; n < BATCH && take(log, &copies[n]); n++)
			;
		td_leave(t);
		for (size_t i = 0; i < n; i++) {
			if (log->journal)
				to_journal(log, &copies[i].event, copies[i].lost);
			else
				to_stderr(&copies[i].event, copies[i].lost);
			td_mem_free(copies[i].texts);
		}
	} while (n == BATCH);
}
