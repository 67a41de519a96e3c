/* SPDX-License-Identifier: MIT */
/*
 * One connection to a service, without its socket: bytes go in, bytes come out. Calls are handled
 * one at a time, in order; those behind a call that is answered late wait, within a limit. It owns
 * its buffers and the call under way. Thread: one.
 *
 * What the owner of the socket does:
 *	readable:	td_peer_receive() with what was read; < 0: close
 *	ready callback:	watch for writable; stop reading while td_peer_is_full()
 *	writable:	write td_peer_output(), then td_peer_consumed(); < 0: close
 */
#ifndef TD_WIRE_PEER_H
#define TD_WIRE_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "wire/json.h"

struct td_call;
struct td_peer;
struct td_service;

#define TD_PEER_QUEUE_MAX (4u << 20)   /* bytes of calls that wait; above it the peer has failed */
#define TD_PEER_QUEUE_HIGH (1u << 20)  /* bytes of calls that wait; from here on it is full */
#define TD_PEER_OUTPUT_HIGH (1u << 20) /* bytes not yet taken; above it no call is begun */

/*
 * Tells that there is output, or that td_peer_run() has something to do, or that the peer has
 * failed. It may come from any td_call_... function: do not free the peer in it, and do not call
 * td_peer_receive(), td_peer_run() or td_peer_consumed(); remember it, and do so from the loop.
 */
typedef void td_peer_ready(struct td_peer *peer, void *data);

/* `service` is borrowed, and so is `data`: what the owner knows about the connection. NULL: no
 * memory. */
struct td_peer *td_peer_new(struct td_service *service, td_peer_ready *ready, void *data);
/* The call under way is gone: its on_gone runs. Not from inside a handler. NULL allowed; returns
 * NULL. */
struct td_peer *td_peer_free(struct td_peer *peer);
void *td_peer_data(const struct td_peer *peer);

/*
 * Takes bytes as they came and handles the calls that are complete. Returns: 0, or an error, after
 * which the connection must be closed at once: -TASKD_EPROTO: the client broke the protocol, see
 * td_peer_failure(); -TASKD_ENOMEM.
 */
int td_peer_receive(struct td_peer *peer, const char *bytes, size_t n);
/* Handles calls that waited. Returns: as td_peer_receive(). */
int td_peer_run(struct td_peer *peer);
/* Why the peer has failed; code 0: it has not. */
const struct td_failure *td_peer_failure(const struct td_peer *peer);
/* Whether so much waits that reading should stop. */
bool td_peer_is_full(const struct td_peer *peer);
/* Whether a call is under way or waits: not idle. */
bool td_peer_is_busy(const struct td_peer *peer);

/* What is to be written; lives until the next function for this peer. */
void td_peer_output(const struct td_peer *peer, const char **ret_bytes, size_t *ret_n);
/* Says that the first n bytes were written; runs waiting calls. Returns: as td_peer_receive(). */
int td_peer_consumed(struct td_peer *peer, size_t n);
/* How many bytes are to be written. */
size_t td_peer_backlog(const struct td_peer *peer);

/* --- a call, from inside a handler or later --- */

struct td_peer *td_call_peer(const struct td_call *call);
const char *td_call_method(const struct td_call *call); /* full name */
/* Checked against the interface; NULL when there are none. Lives as long as the call. */
const struct td_json *td_call_parameters(const struct td_call *call);
bool td_call_wants_more(const struct td_call *call);
bool td_call_is_oneway(const struct td_call *call); /* nobody will see the answer */

/* What runs when the connection ends before the answer. The call may still be read in it, and not
 * be answered; it is freed afterwards. A handler that answers later must set it. */
typedef void td_call_gone(struct td_call *call, void *data);
void td_call_set_gone(struct td_call *call, td_call_gone *gone, void *data);

/*
 * The answer: exactly one of these, once; `call` is gone when it returns. Each is silent for a
 * oneway call. Without memory for the answer the peer has failed (td_peer_failure()), which the
 * ready callback tells; so nothing is returned here.
 *
 * parameters: the text of a JSON object, or NULL for none.
 */
void td_call_reply(struct td_call *call, const char *parameters);
/* Writes members of `parameters` straight into the output; the object itself is written for it. */
typedef void td_call_writer(struct td_json_writer *w, void *data);
void td_call_reply_with(struct td_call *call, td_call_writer *writer, void *data);
/* error: full name ("io.taskd.Manager.NoSuchGroup"). */
void td_call_error(struct td_call *call, const char *error, const char *parameters);
void td_call_error_with(struct td_call *call, const char *error, td_call_writer *writer,
			void *data);
/* An error with one text ({"interface":"a.b"}), or none when `value` is NULL. */
void td_call_error_text(struct td_call *call, const char *error, const char *key,
			const char *value);
/*
 * Answers with the error that stands for failure->code in TASKD_ERROR_LIST: failure->text becomes
 * its `message`, failure->subject its first other text. An errno becomes `System`.
 */
void td_call_fail(struct td_call *call, const struct td_failure *failure);

/* One of many replies, to a call with `more` (asserted); the call goes on. */
void td_call_notify(struct td_call *call, const char *parameters);
void td_call_notify_with(struct td_call *call, td_call_writer *writer, void *data);

#endif
