/* SPDX-License-Identifier: MIT */
/* The sink of all events: the journal when stderr is the journal, else lines on stderr. */
#ifndef TD_DAEMON_LOG_H
#define TD_DAEMON_LOG_H

#include <stdbool.h>

#include "core/runtime.h"

struct td_log;
struct td_loop;
struct td_sd;

/* Events from now on. `sd` and `loop` are borrowed. Returns: NULL when memory is short. Thread:
 * control. */
struct td_log *td_log_new(struct td_runtime *rt, struct td_sd *sd, struct td_loop *loop);
struct td_log *td_log_free(struct td_log *log); /* NULL allowed; returns NULL */
/* Writes some of the events that have gathered; others have their turn then. Returns: whether there
 * are more. While nobody reads our stderr it writes nothing, and looks again from time to time;
 * what is overwritten meanwhile is counted. Blocks: no. Thread: control, lock not held. */
bool td_log_pump(struct td_log *log);
/* Writes all that is left, and `text` if it is not NULL. Blocks: up to a second, for the reader of
 * stderr. Thread: control, lock not held. */
void td_log_finish(struct td_log *log, const char *text);

#endif
