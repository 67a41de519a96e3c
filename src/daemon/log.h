/* SPDX-License-Identifier: MIT */
/* The sink of all events: the journal when stderr is the journal, else lines on stderr. */
#ifndef TD_DAEMON_LOG_H
#define TD_DAEMON_LOG_H

#include "core/runtime.h"

struct td_log;
struct td_sd;

/* Events from now on. `sd` is borrowed. Returns: NULL when memory is short. Thread: control. */
struct td_log *td_log_new(struct td_runtime *rt, struct td_sd *sd);
struct td_log *td_log_free(struct td_log *log); /* NULL allowed; returns NULL */
/* Takes the events that have gathered. Thread: control, lock not held. */
void td_log_pump(struct td_log *log);

#endif
