/* SPDX-License-Identifier: MIT */
/* A Watch in progress: a cursor on the ring, and what the client wants to see. */
#ifndef TD_DAEMON_STREAM_H
#define TD_DAEMON_STREAM_H

#include "base/failure.h"
#include "core/event.h"

struct td_call;
struct td_session;
struct td_stream;

/* Begins to stream into `call` (with `more`). `path` NULL: everything. */
int td_stream_begin(struct td_session *session, struct td_call *call, const char *path,
		    enum taskd_level level, struct td_failure *failure);
struct td_stream *td_stream_free(struct td_stream *stream); /* NULL allowed; returns NULL */
/* Sends events until there are no more, or until the client has enough to read. Returns: whether
 * there are more. */
bool td_stream_pump(struct td_stream *stream);

#endif
