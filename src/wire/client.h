/* SPDX-License-Identifier: MIT */
/*
 * A Varlink client on one Unix socket, for programs that may block: one call at a time. It owns its
 * descriptor and buffers. It knows no interface: methods and parameters are texts. Thread: one.
 */
#ifndef TD_WIRE_CLIENT_H
#define TD_WIRE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"

struct td_client;
struct td_json;

#define TD_CLIENT_MESSAGE_MAX (64u << 20) /* bytes of one reply */

/* How a call is made. */
enum td_client_flags {
	TD_CLIENT_PLAIN = 0,
	TD_CLIENT_MORE = 1,   /* any number of replies */
	TD_CLIENT_ONEWAY = 2, /* none */
};

/* One answer of the server; lives until the next call of a td_client function. */
struct td_reply {
	const char *error; /* full name of the error ("io.taskd.Manager.NoSuchGroup"); NULL: none */
	const struct td_json
		*parameters; /* of the reply or of the error; NULL when there are none */
	bool continues;      /* more of the same call will follow */
};

/*
 * Connects to a socket. `path` is a file ("@name" is an abstract address). timeout_ns: how long to
 * wait for a server whose queue is full; TASKD_FOREVER allowed.
 * Errors: -ENOENT, -ECONNREFUSED: no daemon is there; -EACCES: not permitted; -TASKD_ETIMEDOUT;
 * -TASKD_EINVAL: the path is too long; -TASKD_ENOMEM; other -errno. `failure` has a sentence.
 * Blocks: at most timeout_ns.
 */
int td_client_connect(const char *path, int64_t timeout_ns, struct td_client **ret_client,
		      struct td_failure *failure);
/* As above, over a connected socket; takes `fd`, also when it fails. */
int td_client_attach(int fd, struct td_client **ret_client, struct td_failure *failure);
/* Closes the connection: a call under way is given up (the server is told by that). NULL allowed.
 */
struct td_client *td_client_free(struct td_client *client);

/*
 * Sends a call and, unless it is oneway, waits for its (first) reply. `method` is the full name,
 * `parameters` the text of a JSON object or NULL. A reply with an error is a success of this
 * function: look at reply->error.
 * Returns: 0, *ret_reply set (for TD_CLIENT_ONEWAY it is zeroed). Errors: -TASKD_ETIMEDOUT (the
 * connection is of no use afterwards: the late reply would answer the next call);
 * -ECONNRESET: the server closed the connection; -TASKD_EPROTO: it broke the protocol;
 * -TASKD_EBUSY: another call is under way; -TASKD_ENOMEM. Blocks: at most timeout_ns
 * (TASKD_FOREVER allowed; 0: only what is there already).
 */
int td_client_call(struct td_client *client, const char *method, const char *parameters,
		   unsigned flags, int64_t timeout_ns, struct td_reply *ret_reply,
		   struct td_failure *failure);

/* Only sends; replies are taken with td_client_next(). Blocks: until the kernel took the bytes, at
 * most timeout_ns. Errors: as td_client_call(). */
int td_client_send(struct td_client *client, const char *method, const char *parameters,
		   unsigned flags, int64_t timeout_ns, struct td_failure *failure);

/*
 * Waits for the next reply of the call under way.
 * Returns: 1, *ret_reply set; 0, no call is under way any more (the last reply had been taken).
 * Errors: -TASKD_ETIMEDOUT: nothing came in time, and the call goes on; try again; others as
 * td_client_call(). Blocks: at most timeout_ns; with 0 it takes what is there.
 */
int td_client_next(struct td_client *client, int64_t timeout_ns, struct td_reply *ret_reply,
		   struct td_failure *failure);

/*
 * Makes a call with `more` and hands each reply to `callback`, until the last one. The callback
 * returns 0 to go on; any other value ends the wait and is returned (the caller should then free
 * the client). timeout_ns is for each reply, counted from the one before.
 */
typedef int td_client_callback(const struct td_reply *reply, void *data);
int td_client_stream(struct td_client *client, const char *method, const char *parameters,
		     int64_t timeout_ns, td_client_callback *callback, void *data,
		     struct td_failure *failure);

/* The descriptor, to poll for POLLIN beside others; then take replies with timeout 0 until
 * -TASKD_ETIMEDOUT. Borrowed. */
int td_client_fd(const struct td_client *client);

/* Whether an errno of td_client_connect() means that no daemon is there. */
bool td_client_is_absent(int error);

#endif
