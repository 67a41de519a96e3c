/* SPDX-License-Identifier: MIT */
/*
 * Reads the ring with a cursor of its own. Lines go out with one write(2) each: stdio's lock might
 * be held for ever by a plugin that was stopped by force. Nor may whoever reads our stderr hold the
 * control thread: a pager that waits for a key, a terminal that was stopped.
 */
#include "daemon/log.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/sd.h"
#include "loop/loop.h"

#define BATCH 64                   /* events taken while the lock is held once */
#define BATCHES 4                  /* in one go; then others have their turn */
#define AGAIN (100 * TASKD_MSEC)   /* until stderr is looked at again, when it takes nothing */
#define FINISH_MAX (1 * TASKD_SEC) /* how long the end waits for the reader of stderr */

struct td_log {
	struct td_runtime *rt;
	struct td_sd *sd;
	struct td_cursor cursor;
	bool journal;
	bool gave_up;           /* nobody read our stderr when it was time to finish */
	struct td_timer *again; /* owned */
	uint64_t lost;          /* taken, but not written and not yet told */
	char run_id[33];
};

static void on_again(void *data)
{
	struct td_log *log = data;

	while (td_log_pump(log))
		;
}

struct td_log *td_log_new(struct td_runtime *rt, struct td_sd *sd, struct td_loop *loop)
{
	struct td_log *log = td_mem_new(sizeof(*log));
	uint64_t id[2] = {0, 0};
	struct td_thread *t;

	if (!log)
		return NULL;
	log->again = td_timer_new(loop, on_again, log);
	if (!log->again)
		return td_mem_free(log);
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
	if (log)
		td_timer_free(log->again);
	return td_mem_free(log);
}

/* A pipe or terminal that is writable takes PIPE_BUF bytes at least. Files always are. */
static bool can_write(taskd_nsec patience)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&fd, 1, (int)(patience / TASKD_MSEC)) != 0;
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

static void write_copy(struct td_log *log, struct copy *copy)
{
	if (log->journal) {
		to_journal(log, &copy->event, copy->lost);
	} else if (can_write(0)) {
		to_stderr(&copy->event, copy->lost + log->lost);
		log->lost = 0;
	} else {
		log->lost += copy->lost + 1;
	}
	td_mem_free(copy->texts);
}

static size_t write_batch(struct td_log *log)
{
	struct copy copies[BATCH];
	struct td_thread *t = td_enter();
	size_t n;

	for (n = 0; n < BATCH && take(log, &copies[n]); n++)
		;
	td_leave(t);
	for (size_t i = 0; i < n; i++)
		write_copy(log, &copies[i]);
	return n;
}

bool td_log_pump(struct td_log *log)
{
	for (int i = 0; i < BATCHES; i++) {
		if (!log->journal && !can_write(0)) {
			td_timer_start(log->again, AGAIN);
			return false;
		}
		if (write_batch(log) < BATCH)
			return false;
	}
	return true;
}

void td_log_finish(struct td_log *log, const char *text)
{
	taskd_nsec end = td_now(log->rt) + FINISH_MAX, left = FINISH_MAX;
	size_t length = text ? strlen(text) : 0;
	bool more = true;

	while (!log->gave_up && (more || length > 0)) {
		if ((!log->journal || !more) && (left < 0 || !can_write(left))) {
			log->gave_up = true;
			return;
		}
		if (more) {
			more = write_batch(log) == BATCH;
		} else {
			ssize_t n =
				write(STDERR_FILENO, text, length < PIPE_BUF ? length : PIPE_BUF);

			if (n < 0)
				return;
			text += n;
			length -= (size_t)n;
		}
		left = end - td_now(log->rt);
	}
}
