/* SPDX-License-Identifier: MIT */
/*
 * What every verb works with: the options, the output, and how what goes wrong becomes a line and
 * an exit code. A function that returns another exit code than TD_EXIT_DONE has said why.
 */
#ifndef TD_CLI_CLI_H
#define TD_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "cli/style.h"
#include "cli/verb.h"
#include "wire/json.h"

struct td_cli {
	int out, err;          /* descriptors; borrowed */
	const char *socket;    /* NULL: the default; borrowed */
	bool json, no_color;   /* of the command line */
	int64_t timeout_ns;    /* of the command line; -1: not given */
	int64_t deadline_ns;   /* CLOCK_MONOTONIC, of the whole verb; INT64_MAX: none */
	bool stream;           /* the verb prints as things happen, and ends when nobody reads */
	bool closed;           /* nobody reads our output any more */
	bool resized;          /* the terminal has another size; whoever reacts clears it */
	int signals;           /* a signalfd while the verb handles signals itself, or -1 */
	int caught;            /* the signal that ended a wait; 0: none */
	int broken;            /* the exit code of TD_CALL_BROKEN */
	struct td_style style; /* of `out` */
};

void td_cli_init(struct td_cli *cli, int out, int err);
/*
 * The whole of taskctl but its process: reads the command line (the name of the program is in
 * argv[0]) and runs the verb. Returns: the exit code. Blocks: as the verb does.
 */
int td_cli_main(struct td_cli *cli, int argc, char **argv);

/* Writes a text and empties it. It is no error when nobody reads: cli->closed is set then. */
int td_cli_print(struct td_cli *cli, struct td_strbuf *text);
/* Writes a value as one line of JSON (NULL: "{}"). */
int td_cli_print_json(struct td_cli *cli, const struct td_json *value);
/* Writes "taskctl: ..." to stderr, one clean line. Returns: `exit_code`. */
int td_cli_error(struct td_cli *cli, int exit_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads an option that is a duration; *ret_ns stays as it is when it was not given. */
int td_cli_duration(struct td_cli *cli, const struct td_args *args, const char *option,
		    int64_t *ret_ns);
/* Checks a word by the grammar of paths, before the daemon is asked. */
int td_cli_check_path(struct td_cli *cli, const char *path);
/* Lets the verb wait for ever, unless --timeout was given. */
void td_cli_no_deadline(struct td_cli *cli);

/* From here on SIGINT, SIGTERM, SIGHUP and SIGWINCH end td_call_wait() instead of the process. */
void td_cli_signals_start(struct td_cli *cli);
/* Gives the signals back, and dies by the one that was caught, if any, as the caller expects. */
void td_cli_signals_stop(struct td_cli *cli);

#endif
