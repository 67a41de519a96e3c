/* SPDX-License-Identifier: MIT */
/* One connection: its socket, who is at the other end, and its stream of events if it has one. */
#ifndef TD_DAEMON_SESSION_H
#define TD_DAEMON_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/failure.h"
#include "base/list.h"
#include "core/event.h"
#include "core/reason.h"

struct td_app;
struct td_call;
struct td_control;
struct td_peer;
struct td_stream;

struct td_session {
	struct td_control *control; /* borrowed */
	struct td_peer *peer;       /* owned */
	struct td_io *io;           /* owned */
	struct td_list link;        /* in control.sessions */
	int fd;                     /* owned */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool busy;  /* inside the peer: it must not be freed now */
	bool dirty; /* the peer wants attention */
	bool ended; /* the client sends no more; what was answered is still sent */
	bool broken;
	struct td_stream *stream; /* owned: the Watch in progress */
};

/* Takes over a connected socket. 0, -TASKD_ENOMEM, -errno; the descriptor stays the caller's then.
 */
int td_session_new(struct td_control *control, int fd);
void td_session_free(struct td_session *session);
/* Sends what can be sent; frees the session when it is over. */
void td_session_attend(struct td_session *session);

struct td_session *td_session_of(const struct td_call *call);
/* 0 when the client may change things: root, our own user, members of socket-group. */
int td_session_may_change(const struct td_call *call, struct td_failure *failure);
/* A reason that names the caller; NULL when memory is short. `message` may be NULL. */
struct td_reason *td_session_reason(const struct td_call *call, enum td_reason_kind kind,
				    const char *origin, const char *message);

#endif
