/* SPDX-License-Identifier: MIT */
/*
 * Bytes between the socket and the peer. Whoever is at the other end was asked once, at accept:
 * SO_PEERCRED says who connected, whatever the process does later.
 */
#include "daemon/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "daemon/control.h"
#include "daemon/stream.h"
#include "loop/loop.h"
#include "wire/peer.h"

#define READ_BYTES ((size_t)64 << 10)
#define REASON_BYTES 256
#define GROUPS_MAX 256 /* supplementary groups of a client that are looked at */

static void on_ready(struct td_peer *peer, void *data)
{
	struct td_session *session = data;

	(void)peer;
	session->dirty = true;
	/* From outside of our own calls, the socket becoming writable brings us back here. */
	if (!session->busy && session->io)
		(void)td_io_set(session->io, TD_IO_READ | TD_IO_WRITE);
}

static void receive(struct td_session *session)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(session->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0)
		session->broken = td_peer_receive(session->peer, bytes, (size_t)n) < 0;
	else if (n == 0)
		session->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		session->broken = true;
}

static void send_output(struct td_session *session)
{
	const char *bytes;
	size_t length;
	ssize_t n;

	for (;;) {
		td_peer_output(session->peer, &bytes, &length);
		if (length == 0)
			return;
		n = send(session->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			session->broken = errno != EAGAIN && errno != EINTR;
			return;
		}
		if (td_peer_consumed(session->peer, (size_t)n) < 0) {
			session->broken = true;
			return;
		}
	}
}

/* A client that broke the protocol is told nothing more, but what was answered before is sent. */
static void last_words(struct td_session *session)
{
	const char *bytes;
	size_t length;

	td_peer_output(session->peer, &bytes, &length);
	if (length)
		(void)!send(session->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What there is to wait for: a client that takes nothing is read from until its calls pile up. */
static int wanted_events(const struct td_session *session, bool has_more)
{
	const struct td_peer *peer = session->peer;
	int events = session->ended || td_peer_is_full(peer) ? 0 : TD_IO_READ;

	return td_peer_backlog(peer) || has_more ? events | TD_IO_WRITE : events;
}

void td_session_attend(struct td_session *session)
{
	bool has_more;

	td_assert(!session->busy);
	session->busy = true;
	do {
		session->dirty = false;
		has_more = session->stream && td_stream_pump(session->stream);
		if (!session->broken)
			send_output(session);
		if (!session->broken && session->dirty && td_peer_run(session->peer) < 0)
			session->broken = true;
	} while (session->dirty && !session->broken && td_peer_backlog(session->peer) == 0);
	session->busy = false;
	if (session->broken || td_peer_failure(session->peer)->code < 0) {
		last_words(session);
		td_session_free(session);
		return;
	}
	/* Calls that wait for something are given up: most likely nobody is there any more. */
	if (session->ended && td_peer_backlog(session->peer) == 0) {
		td_session_free(session);
		return;
	}
	if (td_io_set(session->io, wanted_events(session, has_more)) < 0)
		td_session_free(session);
}

static void on_io(int fd, int events, void *data)
{
	struct td_session *session = data;

	(void)fd;
	if (events & TD_IO_READ) {
		session->busy = true;
		receive(session);
		session->busy = false;
	}
	td_session_attend(session);
}

int td_session_new(struct td_control *control, int fd)
{
	struct td_session *session = td_mem_new(sizeof(*session));
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (!session)
		return -TASKD_ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
		td_mem_free(session);
		return -errno;
	}
	session->control = control;
	session->uid = credentials.uid;
	session->gid = credentials.gid;
	session->pid = credentials.pid;
	session->peer = td_peer_new(control->service, on_ready, session);
	session->io = td_io_new(control->app->loop, fd, TD_IO_READ, on_io, session);
	if (!session->peer || !session->io) {
		td_io_free(session->io);
		td_peer_free(session->peer);
		td_mem_free(session);
		return -TASKD_ENOMEM;
	}
	session->fd = fd;
	td_list_append(&control->sessions, &session->link);
	control->n_sessions++;
	return 0;
}

void td_session_free(struct td_session *session)
{
	td_assert(!session->busy);
	session->io = td_io_free(session->io);
	session->peer = td_peer_free(session->peer);
	td_assert(!session->stream);
	td_fd_close(session->fd);
	td_list_remove(&session->link);
	session->control->n_sessions--;
	session->control->is_full = false;
	td_mem_free(session);
}

struct td_session *td_session_of(const struct td_call *call)
{
	return td_peer_data(td_call_peer(call));
}

static bool is_in_group(const struct td_session *session, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t length = sizeof(groups);

	if (session->gid == group)
		return true;
	if (getsockopt(session->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		return false;
	for (size_t i = 0; i < length / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

int td_session_may_change(const struct td_call *call, struct td_failure *failure)
{
	const struct td_session *session = td_session_of(call);
	gid_t group = session->control->group;

	if (session->uid == 0 || session->uid == geteuid() ||
	    (group != (gid_t)-1 && is_in_group(session, group)))
		return 0;
	return td_fail(failure, -TASKD_EPERM, NULL,
		       "user %u may look, but not change anything: that is for root, the user of "
		       "the daemon, and members of socket-group",
		       (unsigned)session->uid);
}

struct td_reason *td_session_reason(const struct td_call *call, enum td_reason_kind kind,
				    const char *origin, const char *message)
{
	const struct td_session *session = td_session_of(call);
	const struct td_runtime *rt = session->control->app->rt;
	char text[REASON_BYTES];
	struct td_reason *reason;

	/* It is shown to others, on their terminals. */
	if (message)
		td_utf8_clean(text, sizeof(text), message, strlen(message));
	reason = td_reason_new(kind, origin, message ? text : NULL);
	if (!reason)
		return NULL;
	reason->has_caller = true;
	reason->uid = session->uid;
	reason->pid = session->pid;
	reason->realtime_usec = rt->env.realtime_usec(rt->env.data);
	return reason;
}
