/* SPDX-License-Identifier: MIT */
/* The verbs of taskctl as a table: the help, the completions and the manual are checked by it. */
#ifndef TD_CLI_VERB_H
#define TD_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "cli/args.h"

struct td_cli;

/* How taskctl ends; documented in taskctl(1). */
enum td_exit {
	TD_EXIT_DONE = 0,
	TD_EXIT_FAILED = 1, /* the thing asked about failed or is not running */
	TD_EXIT_USAGE = 2,
	TD_EXIT_NO_SUCH = 3, /* group, task, plugin, method, interface */
	TD_EXIT_REFUSED = 4, /* or not permitted */
	TD_EXIT_NO_DAEMON = 5,
	TD_EXIT_TIMED_OUT = 6,
};

struct td_verb {
	const char *name;
	const char *arguments; /* as in the help: "PATH", "[GROUP]" */
	const char *help;      /* one line */
	size_t min_words, max_words;
	bool takes_rest;                 /* has a use for what follows "--" */
	bool waits;                      /* without --timeout it waits for ever */
	const struct td_option *options; /* NULL: none of its own */
	/* Returns: the exit code. What went wrong has been said. */
	int (*run)(struct td_cli *cli, const struct td_args *args);
};

/* All verbs in the order of the help; the last entry is NULL. */
extern const struct td_verb *const td_verbs[];
/* The options that every verb takes. */
extern const struct td_option td_verb_globals[];

/* Returns: the verb, or NULL and *ret_nearest is what may have been meant (or NULL). */
const struct td_verb *td_verb_find(const char *name, const char **ret_nearest);
/* The help of taskctl, or of one verb. */
void td_verb_help(struct td_strbuf *out, const struct td_verb *verb);

/* One file per noun. */
extern const struct td_verb td_verb_list, td_verb_tree, td_verb_show;
extern const struct td_verb td_verb_run, td_verb_start, td_verb_cancel, td_verb_stop,
	td_verb_shutdown, td_verb_wait;
extern const struct td_verb td_verb_plugins;
extern const struct td_verb td_verb_watch;
extern const struct td_verb td_verb_status, td_verb_ping, td_verb_call, td_verb_introspect;

#endif
