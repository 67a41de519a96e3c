/* SPDX-License-Identifier: MIT */
/*
 * A slow client holds nobody up: while much waits to be sent to it, its cursor stands still; what
 * is overwritten meanwhile it is told as a number.
 */
#include "daemon/stream.h"

#include <string.h>

#include "base/mem.h"
#include "core/runtime.h"
#include "daemon/app.h"
#include "daemon/codec.h"
#include "daemon/control.h"
#include "daemon/session.h"
#include "wire/peer.h"

#define BACKLOG_MAX ((size_t)256 << 10) /* bytes that may wait for a client that streams */
#define BATCH 64                        /* events sent while the lock is held once */

struct td_stream {
	struct td_session *session; /* borrowed */
	struct td_call *call;
	struct td_cursor cursor;
	enum taskd_level level;
	char *path; /* owned: of a group or task, without a leading "/"; NULL: all */
	size_t length;
	uint64_t lost; /* not yet told */
};

struct td_stream *td_stream_free(struct td_stream *stream)
{
	if (stream)
		td_mem_free(stream->path);
	return td_mem_free(stream);
}

static void on_gone(struct td_call *call, void *data)
{
	struct td_session *session = data;

	(void)call;
	session->stream = td_stream_free(session->stream);
}

static void write_start(struct td_json_writer *w, void *data)
{
	const struct td_stream *stream = data;

	td_json_add_int(w, "sequence", (int64_t)stream->cursor.sequence);
}

int td_stream_begin(struct td_session *session, struct td_call *call, const char *path,
		    enum taskd_level level, struct td_failure *failure)
{
	struct td_stream *stream = td_mem_new(sizeof(*stream));
	struct td_runtime *rt = session->control->app->rt;
	struct td_thread *t;

	if (!stream)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for a stream");
	stream->session = session;
	stream->call = call;
	stream->level = level;
	if (path && strcmp(path, "/") != 0) {
		stream->path = td_mem_strdup(path);
		if (!stream->path) {
			td_stream_free(stream);
			return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for a stream");
		}
		stream->length = strlen(path);
	}
	t = td_enter();
	stream->cursor = td_ring_end(&rt->ring);
	td_leave(t);
	session->stream = stream;
	td_call_set_gone(call, on_gone, session);
	td_call_notify_with(call, write_start, stream);
	return 0;
}

/* Whether an event is about the path, or about something below it. */
static bool is_wanted(const struct td_stream *stream, const struct td_event *event)
{
	char after;

	if (event->level > stream->level)
		return false;
	if (!stream->path)
		return true;
	if (strncmp(event->path, stream->path, stream->length) != 0)
		return false;
	after = event->path[stream->length];
	/* Below a group; a task has nothing below it, but other names may begin with its own. */
	return after == '\0' || ((after == '.' || after == '/') && !strchr(stream->path, '/'));
}

struct item {
	const struct td_event *event;
	uint64_t lost;
};

static void write_item(struct td_json_writer *w, void *data)
{
	const struct item *item = data;

	td_codec_event(w, "event", item->event);
	if (item->lost)
		td_json_add_int(w, "lost", (int64_t)item->lost);
}

/* Sends one batch. The peer only appends to its buffer: that may be done under the lock. */
static bool pump_batch(struct td_stream *stream)
{
	struct td_runtime *rt = stream->session->control->app->rt;
	struct td_thread *t = td_enter();
	bool more = true;

	for (int i = 0; i < BATCH && more; i++) {
		struct td_event event;
		uint64_t lost;
		struct item item;

		more = td_ring_get(&rt->ring, &stream->cursor, &event, &lost);
		stream->lost += lost;
		if (!more || !is_wanted(stream, &event))
			continue;
		item = (struct item){.event = &event, .lost = stream->lost};
		td_call_notify_with(stream->call, write_item, &item);
		stream->lost = 0;
	}
	td_leave(t);
	return more;
}

bool td_stream_pump(struct td_stream *stream)
{
	const struct td_peer *peer = stream->session->peer;

	while (td_peer_failure(peer)->code == 0 && td_peer_backlog(peer) < BACKLOG_MAX)
		if (!pump_batch(stream))
			return false;
	return true;
}
