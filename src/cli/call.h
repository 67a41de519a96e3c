/* SPDX-License-Identifier: MIT */
/*
 * Calls of the daemon: connect, ask, wait, and turn what goes wrong into one line on stderr and
 * an exit code. All waits end at cli->deadline_ns.
 */
#ifndef TD_CLI_CALL_H
#define TD_CLI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"
#include "wire/client.h"

#define TD_CALL_INTERFACE "io.taskd.Manager"
#define TD_CALL_QUESTION_NS (10 * INT64_C(1000000000)) /* how long an answer may take */

/* Connects to the daemon. Returns: an exit code; *ret_client is for td_client_free(). */
int td_call_connect(struct td_cli *cli, struct td_client **ret_client);

/*
 * In all of these `parameters` is the text of a JSON object, or NULL; if it could not be built,
 * nothing is sent.
 */

/* Asks and waits for the one reply, which lives until the next call of the client. `method` is of
 * the interface of taskd unless it has a dot. Returns: an exit code; an error reply was told. */
int td_call_ask(struct td_cli *cli, struct td_client *client, const char *method,
		const struct td_strbuf *parameters, struct td_reply *ret_reply);
/* Connects, asks, and prints with --json, or else with `print`. Returns: an exit code. */
int td_call_show(struct td_cli *cli, const char *method, const struct td_strbuf *parameters,
		 int (*print)(struct td_cli *cli, const struct td_json *reply, void *data),
		 void *data);
/* Sends a call; td_call_wait() takes its replies. Returns: an exit code. */
int td_call_send(struct td_cli *cli, struct td_client *client, const char *method,
		 const struct td_strbuf *parameters, unsigned flags);

enum td_call_event {
	TD_CALL_REPLY,       /* which may be an error: see td_call_check() */
	TD_CALL_PAUSE,       /* until_ns has come, or the terminal was resized */
	TD_CALL_ENDED,       /* the last reply had been taken, or nobody reads our stream */
	TD_CALL_LATE,        /* the deadline of the verb has come */
	TD_CALL_INTERRUPTED, /* cli->caught says by what */
	TD_CALL_BROKEN,      /* the connection is of no use; it has been told */
};

/* Waits for the next reply on any of `n` connections; *ret_which is the one that it is about. */
enum td_call_event td_call_wait(struct td_cli *cli, struct td_client *const *clients, size_t n,
				int64_t until_ns, size_t *ret_which, struct td_reply *ret_reply);

/* The exit code for what ended a wait: TD_EXIT_DONE, or after saying so TD_EXIT_TIMED_OUT ... */
int td_call_exit(struct td_cli *cli, enum td_call_event event, const char *waited_for);
/* The same for a wait whose thing goes on without us: `goes_on` says that, and how to see it. */
int td_call_leave(struct td_cli *cli, enum td_call_event event, const char *waited_for,
		  const char *goes_on);
/* Tells an error reply. Returns: its exit code; TD_EXIT_DONE when it is no error. */
int td_call_check(struct td_cli *cli, const struct td_reply *reply);
/* After NoSuchTask: whether the task is there, but has ended. Then it is "not running" rather than
 * "no such thing". Returns: the exit code for that. */
int td_call_why_absent(struct td_cli *cli, struct td_client *client, const char *path);
/* The exit code that belongs to the full name of an error. */
int td_call_exit_of(const char *error);

int64_t td_call_now(void); /* CLOCK_MONOTONIC, ns */

#endif
